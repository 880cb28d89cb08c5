import { test } from 'tap'
import type { JsonObject } from '../../../src/lib/json.ts'
import type { StoredResource } from '../../../src/provisioning/model.ts'
import {
  defaultProjection,
  parseProjection,
  renderResource
} from '../../../src/scim/protocol/projection.ts'
import { resourceLocation, resourceVersion } from '../../../src/scim/protocol/resource-text.ts'
import {
  allSchemas,
  commonAttributes,
  enterpriseUserUrn,
  resourceTypes
} from '../../../src/scim/protocol/schemas.ts'

const { User, Group } = resourceTypes
const base = 'https://scim.example.com/scim/v2'
const userUrn = 'urn:ietf:params:scim:schemas:core:2.0:User'

const ann = {
  schemas: [userUrn, enterpriseUserUrn],
  id: '11',
  userName: 'ann@example.com',
  name: { givenName: 'Ann', familyName: 'Ek' },
  active: true,
  emails: [
    { type: 'work', value: 'ann@example.com', primary: true },
    { value: 'a@home.example.com' }
  ],
  [enterpriseUserUrn]: { department: 'R&D', employeeNumber: '7' },
  shoeSize: 42
}

const storedAnn: StoredResource = {
  id: '11',
  text: JSON.stringify(ann),
  created: Date.UTC(2024, 0, 2),
  lastModified: Date.UTC(2024, 0, 3, 4, 5, 6, 7),
  revision: 3,
  related: [{ value: '21', display: 'Sales "North"' }]
}

const meta = {
  resourceType: 'User',
  created: '2024-01-02T00:00:00.000Z',
  lastModified: '2024-01-03T04:05:06.007Z',
  location: `${base}/Users/11`,
  version: 'W/"3"'
}

const groups = [
  { value: '21', $ref: `${base}/Groups/21`, display: 'Sales "North"', type: 'direct' }
]

function render(parameters: object, stored = storedAnn, type = User): JsonObject {
  const text = renderResource(type, stored, parseProjection(type, parameters), base)
  return JSON.parse(text) as JsonObject
}

void test('RFC 7643 §3.1: a resource is shown with its meta and its groups', async (t) => {
  t.strictSame(render({}), { ...ann, groups, meta })
  const text = renderResource(User, storedAnn, defaultProjection, base)
  t.ok(text.startsWith(storedAnn.text.slice(0, -1)), 'the stored text is sent as it is')
  t.equal(meta.location, resourceLocation(User, '11', base))
  t.equal(meta.version, resourceVersion(3))
})

void test('RFC 7643 §4.2: members show value, $ref, display and type', async (t) => {
  const stored: StoredResource = {
    ...storedAnn,
    id: '21',
    text: '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"21","displayName":"Sales"}',
    related: [
      { value: '11', display: 'Ann Ek' },
      { value: '12', display: '' }
    ]
  }
  t.strictSame(render({}, stored, Group)['members'], [
    { value: '11', $ref: `${base}/Users/11`, display: 'Ann Ek', type: 'User' },
    { value: '12', $ref: `${base}/Users/12`, type: 'User' }
  ])
  t.notOk('members' in render({}, { ...stored, related: [] }, Group), 'RFC 7643 §2.5: [] is absent')
  const { related, ...unread } = stored
  t.equal([...(related ?? [])].length, 2)
  t.notOk('members' in render({}, unread, Group))
  t.notOk('members' in render({ excludedAttributes: 'members' }, stored, Group))
  t.notOk('members' in render({ attributes: 'displayName' }, stored, Group))
  t.strictSame(render({ attributes: 'MEMBERS.Value' }, stored, Group), {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
    id: '21',
    members: [{ value: '11' }, { value: '12' }]
  })
})

void test('RFC 7644 §3.9: attributes gives the minimum set and what is named', async (t) => {
  const minimum = { schemas: ann.schemas, id: '11' }
  const rows: readonly (readonly [unknown, object])[] = [
    ['id', {}],
    ['USERNAME', { userName: ann.userName }],
    [' userName , active ', { userName: ann.userName, active: true }],
    [['userName', 'active,shoesize'], { userName: ann.userName, active: true, shoeSize: 42 }],
    ['name.givenName', { name: { givenName: 'Ann' } }],
    ['name.givenName,name', { name: ann.name }],
    ['name,name.givenName', { name: ann.name }],
    ['emails.type', { emails: [{ type: 'work' }] }],
    ['emails.display', {}],
    [`${userUrn}:active`, { active: true }],
    [`${enterpriseUserUrn}:department`, { [enterpriseUserUrn]: { department: 'R&D' } }],
    [enterpriseUserUrn.toUpperCase(), { [enterpriseUserUrn]: ann[enterpriseUserUrn] }],
    ['groups.display', { groups: [{ display: 'Sales "North"' }] }],
    ['meta.version', { meta: { version: 'W/"3"' } }],
    ['title,unheardOf,a b,userName.x', {}],
    ['password', {}]
  ]
  for (const [attributes, expected] of rows) {
    t.strictSame(render({ attributes }), { ...minimum, ...expected }, String(attributes))
  }
  t.strictSame(render({ attributes: userUrn }), render({}))
  t.strictSame(render({ attributes: '' }), render({}))
})

void test('RFC 7644 §3.9: excludedAttributes takes away, but never what is always returned', async (t) => {
  const whole = render({})
  const lacking = (...keys: string[]) =>
    Object.fromEntries(Object.entries(whole).filter(([key]) => !keys.includes(key)))
  t.strictSame(render({ excludedAttributes: 'Groups' }), lacking('groups'))
  t.strictSame(render({ excludedAttributes: 'id,schemas,active' }), lacking('active'))
  t.strictSame(render({ excludedAttributes: 'meta,shoesize' }), lacking('meta', 'shoeSize'))
  t.strictSame(render({ excludedAttributes: enterpriseUserUrn }), lacking(enterpriseUserUrn))
  t.strictSame(render({ excludedAttributes: 'emails.type,emails.primary,name.givenName' }), {
    ...whole,
    name: { familyName: 'Ek' },
    emails: [{ value: 'ann@example.com' }, { value: 'a@home.example.com' }]
  })
  t.strictSame(
    render({ excludedAttributes: 'name.givenName,name.familyName,groups.$ref' })['name'],
    undefined
  )
  t.strictSame(render({ excludedAttributes: `unheardOf,${userUrn}` }), whole)
})

void test('RFC 7644 §3.9: both parameters at once are refused', async (t) => {
  t.throws(() => parseProjection(User, { attributes: 'id', excludedAttributes: 'active' }), {
    name: 'ScimError',
    status: 400,
    scimType: 'invalidValue'
  })
  t.throws(() => parseProjection(User, { attributes: 7 }), {
    name: 'ScimError',
    scimType: 'invalidValue'
  })
  t.equal(parseProjection(User, { attributes: '', excludedAttributes: '' }).mode, 'default')
})

void test('RFC 7643 §7: the stored text can be sent unread, since only a password is withheld', async (t) => {
  const attributes = [...commonAttributes, ...allSchemas.flatMap((schema) => schema.attributes)]
  const withheld = [...attributes, ...attributes.flatMap(({ subAttributes = [] }) => subAttributes)]
    .filter(({ returned }) => returned === 'never' || returned === 'request')
    .map(({ name }) => name)
  t.strictSame(withheld, ['password'])
  const always = allSchemas
    .flatMap((schema) => schema.attributes)
    .filter(({ returned }) => returned === 'always')
  t.strictSame(always, [], 'only common attributes are returned always')
})
