import { isJsonObject } from '../../lib/json.ts'
import type { JsonObject, JsonValue } from '../../lib/json.ts'
import type { ScimDocument } from '../../provisioning/model.ts'
import type { AttributeChange, DocumentChange } from './changes.ts'
import { assigned, asObject, isList, keyOf, read, withKey } from './document.ts'
import { changeElements } from './elements.ts'
import { requireFewElements, requireFewValues } from './limits.ts'

/**
 * The document after all changes, each applied to the result of the one before (RFC 7644 §3.5.2). The
 * given document is left as it is.
 *
 * @throws ScimError 400 `noTarget`, or 400 `invalidValue` where the document gets too large
 */
export function applyChanges(
  document: ScimDocument,
  changes: readonly DocumentChange[]
): ScimDocument {
  const next = changes.reduce(applyChange, document)
  requireFewValues([next])
  return next
}

function applyChange(document: ScimDocument, change: DocumentChange): ScimDocument {
  if (change.kind === 'remove-extension') {
    return withKey(document, keyOf(document, change.extension), undefined)
  }
  const { extension } = change.target
  if (extension === undefined) return changeAttribute(document, change)
  const key = keyOf(document, extension)
  const next = changeAttribute(asObject(read(document, key)), change)
  return withKey(document, key, assigned(next))
}

function changeAttribute(container: JsonObject, change: AttributeChange): JsonObject {
  const key = keyOf(container, change.target.name)
  const current = read(container, key)
  const next = isMultiValued(change, current)
    ? changeElements(elementsOf(current), change)
    : changeSingle(current, change)
  if (isList(next)) requireFewElements(change.target.name, next)
  return withKey(container, key, assigned(next))
}

/** An attribute that no schema knows is multi-valued where it looks so. */
function isMultiValued(change: AttributeChange, current: JsonValue | undefined): boolean {
  const { kind, target, value } = change
  if (target.attribute !== undefined) return target.attribute.multiValued
  if (target.filter !== undefined || isList(value)) return true
  return isList(current) && (kind === 'add' || target.subName !== undefined)
}

function elementsOf(current: JsonValue | undefined): readonly JsonValue[] {
  if (isList(current)) return current
  return current === undefined ? [] : [current]
}

function changeSingle(
  current: JsonValue | undefined,
  { kind, target, value }: AttributeChange
): JsonValue | undefined {
  if (kind === 'add' && value === undefined) return current
  const { subName } = target
  if (subName !== undefined) {
    const object = asObject(current)
    return withKey(object, keyOf(object, subName), value)
  }
  return isJsonObject(current) && isJsonObject(value) ? mergeObjects(current, value) : value
}

/** Another `value` is somebody else, such as another manager: nothing of the old one stays. */
function mergeObjects(current: JsonObject, given: JsonObject): JsonObject {
  const value = read(given, 'value')
  return value === undefined || value === read(current, 'value') ? { ...current, ...given } : given
}
