import boxGroupSchema from '../../../scim-schemas/box-group.json' with { type: 'json' }
import boxUserSchema from '../../../scim-schemas/box-user.json' with { type: 'json' }
import commonAttributeList from '../../../scim-schemas/common-attributes.json' with { type: 'json' }
import enterpriseUserSchema from '../../../scim-schemas/enterprise-user.json' with { type: 'json' }
import groupSchema from '../../../scim-schemas/group.json' with { type: 'json' }
import resourceTypeList from '../../../scim-schemas/resource-types.json' with { type: 'json' }
import userSchema from '../../../scim-schemas/user.json' with { type: 'json' }
import { fold } from '../../lib/text.ts'
import type { ResourceTypeName } from '../../provisioning/query.ts'

/** An attribute's characteristics, in the form of RFC 7643 §7. */
export interface AttributeDefinition {
  readonly name: string
  readonly type:
    'string' | 'boolean' | 'decimal' | 'integer' | 'dateTime' | 'reference' | 'binary' | 'complex'
  readonly multiValued: boolean
  readonly description: string
  readonly required: boolean
  /** Suggestions: other values are accepted (RFC 7643 §7). */
  readonly canonicalValues?: readonly string[]
  readonly caseExact: boolean
  readonly mutability: 'readOnly' | 'readWrite' | 'immutable' | 'writeOnly'
  readonly returned: 'always' | 'never' | 'default' | 'request'
  readonly uniqueness: 'none' | 'server' | 'global'
  readonly referenceTypes?: readonly string[]
  /** Present where `type` is `complex`. */
  readonly subAttributes?: readonly AttributeDefinition[]
}

/** A schema, in the form of RFC 7643 §7. */
export interface SchemaDefinition {
  readonly schemas: readonly string[]
  /** The schema's URN. */
  readonly id: string
  readonly name: string
  readonly description: string
  readonly attributes: readonly AttributeDefinition[]
}

/** A resource type as `scim-schemas/resource-types.json` has it (RFC 7643 §6). */
export interface ResourceTypeDefinition {
  readonly schemas: readonly string[]
  readonly id: string
  readonly name: string
  readonly description: string
  readonly endpoint: string
  /** The URN of the core schema. */
  readonly schema: string
  readonly schemaExtensions: readonly { readonly schema: string; readonly required: boolean }[]
}

/** A resource type with the schemas that it is made of. */
export interface ResourceType {
  readonly name: ResourceTypeName
  readonly endpoint: '/Users' | '/Groups'
  readonly core: SchemaDefinition
  readonly extensions: readonly SchemaDefinition[]
  /** The attribute that the directory joins when a resource is read: `groups` or `members`. */
  readonly related: AttributeDefinition
}

/** The attributes that every resource has and no schema lists (RFC 7643 §3.1). */
export const commonAttributes = commonAttributeList as readonly AttributeDefinition[]

/** Every schema, in the order in which `/Schemas` shows them. */
export const allSchemas: readonly SchemaDefinition[] = [
  userSchema as SchemaDefinition,
  enterpriseUserSchema as SchemaDefinition,
  boxUserSchema as SchemaDefinition,
  groupSchema as SchemaDefinition,
  boxGroupSchema as SchemaDefinition
]

/** Every resource type, in the order in which `/ResourceTypes` shows them. */
export const resourceTypeDefinitions: readonly ResourceTypeDefinition[] = resourceTypeList

/** The URN of the enterprise extension (RFC 7643 §4.3). */
export const enterpriseUserUrn = enterpriseUserSchema.id

/** The URN of the Box extension of a user. */
export const boxUserUrn = boxUserSchema.id

/** The URN of the Box extension of a group. */
export const boxGroupUrn = boxGroupSchema.id

const schemasByUrn = new Map(allSchemas.map((schema) => [fold(schema.id), schema]))

const foldedNames = (attributes: readonly AttributeDefinition[]) =>
  new Map(attributes.map((attribute) => [fold(attribute.name), attribute]))

const commonByName = foldedNames(commonAttributes)

const attributesOf = new Map(
  allSchemas.map((schema) => [schema, foldedNames(schema.attributes)] as const)
)

const subAttributesOf = new Map(
  [...commonAttributes, ...allSchemas.flatMap((schema) => schema.attributes)].map(
    (attribute) => [attribute, foldedNames(attribute.subAttributes ?? [])] as const
  )
)

/** A schema by its URN in any letter case, as RFC 8141 and RFC 7643 §2.1 ask. */
export function findSchema(urn: string): SchemaDefinition | undefined {
  return schemasByUrn.get(fold(urn))
}

/** One of a resource type's extensions by its URN in any letter case. */
export function findExtension(type: ResourceType, urn: string): SchemaDefinition | undefined {
  const schema = findSchema(urn)
  return schema !== undefined && type.extensions.includes(schema) ? schema : undefined
}

/** An attribute of a schema by its name in any letter case (RFC 7643 §2.1). */
export function findSchemaAttribute(
  schema: SchemaDefinition,
  name: string
): AttributeDefinition | undefined {
  return attributesOf.get(schema)?.get(fold(name))
}

/** A core or common attribute of a resource type by its name in any letter case. */
export function findCoreAttribute(
  type: ResourceType,
  name: string
): AttributeDefinition | undefined {
  return findSchemaAttribute(type.core, name) ?? commonByName.get(fold(name))
}

/** A sub-attribute by its name in any letter case. */
export function findSubAttribute(
  attribute: AttributeDefinition,
  name: string
): AttributeDefinition | undefined {
  return subAttributesOf.get(attribute)?.get(fold(name))
}

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`scim-schemas: ${what} is missing`)
  return value
}

function assemble(
  name: ResourceTypeName,
  endpoint: ResourceType['endpoint'],
  relatedName: string
): ResourceType {
  const definition = required(
    resourceTypeDefinitions.find((one) => one.name === name && one.endpoint === endpoint),
    `the resource type ${name} at ${endpoint}`
  )
  const core = required(findSchema(definition.schema), definition.schema)
  return {
    name,
    endpoint,
    core,
    extensions: definition.schemaExtensions.map(({ schema }) =>
      required(findSchema(schema), schema)
    ),
    related: required(findSchemaAttribute(core, relatedName), `${name}.${relatedName}`)
  }
}

/** The resource types of this server, put together from `scim-schemas/` (RFC 7643 §6). */
export const resourceTypes: Readonly<Record<ResourceTypeName, ResourceType>> = {
  User: assemble('User', '/Users', 'groups'),
  Group: assemble('Group', '/Groups', 'members')
}
