import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import type { ScimDocument } from '../model.ts'
import type { Scalar } from './box-fields.ts'
import { without } from './document.ts'
import type { AttributePath } from './path.ts'

/** A value to be shown at a path; undefined or '' shows none there. */
interface Shown {
  readonly path: AttributePath
  readonly value: Scalar | undefined
  /** The element of the same attribute that the value takes the place of. */
  readonly element: JsonObject | undefined
}

/** The document with a value at a path. What of an element is not its kind goes with the old value. */
export function writePath(document: ScimDocument, { path, value, element }: Shown): ScimDocument {
  const { urn } = path
  if (urn === undefined) return writeIn(document, path, { value, element })
  const inner = document[urn]
  const extension = isJsonObject(inner) ? inner : {}
  return { ...document, [urn]: writeIn(extension, path, { value, element }) }
}

function writeIn(
  holder: JsonObject,
  path: AttributePath,
  { value, element }: Omit<Shown, 'path'>
): JsonObject {
  const { name, sub, multiValued } = path
  const isShown = value !== undefined && value !== ''
  if (multiValued) {
    const others = elementsOf(holder[name]).filter((other) => other !== element)
    const shown = isShown ? [shownElement(path, element, value)] : []
    return { ...holder, [name]: [...others, ...shown] }
  }
  const shown = isShown ? value : undefined
  if (sub === undefined) return withKey(holder, name, shown)
  const inner = holder[name]
  return { ...holder, [name]: withKey(isJsonObject(inner) ? inner : {}, sub, shown) }
}

function withKey(object: JsonObject, key: string, value: Scalar | undefined): JsonObject {
  return value === undefined ? without(object, [key]) : { ...object, [key]: value }
}

/** A new element is what the brackets of the path ask for; a replaced one keeps its kind. */
function shownElement(
  { tests, sub = 'value' }: AttributePath,
  element: JsonObject | undefined,
  value: Scalar
): JsonObject {
  const wanted = tests.map(({ sub, value }) => [sub, value] as const)
  const kept = ['type', 'primary'].flatMap((key): readonly (readonly [string, JsonValue])[] => {
    const found = element?.[key]
    return found === undefined ? [] : [[key, found]]
  })
  return Object.fromEntries([...wanted, ...kept, [sub, value]])
}

function elementsOf(value: JsonValue | undefined): readonly JsonObject[] {
  return isJsonArray(value) ? value.filter(isJsonObject) : []
}
