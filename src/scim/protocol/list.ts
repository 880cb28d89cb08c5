import serviceProviderConfig from '../../../scim-schemas/service-provider-config.json' with { type: 'json' }
import type { PageRequest, ResourceSearch, ResourceTypeName } from '../../provisioning/query.ts'
import { ScimError } from './errors.ts'
import { parseFilter } from './filter-parser.ts'
import type { Projection } from './projection.ts'
import { parseProjection, wantsRelated } from './projection.ts'
import type { ScimType } from './errors.ts'
import type { ResourceType } from './schemas.ts'
import { resourceTypes } from './schemas.ts'
import { parseSort } from './sort.ts'

const listResponseSchema = 'urn:ietf:params:scim:api:messages:2.0:ListResponse'

/** How many resources a page has. */
export interface SearchLimits {
  /** Where the request does not say. */
  readonly defaultCount: number
  /** At most. */
  readonly maxCount: number
}

/** The limits that the ServiceProviderConfig announces. */
export const searchLimits: SearchLimits = {
  defaultCount: serviceProviderConfig.pagination.defaultPageSize,
  maxCount: serviceProviderConfig.pagination.maxPageSize
}

/** The parameters of a search, as a query string or a `.search` body gives them. */
export type SearchParameters = Readonly<Record<string, unknown>>

/** Which page of a search is asked for; the cursor is still to be read. */
export interface AskedPage extends Omit<PageRequest, 'cursor'> {
  /** '' asks for the first page (RFC 9865 §2.1). */
  readonly cursor?: string
}

/** A search of one resource type with what its answer shall show. */
export interface Search extends ResourceSearch, AskedPage {
  readonly projection: Projection
}

/** A search of all resource types. */
export interface MixedSearch extends AskedPage {
  readonly searches: Readonly<
    Record<ResourceTypeName, ResourceSearch & { readonly projection: Projection }>
  >
}

/** A page about to be sent. */
export interface ListPage<Resource> {
  /** The number of all matches. */
  readonly total: number
  /** As it was asked for; absent in pages by cursor. */
  readonly startIndex?: number | undefined
  /** The cursor of the next page (RFC 9865 §2). */
  readonly nextCursor?: string | undefined
  readonly resources: readonly Resource[]
}

/** The first of repeated query parameters. */
function first(value: unknown): unknown {
  return Array.isArray(value) ? (value as readonly unknown[])[0] : value
}

/** A whole number from a query string or a JSON body; undefined where none is given. */
function wholeNumber(
  value: unknown,
  name: string,
  scimType: ScimType = 'invalidValue'
): number | undefined {
  const given = first(value)
  if (given === undefined || given === '') return undefined
  const text = typeof given === 'number' || typeof given === 'string' ? String(given).trim() : ''
  if (!/^[+-]?\d+$/.test(text)) {
    throw new ScimError(400, `${name} must be a whole number.`, scimType)
  }
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER)
}

function filterText(value: unknown): string | undefined {
  const text = first(value)
  if (text === undefined || typeof text === 'string') return text
  throw new ScimError(400, 'filter must be a text.', 'invalidFilter')
}

function cursorText(value: unknown): string | undefined {
  const text = first(value)
  if (text === undefined || typeof text === 'string') return text
  throw new ScimError(400, 'cursor must be a text.', 'invalidCursor')
}

/**
 * A startIndex below 1 is 1, a count below 0 is 0. A count above the limit is the limit, except by
 * cursor, where all pages are to have one count: that is 400 `invalidCount` (RFC 9865 §2.1).
 */
function parsePage(parameters: SearchParameters, { defaultCount, maxCount }: SearchLimits) {
  const cursor = cursorText(parameters['cursor'])
  const startIndex = wholeNumber(parameters['startIndex'], 'startIndex') ?? 1
  const scimType = cursor === undefined ? 'invalidValue' : 'invalidCount'
  const count = wholeNumber(parameters['count'], 'count', scimType) ?? defaultCount
  if (cursor !== undefined && count > maxCount) {
    throw new ScimError(400, `count must not be more than ${maxCount}.`, 'invalidCount')
  }
  return {
    startIndex: Math.max(startIndex, 1),
    count: Math.min(Math.max(count, 0), maxCount),
    ...(cursor === undefined ? {} : { cursor })
  }
}

function parseResourceSearch(type: ResourceType, parameters: SearchParameters) {
  const filter = filterText(parameters['filter'])
  const sort = parseSort(type, parameters)
  const projection = parseProjection(type, parameters)
  return {
    ...(filter === undefined ? {} : { query: parseFilter(filter, type) }),
    ...(sort === undefined ? {} : { sort }),
    related: wantsRelated(projection, type),
    projection
  }
}

/**
 * Reads the parameters of a search (RFC 7644 §3.4.2). Parameters that are not known are ignored.
 *
 * @throws ScimError 400 `invalidValue`, `invalidFilter`, `invalidCursor` or `invalidCount`
 */
export function parseSearch(
  type: ResourceType,
  parameters: SearchParameters,
  limits: SearchLimits
): Search {
  return { ...parseResourceSearch(type, parameters), ...parsePage(parameters, limits) }
}

/**
 * Reads the parameters of a search of all resource types (RFC 7644 §3.4.2.1). An attribute that a
 * type does not have has no value there. Throws as {@link parseSearch} does.
 */
export function parseMixedSearch(parameters: SearchParameters, limits: SearchLimits): MixedSearch {
  return {
    searches: {
      User: parseResourceSearch(resourceTypes.User, parameters),
      Group: parseResourceSearch(resourceTypes.Group, parameters)
    },
    ...parsePage(parameters, limits)
  }
}

/** The JSON text of a list answer (RFC 7644 §3.4.2), put together from the resources' texts. */
export function listResponse(page: ListPage<string>): string {
  return [...listParts({ ...page, resources: page.resources.map((text) => [text]) })].join('')
}

/** The text of {@link listResponse} in parts, put together from the parts of the resources' texts. */
export function* listParts(page: ListPage<Iterable<string>>): Generator<string, void> {
  const head = JSON.stringify({
    schemas: [listResponseSchema],
    totalResults: page.total,
    startIndex: page.startIndex,
    nextCursor: page.nextCursor,
    itemsPerPage: page.resources.length
  })
  yield `${head.slice(0, -1)},"Resources":[`
  for (const [index, parts] of page.resources.entries()) {
    if (index > 0) yield ','
    yield* parts
  }
  yield ']}'
}
