import { isJsonArray, isJsonObject, type JsonObject } from '../../lib/json.ts'
import type { ScimDocument } from '../model.ts'

/** Reads a text attribute; undefined where it is absent or no text. */
export function textOf(document: JsonObject | undefined, name: string): string | undefined {
  const value = document?.[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Reads a complex attribute; undefined where it is absent or not complex. */
export function complexOf(document: JsonObject | undefined, name: string): JsonObject | undefined {
  const value = document?.[name]
  return isJsonObject(value) ? value : undefined
}

/** Reads the complex elements of a multi-valued attribute; none where it is absent. */
export function elementsOf(document: ScimDocument, name: string): readonly JsonObject[] {
  const value = document[name]
  return isJsonArray(value) ? value.filter(isJsonObject) : []
}

/** A copy of the document without these attributes. */
export function without(document: ScimDocument, names: readonly string[]): ScimDocument {
  return Object.fromEntries(Object.entries(document).filter(([name]) => !names.includes(name)))
}
