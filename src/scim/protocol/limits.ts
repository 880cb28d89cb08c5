import { isJsonObject } from '../../lib/json.ts'
import type { JsonValue } from '../../lib/json.ts'
import { excerpt } from '../../lib/text.ts'
import { isList } from './document.ts'
import { ScimError } from './errors.ts'

/** How deep a resource or a PATCH value may be nested; SCIM itself needs four levels. */
export const maxDepth = 12

/** How many values, objects and arrays included, a request or a resource may hold; members aside. */
export const maxValues = 10_000

/** How many attribute changes one PATCH or one resource may ask for; group members do not count. */
export const maxAttributeChanges = 1_000

/**
 * How many operations one PATCH may have. Microsoft Entra ID sends one for each member that leaves a
 * group, so the limit is far above that of attribute changes.
 */
export const maxOperations = 20_000

/** How many elements a multi-valued attribute may have; group members do not count. */
export const maxElements = 1_000

/** Refuses a multi-valued attribute with too many elements: 400 `invalidValue`. */
export function requireFewElements(name: string, elements: readonly JsonValue[]): void {
  if (elements.length <= maxElements) return
  throw new ScimError(
    400,
    `${excerpt(name)} has more than ${maxElements} elements.`,
    'invalidValue'
  )
}

/** Refuses a PATCH of more than {@link maxOperations}: 413, naming the limit (RFC 7644 §3.12). */
export function requireFewOperations(operations: readonly JsonValue[]): void {
  if (operations.length <= maxOperations) return
  throw new ScimError(413, `A PATCH may have at most ${maxOperations} operations.`)
}

/** Refuses a value that is nested deeper than {@link maxDepth}: 400 `invalidValue`. */
export function requireShallow(value: JsonValue): void {
  const visit = (inner: JsonValue, depth: number): void => {
    if (depth > maxDepth) {
      throw new ScimError(400, `Values nested deeper than ${maxDepth} levels.`, 'invalidValue')
    }
    for (const one of children(inner)) {
      // Of thousands of members each text alone would be a call that finds nothing.
      if (typeof one === 'object' || depth === maxDepth) visit(one, depth + 1)
    }
  }
  visit(value, 0)
}

function children(value: JsonValue): readonly JsonValue[] {
  if (isList(value)) return value
  return isJsonObject(value) ? Object.values(value) : []
}

/** Refuses more than {@link maxValues} values in all; the nesting is known to be shallow. */
export function requireFewValues(values: readonly JsonValue[]): void {
  let left = maxValues
  const visit = (value: JsonValue): void => {
    left -= 1
    if (left < 0) {
      throw new ScimError(400, `More than ${maxValues} values in one resource.`, 'invalidValue')
    }
    for (const one of children(value)) visit(one)
  }
  for (const value of values) visit(value)
}

/** Refuses more than {@link maxAttributeChanges} changes: 400 `invalidValue`. */
export function requireFewChanges(count: number): void {
  if (count <= maxAttributeChanges) return
  throw new ScimError(
    400,
    `More than ${maxAttributeChanges} attribute changes in one request.`,
    'invalidValue'
  )
}
