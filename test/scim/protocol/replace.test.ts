import { test } from 'tap'
import type { JsonObject } from '../../../src/lib/json.ts'
import { ScimError } from '../../../src/scim/protocol/errors.ts'
import {
  groupReplacement,
  parseGroupReplacement,
  parseUserReplacement,
  userReplacement
} from '../../../src/scim/protocol/replace.ts'
import { boxUserUrn, enterpriseUserUrn } from '../../../src/scim/protocol/schemas.ts'

function refusal(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof ScimError) return `${error.status} ${error.scimType}`
    throw error
  }
  return 'accepted'
}

interface Row {
  readonly title: string
  readonly resource: JsonObject
  readonly shadow?: JsonObject
  readonly body: JsonObject
  readonly expected: JsonObject
}

const ada = { userName: 'ada@example.com' }

const rows: readonly Row[] = [
  {
    title: 'what the body says is shown',
    resource: { ...ada, title: 'old', active: true },
    body: { ...ada, title: 'new', nickName: 'A', active: false },
    expected: { ...ada, title: 'new', nickName: 'A', active: false }
  },
  {
    title: 'RFC 7644 §3.5.1: an absent attribute that SCIM wrote is cleared',
    resource: { ...ada, title: 'x', nickName: 'y', shoeSize: 42 },
    shadow: { ...ada, title: 'x', nickName: 'y', shoeSize: 42 },
    body: { ...ada, nickName: '' },
    expected: ada
  },
  {
    title: 'an absent attribute that came from Box stays',
    resource: { ...ada, title: 'x', phoneNumbers: [{ value: '1' }] },
    shadow: ada,
    body: { ...ada, phoneNumbers: [] },
    expected: { ...ada, title: 'x', phoneNumbers: [{ value: '1' }] }
  },
  {
    title: 'Okta: without active the status stays',
    resource: { ...ada, active: false },
    shadow: { ...ada, active: false },
    body: { ...ada, active: null },
    expected: { ...ada, active: false }
  },
  {
    title: 'roles stay when absent or empty',
    resource: { ...ada, roles: [{ value: 'coadmin' }] },
    shadow: { ...ada, roles: [{ value: 'coadmin' }] },
    body: { ...ada, roles: [] },
    expected: { ...ada, roles: [{ value: 'coadmin' }] }
  },
  {
    title: 'the Box extension stays, except for what the body names',
    resource: { ...ada, [boxUserUrn]: { role: 'user', spaceAmount: 5 } },
    shadow: { ...ada, [boxUserUrn]: { role: 'user', spaceAmount: 5 } },
    body: { ...ada, [boxUserUrn]: { spaceAmount: 6, role: '' } },
    expected: { ...ada, [boxUserUrn]: { role: 'user', spaceAmount: 6 } }
  },
  {
    title: 'name goes by its sub-attributes',
    resource: { ...ada, name: { givenName: 'Ada', familyName: 'King', middleName: 'B' } },
    shadow: { ...ada, name: { middleName: 'B' } },
    body: { ...ada, name: { givenName: 'Augusta' } },
    expected: { ...ada, name: { givenName: 'Augusta', familyName: 'King' } }
  },
  {
    title: 'an absent name goes by its sub-attributes too',
    resource: { ...ada, name: { givenName: 'Ada', middleName: 'B' } },
    shadow: { ...ada, name: { middleName: 'B' } },
    body: ada,
    expected: { ...ada, name: { givenName: 'Ada' } }
  },
  {
    title: 'an extension goes by its attributes, and away with the last one',
    resource: { ...ada, [enterpriseUserUrn]: { department: 'x', manager: { value: '7' } } },
    shadow: { ...ada, [enterpriseUserUrn]: { department: 'x', manager: { value: '7' } } },
    body: { ...ada, [enterpriseUserUrn]: { manager: { value: '' } } },
    expected: ada
  },
  {
    title: 'another manager replaces the old one',
    resource: { ...ada, [enterpriseUserUrn]: { manager: { value: '7', $ref: 'x' } } },
    shadow: ada,
    body: { ...ada, [enterpriseUserUrn]: { manager: { value: '8' } } },
    expected: { ...ada, [enterpriseUserUrn]: { manager: { value: '8' } } }
  },
  {
    title: 'several values are replaced as a whole',
    resource: { ...ada, emails: [{ value: 'a' }, { value: 'b' }] },
    shadow: ada,
    body: { ...ada, emails: [{ value: 'c' }] },
    expected: { ...ada, emails: [{ value: 'c' }] }
  },
  {
    title: 'unknown attributes are the same in any letter case',
    resource: { ...ada, shoeSize: 42 },
    shadow: { ...ada, shoeSize: 42 },
    body: { ...ada, SHOESIZE: 43 },
    expected: { ...ada, shoeSize: 43 }
  },
  {
    title: 'Okta: the echo of a GET changes nothing',
    resource: { ...ada, active: true, name: { givenName: 'Ada' }, title: 'x' },
    body: {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      id: '23',
      ...ada,
      active: true,
      name: { givenName: 'Ada', middleName: '' },
      title: 'x',
      groups: [],
      meta: { resourceType: 'User' }
    },
    expected: { ...ada, active: true, name: { givenName: 'Ada' }, title: 'x' }
  }
]

