import { test } from 'tap'
import {
  maxAttributePathLength,
  resolveAttribute
} from '../../../src/scim/protocol/attribute-path.ts'
import { errorBody, ScimError } from '../../../src/scim/protocol/errors.ts'
import type { AttributeDefinition } from '../../../src/scim/protocol/schemas.ts'
import {
  allSchemas,
  boxUserUrn,
  commonAttributes,
  enterpriseUserUrn,
  findCoreAttribute,
  findExtension,
  findSchema,
  findSchemaAttribute,
  findSubAttribute,
  resourceTypes
} from '../../../src/scim/protocol/schemas.ts'

const { User, Group } = resourceTypes
const userUrn = 'urn:ietf:params:scim:schemas:core:2.0:User'

function everyAttribute(): AttributeDefinition[] {
  const top = [...commonAttributes, ...allSchemas.flatMap((schema) => schema.attributes)]
  return [...top, ...top.flatMap((attribute) => attribute.subAttributes ?? [])]
}

const allowed = {
  type: ['string', 'boolean', 'decimal', 'integer', 'dateTime', 'reference', 'binary', 'complex'],
  mutability: ['readOnly', 'readWrite', 'immutable', 'writeOnly'],
  returned: ['always', 'never', 'default', 'request'],
  uniqueness: ['none', 'server', 'global']
} as const

void test('RFC 7643 §7: every attribute has every characteristic, with a value of the RFC', async (t) => {
  for (const attribute of everyAttribute()) {
    for (const [key, values] of Object.entries(allowed)) {
      const value = attribute[key as keyof typeof allowed]
      t.ok((values as readonly string[]).includes(value), `${attribute.name} ${key}: ${value}`)
    }
    for (const key of ['multiValued', 'required', 'caseExact'] as const) {
      t.type(attribute[key], 'boolean', `${attribute.name} ${key}`)
    }
    t.not(attribute.description, '')
    t.equal(attribute.type === 'complex', attribute.subAttributes !== undefined, attribute.name)
    t.equal(attribute.type === 'reference', attribute.referenceTypes !== undefined, attribute.name)
    t.match(attribute.name, /^(\$ref|[a-z][A-Za-z0-9]*)$/)
  }
})

void test('RFC 7643 §8.7.1: the attributes of a user, no more and no fewer', async (t) => {
  t.strictSame(
    User.core.attributes.map(({ name }) => name),
    'userName name displayName nickName profileUrl title userType preferredLanguage locale timezone active password emails phoneNumbers ims photos addresses groups entitlements roles x509Certificates'.split(
      ' '
    )
  )
  t.strictSame(
    commonAttributes.map(({ name }) => name),
    ['schemas', 'id', 'externalId', 'meta']
  )
})

void test('RFC 7643 §3.1, §4.1, §8.7.1: the characteristics that decide who is who', async (t) => {
  const has = (name: string, expected: Partial<AttributeDefinition>) => {
    const resolved = resolveAttribute(name, User)
    t.match(resolved?.subAttribute ?? resolved?.attribute, expected, name)
  }
  has('userName', { caseExact: false, required: true, uniqueness: 'server' })
  has('emails.value', { caseExact: false })
  has('displayName', { caseExact: false, required: false })
  has('id', { caseExact: true, mutability: 'readOnly', returned: 'always' })
  has('externalId', { caseExact: true, mutability: 'readWrite' })
  has('password', { mutability: 'writeOnly', returned: 'never' })
  has('groups', { mutability: 'readOnly' })
  has('groups.value', { mutability: 'readOnly' })
  has('meta.lastModified', { type: 'dateTime', mutability: 'readOnly' })
  t.notOk(resolveAttribute('roles.type', User)?.subAttribute?.canonicalValues)
  t.match(findCoreAttribute(Group, 'displayName'), { required: true, uniqueness: 'server' })
})

void test('RFC 7643 §2.1: names and URNs are found in any letter case', async (t) => {
  t.equal(findSchema(userUrn.toUpperCase()), User.core)
  t.equal(findExtension(User, enterpriseUserUrn.toUpperCase())?.name, 'EnterpriseUser')
  t.equal(findExtension(Group, enterpriseUserUrn), undefined)
  t.equal(findCoreAttribute(User, 'USERNAME')?.name, 'userName')
  t.equal(findCoreAttribute(User, 'constructor'), undefined)
  const manager = findSchemaAttribute(findSchema(enterpriseUserUrn)!, 'Manager')!
  t.equal(findSubAttribute(manager, 'VALUE')?.name, 'value')
  t.equal(findSubAttribute(manager, 'toString'), undefined)
})

