import { Ajv, type ErrorObject } from 'ajv'
import defaults from '../../../mapping/default.json' with { type: 'json' }
import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import { boxGroupFields, boxUserFields } from './box-fields.ts'
import { converters, showConverters } from './converters.ts'
import { placeIn, type MappingProblem, type Place } from './problems.ts'

/** The mapping that holds where a file says nothing else: itself such a file, `mapping/default.json`. */
export const defaultMapping: JsonObject = defaults

const scalar = { type: ['string', 'number', 'boolean'] }
const valueMap = { type: 'object', additionalProperties: scalar }
const expression = { $ref: '#/$defs/expression' }

const object = (properties: JsonObject, required: readonly string[] = []) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false
})

const keep = object({ keep: { const: true } }, ['keep'])

const expressionSchema = {
  ...object({
    path: { type: 'string' },
    join: { type: 'array', minItems: 1, items: expression },
    separator: { type: 'string' },
    value: scalar,
    as: { enum: Object.keys(converters) },
    map: { ...valueMap, type: ['string', 'object'] },
    otherwise: { ...keep, type: ['string', 'number', 'boolean', 'object'] }
  }),
  type: ['string', 'array', 'object'],
  minItems: 1,
  items: expression
}

const showSchema = {
  ...object(
    {
      path: { type: 'string' },
      as: { enum: Object.keys(showConverters) },
      map: { ...valueMap, type: ['string', 'object'] },
      where: { enum: ['differs', 'absent', 'always'] }
    },
    ['path']
  ),
  type: ['string', 'object']
}

const fieldKeys = {
  requires: { type: 'string' },
  from: expression,
  shows: { type: 'array', items: showSchema }
}

const nullable = (schema: JsonObject) => ({ ...schema, type: ['object', 'null'] })
const field = nullable(object(fieldKeys, ['from']))
const known = object({ ...fieldKeys, unknown: { enum: ['leaveOut', 'refuse'] } }, ['from'])
const named = { ...fieldKeys, prefix: { type: 'string' }, suffix: { type: 'string' } }

const schema = {
  $defs: { expression: expressionSchema },
  ...object({
    $schema: { type: 'string' },
    maps: { type: 'object', additionalProperties: valueMap },
    user: object({
      ...Object.fromEntries(
        Object.entries(boxUserFields).map(([name, { isKnown }]) => [
          name,
          isKnown === undefined ? field : nullable(known)
        ])
      ),
      login: object(fieldKeys, ['from'])
    }),
    trackingCodes: { type: 'object', additionalProperties: object(fieldKeys, ['from']) },
    group: object({
      ...Object.fromEntries(Object.keys(boxGroupFields).map((name) => [name, field])),
      name: object(named, ['from'])
    })
  })
}

const validate = new Ajv({ allErrors: true, allowUnionTypes: true, verbose: true }).compile(schema)

/** Checks the form of a mapping file; what it names is checked where it is compiled. */
export function checkForm(file: JsonValue, problems: MappingProblem[]): void {
  if (validate(file)) return
  for (const error of validate.errors ?? []) reportAt(placeOf(error, problems), error)
}

/** The mapping that a file makes of the default one: what it names takes the place of what is there. */
export function overDefault(file: JsonObject): JsonObject {
  const merged = (key: string) => ({ ...section(defaultMapping, key), ...section(file, key) })
  return {
    maps: merged('maps'),
    user: merged('user'),
    trackingCodes: merged('trackingCodes'),
    group: merged('group')
  }
}

/** An object of a mapping file; empty where there is none. */
export function section(file: JsonObject, key: string): JsonObject {
  const found = file[key]
  return isJsonObject(found) ? found : {}
}

function placeOf({ instancePath }: ErrorObject, problems: MappingProblem[]): Place {
  return placeIn(problems, instancePath)
}

function reportAt(place: Place, error: ErrorObject): void {
  const { keyword, params, data } = error as ErrorObject<string, Record<string, unknown>>
  const parent = error.parentSchema as { readonly properties?: object } | undefined
  switch (keyword) {
    case 'additionalProperties': {
      const key = String(params['additionalProperty'])
      const given = isJsonObject(data) ? data[key] : undefined
      return place
        .at(key)
        .report(given, 'is unknown', Object.keys(parent?.properties ?? {}).join(', '))
    }
    case 'required':
      return place.at(String(params['missingProperty'])).report(undefined, 'is missing', 'a value')
    case 'enum':
      return place.report(data, 'is unknown', (params['allowedValues'] as string[]).join(', '))
    case 'type':
      return place.report(data, 'has the wrong type', [params['type']].flat().join(' or '))
    default:
      return place.report(data, 'is not allowed', error.message ?? keyword)
  }
}
