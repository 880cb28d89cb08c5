import addFormats from 'ajv-formats'
import { Ajv2019 } from 'ajv/dist/2019.js'
import type { ValidateFunction } from 'ajv/dist/2019.js'
import { isJsonObject } from '../../src/lib/json.ts'
import type { JsonObject, JsonValue } from '../../src/lib/json.ts'

/** One request and its answer. */
export interface Exchange {
  readonly method: string
  /** As it was sent: with `/2.0` where it has that, without the query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly request: Message
  /** 0 where no answer came. */
  readonly status: number
  readonly answer: Message
}

/** A body and what it is said to be. */
export interface Message {
  /** Without parameters; '' where there is none. */
  readonly contentType: string
  readonly body: string
}

/** Something that an exchange has and the description does not allow. */
export interface Violation {
  readonly side: 'request' | 'answer'
  readonly text: string
}

/** An OpenAPI 3.0 description to hold exchanges against. */
export interface Contract {
  /** All violations of one exchange. */
  check(exchange: Exchange): readonly Violation[]
}

const documentId = 'openapi.json'

/** Keywords that OpenAPI 3.0 shares with JSON Schema; all others are notes for people. */
const keywords = new Set([
  'type',
  'enum',
  'format',
  'required',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'minItems',
  'maxItems'
])

/**
 * Prepares an OpenAPI 3.0 description. A property that it does not name is a violation, except where
 * it says that others are allowed: a wrong name must not pass for a good guess.
 */
export function createContract(document: JsonObject): Contract {
  const ajv = new Ajv2019({ strict: false, allErrors: true, logger: false })
  addFormats.default(ajv)
  const schemas = objectAt(objectAt(document, 'components'), 'schemas')
  ajv.addSchema({ $id: documentId, components: { schemas: mapValues(schemas, part) } })
  const compiled = new Map<JsonValue, ValidateFunction>()
  const validate = (schema: JsonValue, value: unknown): string[] => {
    const check = compiled.get(schema) ?? ajv.compile(whole(schema))
    compiled.set(schema, check)
    if (check(value)) return []
    return (check.errors ?? []).map(
      ({ instancePath, message, params }) =>
        `${instancePath.replaceAll(/\/\d+(?=\/|$)/g, '/*') || '/'} ${message ?? ''} ${JSON.stringify(params)}`
    )
  }
  const operations = operationsOf(document)

  return {
    check(exchange) {
      const path = exchange.path.replace(/^\/2\.0(?=\/)/, '')
      const operation = operations.find(
        ({ method, pattern }) => method === exchange.method && pattern.test(path)
      )
      if (operation === undefined) {
        return [{ side: 'request', text: `${exchange.method} ${path} is not described` }]
      }
      const request = [
        ...checkQuery(operation.description, exchange.query, validate),
        ...checkRequestBody(operation.description, exchange.request, validate)
      ]
      const answer =
        exchange.status === 0 ? [] : checkAnswer(operation.description, exchange, validate)
      return [
        ...request.map((text) => ({ side: 'request', text }) as const),
        ...answer.map((text) => ({ side: 'answer', text }) as const)
      ]
    }
  }
}

type Validate = (schema: JsonValue, value: unknown) => string[]

interface Operation {
  readonly method: string
  readonly pattern: RegExp
  readonly description: JsonObject
}

