import type { JsonObject, JsonValue } from '../../lib/json.ts'
import { isJsonObject } from '../../lib/json.ts'
import { fold } from '../../lib/text.ts'
import type { AttributeRef, Comparison, Literal, Query } from '../../provisioning/query.ts'
import { parseDateTime } from './filter-literal.ts'

/** Every value that a path leads to; a multi-valued step leads to each of its elements. */
function valuesAt(
  value: JsonValue | undefined,
  path: readonly string[],
  exactKeys: boolean
): readonly JsonValue[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) {
    return (value as readonly JsonValue[]).flatMap((one) => valuesAt(one, path, exactKeys))
  }
  const [key, ...rest] = path
  if (key === undefined) return [value]
  return isJsonObject(value) ? valuesAt(valueOf(value, key, exactKeys), rest, exactKeys) : []
}

function valueOf(object: JsonObject, key: string, exactKeys: boolean): JsonValue | undefined {
  if (exactKeys) return Object.hasOwn(object, key) ? object[key] : undefined
  const folded = fold(key)
  return Object.entries(object).find(([name]) => fold(name) === folded)?.[1]
}

/** RFC 7643 §2.5: null, an empty text, an empty list and an empty object are no value. */
function isAssigned(value: JsonValue): boolean {
  if (value === '' || value === null) return false
  return !isJsonObject(value) || Object.values(value).some(isAssigned)
}

type Comparable = string | number | boolean

/** The form in which a value of an attribute compares, or undefined where it does not at all. */
function comparable(attribute: AttributeRef, value: JsonValue | Literal): Comparable | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return value
  if (typeof value !== 'string') return undefined
  if (attribute.type === 'dateTime') return parseDateTime(value)
  return attribute.caseExact ? value : fold(value)
}

const tests: Readonly<Record<Comparison, (a: Comparable, b: Comparable) => boolean>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  gt: (a, b) => typeof a === typeof b && a > b,
  ge: (a, b) => typeof a === typeof b && a >= b,
  lt: (a, b) => typeof a === typeof b && a < b,
  le: (a, b) => typeof a === typeof b && a <= b,
  co: (a, b) => typeof a === 'string' && a.includes(String(b)),
  sw: (a, b) => typeof a === 'string' && a.startsWith(String(b)),
  ew: (a, b) => typeof a === 'string' && a.endsWith(String(b))
}

function compares(
  query: Extract<Query, { kind: 'compare' }>,
  values: readonly JsonValue[]
): boolean {
  const { attribute, operator } = query
  const wanted = comparable(attribute, query.value)
  const assigned = values.filter(isAssigned)
  if (operator === 'ne' && assigned.length === 0) return true
  return (
    wanted !== undefined &&
    assigned.some((value) => {
      const own = comparable(attribute, value)
      return own !== undefined && tests[operator](own, wanted)
    })
  )
}

/**
 * Tells whether a JSON object satisfies a query: the elements of a value path in a PATCH, which are
 * few. A search of resources is compiled to SQL instead.
 */
export function matches(query: Query, object: JsonObject): boolean {
  if ('terms' in query) {
    return query.kind === 'and'
      ? query.terms.every((term) => matches(term, object))
      : query.terms.some((term) => matches(term, object))
  }
  if (query.kind === 'not') return !matches(query.term, object)

  const values = valuesAt(object, query.attribute.path, query.attribute.known)
  if (query.kind === 'present') return values.some(isAssigned)
  if (query.kind === 'compare') return compares(query, values)
  return values.some((element) => isJsonObject(element) && matches(query.where, element))
}
