import { test } from 'tap'
import { ScimError } from '../../../src/scim/protocol/errors.ts'
import {
  maxAttributeChanges,
  maxDepth,
  maxElements,
  maxValues
} from '../../../src/scim/protocol/limits.ts'
import { normaliseResource } from '../../../src/scim/protocol/normalise.ts'
import { parseResource } from '../../../src/scim/protocol/resource.ts'
import { boxUserUrn, enterpriseUserUrn, resourceTypes } from '../../../src/scim/protocol/schemas.ts'

const { User, Group } = resourceTypes
const coreUrn = User.core.id

const user = (body: Record<string, unknown>) =>
  parseResource(User, { userName: 'ada@example.com', ...body }).document

/** The error of a body that is refused, as `scimType detail`. */
function refusal(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof ScimError) return `${error.status} ${error.scimType} ${error.detail}`
    throw error
  }
  return 'accepted'
}

const base = { userName: 'ada@example.com' }

const accepted: readonly (readonly [string, Record<string, unknown>, Record<string, unknown>])[] = [
  [
    'Entra: a create as the provisioning service sends it',
    {
      schemas: [coreUrn, enterpriseUserUrn],
      externalId: 'jdoe',
      active: true,
      displayName: 'Jane Doe',
      emails: [{ primary: true, type: 'work', value: 'jdoe@example.com' }],
      name: { formatted: 'Jane Doe', givenName: 'Jane', familyName: 'Doe' },
      addresses: [{ type: 'work', locality: 'Oslo', country: 'NO' }],
      roles: [],
      meta: { resourceType: 'User' },
      [enterpriseUserUrn]: { employeeNumber: '701984', department: 'R&D' }
    },
    {
      externalId: 'jdoe',
      active: true,
      displayName: 'Jane Doe',
      emails: [{ primary: true, type: 'work', value: 'jdoe@example.com' }],
      name: { formatted: 'Jane Doe', givenName: 'Jane', familyName: 'Doe' },
      addresses: [{ type: 'work', locality: 'Oslo', country: 'NO' }],
      [enterpriseUserUrn]: { employeeNumber: '701984', department: 'R&D' }
    }
  ],
  [
    'Entra: roles with a text for primary',
    { roles: [{ primary: 'True', type: 'WindowsAzureActiveDirectoryRole', value: 'Admin' }] },
    { roles: [{ primary: true, type: 'WindowsAzureActiveDirectoryRole', value: 'Admin' }] }
  ],
  [
    'Entra: a role as JSON in a text stays as sent',
    { roles: [{ value: '{"id":"1"}' }] },
    { roles: [{ value: '{"id":"1"}' }] }
  ],
  [
    'RFC 7643 §2.5: null, empty texts, arrays and objects are unassigned at every depth',
    {
      addresses: null,
      title: null,
      nickName: '',
      emails: [],
      name: { honorificPrefix: null, middleName: '', familyName: 'Doe' },
      phoneNumbers: [null, {}, { value: '' }, { value: '1', type: null }],
      [enterpriseUserUrn]: { manager: null, department: '' }
    },
    { name: { familyName: 'Doe' }, phoneNumbers: [{ value: '1' }] }
  ],
  [
    'RFC 7643 §2.5: unassigned values of unknown attributes go too',
    { favourite: { a: '', b: [{}], c: 1 }, other: [null] },
    { favourite: { c: 1 } }
  ],
  [
    'RFC 7643 §2.5: false and 0 are values',
    { active: false, favourite: [0, false] },
    { active: false, favourite: [0, false] }
  ],
  [
    'RFC 7643 §2.1: names and URNs in any letter case',
    {
      USERNAME: 'bob@example.com',
      Emails: [{ Primary: true, VALUE: 'a@example.com' }],
      'URN:IETF:params:scim:schemas:extension:ENTERPRISE:2.0:user': {
        Department: 'R&D',
        Manager: { Value: '7' }
      }
    },
    {
      userName: 'bob@example.com',
      emails: [{ primary: true, value: 'a@example.com' }],
      [enterpriseUserUrn]: { department: 'R&D', manager: { value: '7' } }
    }
  ],
  [
    'RFC 7644 §3.10: names with the core URN in front',
    { [`${coreUrn}:title`]: 'Engineer' },
    { title: 'Engineer' }
  ],
  [
    'tolerated: core attributes inside an object under the core URN',
    { [coreUrn]: { Title: 'Engineer' } },
    { title: 'Engineer' }
  ],
  [
    'Entra: dotted and URN keys',
    {
      'name.givenName': 'Ada',
      'Name.FamilyName': 'King',
      [`${enterpriseUserUrn}:department`]: 'R&D'
    },
    { name: { givenName: 'Ada', familyName: 'King' }, [enterpriseUserUrn]: { department: 'R&D' } }
  ],
  [
    'tolerated: numbers that come as text for an integer',
    { [boxUserUrn]: { spaceAmount: '-1' } },
    { [boxUserUrn]: { spaceAmount: -1 } }
  ],
  [
    'tolerated: one value of a multi-valued attribute',
    { emails: { value: 'a@example.com' } },
    { emails: [{ value: 'a@example.com' }] }
  ],
  [
    'tolerated: bare texts as elements',
    { emails: ['a@example.com'], phoneNumbers: '1' },
    { emails: [{ value: 'a@example.com' }], phoneNumbers: [{ value: '1' }] }
  ],
  [
    'Entra: manager without its URN',
    { manager: [{ $ref: '../Users/7', value: '7' }] },
    { [enterpriseUserUrn]: { manager: { $ref: '../Users/7', value: '7' } } }
  ],
  [
    'Entra: manager as a text',
    { [enterpriseUserUrn]: { manager: '7' } },
    { [enterpriseUserUrn]: { manager: { value: '7' } } }
  ],
  [
    'Entra: manager with an empty value',
    { [enterpriseUserUrn]: { manager: { value: '', $ref: 'x' } } },
    {}
  ],
  [
    'RFC 7643 §4.3: the display name of a manager is read-only',
    { [enterpriseUserUrn]: { manager: { value: '7', displayName: 'Boss' } } },
    { [enterpriseUserUrn]: { manager: { value: '7' } } }
  ],
  [
    'Okta: read-only attributes are ignored, a password is never kept',
    {
      id: '9',
      meta: { version: 'W/"1"' },
      groups: [{ value: '1' }],
      password: 'correct horse',
      PASSWORD: 'battery staple',
      [boxUserUrn]: { spaceUsed: 5, myTags: ['a'], role: 'user' }
    },
    { [boxUserUrn]: { role: 'user' } }
  ],
  [
    'Okta: empty middle name',
    { name: { givenName: 'T', middleName: '', familyName: 'U' } },
    { name: { givenName: 'T', familyName: 'U' } }
  ],
  ['OneLogin: schemas of SCIM 1', { schemas: ['urn:scim:schemas:core:1.0'] }, {}],
  [
    'unknown attributes keep their letter case',
    { ShoeSize: 42, badge: { Colour: 'red' } },
    { ShoeSize: 42, badge: { Colour: 'red' } }
  ],
  [
    'unknown extensions are kept',
    { 'urn:example:params:acme:2.0:User': { Tag: 'x' } },
    { 'urn:example:params:acme:2.0:User': { Tag: 'x' } }
  ],
  [
    'Okta: an extension URN with a part after the resource type',
    { 'urn:okta:app:1.0:user:custom': { Tag: 'x' } },
    { 'urn:okta:app:1.0:user:custom': { Tag: 'x' } }
  ],
  [
    'two keys of one attribute: the later one counts',
    { title: 'a', Title: 'b', ShoeSize: 1, shoesize: 2 },
    { title: 'b', ShoeSize: 2 }
  ],
  [
    'RFC 7643 §7: canonicalValues are suggestions',
    { emails: [{ type: 'untyped', value: 'x' }] },
    { emails: [{ type: 'untyped', value: 'x' }] }
  ],
  ['a profileUrl may be any text', { profileUrl: 'word' }, { profileUrl: 'word' }],
  [
    'keys that are no attribute names are left out',
    { 'shoe size': 1, 'a.b.c': 1, 'emails[type eq "work"].value': 'x', 'userName.x': 1 },
    {}
  ]
]

