import type { RelatedResource, StoredResource } from '../../provisioning/model.ts'
import type { ResourceType } from './schemas.ts'
import { instantText } from './instant.ts'
import { findSubAttribute, resourceTypes } from './schemas.ts'

/** The address of a resource, for `meta.location` and the `Location` header (RFC 7644 §3.3). */
export function resourceLocation(type: ResourceType, id: string, baseUrl: string): string {
  return `${baseUrl}${type.endpoint}/${encodeURIComponent(id)}`
}

/** The version of a resource, for `meta.version` and the `ETag` header (RFC 7644 §3.14). */
export function resourceVersion(revision: number): string {
  return `W/"${revision}"`
}

/** What the elements of `members` or `groups` have in common, taken from the schema. */
interface RelatedShape {
  readonly target: ResourceType
  /** The one value that `type` has. */
  readonly type: string
}

function relatedShape(type: ResourceType): RelatedShape {
  const reference = findSubAttribute(type.related, '$ref')?.referenceTypes?.[0]
  const kind = findSubAttribute(type.related, 'type')?.canonicalValues?.[0]
  const target = Object.values(resourceTypes).find(({ name }) => name === reference)
  if (target === undefined || kind === undefined) {
    throw new Error(`scim-schemas: ${type.name}.${type.related.name} names no resource type`)
  }
  return { target, type: kind }
}

const relatedShapes = new Map(
  Object.values(resourceTypes).map((type) => [type, relatedShape(type)] as const)
)

/** The address of a resource as a JSON string. What encodeURIComponent returns needs no escape in it. */
function locationText(type: ResourceType, id: string, baseUrl: string): string {
  return `"${escaped(baseUrl)}${type.endpoint}/${encodeURIComponent(id)}"`
}

/** The base URL that was asked for last, which nearly always is the one that is asked for next. */
let lastBase = { url: '', escaped: '' }

/** A base URL with the escapes that it has in a JSON string. */
function escaped(url: string): string {
  if (lastBase.url !== url) lastBase = { url, escaped: JSON.stringify(url).slice(1, -1) }
  return lastBase.escaped
}

/** Makes the JSON text of an element of `members` or `groups`; `$ref` as the schema says. */
export function elementTexts(
  type: ResourceType,
  baseUrl: string
): (related: RelatedResource) => string {
  const shape = relatedShapes.get(type)
  if (shape === undefined) throw new Error(`${type.name} is no resource type of scim-schemas`)
  return ({ value, display }) => {
    const shown = display === '' ? '' : `"display":${JSON.stringify(display)},`
    const location = locationText(shape.target, value, baseUrl)
    return `{"value":${JSON.stringify(value)},"$ref":${location},${shown}"type":"${shape.type}"}`
  }
}

function metaText(type: ResourceType, stored: StoredResource, baseUrl: string): string {
  const created = instantText(stored.created)
  const lastModified = instantText(stored.lastModified)
  const location = locationText(type, stored.id, baseUrl)
  const version = `"W/\\"${stored.revision}\\""`
  return (
    `"meta":{"resourceType":"${type.name}","created":"${created}",` +
    `"lastModified":"${lastModified}","location":${location},"version":${version}}`
  )
}

/**
 * The JSON text of a resource without `groups` and `members`: the stored text, not parsed again, and
 * `meta` (RFC 7643 §3.1).
 */
export function resourceText(type: ResourceType, stored: StoredResource, baseUrl: string): string {
  return `${stored.text.slice(0, -1)},${metaText(type, stored, baseUrl)}}`
}
