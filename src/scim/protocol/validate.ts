import { Ajv } from 'ajv'
import type { AnySchemaObject, ErrorObject, ValidateFunction } from 'ajv'
import { isJsonObject } from '../../lib/json.ts'
import type { JsonObject, JsonValue } from '../../lib/json.ts'
import { excerpt } from '../../lib/text.ts'
import type { ScimDocument } from '../../provisioning/model.ts'
import { isList, read } from './document.ts'
import { ScimError } from './errors.ts'
import type { ResourceTypeName } from '../../provisioning/query.ts'
import type { AttributeDefinition, ResourceType } from './schemas.ts'
import { findSubAttribute, resourceTypes } from './schemas.ts'

/** Lenient on purpose: every client writes instants in its own way; what counts is that it is one. */
const ajv = new Ajv({
  formats: { instant: (text: string) => Number.isFinite(Date.parse(text)) },
  verbose: true
})

const simpleTypes: Readonly<
  Record<Exclude<AttributeDefinition['type'], 'complex'>, AnySchemaObject>
> = {
  string: { type: 'string' },
  reference: { type: 'string' },
  binary: { type: 'string' },
  dateTime: { type: 'string', format: 'instant' },
  boolean: { type: 'boolean' },
  integer: { type: 'integer' },
  decimal: { type: 'number' }
}

function typeSchema({ type, subAttributes = [] }: AttributeDefinition): AnySchemaObject {
  return type === 'complex'
    ? { type: 'object', properties: properties(subAttributes) }
    : simpleTypes[type]
}

function attributeSchema(definition: AttributeDefinition): AnySchemaObject {
  const schema = typeSchema(definition)
  if (definition.multiValued) return { type: 'array', items: schema }
  return definition.required && schema['type'] === 'string' ? { ...schema, pattern: '\\S' } : schema
}

function properties(definitions: readonly AttributeDefinition[]): AnySchemaObject {
  return Object.fromEntries(
    definitions.map((definition) => [definition.name, attributeSchema(definition)])
  )
}

/** The definitions as JSON Schema: types of known attributes; canonicalValues are suggestions. */
function jsonSchema({ core, extensions }: ResourceType, whole: boolean): AnySchemaObject {
  const required = core.attributes.filter((one) => one.required).map((one) => one.name)
  return {
    type: 'object',
    required: whole ? required : [],
    properties: {
      externalId: { type: 'string' },
      ...properties(core.attributes),
      ...Object.fromEntries(
        extensions.map(({ id, attributes }) => [
          id,
          { type: 'object', properties: properties(attributes) }
        ])
      )
    }
  }
}

/** Who signs in is told by the externalId at least; `active` is for provisioning to decide. */
function signInSchema(): AnySchemaObject {
  const part = jsonSchema(resourceTypes.User, false)
  const own = { externalId: { type: 'string', pattern: '\\S' }, active: { const: true } }
  return {
    ...part,
    required: ['externalId'],
    properties: { ...(part['properties'] as AnySchemaObject), ...own }
  }
}

const signIn = ajv.compile(signInSchema())

function compile(type: ResourceType): Readonly<Record<'whole' | 'part', ValidateFunction>> {
  return {
    whole: ajv.compile(jsonSchema(type, true)),
    part: ajv.compile(jsonSchema(type, false))
  }
}

const validators: Readonly<Record<ResourceTypeName, ReturnType<typeof compile>>> = {
  User: compile(resourceTypes.User),
  Group: compile(resourceTypes.Group)
}

/**
 * Refuses a canonical document that lacks a required attribute, has a value of the wrong type, or has
 * an attribute with two primary values (RFC 7643 §2.3, §2.4). Attributes that no schema knows are let
 * through.
 *
 * @throws ScimError 400 `invalidValue`, naming the attribute and what is expected
 */
export function validateDocument(type: ResourceType, document: ScimDocument): void {
  check(type, document, validators[type.name].whole)
}

/** Like {@link validateDocument} for a part of a document: nothing is required. */
export function validatePart(type: ResourceType, part: ScimDocument): void {
  check(type, part, validators[type.name].part)
}

/** Like {@link validateDocument} for a person who signs in: an externalId is required, nothing else. */
export function validateSignIn(document: ScimDocument): void {
  check(resourceTypes.User, document, signIn)
}

function check(type: ResourceType, document: ScimDocument, validate: ValidateFunction): void {
  if (!validate(document)) {
    const [error] = validate.errors ?? []
    throw new ScimError(400, error === undefined ? 'Invalid.' : explain(error), 'invalidValue')
  }
  requireOnePrimary(type.core.attributes, document)
}

function requireOnePrimary(
  definitions: readonly AttributeDefinition[],
  document: ScimDocument
): void {
  for (const definition of definitions) {
    const value = definition.multiValued ? read(document, definition.name) : undefined
    if (!isList(value) || findSubAttribute(definition, 'primary') === undefined) continue
    if (value.filter(isPrimary).length > 1) {
      throw new ScimError(
        400,
        `${definition.name} has more than one primary value; one can be primary.`,
        'invalidValue'
      )
    }
  }
}

function isPrimary(element: JsonValue): boolean {
  return isJsonObject(element) && read(element, 'primary') === true
}

function explain(error: ErrorObject): string {
  const name = attributeName(error.instancePath)
  if (error.keyword === 'required') {
    const missing: unknown = (error.params as JsonObject)['missingProperty']
    return `${[name, String(missing)].filter(Boolean).join('.')} is required and must not be empty.`
  }
  return `${name} must be ${expectation(error)}, not ${excerpt(JSON.stringify(error.data) ?? 'nothing')}.`
}

const expectations: ReadonlyMap<unknown, string> = new Map([
  ['string', 'a string'],
  ['boolean', 'true or false'],
  ['integer', 'a whole number'],
  ['number', 'a number'],
  ['object', 'an object'],
  ['array', 'an array']
])

function expectation({ keyword, params }: ErrorObject): string {
  if (keyword === 'format') return 'a date and time'
  if (keyword === 'const') return JSON.stringify((params as JsonObject)['allowedValue'])
  if (keyword === 'pattern') return 'a string that is not blank'
  const type: unknown = (params as JsonObject)['type']
  return expectations.get(type) ?? 'another value'
}

/** A JSON pointer as SCIM writes it: `/emails/0/value` is `emails[0].value`. */
function attributeName(pointer: string): string {
  const parts = pointer.split('/').slice(1)
  return parts
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part, index) => {
      if (/^\d+$/.test(part)) return `[${part}]`
      if (index === 0) return part
      return index === 1 && (parts[0] ?? '').startsWith('urn:') ? `:${part}` : `.${part}`
    })
    .join('')
}