for (const [title, body, expected] of accepted) {
  void test(title, async (t) => {
    t.strictSame(user(body), { ...base, ...expected })
  })
}

for (const text of ['False', 'false', 'FALSE', ' false ', false, ['False']]) {
  void test(`Entra: active ${JSON.stringify(text)} is false`, async (t) => {
    t.equal(user({ active: text })['active'], false)
  })
}

for (const text of ['True', 'true', 'TRUE', true]) {
  void test(`Entra: active ${JSON.stringify(text)} is true`, async (t) => {
    t.equal(user({ active: text })['active'], true)
  })
}

const refused: readonly (readonly [string, Record<string, unknown>, string])[] = [
  [
    'RFC 7643 §4.1.1: userName is required',
    { userName: undefined },
    '400 invalidValue userName is required and must not be empty.'
  ],
  [
    'RFC 7643 §4.1.1: userName is not empty',
    { userName: '' },
    '400 invalidValue userName is required and must not be empty.'
  ],
  [
    'RFC 7643 §4.1.1: userName is not blank',
    { userName: '  ' },
    '400 invalidValue userName must be a string that is not blank, not "  ".'
  ],
  [
    'active is no other text',
    { active: 'no' },
    '400 invalidValue active must be true or false, not "no".'
  ],
  ['active is no number', { active: 0 }, '400 invalidValue active must be true or false, not 0.'],
  ['a title is no number', { title: 5 }, '400 invalidValue title must be a string, not 5.'],
  ['a name is no text', { name: 'Ada' }, '400 invalidValue name must be an object, not "Ada".'],
  [
    'a sub-attribute is named',
    { emails: [{ value: 'a' }, { value: 5 }] },
    '400 invalidValue emails[1].value must be a string, not 5.'
  ],
  [
    'an attribute of an extension is named',
    { [enterpriseUserUrn]: { department: { a: 1 } } },
    `400 invalidValue ${enterpriseUserUrn}:department must be a string, not {"a":1}.`
  ],
  [
    'an extension is an object',
    { [enterpriseUserUrn]: 'x' },
    `400 invalidValue ${enterpriseUserUrn} must be an object.`
  ],
  [
    'one value of a single attribute',
    { title: ['a', 'b'] },
    '400 invalidValue title must be a string, not ["a","b"].'
  ],
  [
    'RFC 7643 §2.4: one primary value',
    {
      emails: [
        { value: 'a', primary: true },
        { value: 'b', primary: 'True' }
      ]
    },
    '400 invalidValue emails has more than one primary value; one can be primary.'
  ],
  [
    'a long value is shortened',
    { title: [1, 'x'.repeat(500)] },
    `400 invalidValue title must be a string, not [1,"${'x'.repeat(76)}….`
  ]
]

