import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import type { ScimDocument } from '../model.ts'
import type { ResourceTypeName } from '../query.ts'
import { accept, type BoxField, type Scalar } from './box-fields.ts'
import { showConverters, type ConverterFacts } from './converters.ts'
import { compileExpression, type Source } from './expression.ts'
import { parsePath, rootOf, type AttributePath } from './path.ts'
import type { Place } from './problems.ts'
import { hasRoot, type Root } from './roots.ts'
import { readMap, type ValueMaps } from './value-map.ts'

/** What a document says about one Box field. */
export interface MappedValue {
  /** What Box gets; undefined where the document has nothing for it. */
  readonly value?: Scalar
  readonly source?: Source
  /** A value of which Box can have nothing, where no other one could be taken. */
  readonly unknown?: Scalar
  /** What could not be taken over as it is, for the audit. */
  readonly note?: string
}

/** Where SCIM shows what Box holds. */
interface ShowRule {
  readonly path: AttributePath
  /**
   * `differs`: in place of what SCIM wrote where Box holds something else, and where SCIM wrote nothing;
   * `absent`: only where SCIM wrote nothing; `always`: like `differs`, and also where SCIM wrote the
   * field's value under another attribute.
   */
  readonly where: 'differs' | 'absent' | 'always'
  readonly convert: (value: Scalar) => Scalar | undefined
}

/** How one Box field is fed and shown, compiled. */
export interface FieldMapping {
  /** The name of the Box field or of the tracking code. */
  readonly name: string
  readonly field: BoxField
  /** The attributes that feed it. */
  readonly roots: readonly Root[]
  readonly shows: readonly ShowRule[]
  /** Whether a value that Box does not know refuses the request. */
  readonly refusesUnknown: boolean
  /** What Box gets of a document. */
  readonly evaluate: (document: ScimDocument) => MappedValue
  /** Tells whether a document has attributes that could feed it. */
  readonly isWritten: (document: ScimDocument) => boolean
}

/** What the fields of a mapping are compiled with. */
export interface FieldContext {
  readonly type: ResourceTypeName
  readonly maps: ValueMaps
  readonly facts: ConverterFacts
  /** Why a value must not be given, for the audit; undefined where it may. */
  readonly withhold?: (value: Scalar) => string | undefined
  /** Tells whether a constant may be given to the field. */
  readonly takes: (value: Scalar) => boolean
}

interface Affixes {
  readonly prefix: string
  readonly suffix: string
}

/** Compiles one field of a mapping file; what is wrong is reported at its place. */
export function compileField(
  { name, field }: Pick<FieldMapping, 'name' | 'field'>,
  json: JsonObject,
  context: FieldContext,
  place: Place
): FieldMapping {
  const paths: AttributePath[] = []
  const onPath = (path: AttributePath) => {
    paths.push(path)
  }
  const expression = compileExpression(json['from'], { ...context, onPath }, place.at('from'))
  const required = compileRequired(json['requires'], context, place.at('requires'))
  const affixes = { prefix: textOf(json['prefix']), suffix: textOf(json['suffix']) }
  const room = affixes.prefix.length + affixes.suffix.length
  const notesUnknown = field.isKnown !== undefined || field.type !== 'text'
  const roots = paths.map(rootOf)

  return {
    name,
    field,
    roots,
    shows: compileShows(json['shows'], { ...context, affixes }, place.at('shows')),
    refusesUnknown: json['unknown'] === 'refuse',
    isWritten: (document) =>
      required === undefined
        ? roots.some((root) => hasRoot(document, root))
        : hasRoot(document, required),
    evaluate(document) {
      if (required !== undefined && !hasRoot(document, required)) return {}
      let unknown: Scalar | undefined
      let found: MappedValue | undefined
      expression(document, (value, source) => {
        const accepted = value === undefined ? undefined : accept(field, value, room)
        if (accepted === undefined) {
          if (notesUnknown) unknown ??= unknownOf(field, value, source)
          return false
        }
        found = {
          value: affixed(accepted.value, affixes),
          source,
          ...(accepted.shortened ? { note: shortenedNote(name, field) } : {})
        }
        return true
      })
      return found === undefined ? unknownValue(name, unknown) : withheld(found, context)
    }
  }
}

/** A map that has nothing for a value says that there is no value, unless Box knows only some. */
function unknownOf(
  field: BoxField,
  value: Scalar | undefined,
  { unmapped }: Source
): Scalar | undefined {
  return value ?? (field.isKnown === undefined ? undefined : unmapped)
}

function unknownValue(name: string, unknown: Scalar | undefined): MappedValue {
  if (unknown === undefined) return {}
  const given = JSON.stringify(String(unknown).slice(0, 80))
  return { unknown, note: `${name} ${given} is unknown to Box: left out` }
}

function withheld(found: MappedValue, { withhold }: FieldContext): MappedValue {
  const note = found.value === undefined ? undefined : withhold?.(found.value)
  return note === undefined ? found : { note }
}

function shortenedNote(name: string, { limit }: BoxField): string {
  return `${name} shortened to ${limit} characters`
}

function affixed(value: Scalar, { prefix, suffix }: Affixes): Scalar {
  return prefix === '' && suffix === '' ? value : `${prefix}${value}${suffix}`
}

/** What was put around a name is taken off again; a name of another form is shown as it is. */
function stripped(value: Scalar, { prefix, suffix }: Affixes): Scalar {
  const text = String(value)
  const isOurs =
    text.length > prefix.length + suffix.length && text.startsWith(prefix) && text.endsWith(suffix)
  return isOurs ? text.slice(prefix.length, text.length - suffix.length) : value
}

function compileRequired(
  json: JsonValue | undefined,
  { type }: FieldContext,
  place: Place
): Root | undefined {
  const path = typeof json === 'string' ? compilePath(json, type, place) : undefined
  return path && rootOf(path)
}

function compilePath(
  text: string,
  type: ResourceTypeName,
  place: Place
): AttributePath | undefined {
  const path = parsePath(text, type)
  if (!('problem' in path)) return path
  place.report(text, path.problem, path.allowed)
  return undefined
}

function compileShows(
  json: JsonValue | undefined,
  context: FieldContext & { readonly affixes: Affixes },
  place: Place
): readonly ShowRule[] {
  const rules = isJsonArray(json) ? json : []
  return rules.flatMap((rule, index) => {
    const at = place.at(index)
    if (typeof rule === 'string') return compileShow({ path: rule }, context, [at, at])
    return isJsonObject(rule) ? compileShow(rule, context, [at, at.at('path')]) : []
  })
}

function compileShow(
  json: JsonObject,
  { type, maps, affixes }: FieldContext & { readonly affixes: Affixes },
  [place, pathPlace]: readonly [Place, Place]
): readonly ShowRule[] {
  const given = json['path']
  const path = typeof given === 'string' ? compilePath(given, type, pathPlace) : undefined
  if (path === undefined) return []
  if (path.readOnly) {
    pathPlace.report(json['path'], 'it is read-only', 'an attribute that can be written')
  }
  const map = readMap({ map: json['map'] ?? {}, otherwise: { keep: true } }, { maps }, place)
  const convert = showConverters[textOf(json['as'])] ?? ((value: Scalar) => value)
  return [
    {
      path,
      where: json['where'] === 'absent' || json['where'] === 'always' ? json['where'] : 'differs',
      convert: (value) => {
        const own = stripped(value, affixes)
        return convert(map?.(own) ?? own)
      }
    }
  ]
}

function textOf(json: JsonValue | undefined): string {
  return typeof json === 'string' ? json : ''
}