for (const { title, resource, shadow = {}, body, expected } of rows) {
  void test(`PUT: ${title}`, async (t) => {
    const change = parseUserReplacement(body)
    const before = structuredClone(resource)
    t.equal(change.verb, 'put')
    t.strictSame(change.apply({ resource, shadow }), expected)
    t.strictSame(resource, before, 'the input is left as it is')
  })
}

void test('PUT: deactivates only where the body says so', async (t) => {
  t.equal(parseUserReplacement({ ...ada, active: 'False' }).deactivates, true)
  t.equal(parseUserReplacement({ ...ada, active: true }).deactivates, false)
  t.equal(parseUserReplacement(ada).deactivates, false)
  t.equal(userReplacement({ ...ada, active: false }).deactivates, true)
})

void test('PUT: a leaver is found beside a part that is refused', async (t) => {
  const change = parseUserReplacement({ Active: 'False', userName: '', title: 5 })
  t.equal(change.deactivates, true)
  t.match(
    refusal(() => change.apply({ resource: ada, shadow: {} })),
    /^400 invalidValue$/
  )
})

void test('PUT: refused at once where nobody leaves', async (t) => {
  t.match(
    refusal(() => parseUserReplacement({ title: 'x' })),
    /^400 invalidValue$/
  )
  t.match(
    refusal(() => parseUserReplacement({ ...ada, active: 'no' })),
    /^400 invalidValue$/
  )
  t.match(
    refusal(() => parseUserReplacement(null)),
    /^400 invalidSyntax$/
  )
  t.match(
    refusal(() => parseGroupReplacement({ members: [] })),
    /^400 invalidValue$/
  )
})

const members = (body: JsonObject) =>
  parseGroupReplacement({ displayName: 'Sales', ...body }).members

void test('PUT: the members of a group', async (t) => {
  t.strictSame(members({ members: [{ value: '1', display: 'a' }] }), [{ kind: 'set', ids: ['1'] }])
  t.strictSame(members({ members: [] }), [{ kind: 'set', ids: [] }])
  t.strictSame(members({}), [], 'absent: they stay')
  t.strictSame(members({ members: null }), [], 'null: they stay')
})

void test('PUT: the attributes of a group', async (t) => {
  const change = groupReplacement({ document: { displayName: 'New' }, members: undefined })
  t.match(change, { verb: 'put', touchesAttributes: true, members: [] })
  const resource = { displayName: 'Old', externalId: 'x', note: 'y' }
  t.strictSame(change.apply({ resource, shadow: { externalId: 'x' } }), {
    displayName: 'New',
    note: 'y'
  })
})