for (const [title, body, expected] of refused) {
  void test(`refused: ${title}`, async (t) => {
    t.equal(
      refusal(() => user(body)),
      expected
    )
  })
}

void test('RFC 7644 §3.12: a body that is no object is invalidSyntax', async (t) => {
  for (const body of [null, undefined, [], 'x', 5]) {
    t.match(
      refusal(() => parseResource(User, body)),
      /^400 invalidSyntax/
    )
    t.match(
      refusal(() => normaliseResource(User, body)),
      /^400 invalidSyntax/
    )
  }
})

void test('keys of the JavaScript object model are dropped at every depth', async (t) => {
  const body: unknown = JSON.parse(`{
    "userName": "ada@example.com",
    "__proto__": { "active": false }, "constructor": { "prototype": { "x": 1 } }, "prototype": 1,
    "name": { "__proto__": { "familyName": "x" }, "givenName": "Ada" },
    "custom": { "__proto__": { "x": 1 }, "deep": [{ "constructor": 1, "kept": 1 }] },
    "emails": [{ "value": "a@example.com", "__proto__": { "primary": true } }],
    "name.constructor": 1,
    "urn:example:2.0:User": { "__proto__": { "x": 1 }, "kept": 1 }
  }`)
  const { document } = parseResource(User, body)
  t.strictSame(document, {
    userName: 'ada@example.com',
    name: { givenName: 'Ada' },
    custom: { deep: [{ kept: 1 }] },
    emails: [{ value: 'a@example.com' }],
    'urn:example:2.0:User': { kept: 1 }
  })
  t.equal(({} as Record<string, unknown>)['x'], undefined, 'nothing is polluted')
})