/** All operations, fixed paths before those with parameters. */
function operationsOf(document: JsonObject): readonly Operation[] {
  const all = Object.entries(objectAt(document, 'paths')).flatMap(([template, item]) =>
    Object.entries(isJsonObject(item) ? item : {}).flatMap(([method, description]) =>
      isJsonObject(description) ? [{ template, method, description }] : []
    )
  )
  return all
    .toSorted((a, b) => a.template.split('{').length - b.template.split('{').length)
    .map(({ template, method, description }) => ({
      method: method.toUpperCase(),
      pattern: new RegExp(`^${template.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
      description
    }))
}

function checkQuery(description: JsonObject, query: URLSearchParams, validate: Validate): string[] {
  const parameters = new Map(
    listAt(description, 'parameters')
      .filter((one) => one['in'] === 'query')
      .map((one) => [typeof one['name'] === 'string' ? one['name'] : '', one])
  )
  const unknown = [...new Set(query.keys())].filter((name) => !parameters.has(name))
  const wrong = [...parameters].flatMap(([name, one]) => {
    const value = query.get(name)
    if (value === null)
      return one['required'] === true ? [`query parameter ${name} is missing`] : []
    const schema = objectAt(one, 'schema')
    const texts = validate(schema, valueOf(value, schema))
    return texts.map((text) => `query parameter ${name}: ${text}`)
  })
  return [...unknown.map((name) => `query parameter ${name} is not described`), ...wrong]
}

/** A query value as the type that its schema names. */
function valueOf(text: string, schema: JsonObject): unknown {
  if (schema['type'] === 'array') return text.split(',')
  if (schema['type'] === 'boolean') return text === 'true' || (text === 'false' ? false : text)
  const numeric = schema['type'] === 'integer' || schema['type'] === 'number'
  return numeric && /^-?\d+$/.test(text) ? Number(text) : text
}

function checkRequestBody(description: JsonObject, sent: Message, validate: Validate): string[] {
  const content = objectAt(objectAt(description, 'requestBody'), 'content')
  const types = Object.keys(content)
  if (types.length === 0) return sent.body === '' ? [] : ['a body is sent where none is described']
  if (sent.body === '') return ['no body is sent where one is described']
  if (!types.includes(sent.contentType)) return [`${sent.contentType} is not described`]
  return checkBody(objectAt(content, sent.contentType), sent, validate)
}

function checkAnswer(description: JsonObject, exchange: Exchange, validate: Validate): string[] {
  const { status, answer } = exchange
  const responses = objectAt(description, 'responses')
  const exact = responses[String(status)]
  // `default` describes errors everywhere in Box's description.
  if (exact === undefined && status < 400) return [`status ${status} is not described`]
  const content = objectAt(
    objectAt(responses, exact === undefined ? 'default' : `${status}`),
    'content'
  )
  const types = Object.keys(content)
  if (types.length === 0) return answer.body === '' ? [] : ['an answer without content has a body']
  if (!types.includes(answer.contentType)) {
    return [`status ${status} with content type '${answer.contentType}' is not described`]
  }
  return checkBody(objectAt(content, answer.contentType), answer, validate)
}

function checkBody(media: JsonObject, message: Message, validate: Validate): string[] {
  if (message.contentType === 'application/x-www-form-urlencoded') {
    const form: unknown = Object.fromEntries(new URLSearchParams(message.body))
    return validate(objectAt(media, 'schema'), form)
  }
  try {
    return validate(objectAt(media, 'schema'), JSON.parse(message.body) as unknown)
  } catch {
    return ['the body is not JSON']
  }
}

/** A schema in a place of its own: it must name every property. */
function whole(schema: JsonValue): object {
  const translated = part(schema)
  const open = isJsonObject(schema) && isFreeForm(schema)
  return open ? translated : { allOf: [translated], unevaluatedProperties: false }
}

function isFreeForm(schema: JsonObject): boolean {
  const shaped = ['properties', 'allOf', 'anyOf', 'oneOf', '$ref'].some((key) => key in schema)
  return !shaped
}

/** A schema as a part of another, which may name further properties. */
function part(schema: JsonValue): object {
  if (!isJsonObject(schema)) return {}
  if (typeof schema['$ref'] === 'string') return { $ref: `${documentId}${schema['$ref']}` }
  const out: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(schema)) {
    if (keywords.has(key)) out[key] = value
    else if (key === 'items') out[key] = whole(value)
    else if (['allOf', 'anyOf', 'oneOf'].includes(key)) out[key] = (value as JsonValue[]).map(part)
    else if (key === 'additionalProperties') out[key] = isJsonObject(value) ? whole(value) : value
    else if (key === 'properties' && isJsonObject(value)) {
      out[key] = mapValues(value, whole)
    }
  }
  return schema['nullable'] === true ? { anyOf: [{ type: 'null' }, out] } : out
}

function mapValues(object: JsonObject, map: (value: JsonValue) => object): object {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value)]))
}

function objectAt(value: JsonObject, key: string): JsonObject {
  const found = value[key]
  return isJsonObject(found) ? found : {}
}

function listAt(value: JsonObject, key: string): readonly JsonObject[] {
  const found = value[key]
  return Array.isArray(found) ? (found as readonly JsonValue[]).filter(isJsonObject) : []
}
