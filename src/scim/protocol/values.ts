import { isJsonObject } from '../../lib/json.ts'
import type { JsonObject, JsonValue } from '../../lib/json.ts'
import { fold } from '../../lib/text.ts'
import { assigned, isList, isUnsafeKey } from './document.ts'
import type { AttributeDefinition } from './schemas.ts'
import { findSubAttribute } from './schemas.ts'

/**
 * A client's boolean: true, false, or their names as text in any letter case, since Microsoft Entra ID
 * sends `"True"` and `"False"`. An array of one counts as its element. Undefined: no boolean at all.
 */
export function readBoolean(raw: JsonValue | undefined): boolean | undefined {
  const value = unwrapped(raw)
  if (typeof value === 'boolean') return value
  if (typeof value !== 'string') return undefined
  const text = fold(value.trim())
  if (text === 'true') return true
  return text === 'false' ? false : undefined
}

/** A value from a client where one value is meant: some send an array of one. */
export function unwrapped(raw: JsonValue | undefined): JsonValue | undefined {
  return isList(raw) && raw.length <= 1 ? raw[0] : raw
}

/** Tells whether a single complex attribute is known by its `value`, as `manager` is. */
export function isKeyedByValue(definition: AttributeDefinition): boolean {
  return definition.type === 'complex' && findSubAttribute(definition, 'value') !== undefined
}

/**
 * A client's value of one attribute in canonical form, or undefined where it is unassigned: null, '',
 * [] and {} at any depth are dropped (RFC 7643 §2.5), names get the schema's letter case (§2.1), one
 * value of a multi-valued attribute becomes an array, a bare text becomes `{ value }`, and texts that
 * name a boolean or an integer become one. Read-only sub-attributes are left out. Whatever has the
 * wrong type stays as it is, for the validator to refuse.
 */
export function normaliseValue(
  definition: AttributeDefinition | undefined,
  raw: JsonValue | undefined
): JsonValue | undefined {
  if (raw === undefined) return undefined
  if (definition === undefined) return withoutUnassigned(raw)
  if (!definition.multiValued) return normaliseSingle(definition, unwrapped(raw))
  return normaliseList(definition, isList(raw) ? raw : [raw])
}

/** The elements of a multi-valued attribute in canonical form; undefined where none is left. */
function normaliseList(
  definition: AttributeDefinition,
  raw: readonly JsonValue[]
): readonly JsonValue[] | undefined {
  const elements = raw
    .map((element) => normaliseSingle(definition, element))
    .filter((element) => element !== undefined)
  return elements.length === 0 ? undefined : elements
}

/** One value, or one element of a multi-valued attribute, in canonical form. */
export function normaliseSingle(
  definition: AttributeDefinition,
  raw: JsonValue | undefined
): JsonValue | undefined {
  if (assigned(raw) === undefined) return undefined
  const { type } = definition
  if (type === 'complex') return normaliseComplex(definition, raw)
  if (type === 'boolean') return readBoolean(raw) ?? raw
  return type === 'integer' || type === 'decimal' ? (readNumber(raw) ?? raw) : raw
}

function normaliseComplex(
  definition: AttributeDefinition,
  raw: JsonValue | undefined
): JsonValue | undefined {
  if (isJsonObject(raw)) return normaliseSubAttributes(definition, raw)
  return isKeyedByValue(definition) && raw !== undefined && !isList(raw)
    ? normaliseSubAttributes(definition, { value: raw })
    : raw
}

function normaliseSubAttributes(
  definition: AttributeDefinition,
  raw: JsonObject
): JsonValue | undefined {
  const result = new Map<string, JsonValue>()
  for (const [writtenName, writtenValue] of Object.entries(raw)) {
    const sub = findSubAttribute(definition, writtenName)
    const name = sub?.name ?? writtenName
    if (isUnsafeKey(name) || sub?.mutability === 'readOnly') continue
    const value = normaliseValue(sub, writtenValue)
    if (value === undefined) result.delete(name)
    else result.set(name, value)
  }
  return assigned(Object.fromEntries(result))
}

const numberPattern = /^-?\d{1,15}(?:\.\d{1,15})?$/

function readNumber(raw: JsonValue | undefined): number | undefined {
  return typeof raw === 'string' && numberPattern.test(raw.trim()) ? Number(raw) : undefined
}

/** A value that no schema knows, without what is unassigned in it and without unsafe keys. */
function withoutUnassigned(raw: JsonValue): JsonValue | undefined {
  if (isList(raw)) {
    return assigned(raw.map(withoutUnassigned).filter((value) => value !== undefined))
  }
  if (!isJsonObject(raw)) return assigned(raw)
  const kept: [string, JsonValue][] = []
  for (const [key, value] of Object.entries(raw)) {
    const inner = isUnsafeKey(key) ? undefined : withoutUnassigned(value)
    if (inner !== undefined) kept.push([key, inner])
  }
  return assigned(Object.fromEntries(kept))
}
