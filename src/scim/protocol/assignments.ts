import { isJsonObject } from '../../lib/json.ts'
import type { JsonObject, JsonValue } from '../../lib/json.ts'
import { excerpt } from '../../lib/text.ts'
import { resolveAttribute } from './attribute-path.ts'
import type { ChangeTarget, ExtensionRemoval } from './changes.ts'
import { targetOf } from './changes.ts'
import { isUnsafeKey } from './document.ts'
import { ScimError } from './errors.ts'
import type { PatchPath } from './patch-path.ts'
import { parsePatchPath } from './patch-path.ts'
import type { ResourceType } from './schemas.ts'
import { findExtension } from './schemas.ts'

/** One attribute and the value that a request gives it. */
export interface Assignment {
  readonly kind: 'assign'
  readonly target: ChangeTarget
  readonly raw: JsonValue
}

/** How the keys of an object are read. */
export interface KeyReading {
  readonly type: ResourceType
  /**
   * True: keys are PATCH paths, and one that cannot be a path is refused. False: keys are names in a
   * resource's body, and one that cannot be a name is left out.
   */
  readonly paths: boolean
}

/**
 * What an object assigns, key by key: a resource's body (RFC 7644 §3.3), or the value of a PATCH
 * operation without a path (§3.5.2.1). A key may be `attr`, `attr.sub`, `URN:attr`, `URN:attr.sub`, the
 * URN of an extension, and as a PATCH path also `attr[filter].sub`: the dotted and filtered keys are
 * what Microsoft Entra ID sends.
 *
 * @throws ScimError 400 `invalidPath` for a key, 400 `invalidValue` for an extension that is no object
 */
export function assignmentsOf(
  object: JsonObject,
  reading: KeyReading
): readonly (Assignment | ExtensionRemoval)[] {
  return Object.entries(object).flatMap(([key, raw]) => {
    const path = isUnsafeKey(key) ? undefined : parseKey(key, reading)
    return path === undefined ? [] : assignmentsAt({ path, text: key, raw }, reading)
  })
}

function parseKey(key: string, { type, paths }: KeyReading): PatchPath | undefined {
  if (paths) return parsePatchPath(key, type)
  const attribute = resolveAttribute(key, type)
  return attribute === undefined ? undefined : { attribute }
}

/**
 * What one path with its value assigns; several attributes where the path is a URN alone.
 *
 * @throws ScimError like {@link assignmentsOf}
 */
export function assignmentsAt(
  { path, text, raw }: { readonly path: PatchPath; readonly text: string; readonly raw: JsonValue },
  reading: KeyReading
): readonly (Assignment | ExtensionRemoval)[] {
  const { attribute, filter } = path
  if (attribute.kind === 'resource') return assignmentsOf(requireObject(raw, text), reading)
  if (isExtensionObject(path, raw, reading.type)) {
    const extension = attribute.known ? (attribute.extension ?? text) : text
    if (raw === null) return [{ kind: 'remove-extension', extension }]
    return extensionAssignments(extension, requireObject(raw, text), reading.type)
  }
  const target = targetOf(attribute, filter)
  if (target !== undefined) return [{ kind: 'assign', target, raw }]
  if (!reading.paths) return []
  throw new ScimError(
    400,
    `The path "${excerpt(text)}" names nothing that can exist.`,
    'invalidPath'
  )
}

/**
 * Where no schema knows a URN, its last part may be an attribute or belong to the URN, such as Okta's
 * `urn:okta:…:1.0:user:custom`: an object makes it a URN.
 */
function isExtensionObject({ attribute, filter }: PatchPath, raw: JsonValue, type: ResourceType) {
  if (attribute.kind === 'extension') return true
  const { extension, subName } = attribute
  return (
    extension !== undefined &&
    findExtension(type, extension) === undefined &&
    subName === undefined &&
    filter === undefined &&
    isJsonObject(raw)
  )
}

/** Names inside an extension's object are the extension's own, never core attributes. */
function extensionAssignments(
  extension: string,
  object: JsonObject,
  type: ResourceType
): readonly Assignment[] {
  return Object.entries(object).flatMap(([key, raw]) => {
    const resolved = resolveAttribute(`${extension}:${key}`, type)
    const target =
      resolved?.kind === 'attribute' && resolved.extension === extension
        ? targetOf(resolved)
        : unknownTarget(extension, key)
    return target === undefined ? [] : [{ kind: 'assign', target, raw }]
  })
}

function unknownTarget(extension: string, name: string): ChangeTarget | undefined {
  if (isUnsafeKey(name)) return undefined
  return {
    extension,
    name,
    attribute: undefined,
    filter: undefined,
    subName: undefined,
    subAttribute: undefined
  }
}

function requireObject(value: JsonValue, name: string): JsonObject {
  if (isJsonObject(value)) return value
  throw new ScimError(400, `${excerpt(name)} must be an object.`, 'invalidValue')
}