const emails = (count: number) => Array.from({ length: count }, (_, i) => `${i}@example.com`)

void test('limits: depth, values and elements', async (t) => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) })
  t.equal(
    refusal(() => user({ custom: nested(maxDepth - 1) })),
    'accepted'
  )
  t.match(
    refusal(() => user({ custom: nested(maxDepth) })),
    /invalidValue Values nested deeper/
  )
  t.match(
    refusal(() => user({ custom: nested(5000) })),
    /invalidValue Values nested deeper/
  )
  const many = Array.from({ length: maxValues + 1 }, () => ({ a: 1 }))
  t.match(
    refusal(() => user({ custom: many })),
    /invalidValue More than/
  )
  t.equal(
    refusal(() => user({ emails: emails(maxElements) })),
    'accepted'
  )
  t.match(
    refusal(() => user({ emails: emails(maxElements + 1) })),
    /invalidValue emails has more/
  )
  const keys = Object.fromEntries(
    Array.from({ length: maxAttributeChanges + 1 }, (_, i) => [`key${i}`, 1])
  )
  t.match(
    refusal(() => user(keys)),
    /invalidValue More than 1000 attribute changes/
  )
})

const group = (body: Record<string, unknown>) => parseResource(Group, body)

void test('Entra: a group with a schema of its own', async (t) => {
  const parsed = group({
    schemas: [
      Group.core.id,
      'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group'
    ],
    externalId: '8aa1a0c0',
    displayName: 'Sales',
    meta: { resourceType: 'Group' }
  })
  t.strictSame(parsed, {
    document: { externalId: '8aa1a0c0', displayName: 'Sales' },
    members: undefined
  })
})

void test('RFC 7643 §4.2: a group needs a displayName', async (t) => {
  t.match(
    refusal(() => group({ members: [] })),
    /^400 invalidValue displayName is required/
  )
})

const memberShapes: readonly (readonly [string, unknown, readonly string[] | undefined])[] = [
  [
    'Okta: value and display',
    [
      { value: '1', display: 'a' },
      { value: '2', display: null }
    ],
    ['1', '2']
  ],
  ['bare ids', ['1', '2'], ['1', '2']],
  ['one object', { value: '1' }, ['1']],
  ['one bare id', '1', ['1']],
  ['a number', [{ value: 12 }], ['12']],
  ['capitals and $ref null', [{ Value: '1', $ref: null }], ['1']],
  ['repeated ids', ['1', { value: '1' }, '2', '1'], ['1', '2']],
  ['null elements', [null, { value: '1' }, { value: null }, {}], ['1']],
  ['an empty array', [], []],
  ['null', null, undefined],
  ['only nulls', [null], undefined],
  ['an empty text', '', undefined]
]

for (const [title, members, expected] of memberShapes) {
  void test(`members in a body: ${title}`, async (t) => {
    const parsed = group({ displayName: 'Sales', Members: members })
    t.strictSame(parsed.members, expected)
    t.strictSame(parsed.document, { displayName: 'Sales' })
  })
}

const members = (one: unknown) => refusal(() => group({ displayName: 'Sales', members: [one] }))

void test('members in a body: nested groups and elements without an id are refused', async (t) => {
  t.match(members({ value: '1', type: 'Group' }), /^400 invalidValue Box has no nested groups/)
  t.match(members({ value: '1', $ref: 'https://example.com/scim/v2/Groups/1' }), /no nested groups/)
  t.equal(
    members({ value: '1', type: 'User', $ref: 'https://example.com/scim/v2/Users/1' }),
    'accepted'
  )
  t.match(members({ display: 'x' }), /^400 invalidValue Each element of members needs a value/)
  t.match(members(true), /^400 invalidValue Each element of members needs a value/)
})

void test('a group of many members is no large document', async (t) => {
  const many = Array.from({ length: maxValues * 2 }, (_, index) => ({ value: String(index) }))
  t.equal(group({ displayName: 'Everyone', members: many }).members?.length, maxValues * 2)
})
