import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import { fold } from '../../lib/text.ts'
import type { ScimDocument } from '../model.ts'
import type { Scalar } from './box-fields.ts'
import type { AttributePath } from './path.ts'

/**
 * Is offered the values of a path in their order, with the element of a multi-valued attribute that
 * each stands in, until it takes one.
 */
export type OfferValue = (value: Scalar, element: JsonObject | undefined) => boolean

/** Offers the values that a path has in a document; true once one was taken. */
export type ReadPath = (document: ScimDocument, offer: OfferValue) => boolean

/** Makes a function that reads a path. */
export function compileRead({ urn, name, tests, sub, known }: AttributePath): ReadPath {
  const get = known ? getOwn : getAnyCase
  const matches = (element: JsonObject) =>
    tests.every(({ sub, value }) => equals(get(element, sub), value))

  const offerFrom = (value: JsonValue | undefined, inList: boolean, offer: OfferValue): boolean => {
    if (isJsonObject(value)) {
      const found = sub === undefined ? undefined : get(value, sub)
      const isFit = matches(value) && isScalar(found)
      return isFit && offer(found, inList ? value : undefined)
    }
    const isPlain = tests.length === 0 && (sub === undefined || sub === 'value')
    return isPlain && isScalar(value) && offer(value, undefined)
  }

  return (document, offer) => {
    const holder = urn === undefined ? document : get(document, urn)
    const value = isJsonObject(holder) ? get(holder, name) : undefined
    if (value === undefined) return false
    if (!isJsonArray(value)) return offerFrom(value, false, offer)
    return value.some((element) => offerFrom(element, true, offer))
  }
}

function getOwn(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

/** What no schema knows is kept in the client's own letter case. */
function getAnyCase(object: JsonObject, name: string): JsonValue | undefined {
  const key = Object.keys(object).find((key) => fold(key) === fold(name))
  return key === undefined ? undefined : object[key]
}

function equals(found: JsonValue | undefined, wanted: Scalar): boolean {
  return typeof found === 'string' ? fold(found) === fold(String(wanted)) : found === wanted
}

function isScalar(value: JsonValue | undefined): value is Scalar {
  return typeof value === 'string' ? value !== '' : ['number', 'boolean'].includes(typeof value)
}
