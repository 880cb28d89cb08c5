import type { JsonObject, JsonValue } from '../../lib/json.ts'
import { isJsonObject } from '../../lib/json.ts'
import { fold } from '../../lib/text.ts'
import type { RelatedResource, StoredResource } from '../../provisioning/model.ts'
import type { ResolvedAttribute } from './attribute-path.ts'
import { definitionOf, resolveAttribute } from './attribute-path.ts'
import { ScimError } from './errors.ts'
import { elementTexts, resourceText } from './resource-text.ts'
import type { ResourceType } from './schemas.ts'
import { commonAttributes } from './schemas.ts'

/** Attribute names by folded key: all of the attribute, or some of its sub-attributes. */
type Selection = Map<string, Selection | 'all'>

/** Which attributes an answer shows (RFC 7644 §3.9). */
export interface Projection {
  /** `default`: everything that is returned by default. */
  readonly mode: 'default' | 'only' | 'without'
  readonly selection: ReadonlyMap<string, Selection | 'all'>
}

/** What a request may say about the attributes it wants (RFC 7644 §3.9, §3.4.3). */
export interface ProjectionParameters {
  /** Names separated by commas, or a list of such texts. */
  readonly attributes?: unknown
  /** Likewise. */
  readonly excludedAttributes?: unknown
}

/** Everything that is returned by default. */
export const defaultProjection: Projection = { mode: 'default', selection: new Map() }

/** RFC 7643 §7 `returned: always`: shown whatever is asked for. */
const alwaysReturned: ReadonlySet<string> = new Set(
  commonAttributes.filter(({ returned }) => returned === 'always').map(({ name }) => fold(name))
)

function namesIn(parameter: unknown, what: string): readonly string[] {
  const texts: readonly unknown[] = Array.isArray(parameter) ? parameter : [parameter ?? '']
  return texts
    .flatMap((text) => {
      if (typeof text === 'string') return text.split(',')
      throw new ScimError(400, `${what} must be names separated by commas.`, 'invalidValue')
    })
    .map((name) => name.trim())
    .filter((name) => name !== '')
}

function select(selection: Selection, path: readonly string[]): void {
  const [key, ...rest] = path.map(fold)
  if (key === undefined) return
  const chosen = selection.get(key)
  if (chosen === 'all') return
  if (rest.length === 0) {
    selection.set(key, 'all')
    return
  }
  const inner = chosen ?? new Map<string, Selection | 'all'>()
  selection.set(key, inner)
  select(inner, rest)
}

function selectionOf(attributes: readonly ResolvedAttribute[]): Selection {
  const selection: Selection = new Map()
  for (const { path } of attributes) select(selection, path)
  return selection
}

/**
 * Reads `attributes` and `excludedAttributes`: names in any letter case, with or without a URN, with
 * or without a sub-attribute. What is no attribute selects nothing.
 *
 * @throws ScimError 400 `invalidValue` where both are given, since they exclude one another
 */
export function parseProjection(type: ResourceType, parameters: ProjectionParameters): Projection {
  const { attributes: given, excludedAttributes: givenUnwanted } = parameters
  if (given === undefined && givenUnwanted === undefined) return defaultProjection
  const wanted = namesIn(given, 'attributes')
  const unwanted = namesIn(givenUnwanted, 'excludedAttributes')
  if (wanted.length > 0 && unwanted.length > 0) {
    throw new ScimError(
      400,
      'attributes and excludedAttributes exclude one another: give one of them.',
      'invalidValue'
    )
  }
  if (wanted.length === 0 && unwanted.length === 0) return defaultProjection
  const attributes = [...wanted, ...unwanted]
    .map((name) => resolveAttribute(name, type))
    .filter((resolved) => resolved !== undefined)
  if (unwanted.length > 0) return { mode: 'without', selection: selectionOf(attributes) }
  if (attributes.some(({ kind }) => kind === 'resource')) return defaultProjection
  const returned = attributes.filter((one) => definitionOf(one)?.returned !== 'never')
  return { mode: 'only', selection: selectionOf(returned) }
}

/** Whether an answer shows `groups` of a user or `members` of a group, which cost a join to read. */
export function wantsRelated(projection: Projection, type: ResourceType): boolean {
  const chosen = projection.selection.get(fold(type.related.name))
  if (projection.mode === 'only') return chosen !== undefined
  return chosen !== 'all'
}

/** True where everything but `groups` and `members` is the default text. */
function isPlain({ mode, selection }: Projection, type: ResourceType): boolean {
  if (mode === 'default') return true
  const name = fold(type.related.name)
  return mode === 'without' && [...selection.keys()].every((key) => key === name)
}

function isEmpty(value: JsonValue): boolean {
  if (Array.isArray(value)) return value.length === 0
  return isJsonObject(value) && Object.keys(value).length === 0
}

