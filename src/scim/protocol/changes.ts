import { isJsonObject } from '../../lib/json.ts'
import type { JsonValue } from '../../lib/json.ts'
import type { Query } from '../../provisioning/query.ts'
import type { ResolvedAttribute } from './attribute-path.ts'
import { assigned, isList, isUnsafeKey, readAnyCase } from './document.ts'
import type { AttributeDefinition } from './schemas.ts'
import { findSubAttribute } from './schemas.ts'
import { isKeyedByValue, normaliseSingle, normaliseValue, unwrapped } from './values.ts'

/** The operations of RFC 7644 §3.5.2. */
export type ChangeKind = 'add' | 'replace' | 'remove'

/** What one change is about: an attribute, a sub-attribute, or elements that a filter selects. */
export interface ChangeTarget {
  /** The extension's URN where the attribute belongs to one, known or not. */
  readonly extension: string | undefined
  /** The attribute's name in the schema's letter case, or as written where no schema knows it. */
  readonly name: string
  readonly attribute: AttributeDefinition | undefined
  /** Selects elements of a multi-valued attribute; its paths start at the element. */
  readonly filter: Query | undefined
  readonly subName: string | undefined
  readonly subAttribute: AttributeDefinition | undefined
}

/** One change of one attribute, read from a request and in canonical form. */
export interface AttributeChange {
  readonly kind: ChangeKind
  readonly target: ChangeTarget
  /**
   * What to add or to put there; undefined where that is nothing. Of a `remove`: the elements that
   * shall go, or undefined for all that the target selects.
   */
  readonly value: JsonValue | undefined
}

/** A change that removes everything of one extension. */
export interface ExtensionRemoval {
  readonly kind: 'remove-extension'
  readonly extension: string
}

/** Anything that can be done to the attributes of a document. */
export type DocumentChange = AttributeChange | ExtensionRemoval

/** The attribute that a resolved path names; undefined where it names none that can exist. */
export function targetOf(resolved: ResolvedAttribute, filter?: Query): ChangeTarget | undefined {
  const { name, subName, attribute, subAttribute, extension } = resolved
  if (name === undefined || isUnsafeKey(name) || isUnsafeKey(subName ?? '')) return undefined
  const isSimple = attribute !== undefined && attribute.type !== 'complex'
  if (isSimple && subName !== undefined) return undefined
  return { extension, name, attribute, filter, subName, subAttribute }
}

/** Tells whether nothing of the target is kept: read-only, or a password, also where no schema has one. */
function isNeverKept({ name, subName, attribute, subAttribute }: ChangeTarget): boolean {
  const isPassword = [name, subName].some((part) => part?.toLowerCase() === 'password')
  const isClosed = [attribute, subAttribute].some(
    (definition) => definition?.mutability === 'readOnly' || definition?.mutability === 'writeOnly'
  )
  return isPassword || isClosed
}

/**
 * The changes that one operation on `target` stands for. Single complex attributes are changed
 * sub-attribute by sub-attribute (RFC 7644 §3.5.2.1 and §3.5.2.3), so that the others stay.
 */
export function changesAt(
  kind: ChangeKind,
  target: ChangeTarget,
  raw: JsonValue | undefined
): readonly AttributeChange[] {
  const { attribute, subName, subAttribute } = target
  if (isNeverKept(target)) return []
  if (kind === 'remove') return removal(target, raw)
  if (attribute === undefined) return [{ kind, target, value: normaliseValue(undefined, raw) }]
  if (subName !== undefined) return subChange(kind, target, normaliseValue(subAttribute, raw))
  if (target.filter !== undefined) {
    return [{ kind, target, value: normaliseSingle(attribute, unwrapped(raw)) }]
  }
  return attribute.type === 'complex' && !attribute.multiValued
    ? complexChanges(kind, target, attribute, raw)
    : [{ kind, target, value: normaliseValue(attribute, raw) }]
}

/** `manager.value` stands for the whole manager: without its value there is nobody. */
function standsForWhole({ attribute, subName }: ChangeTarget): boolean {
  return (
    subName === 'value' &&
    attribute !== undefined &&
    !attribute.multiValued &&
    isKeyedByValue(attribute)
  )
}

function whole(target: ChangeTarget): ChangeTarget {
  return { ...target, subName: undefined, subAttribute: undefined }
}

function subChange(
  kind: 'add' | 'replace',
  target: ChangeTarget,
  value: JsonValue | undefined
): readonly AttributeChange[] {
  if (!standsForWhole(target)) return [{ kind, target, value }]
  return [{ kind, target: whole(target), value: value === undefined ? undefined : { value } }]
}

function removal(target: ChangeTarget, raw: JsonValue | undefined): readonly AttributeChange[] {
  const { attribute, filter, subName } = target
  const plain = filter === undefined && subName === undefined
  const listed = plain && (attribute?.multiValued ?? isList(raw)) && (raw ?? null) !== null
  if (!listed) {
    return [
      { kind: 'remove', target: standsForWhole(target) ? whole(target) : target, value: undefined }
    ]
  }
  const value = normaliseValue(attribute, raw)
  return value === undefined ? [] : [{ kind: 'remove', target, value }]
}

function complexChanges(
  kind: 'add' | 'replace',
  target: ChangeTarget,
  definition: AttributeDefinition,
  raw: JsonValue | undefined
): readonly AttributeChange[] {
  const value = unwrapped(raw)
  if (isKeyedByValue(definition)) {
    const normalised = normaliseValue(definition, raw)
    const cleared =
      isJsonObject(value) &&
      normalised !== undefined &&
      assigned(readAnyCase(value, 'value')) === undefined &&
      readAnyCase(value, 'value') !== undefined
    return [{ kind, target, value: cleared ? undefined : normalised }]
  }
  if (!isJsonObject(value)) return [{ kind, target, value: normaliseValue(definition, raw) }]
  return Object.entries(value).flatMap(([key, inner]) =>
    changesInside(kind, target, definition, [key, inner])
  )
}

function changesInside(
  kind: 'add' | 'replace',
  target: ChangeTarget,
  definition: AttributeDefinition,
  [key, raw]: readonly [string, JsonValue]
): readonly AttributeChange[] {
  if (isUnsafeKey(key)) return []
  const subAttribute = findSubAttribute(definition, key)
  const inner = { ...target, subName: subAttribute?.name ?? key, subAttribute }
  return isNeverKept(inner) ? [] : subChange(kind, inner, normaliseValue(subAttribute, raw))
}
