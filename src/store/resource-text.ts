import { isJsonObject } from '../lib/json.ts'
import type { JsonObject, JsonValue } from '../lib/json.ts'
import type { ScimDocument } from '../provisioning/model.ts'

/**
 * The text in which a resource is stored and sent: `schemas` and `id` first. Where the resource
 * names no schemas they are the core schema and those of the extensions it has data of
 * (RFC 7643 §3).
 */
export function toResourceText(resource: ScimDocument, id: string, coreSchema: string): string {
  const { schemas, id: _, ...attributes } = resource
  return JSON.stringify({
    schemas: schemas ?? schemasOf(attributes, coreSchema),
    id,
    ...attributes
  })
}

/** The resource of a stored text, without `id` and without the `schemas` that follow from it. */
export function toResource(text: string, coreSchema: string): ScimDocument {
  const { schemas, id: _, ...attributes } = parseObject(text)
  const implied = JSON.stringify(schemas) === JSON.stringify(schemasOf(attributes, coreSchema))
  return implied || schemas === undefined ? attributes : { schemas, ...attributes }
}

function schemasOf(attributes: ScimDocument, coreSchema: string): readonly string[] {
  const extensions = Object.keys(attributes).filter((key) => /^urn:/i.test(key))
  return [coreSchema, ...extensions]
}

/** Reads a column that holds a JSON object. */
export function parseObject(text: string): JsonObject {
  const value = JSON.parse(text) as JsonValue
  if (!isJsonObject(value)) throw new TypeError('the column holds no JSON object')
  return value
}

/** A resource's text attribute; null where there is none. */
export function textAttribute(resource: ScimDocument, name: string): string | null {
  const value = Object.hasOwn(resource, name) ? resource[name] : undefined
  return typeof value === 'string' ? value : null
}