void test('RFC 7644 §3.10: attribute paths resolve to the keys of the stored JSON', async (t) => {
  const paths: readonly (readonly [string, readonly string[]])[] = [
    ['username', ['userName']],
    ['Name.GIVENNAME', ['name', 'givenName']],
    ['emails.value', ['emails', 'value']],
    ['groups.$ref', ['groups', '$ref']],
    ['META.lastmodified', ['meta', 'lastModified']],
    [`${userUrn}:name.familyName`, ['name', 'familyName']],
    [`${userUrn.toLowerCase()}:ExternalId`, ['externalId']],
    [`${enterpriseUserUrn}:department`, [enterpriseUserUrn, 'department']],
    [`${enterpriseUserUrn}.manager`, [enterpriseUserUrn, 'manager']],
    [`${enterpriseUserUrn.toUpperCase()}:Manager.Value`, [enterpriseUserUrn, 'manager', 'value']],
    [`${boxUserUrn}:trackingcodes.name`, [boxUserUrn, 'trackingCodes', 'name']],
    ['manager', [enterpriseUserUrn, 'manager']],
    ['Department', [enterpriseUserUrn, 'department']]
  ]
  for (const [text, path] of paths) {
    const { kind, known, path: keys } = resolveAttribute(text, User) ?? {}
    t.strictSame({ kind, known, keys }, { kind: 'attribute', known: true, keys: path }, text)
  }
})

void test('RFC 7644 §3.10: a URN alone names the whole extension or resource', async (t) => {
  t.match(resolveAttribute(enterpriseUserUrn.toUpperCase(), User), {
    kind: 'extension',
    known: true,
    path: [enterpriseUserUrn]
  })
  t.match(resolveAttribute(userUrn, User), { kind: 'resource', known: true, path: [] })
  const custom = 'urn:ietf:params:scim:schemas:extension:Acme:2.0:User'
  t.match(resolveAttribute(custom, User), { kind: 'extension', known: false, path: [custom] })
})

void test('names that are in no schema keep their letter case and are not known', async (t) => {
  const custom = 'urn:ietf:params:scim:schemas:extension:Acme:2.0:User'
  const unknown: readonly (readonly [string, readonly string[]])[] = [
    ['Shoe', ['Shoe']],
    ['shoe.Size', ['shoe', 'Size']],
    ['NAME.Nick', ['name', 'Nick']],
    ['title.x', ['title', 'x']],
    ['role', ['role']],
    ['status', ['status']],
    [`${custom}:Badge`, [custom, 'Badge']],
    [`${custom}:badge.Color`, [custom, 'badge', 'Color']],
    [`${custom}.badge`, [custom, 'badge']],
    ['urn:acme:badge', ['urn:acme', 'badge']],
    [`${boxUserUrn}:shoe`, [boxUserUrn, 'shoe']],
    [`${userUrn}Name:shoe`, [`${userUrn}Name`, 'shoe']]
  ]
  for (const [text, path] of unknown) {
    const { kind, known, path: keys } = resolveAttribute(text, User) ?? {}
    t.strictSame({ kind, known, keys }, { kind: 'attribute', known: false, keys: path }, text)
  }
  t.match(resolveAttribute(`${enterpriseUserUrn}:department`, Group), { known: false })
})

void test('what is no attribute path is refused', async (t) => {
  for (const text of ['', ' ', '.a', 'a.', 'a.b.c', 'a b', '1a', 'a[b]', 'urn:']) {
    t.equal(resolveAttribute(text, User), undefined, JSON.stringify(text))
  }
})

void test('a hostile path is not taken apart', async (t) => {
  const hostile = `urn:a${':1:a'.repeat(200_000)}\n`
  t.equal(resolveAttribute(hostile, User), undefined)
  t.equal(resolveAttribute('a'.repeat(maxAttributePathLength + 1), User), undefined)
  t.equal(resolveAttribute('a'.repeat(maxAttributePathLength), User)?.known, false)
})

void test('RFC 7644 §3.12: an error body has its status as a string', async (t) => {
  t.strictSame(errorBody(new ScimError(409, 'The userName is taken.', 'uniqueness')), {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
    scimType: 'uniqueness',
    detail: 'The userName is taken.',
    status: '409'
  })
  t.strictSame(errorBody({ status: 404, detail: 'Not here.' }), {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
    detail: 'Not here.',
    status: '404'
  })
})
