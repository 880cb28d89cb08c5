import { isDeepStrictEqual } from 'node:util'
import { isJsonObject } from '../../lib/json.ts'
import type { JsonObject, JsonValue } from '../../lib/json.ts'
import { fold } from '../../lib/text.ts'
import type { Query } from '../../provisioning/query.ts'
import type { AttributeChange, ChangeTarget } from './changes.ts'
import { asObject, assigned, isList, isUnsafeKey, keyOf, read, withKey } from './document.ts'
import { ScimError } from './errors.ts'
import { matches } from './match.ts'
import type { AttributeDefinition } from './schemas.ts'
import { findSubAttribute } from './schemas.ts'
import { normaliseValue } from './values.ts'

type Elements = readonly JsonValue[]

/**
 * The elements of a multi-valued attribute after one change (RFC 7644 §3.5.2): nothing is doubled, and
 * at most one element is primary.
 *
 * @throws ScimError 400 `noTarget` where a filter selects nothing and does not say what to create
 */
export function changeElements(current: Elements, change: AttributeChange): Elements {
  const { target } = change
  if (target.filter !== undefined || target.subName !== undefined) {
    return changeSelected(current, change)
  }
  const { value = [] } = change
  const given = isList(value) ? value : [value]
  if (change.kind === 'replace') return given
  if (change.kind === 'add') {
    return given.reduce<Elements>((all, one) => addElement(all, one, target.attribute), current)
  }
  if (change.value === undefined) return []
  return current.filter((element) => !given.some((one) => names(one, element, target.attribute)))
}

/** Adds one element, or merges it into the one that it repeats. */
function addElement(
  elements: Elements,
  added: JsonValue,
  definition: AttributeDefinition | undefined
): Elements {
  const index = elements.findIndex((element) => repeats(added, element, definition))
  if (index === -1) return onePrimary([...elements, added], elements.length, definition)
  const merged = merge(elements[index], added)
  return onePrimary(elements.with(index, merged), index, definition)
}

function merge(element: JsonValue | undefined, added: JsonValue): JsonValue {
  return isJsonObject(element) && isJsonObject(added) ? { ...element, ...added } : added
}

function sameText(a: JsonValue, b: JsonValue | undefined, definition?: AttributeDefinition) {
  return typeof a === 'string' && typeof b === 'string' && definition?.caseExact === false
    ? fold(a) === fold(b)
    : isDeepStrictEqual(a, b)
}

/**
 * Tells whether an added element is there already: by `name` where elements have one, as tracking
 * codes do, else by value and type, which should not repeat (RFC 7643 §2.4).
 */
function repeats(
  added: JsonValue,
  element: JsonValue,
  definition: AttributeDefinition | undefined
): boolean {
  if (!isJsonObject(added) || !isJsonObject(element) || definition === undefined) {
    return isDeepStrictEqual(added, element)
  }
  const same = (name: string) => {
    const value = read(added, name)
    const sub = findSubAttribute(definition, name)
    return value !== undefined && sameText(value, read(element, name), sub)
  }
  if (findSubAttribute(definition, 'name') !== undefined) return same('name')
  const typed = read(added, 'type') === undefined || same('type')
  return (same('value') && typed) || isDeepStrictEqual(added, element)
}

/** Sub-attributes that describe an element and do not tell which one it is. */
const labels = new Set(['$ref', 'display', 'primary'])

/** Tells whether an element of a `remove` names an element of the attribute. */
function names(
  given: JsonValue,
  element: JsonValue,
  definition: AttributeDefinition | undefined
): boolean {
  if (!isJsonObject(given) || !isJsonObject(element)) return isDeepStrictEqual(given, element)
  const telling = Object.entries(given).filter(([key]) => !labels.has(key))
  if (telling.length === 0) return isDeepStrictEqual(given, element)
  return telling.every(([key, value]) =>
    sameText(value, read(element, key), definition && findSubAttribute(definition, key))
  )
}

/** Where the element at `winner` is primary, no other one is (RFC 7644 §3.5.2). */
function onePrimary(
  elements: Elements,
  winner: number,
  definition: AttributeDefinition | undefined
): Elements {
  const known = definition !== undefined && findSubAttribute(definition, 'primary') !== undefined
  if (!known || !isPrimary(elements[winner])) return elements
  return elements.map((element, index) =>
    index !== winner && isJsonObject(element) && isPrimary(element)
      ? { ...element, primary: false }
      : element
  )
}

function isPrimary(element: JsonValue | undefined): boolean {
  return isJsonObject(element) && read(element, 'primary') === true
}

