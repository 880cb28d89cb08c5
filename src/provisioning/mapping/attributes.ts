import boxGroupSchema from '../../../scim-schemas/box-group.json' with { type: 'json' }
import boxUserSchema from '../../../scim-schemas/box-user.json' with { type: 'json' }
import commonAttributes from '../../../scim-schemas/common-attributes.json' with { type: 'json' }
import enterpriseUserSchema from '../../../scim-schemas/enterprise-user.json' with { type: 'json' }
import groupSchema from '../../../scim-schemas/group.json' with { type: 'json' }
import userSchema from '../../../scim-schemas/user.json' with { type: 'json' }
import { fold } from '../../lib/text.ts'
import type { ResourceTypeName } from '../query.ts'

/** What a mapping needs to know of an attribute (RFC 7643 §7). */
export interface Attribute {
  readonly name: string
  readonly type: string
  readonly multiValued: boolean
  readonly mutability: string
  readonly subAttributes?: readonly Attribute[]
}

interface Schema {
  readonly id: string
  readonly attributes: readonly Attribute[]
}

interface Schemas {
  readonly core: Schema
  readonly extensions: readonly Schema[]
}

const schemasOf: Readonly<Record<ResourceTypeName, Schemas>> = {
  User: { core: userSchema, extensions: [enterpriseUserSchema, boxUserSchema] },
  Group: { core: groupSchema, extensions: [boxGroupSchema] }
}

/** What a document that is mapped never holds: the server works it out, or keeps it elsewhere. */
const notInDocument: ReadonlySet<string> = new Set([
  'schemas',
  'id',
  'meta',
  'active',
  'groups',
  'members',
  'password'
])

/** The attributes that are mapped where no URN is given. */
export function coreAttributes(type: ResourceTypeName): readonly Attribute[] {
  const all: readonly Attribute[] = [...commonAttributes, ...schemasOf[type].core.attributes]
  return all.filter(({ name }) => !notInDocument.has(name))
}

/** The extension of this URN in any letter case, where the server has its schema. */
export function findExtension(type: ResourceTypeName, urn: string): Schema | undefined {
  return schemasOf[type].extensions.find(({ id }) => fold(id) === fold(urn))
}

/** The URNs that begin the name of an attribute whose schema is known; the core schema's first. */
export function knownUrns(type: ResourceTypeName): readonly string[] {
  const { core, extensions } = schemasOf[type]
  return [core.id, ...extensions.map(({ id }) => id)]
}

/** An attribute by its name in any letter case (RFC 7643 §2.1). */
export function findAttribute(
  attributes: readonly Attribute[],
  name: string
): Attribute | undefined {
  return attributes.find((attribute) => fold(attribute.name) === fold(name))
}
