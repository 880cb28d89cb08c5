import { isJsonObject } from '../../lib/json.ts'
import type { JsonValue } from '../../lib/json.ts'
import { fold } from '../../lib/text.ts'
import { assigned, isList, readAnyCase } from './document.ts'
import { ScimError } from './errors.ts'

/**
 * The ids in a client's `members`: an array of `{ value }` or of bare ids, or one of them. Null and
 * empty elements are ignored, repeated ids count once.
 *
 * @throws ScimError 400 `invalidValue` for an element without an id, and for a nested group, which Box
 *   does not have
 */
export function memberIds(raw: JsonValue | undefined): readonly string[] {
  return ids(raw, requirePerson)
}

/** Like {@link memberIds} for members to remove: a nested group is no member anyway. */
export function removedMemberIds(raw: JsonValue | undefined): readonly string[] {
  return ids(raw, () => undefined)
}

function ids(raw: JsonValue | undefined, inspect: (element: JsonValue) => void): readonly string[] {
  const elements = (isList(raw) ? raw : [raw]).filter((one) => assigned(one) !== undefined)
  const found = new Set<string>()
  for (const element of elements) {
    if (element === undefined) continue
    inspect(element)
    const id = idOf(element)
    if (id !== undefined) found.add(id)
  }
  return [...found]
}

function idOf(element: JsonValue): string | undefined {
  const value = isJsonObject(element) ? readAnyCase(element, 'value') : element
  if (typeof value === 'string') return value.trim() === '' ? undefined : value
  if (typeof value === 'number') return String(value)
  if (value === null) return undefined
  throw new ScimError(
    400,
    'Each element of members needs a value: the id of a user, as a string.',
    'invalidValue'
  )
}

function requirePerson(element: JsonValue): void {
  if (!isJsonObject(element)) return
  const type = readAnyCase(element, 'type')
  const reference = readAnyCase(element, '$ref')
  const isGroup =
    (typeof type === 'string' && fold(type) === 'group') ||
    (typeof reference === 'string' && /\/groups\/[^/]+$/i.test(reference))
  if (!isGroup) return
  throw new ScimError(
    400,
    'Box has no nested groups: a group cannot be a member of a group. Assign its people instead.',
    'invalidValue'
  )
}
