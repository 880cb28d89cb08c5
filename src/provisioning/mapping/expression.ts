import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import type { ResourceTypeName } from '../query.ts'
import type { ScimDocument } from '../model.ts'
import type { Scalar } from './box-fields.ts'
import { converters, type ConverterFacts } from './converters.ts'
import { parsePath, type AttributePath } from './path.ts'
import type { Place } from './problems.ts'
import { compileRead } from './read-path.ts'
import { notTaken, readMap, type ValueMap, type ValueMaps } from './value-map.ts'

/** Where a value came from. */
export interface Source {
  /** The element of a multi-valued attribute that it stands in. */
  readonly element?: JsonObject | undefined
  /** True for a constant, which is a default. */
  readonly constant?: boolean
  /** What the attribute holds, where a map has nothing for it. */
  readonly unmapped?: Scalar
}

/** Is offered values in their order, undefined for one that a map does not have, until it takes one. */
export type Offer = (value: Scalar | undefined, source: Source) => boolean

/** An expression of a mapping file, ready to be asked; true once a value was taken. */
export type Expression = (document: ScimDocument, offer: Offer) => boolean

/** What an expression is compiled with. */
export interface ExpressionContext {
  readonly type: ResourceTypeName
  readonly maps: ValueMaps
  readonly facts: ConverterFacts
  /** Told of every path that is read. */
  readonly onPath: (path: AttributePath) => void
  /** Tells whether the field takes a constant; absent within a join. */
  readonly takes?: (value: Scalar) => boolean
}

const nothing: Expression = () => false

/**
 * Compiles `from` of a mapping file: a path, a list of which the first with a value counts, or an
 * object. What is wrong is reported at its place and counts as nothing.
 */
export function compileExpression(
  json: JsonValue | undefined,
  context: ExpressionContext,
  place: Place
): Expression {
  if (typeof json === 'string') return compilePath(json, context, place)
  if (isJsonArray(json)) {
    const parts = json.map((part, index) => compileExpression(part, context, place.at(index)))
    return (document, offer) => parts.some((part) => part(document, offer))
  }
  return isJsonObject(json) ? compileObject(json, context, place) : nothing
}

function compilePath(text: string, context: ExpressionContext, place: Place): Expression {
  const path = parsePath(text, context.type)
  if ('problem' in path) {
    place.report(text, path.problem, path.allowed)
    return nothing
  }
  context.onPath(path)
  const read = compileRead(path)
  return (document, offer) => read(document, (value, element) => offer(value, { element }))
}

const kinds = ['path', 'join', 'value'] as const

function compileObject(json: JsonObject, context: ExpressionContext, place: Place): Expression {
  const given = kinds.filter((kind) => Object.hasOwn(json, kind))
  const [kind] = given
  if (kind === undefined || given.length > 1) {
    place.report(json, 'it needs one of path, join and value', kinds.join(' or '))
    return nothing
  }
  const converted = convert(compileKind(kind, json, context, place), json, context)
  return mapped(converted, readMap(json, context, place))
}

function compileKind(
  kind: (typeof kinds)[number],
  json: JsonObject,
  context: ExpressionContext,
  place: Place
): Expression
function compileKind(
  ...[kind, json, context, place]: [string, JsonObject, ExpressionContext, Place]
) {
  if (kind === 'join') return compileJoin(json, context, place.at('join'))
  if (kind === 'value') return compileConstant(json['value'], context, place.at('value'))
  const path = json['path']
  return typeof path === 'string' ? compilePath(path, context, place.at('path')) : nothing
}

function compileJoin(json: JsonObject, context: ExpressionContext, place: Place): Expression {
  const { takes: _whole, ...inner } = context
  const parts = isJsonArray(json['join'])
    ? json['join'].map((part, index) => compileExpression(part, inner, place.at(index)))
    : []
  const separator = typeof json['separator'] === 'string' ? json['separator'] : ' '
  return (document, offer) => {
    const texts: string[] = []
    let first: Source | undefined
    for (const part of parts) {
      part(document, (value, source) => {
        if (value === undefined || value === '') return false
        if (source.constant !== true) first ??= source
        texts.push(String(value))
        return true
      })
    }
    // Constants alone join nothing: they are what stands between values.
    return first !== undefined && offer(texts.join(separator), first)
  }
}

function compileConstant(
  value: JsonValue | undefined,
  { takes }: ExpressionContext,
  place: Place
): Expression {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    return nothing
  }
  if (takes?.(value) === false) place.report(value, notTaken.reason, notTaken.allowed)
  return (_document, offer) => offer(value, { constant: true })
}

function convert(
  expression: Expression,
  json: JsonObject,
  { facts }: ExpressionContext
): Expression {
  const name = json['as']
  if (typeof name !== 'string') return expression
  const converter = Object.hasOwn(converters, name) ? converters[name] : undefined
  if (converter === undefined) return nothing
  return (document, offer) =>
    expression(document, (value, source) =>
      value === undefined
        ? offer(undefined, source)
        : converter(String(value), facts).some((result) => offer(result, source))
    )
}

function mapped(expression: Expression, map: ValueMap | undefined): Expression {
  if (map === undefined) return expression
  return (document, offer) =>
    expression(document, (value, source) => {
      if (value === undefined) return offer(undefined, source)
      const found = map(value)
      return offer(found, found === undefined ? { ...source, unmapped: value } : source)
    })
}