/** Applies `change` to an object, or to each object of a list, and leaves out what becomes empty. */
function within(value: JsonValue, change: (object: JsonObject) => JsonObject): JsonValue {
  if (Array.isArray(value)) {
    return (value as readonly JsonValue[])
      .map((element) => within(element, change))
      .filter((element) => !isEmpty(element))
  }
  return isJsonObject(value) ? change(value) : value
}

function filterEntries(
  object: JsonObject,
  keep: (key: string, value: JsonValue) => JsonValue | undefined
): JsonObject {
  const entries: [string, JsonValue][] = []
  for (const [key, value] of Object.entries(object)) {
    const kept = keep(fold(key), value)
    if (kept !== undefined && (kept === value || !isEmpty(kept))) entries.push([key, kept])
  }
  return Object.fromEntries(entries)
}

function only(object: JsonObject, selection: Projection['selection']): JsonObject {
  return filterEntries(object, (key, value) => {
    const chosen = selection.get(key)
    if (chosen === undefined || chosen === 'all') return chosen && value
    return isJsonObject(value) || Array.isArray(value)
      ? within(value, (inner) => only(inner, chosen))
      : undefined
  })
}

function without(object: JsonObject, selection: Projection['selection']): JsonObject {
  return filterEntries(object, (key, value) => {
    const chosen = selection.get(key)
    if (chosen === undefined) return value
    return chosen === 'all' ? undefined : within(value, (inner) => without(inner, chosen))
  })
}

function project(resource: JsonObject, projection: Projection): JsonObject {
  const selection = new Map(projection.selection)
  for (const name of alwaysReturned) {
    if (projection.mode === 'only') selection.set(name, 'all')
    else selection.delete(name)
  }
  return projection.mode === 'only' ? only(resource, selection) : without(resource, selection)
}

/** Reduces an element of `groups` or `members` to what is asked for; undefined where nothing is left. */
function projectElement(
  text: string,
  { mode }: Projection,
  chosen: Selection | 'all' | undefined
): string | undefined {
  if (chosen === undefined || chosen === 'all') return text
  const element = JSON.parse(text) as JsonObject
  const projected = mode === 'only' ? only(element, chosen) : without(element, chosen)
  return isEmpty(projected) ? undefined : JSON.stringify(projected)
}

/** How many related resources one part of an answer holds at most. */
const relatedInPart = 2_000

/**
 * The JSON text of a resource as a client gets it, in parts: one, and one more for every 2,000 related
 * resources, each made when it is asked for. The stored text is sent as it is, unless single
 * attributes are asked for or left out.
 *
 * @param baseUrl without a slash at its end, e.g. `https://scim.example.com/scim/v2`
 */
export function renderParts(
  type: ResourceType,
  stored: StoredResource,
  projection: Projection,
  baseUrl: string
): Iterable<string> {
  const text = resourceText(type, stored, baseUrl)
  const bare = isPlain(projection, type)
    ? text
    : JSON.stringify(project(JSON.parse(text) as JsonObject, projection))
  if (stored.related === undefined || !wantsRelated(projection, type)) return [bare]
  const chosen = projection.selection.get(fold(type.related.name))
  const element = elementTexts(type, baseUrl)
  const shown = (one: RelatedResource) => projectElement(element(one), projection, chosen)
  return isShort(stored.related)
    ? [withRelated(type, bare, stored.related.map(shown))]
    : partsWithRelated(type, bare, mapped(stored.related, shown))
}

function isShort(related: Iterable<RelatedResource>): related is readonly RelatedResource[] {
  return Array.isArray(related) && related.length <= relatedInPart
}

/** The text `bare` of a resource with the elements of `groups` or `members` that are left. */
function withRelated(
  type: ResourceType,
  bare: string,
  elements: readonly (string | undefined)[]
): string {
  const shown = elements.filter((element) => element !== undefined)
  if (shown.length === 0) return bare
  return `${bare.slice(0, -1)},"${type.related.name}":[${shown.join(',')}]}`
}

function* mapped<From, To>(items: Iterable<From>, change: (item: From) => To): Generator<To, void> {
  for (const item of items) yield change(item)
}

/** The text of {@link withRelated} in parts. */
function* partsWithRelated(
  type: ResourceType,
  bare: string,
  elements: Iterable<string | undefined>
): Generator<string, void> {
  let part = bare.slice(0, -1)
  let count = 0
  for (const element of elements) {
    if (element === undefined) continue
    part += count === 0 ? `,"${type.related.name}":[${element}` : `,${element}`
    count += 1
    if (count % relatedInPart > 0) continue
    yield part
    part = ''
  }
  yield count === 0 ? bare : `${part}]}`
}

/** The parts of {@link renderParts} as one text. */
export function renderResource(...resource: Parameters<typeof renderParts>): string {
  return [...renderParts(...resource)].join('')
}
