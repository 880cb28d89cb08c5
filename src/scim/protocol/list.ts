import serviceProviderConfig from '../../../scim-schemas/service-provider-config.json' with { type: 'json' }
import type { SearchRequest } from '../../provisioning/query.ts'
import { ScimError } from './errors.ts'
import { parseFilter } from './filter-parser.ts'
import type { Projection } from './projection.ts'
import { parseProjection, wantsRelated } from './projection.ts'
import type { ResourceType } from './schemas.ts'

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
  defaultCount: 100,
  maxCount: serviceProviderConfig.filter.maxResults
}

/** A search with what its answer shall show. */
export interface Search extends SearchRequest {
  readonly projection: Projection
}

/** A page about to be sent. */
export interface ListPage<Resource> {
  /** The number of all matches. */
  readonly total: number
  /** As it was asked for. */
  readonly startIndex: number
  readonly resources: readonly Resource[]
}

/** The first of repeated query parameters. */
function first(value: unknown): unknown {
  return Array.isArray(value) ? (value as readonly unknown[])[0] : value
}

/** A whole number from a query string or a JSON body; undefined where none is given. */
function wholeNumber(value: unknown, name: string): number | undefined {
  const given = first(value)
  if (given === undefined || given === '') return undefined
  const text = typeof given === 'number' || typeof given === 'string' ? String(given).trim() : ''
  if (!/^[+-]?\d+$/.test(text)) {
    throw new ScimError(400, `${name} must be a whole number.`, 'invalidValue')
  }
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER)
}

function filterText(value: unknown): string | undefined {
  const text = first(value)
  if (text === undefined || typeof text === 'string') return text
  throw new ScimError(400, 'filter must be a text.', 'invalidFilter')
}

/**
 * Reads the parameters of a search (RFC 7644 §3.4.2), from a query string or from a `.search` body.
 * A startIndex below 1 is 1, a count below 0 is 0, one above the limit is the limit. Parameters that
 * are not known are ignored, `sortBy` among them, since sorting is not announced.
 *
 * @throws ScimError 400 `invalidValue` or `invalidFilter`
 */
export function parseSearch(
  type: ResourceType,
  parameters: Readonly<Record<string, unknown>>,
  limits: SearchLimits
): Search {
  const filter = filterText(parameters['filter'])
  const startIndex = wholeNumber(parameters['startIndex'], 'startIndex') ?? 1
  const count = wholeNumber(parameters['count'], 'count') ?? limits.defaultCount
  const projection = parseProjection(type, parameters)
  return {
    ...(filter === undefined ? {} : { query: parseFilter(filter, type) }),
    startIndex: Math.max(startIndex, 1),
    count: Math.min(Math.max(count, 0), limits.maxCount),
    related: wantsRelated(projection, type),
    projection
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
    itemsPerPage: page.resources.length
  })
  yield `${head.slice(0, -1)},"Resources":[`
  for (const [index, parts] of page.resources.entries()) {
    if (index > 0) yield ','
    yield* parts
  }
  yield ']}'
}
