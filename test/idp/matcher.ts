import { isDeepStrictEqual } from 'node:util'
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/lib/json.ts'

/** A value of an answer; undefined where there is none. */
type Actual = JsonValue | undefined

type Operator = (argument: JsonValue, actual: Actual, at: string) => string[]

/**
 * Compares `actual` with what is expected of it and returns every difference, each with its JSON
 * Pointer. An expected object is a subset, an expected array is the whole array in order, and an
 * object whose only key is an operator says something else:
 *
 * - `{"$absent": true}`: the attribute is not there
 * - `{"$empty": true}`: not there or `[]`, which SCIM takes alike (RFC 7643 §2.5)
 * - `{"$type": "string"}`: a value of this type, a text not being empty
 * - `{"$matches": "^a"}`: a text that the regular expression matches
 * - `{"$atLeast": 1}`: a number
 * - `{"$unordered": [...]}`: the whole array in any order
 * - `{"$contains": [...]}`: each of these is in the array
 * - `{"$excludes": [...]}`: none of these is in the array
 */
export function differences(expected: JsonValue, actual: Actual, at = ''): string[] {
  const operation = operationIn(expected)
  if (operation !== undefined) return operation.operator(operation.argument, actual, at)
  if (Array.isArray(expected)) return orderedDifferences(expected, actual, at)
  if (isJsonObject(expected)) return subsetDifferences(expected, actual, at)
  return expected === actual ? [] : [unequal(expected, actual, at)]
}

/** Compares the whole of `actual`: whatever is not expected is a difference too. */
export function exactDifferences(expected: JsonValue, actual: Actual): string[] {
  return isDeepStrictEqual(expected, actual) ? [] : [unequal(expected, actual, '')]
}

function operationIn(expected: JsonValue) {
  if (!isJsonObject(expected)) return undefined
  const [only, ...more] = Object.entries(expected)
  if (only === undefined || more.length > 0) return undefined
  const operator = operators.get(only[0])
  return operator && { operator, argument: only[1] }
}

const operators = new Map<string, Operator>([
  ['$absent', (_, actual, at) => (actual === undefined ? [] : [wrong('nothing', actual, at)])],
  ['$empty', (_, actual, at) => (isEmpty(actual) ? [] : [wrong('nothing or []', actual, at)])],
  [
    '$type',
    (type, actual, at) =>
      isOfType(type, actual) ? [] : [wrong(`a value of type ${show(type)}`, actual, at)]
  ],
  [
    '$matches',
    (pattern, actual, at) => (matches(pattern, actual) ? [] : [unequal(pattern, actual, at)])
  ],
  [
    '$atLeast',
    (least, actual, at) =>
      atLeast(least, actual) ? [] : [wrong(`at least ${show(least)}`, actual, at)]
  ],
  ['$unordered', unorderedDifferences],
  ['$contains', (wanted, actual, at) => missingFrom(wanted, actual, at)],
  [
    '$excludes',
    (unwanted, actual, at) =>
      listOf(unwanted)
        .filter((element) =>
          listOf(actual).some((other) => differences(element, other).length === 0)
        )
        .map((element) => `${at || '/'}: ${show(element)} must not be there`)
  ]
])

function isEmpty(actual: Actual): boolean {
  return actual === undefined || (Array.isArray(actual) && actual.length === 0)
}

function isOfType(type: JsonValue, actual: Actual): boolean {
  if (type === 'array') return Array.isArray(actual)
  if (type === 'integer') return Number.isInteger(actual)
  return typeof actual === type && actual !== '' && actual !== null
}

function matches(pattern: JsonValue, actual: Actual): boolean {
  return (
    typeof actual === 'string' &&
    typeof pattern === 'string' &&
    new RegExp(pattern, 'u').test(actual)
  )
}

function atLeast(least: JsonValue, actual: Actual): boolean {
  return typeof actual === 'number' && actual >= Number(least)
}

function subsetDifferences(expected: JsonObject, actual: Actual, at: string): string[] {
  if (!isJsonObject(actual)) return [unequal(expected, actual, at)]
  return Object.entries(expected).flatMap(([key, value]) =>
    differences(value, Object.hasOwn(actual, key) ? actual[key] : undefined, `${at}/${escape(key)}`)
  )
}

function orderedDifferences(expected: readonly JsonValue[], actual: Actual, at: string): string[] {
  if (!Array.isArray(actual) || actual.length !== expected.length) {
    return [unequal(expected, actual, at)]
  }
  return expected.flatMap((value, index) =>
    differences(value, listOf(actual)[index], `${at}/${index}`)
  )
}

function unorderedDifferences(expected: JsonValue, actual: Actual, at: string): string[] {
  if (!Array.isArray(actual)) return [unequal(expected, actual, at)]
  const surplus = actual.length - listOf(expected).length
  const count =
    surplus === 0 ? [] : [`${at || '/'}: ${surplus} elements too many in ${show(actual)}`]
  return [...count, ...missingFrom(expected, actual, at)]
}

/** Each expected element takes an actual one of its own. */
function missingFrom(expected: JsonValue, actual: Actual, at: string): string[] {
  const left = [...listOf(actual)]
  return listOf(expected).flatMap((element) => {
    const index = left.findIndex((other) => differences(element, other).length === 0)
    if (index < 0) return [`${at || '/'}: ${show(element)} is not in ${show(actual)}`]
    left.splice(index, 1)
    return []
  })
}

function listOf(value: Actual): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : []
}

function escape(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}

function unequal(expected: JsonValue, actual: Actual, at: string): string {
  return wrong(show(expected), actual, at)
}

function wrong(expected: string, actual: Actual, at: string): string {
  return `${at || '/'}: expected ${expected}, got ${show(actual)}`
}

function show(value: Actual): string {
  return value === undefined ? 'nothing' : JSON.stringify(value)
}
