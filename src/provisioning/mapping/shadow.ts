import { isJsonObject, sameJson, type JsonObject, type JsonValue } from '../../lib/json.ts'
import type { ScimDocument } from '../model.ts'

/**
 * The shadow after a change: what the change made different from what was shown is now SCIM's own.
 * What it left as shown stays as it was, so that echoing a value that came from Box claims nothing.
 */
export function nextShadow(
  shadow: ScimDocument,
  shown: ScimDocument,
  next: ScimDocument
): ScimDocument {
  const result = new Map<string, JsonValue>(Object.entries(shadow))
  for (const name of new Set([...Object.keys(shown), ...Object.keys(next)])) {
    const value = nextValue(name, shadow[name], shown[name], next[name])
    if (value === undefined) result.delete(name)
    else result.set(name, value)
  }
  result.delete('active')
  return Object.fromEntries(result)
}

function nextValue(
  name: string,
  shadow: JsonValue | undefined,
  shown: JsonValue | undefined,
  next: JsonValue | undefined
): JsonValue | undefined {
  if (sameJson(shown, next)) return shadow
  if (!name.startsWith('urn:')) return next
  const extension = nextShadow(object(shadow), object(shown), object(next))
  return Object.keys(extension).length === 0 ? undefined : extension
}

function object(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}
