import { isJsonObject } from '../../lib/json.ts'
import type { JsonObject, JsonValue } from '../../lib/json.ts'
import { fold } from '../../lib/text.ts'

/** Tells whether `value` is a JSON array. */
export function isList(value: unknown): value is readonly JsonValue[] {
  return Array.isArray(value)
}

const unsafeKeys = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * Tells whether `key` is a name that other code might take for a part of the JavaScript object model.
 * No SCIM schema uses one; such keys are left out of every document.
 */
export function isUnsafeKey(key: string): boolean {
  return unsafeKeys.has(fold(key))
}

/** The value of an own key; undefined for everything that the object only inherits. */
export function read(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

/** The key under which `object` holds `name` in any letter case, or `name` itself. */
export function keyOf(object: JsonObject, name: string): string {
  if (Object.hasOwn(object, name)) return name
  const folded = fold(name)
  return Object.keys(object).find((key) => fold(key) === folded) ?? name
}

/** The value of `name` in any letter case. */
export function readAnyCase(object: JsonObject, name: string): JsonValue | undefined {
  return read(object, keyOf(object, name))
}

/** A copy of `object` in which `key` has `value`, or is missing where `value` is undefined. */
export function withKey(object: JsonObject, key: string, value: JsonValue | undefined): JsonObject {
  if (value !== undefined) return { ...object, [key]: value }
  return Object.fromEntries(Object.entries(object).filter(([other]) => other !== key))
}

/** `value`, or undefined where it counts as unassigned: null, '', [] and {} (RFC 7643 §2.5). */
export function assigned(value: JsonValue | undefined): JsonValue | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (isList(value)) return value.length === 0 ? undefined : value
  if (isJsonObject(value)) return Object.keys(value).length === 0 ? undefined : value
  return value
}

/** `value` where it is an object, else an empty one. */
export function asObject(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}
