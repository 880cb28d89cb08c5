import type { RelatedResource, StoredResource } from '../../provisioning/model.ts'
import type { ResourceType } from './schemas.ts'
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

function relatedText(
  type: ResourceType,
  related: readonly RelatedResource[],
  baseUrl: string
): string {
  const shape = relatedShapes.get(type)
  if (shape === undefined || related.length === 0) return ''
  const elements = related.map(({ value, display }) =>
    JSON.stringify({
      value,
      $ref: resourceLocation(shape.target, value, baseUrl),
      ...(display === '' ? {} : { display }),
      type: shape.type
    })
  )
  return `,${JSON.stringify(type.related.name)}:[${elements.join()}]`
}

function metaText(type: ResourceType, stored: StoredResource, baseUrl: string): string {
  const meta = {
    resourceType: type.name,
    created: new Date(stored.created).toISOString(),
    lastModified: new Date(stored.lastModified).toISOString(),
    location: resourceLocation(type, stored.id, baseUrl),
    version: resourceVersion(stored.revision)
  }
  return `,"meta":${JSON.stringify(meta)}`
}

/**
 * The JSON text of a whole resource: the stored text, not parsed again, with `groups` or `members`
 * where they were read, and `meta` (RFC 7643 §3.1).
 */
export function resourceText(type: ResourceType, stored: StoredResource, baseUrl: string): string {
  const related = relatedText(type, stored.related ?? [], baseUrl)
  return `${stored.text.slice(0, -1)}${related}${metaText(type, stored, baseUrl)}}`
}
