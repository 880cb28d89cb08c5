import { isJsonObject, sameJson, type JsonObject, type JsonValue } from '../../lib/json.ts'
import type { BoxUser, BoxUserFields, ScimDocument } from '../model.ts'
import { sameField } from './compare.ts'
import { without } from './document.ts'
import { boxUserUrn } from './urns.ts'

/** The attributes that feed a Box field which SCIM shows under the same attributes. */
const userSources = [
  { field: 'login', attributes: ['userName'] },
  { field: 'name', attributes: ['displayName', 'name'] },
  { field: 'jobTitle', attributes: ['title'] },
  { field: 'phone', attributes: ['phoneNumbers'] },
  { field: 'address', attributes: ['addresses'] },
  { field: 'language', attributes: ['preferredLanguage', 'locale'] },
  { field: 'timezone', attributes: ['timezone'] }
] as const satisfies readonly { field: keyof BoxUserFields; attributes: readonly string[] }[]

/** The fields that SCIM shows under core attributes. */
export type SourcedField = (typeof userSources)[number]['field']

/** Tells whether Box holds what this part of the shadow means; a field left out for Box agrees. */
export function agrees(field: keyof BoxUserFields, mapped: BoxUserFields, box: BoxUser): boolean {
  const value = mapped[field]
  return value === undefined || sameField(field, value, box[field])
}

/**
 * The shadow without what Box no longer holds: somebody changed it in Box, so it is not what SCIM
 * stands for any more. `mapped` is the mapping of `shadow`.
 */
export function liveShadow(
  shadow: ScimDocument,
  mapped: BoxUserFields,
  box: BoxUser
): ScimDocument {
  const stale = userSources
    .filter(({ field }) => !agrees(field, mapped, box))
    .flatMap(({ attributes }): readonly string[] => attributes)
  const live = without(shadow, stale)
  const extension = live[boxUserUrn]
  if (!isJsonObject(extension)) return live
  const staleFields = Object.keys(extension).filter(
    (name) => Object.hasOwn(mapped, name) && !agrees(name as keyof BoxUserFields, mapped, box)
  )
  return { ...live, [boxUserUrn]: without(extension, staleFields) }
}

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