function isSelected(element: JsonValue, filter: Query | undefined): boolean {
  return (
    filter === undefined || matches(filter, isJsonObject(element) ? element : { value: element })
  )
}

function changeSelected(current: Elements, change: AttributeChange): Elements {
  const { kind, target, value } = change
  const selected = current.map((element) => isSelected(element, target.filter))
  if (selected.includes(true)) {
    const changed = current.map((element, index) =>
      selected[index] === true ? changeElement(element, change) : element
    )
    return withoutTwins(changed, selected, target.attribute)
  }
  if (kind === 'remove' || value === undefined) return current
  return addElement(current, createdElement(target, value), target.attribute)
}

/** One selected element after the change; undefined where it goes. */
function changeElement(element: JsonValue, change: AttributeChange): JsonValue | undefined {
  const { kind, target, value } = change
  const { subName, filter } = target
  if (subName !== undefined) {
    if (!isJsonObject(element)) return element
    const next = withKey(element, keyOf(element, subName), value)
    return value === undefined && isEmptyShell(next) ? undefined : next
  }
  if (kind === 'remove') return undefined
  if (value === undefined) return kind === 'replace' ? undefined : element
  if (!isJsonObject(value)) return value
  if (kind === 'add') return merge(element, value)
  return { ...asObject(termsOf(filter, target)), ...value }
}

/** An element that says only what kind of value it would be. */
function isEmptyShell(element: JsonObject): boolean {
  return Object.keys(element).every((key) => key === 'type' || key === 'primary')
}

/** Drops the elements that are gone, and of selected ones that became the same all but the first. */
function withoutTwins(
  elements: readonly (JsonValue | undefined)[],
  selected: readonly boolean[],
  definition: AttributeDefinition | undefined
): Elements {
  const kept: JsonValue[] = []
  const seen = new Map<string, number>()
  let winner = -1
  for (const [index, element] of elements.entries()) {
    if (element === undefined) continue
    if (selected[index] !== true) {
      kept.push(element)
      continue
    }
    const identity = identityOf(element, definition)
    const twin = seen.get(identity)
    if (twin === undefined) seen.set(identity, kept.push(element) - 1)
    else if (isPrimary(element)) kept[twin] = merge(kept[twin], { primary: true })
    if (winner === -1 && isPrimary(element)) winner = twin ?? kept.length - 1
  }
  return onePrimary(kept, winner, definition)
}

/** The same text for elements with the same value and type, or with the same content. */
function identityOf(element: JsonValue, definition: AttributeDefinition | undefined): string {
  const value = isJsonObject(element) ? read(element, 'value') : undefined
  if (!isJsonObject(element) || value === undefined || definition === undefined) {
    return JSON.stringify(element)
  }
  return JSON.stringify(
    ['value', 'type'].map((name) => {
      const part = read(element, name)
      const exact = findSubAttribute(definition, name)?.caseExact !== false
      return typeof part === 'string' && !exact ? fold(part) : part
    })
  )
}

/**
 * The element that a value path without a match describes: `emails[type eq "work"].value` sets the
 * value of a new work address. RFC 7644 §3.5.2.3 would answer `noTarget`; Microsoft Entra ID relies
 * on the element being created.
 */
function createdElement(target: ChangeTarget, value: JsonValue): JsonValue {
  const terms = termsOf(target.filter, target)
  if (terms === undefined) {
    throw new ScimError(
      400,
      `The filter on ${target.name} matches no value, and does not say which one to create.`,
      'noTarget'
    )
  }
  if (target.subName !== undefined) return { ...terms, [target.subName]: value }
  return isJsonObject(value) ? { ...terms, ...value } : value
}

/** What a filter made of `eq` and `and` says about an element; undefined for any other filter. */
function termsOf(filter: Query | undefined, target: ChangeTarget): JsonObject | undefined {
  if (filter === undefined) return {}
  if (filter.kind === 'and') {
    const parts = filter.terms.map((term) => termsOf(term, target))
    return parts.every((part) => part !== undefined)
      ? (Object.assign({}, ...parts) as JsonObject)
      : undefined
  }
  const [name, ...deeper] = filter.kind === 'compare' ? filter.attribute.path : []
  if (filter.kind !== 'compare' || filter.operator !== 'eq') return undefined
  if (name === undefined || isUnsafeKey(name) || deeper.length > 0) return undefined
  const sub = target.attribute && findSubAttribute(target.attribute, name)
  const value = assigned(normaliseValue(sub, filter.value))
  return value === undefined ? {} : { [name]: value }
}
