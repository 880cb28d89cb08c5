import { Types } from 'scimmy'
import providerConfig from '../../../scim-schemas/service-provider-config.json' with { type: 'json' }
import type { JsonObject } from '../../lib/json.ts'
import { fold } from '../../lib/text.ts'
import type { AttributeDefinition, SchemaDefinition } from './schemas.ts'
import { allSchemas, resourceTypeDefinitions } from './schemas.ts'

function toAttribute(definition: AttributeDefinition): Types.Attribute {
  const { type, name, mutability, subAttributes = [], ...rest } = definition
  const { canonicalValues, referenceTypes, ...characteristics } = rest
  return new Types.Attribute(
    type,
    name,
    {
      ...characteristics,
      mutable: mutability,
      ...(canonicalValues === undefined ? {} : { canonicalValues: [...canonicalValues] }),
      ...(referenceTypes === undefined ? {} : { referenceTypes: [...referenceTypes] })
    },
    subAttributes.map(toAttribute)
  )
}

/** Checks a schema's data and leaves out characteristics that do not go with an attribute's type. */
function describeSchema(schema: SchemaDefinition): JsonObject {
  const { name, id, description, attributes } = schema
  const definition = new Types.SchemaDefinition(name, id, description, attributes.map(toAttribute))
  return JSON.parse(JSON.stringify(definition.describe())) as JsonObject
}

/** Adds `meta` (RFC 7643 §3.1) to what a discovery endpoint shows. */
function located(document: object, resourceType: string, location: string): JsonObject {
  return { ...document, meta: { resourceType, location } }
}

const describedSchemas = allSchemas.map((schema) => ({
  id: schema.id,
  document: describeSchema(schema)
}))

/** The documents of `/Schemas` (RFC 7643 §7). */
export function schemaDocuments(baseUrl: string): readonly JsonObject[] {
  return describedSchemas.map(({ id, document }) =>
    located(document, 'Schema', `${baseUrl}/Schemas/${id}`)
  )
}

/** The document of `/Schemas/:id` by the schema's URN in any letter case. */
export function schemaDocument(urn: string, baseUrl: string): JsonObject | undefined {
  const found = describedSchemas.findIndex(({ id }) => fold(id) === fold(urn))
  return schemaDocuments(baseUrl)[found]
}

/** The documents of `/ResourceTypes` (RFC 7643 §6). */
export function resourceTypeDocuments(baseUrl: string): readonly JsonObject[] {
  return resourceTypeDefinitions.map((definition) =>
    located(definition, 'ResourceType', `${baseUrl}/ResourceTypes/${definition.id}`)
  )
}

/** The document of `/ResourceTypes/:id`. */
export function resourceTypeDocument(id: string, baseUrl: string): JsonObject | undefined {
  const found = resourceTypeDefinitions.findIndex((definition) => definition.id === id)
  return resourceTypeDocuments(baseUrl)[found]
}

/**
 * The document of `/ServiceProviderConfig` (RFC 7643 §5). `basic`: whether HTTP Basic is accepted; it is
 * named only then.
 */
export function serviceProviderConfig(
  baseUrl: string,
  { basic = false }: { readonly basic?: boolean } = {}
): JsonObject {
  const authenticationSchemes = providerConfig.authenticationSchemes.filter(
    ({ type }) => basic || type !== 'httpbasic'
  )
  const document = { ...providerConfig, authenticationSchemes }
  return located(document, 'ServiceProviderConfig', `${baseUrl}/ServiceProviderConfig`)
}
