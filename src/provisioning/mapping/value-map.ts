import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import { fold } from '../../lib/text.ts'
import type { Scalar } from './box-fields.ts'
import type { Place } from './problems.ts'

/** What stands for a value; undefined where the map has nothing for it. Letter case does not matter. */
export type ValueMap = (value: Scalar) => Scalar | undefined

/** The `maps` of a mapping file, by name. */
export type ValueMaps = ReadonlyMap<string, ReadonlyMap<string, Scalar>>

/** Reads the `maps` of a mapping file. */
export function readMaps(json: JsonValue | undefined): ValueMaps {
  const maps = isJsonObject(json) ? Object.entries(json) : []
  return new Map(maps.map(([name, map]) => [name, entriesOf(map)]))
}

/**
 * The `map` of an expression: its own, or one that it names. `otherwise` is for values that it does
 * not have: a constant, or `{ "keep": true }` for the value itself.
 */
export function readMap(
  json: JsonObject,
  { maps, takes }: { readonly maps: ValueMaps; readonly takes?: (value: Scalar) => boolean },
  place: Place
): ValueMap | undefined {
  const { map, otherwise } = json
  const reportUntaken = (value: Scalar, at: Place) => {
    if (takes?.(value) === false) at.report(value, notTaken.reason, notTaken.allowed)
  }
  if (isScalar(otherwise)) reportUntaken(otherwise, place.at('otherwise'))
  if (map === undefined) {
    if (otherwise !== undefined) {
      place.at('otherwise').report(otherwise, 'it needs a map beside it', 'map')
    }
    return undefined
  }
  const entries = typeof map === 'string' ? maps.get(map) : entriesOf(map)
  if (entries === undefined) {
    place.at('map').report(map, 'there is no such map', [...maps.keys()].join(', ') || 'an object')
    return undefined
  }
  for (const [from, to] of entries) reportUntaken(to, place.at('map').at(from))
  return (value) => entries.get(fold(String(value))) ?? fallback(otherwise, value)
}

/** How a value is reported that a field cannot hold. */
export const notTaken = {
  reason: 'the field does not take it',
  allowed: 'a value of the type and range that docs/box.md gives for the field'
} as const

function fallback(otherwise: JsonValue | undefined, value: Scalar): Scalar | undefined {
  if (isScalar(otherwise)) return otherwise
  return otherwise === undefined ? undefined : value
}

function entriesOf(map: JsonValue | undefined): ReadonlyMap<string, Scalar> {
  const entries = isJsonObject(map) ? Object.entries(map) : []
  return new Map(entries.flatMap(([from, to]) => (isScalar(to) ? [[fold(from), to] as const] : [])))
}

function isScalar(value: JsonValue | undefined): value is Scalar {
  return ['string', 'number', 'boolean'].includes(typeof value)
}
