import { isJsonObject } from '../../lib/json.ts'
import type { JsonObject, JsonValue } from '../../lib/json.ts'
import type { UserChange } from '../../provisioning/requests.ts'
import { fold } from '../../lib/text.ts'
import type { ResolvedAttribute } from './attribute-path.ts'
import { resolveAttribute } from './attribute-path.ts'
import { readAnyCase } from './document.ts'
import { resourceTypes } from './schemas.ts'
import { readBoolean } from './values.ts'

/** What a request itself asks for about a person's access, whatever else it asks for. */
export type RequestedAccess = Pick<UserChange, 'deactivates' | 'activates'>

/**
 * Finds out what PATCH operations ask for in `active`, in any shape: a leaver loses access even where
 * another part of the request cannot be done. Only syntax is looked at and nothing is refused. Where
 * several operations set `active`, the last one counts.
 */
export function accessInOperations(operations: readonly JsonValue[]): RequestedAccess {
  return accessOf(lastOf(operations.map(activeInOperation)))
}

/** Finds out what the body of a PUT asks for in `active`; like {@link accessInOperations}. */
export function accessInResource(body: JsonObject): RequestedAccess {
  return accessOf(activeIn(body))
}

function accessOf(active: boolean | undefined): RequestedAccess {
  return { deactivates: active === false, activates: active === true }
}

function lastOf(asked: readonly (boolean | undefined)[]): boolean | undefined {
  return asked.findLast((one) => one !== undefined)
}

function activeInOperation(operation: JsonValue): boolean | undefined {
  if (!isJsonObject(operation)) return undefined
  const op = readAnyCase(operation, 'op')
  const sets = typeof op === 'string' && ['add', 'replace'].includes(fold(op.trim()))
  if (!sets) return undefined
  const path = readAnyCase(operation, 'path') ?? ''
  const value = readAnyCase(operation, 'value')
  return typeof path === 'string' ? activeAt(path, value) : undefined
}

function activeAt(path: string, value: JsonValue | undefined): boolean | undefined {
  const text = path.trim()
  const resolved = text === '' ? undefined : resolveAttribute(text, resourceTypes.User)
  if (text !== '' && resolved?.kind !== 'resource') return activeNamed(resolved, value)
  return isJsonObject(value) ? activeIn(value) : undefined
}

function activeNamed(
  resolved: ResolvedAttribute | undefined,
  value: JsonValue | undefined
): boolean | undefined {
  const isActive =
    resolved?.extension === undefined &&
    resolved?.attribute?.name === 'active' &&
    resolved.subName === undefined
  return isActive ? readBoolean(value) : undefined
}

/** A key may also be the core URN, whose object holds core attributes. */
function activeIn(object: JsonObject): boolean | undefined {
  return lastOf(
    Object.entries(object).map(([key, value]) => {
      const resolved = resolveAttribute(key.trim(), resourceTypes.User)
      if (resolved?.kind !== 'resource') return activeNamed(resolved, value)
      const inner = isJsonObject(value) ? Object.entries(value) : []
      return lastOf(
        inner.map(([name, one]) => activeNamed(resolveAttribute(name, resourceTypes.User), one))
      )
    })
  )
}
