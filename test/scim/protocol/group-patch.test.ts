import { test } from 'tap'
import type { MemberChange } from '../../../src/provisioning/requests.ts'
import { ScimError } from '../../../src/scim/protocol/errors.ts'
import { parseGroupPatch } from '../../../src/scim/protocol/patch.ts'
import { patchSchema } from '../../../src/scim/protocol/patch-request.ts'
import { boxGroupUrn } from '../../../src/scim/protocol/schemas.ts'

const parse = (...operations: readonly unknown[]) =>
  parseGroupPatch({ schemas: [patchSchema], Operations: operations })

const members = (...operations: readonly unknown[]) => parse(...operations).members

function refusal(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof ScimError) return `${error.status} ${error.scimType}`
    throw error
  }
  return 'accepted'
}

const add = (...ids: string[]): MemberChange => ({ kind: 'add', ids })
const remove = (...ids: string[]): MemberChange => ({ kind: 'remove', ids })
const set = (...ids: string[]): MemberChange => ({ kind: 'set', ids })

const memberRows: readonly (readonly [string, readonly unknown[], readonly MemberChange[]])[] = [
  [
    'Entra: Add with a value array',
    [
      {
        op: 'Add',
        path: 'members',
        value: [
          { $ref: null, value: '1' },
          { $ref: null, value: '2' }
        ]
      }
    ],
    [add('1', '2')]
  ],
  [
    'Entra: Remove with a value array removes only those',
    [{ op: 'Remove', path: 'members', value: [{ $ref: null, value: '1' }] }],
    [remove('1')]
  ],
  [
    'Entra: the conformance flag, one filter per member',
    [
      { op: 'remove', path: 'members[value eq "1"]' },
      { op: 'remove', path: 'members[value eq "2"]' }
    ],
    [remove('1', '2')]
  ],
  [
    'Okta: remove and add in one request, in order',
    [
      { op: 'remove', path: 'members[value eq "1"]' },
      { op: 'add', path: 'members', value: [{ value: '2', display: 'a' }] }
    ],
    [remove('1'), add('2')]
  ],
  [
    'Okta: replace at the path',
    [{ op: 'replace', path: 'members', value: [{ value: '1' }, { value: '2' }] }],
    [set('1', '2')]
  ],
  [
    'Okta: path-less push of everybody',
    [{ op: 'replace', value: { id: '9', members: [{ value: '1' }] } }],
    [set('1')]
  ],
  [
    'Okta: replace with nobody at the path',
    [{ op: 'replace', path: 'members', value: [] }],
    [set()]
  ],
  ['Okta: replace with nobody, path-less', [{ op: 'replace', value: { Members: [] } }], [set()]],
  [
    'RFC 7644 §3.5.2.1: path-less add',
    [{ op: 'add', value: { members: [{ value: '1' }] } }],
    [add('1')]
  ],
  ['a single object', [{ op: 'add', path: 'members', value: { value: '1' } }], [add('1')]],
  ['a bare id', [{ op: 'add', path: 'Members', value: '1' }], [add('1')]],
  ['bare ids', [{ op: 'add', path: 'members', value: ['1', '2', '1'] }], [add('1', '2')]],
  ['members.value', [{ op: 'add', path: 'members.value', value: '1' }], [add('1')]],
  [
    'the core URN',
    [{ op: 'add', path: 'urn:ietf:params:scim:schemas:core:2.0:Group:members', value: '1' }],
    [add('1')]
  ],
  [
    'remove with or',
    [{ op: 'remove', path: 'members[value eq "1" or value eq "2" or value eq "1"]' }],
    [remove('1', '2')]
  ],
  ['RFC 7644 §3.5.2.2: remove of all members', [{ op: 'remove', path: 'members' }], [set()]],
  [
    'Keycloak: remove with null never empties a group',
    [{ op: 'remove', path: 'members', value: null }],
    []
  ],
  [
    'remove with an empty list removes nobody',
    [
      { op: 'remove', path: 'members', value: [] },
      { op: 'remove', path: 'members', value: [null] }
    ],
    []
  ],
  [
    'replace with null never empties a group',
    [
      { op: 'replace', path: 'members', value: null },
      { op: 'replace', path: 'members', value: [null] },
      { op: 'replace', value: { members: null } },
      { op: 'replace', path: 'members', value: '' }
    ],
    []
  ],
  ['add of nobody', [{ op: 'add', path: 'members', value: [] }], []],
  [
    'sub-attributes other than value are ignored',
    [
      { op: 'replace', path: 'members[value eq "1"].display', value: 'x' },
      { op: 'remove', path: 'members.display' }
    ],
    []
  ],
  [
    'a filter that names one id adds it',
    [
      { op: 'add', path: 'members[value eq "1"]', value: { display: 'x' } },
      { op: 'replace', path: 'members[value eq "2"]', value: { value: '2' } }
    ],
    [add('1', '2')]
  ],
  [
    'neighbours join, the order of different kinds stays',
    [
      { op: 'add', path: 'members', value: '1' },
      { op: 'add', path: 'members', value: ['2', '1'] },
      { op: 'remove', path: 'members[value eq "1"]' },
      { op: 'add', path: 'members', value: '1' },
      { op: 'replace', path: 'members', value: ['3'] },
      { op: 'replace', path: 'members', value: ['4'] }
    ],
    [add('1', '2'), remove('1'), add('1'), set('3'), set('4')]
  ],
  [
    'a removed nested group is nobody in particular',
    [{ op: 'remove', path: 'members', value: [{ value: '1', type: 'Group' }] }],
    [remove('1')]
  ]
]

for (const [title, operations, expected] of memberRows) {
  void test(`members: ${title}`, async (t) => {
    const change = parse(...operations)
    t.strictSame(change.members, expected)
    t.equal(change.touchesAttributes, false)
    const resource = { displayName: 'Sales' }
    t.strictSame(change.apply({ resource, shadow: {} }), resource)
  })
}

void test('members: another filter removes those that match', async (t) => {
  const [change, ...others] = members({
    op: 'remove',
    path: 'members[display sw "a" and not (value eq "2")]'
  })
  t.strictSame(others, [])
  if (change?.kind !== 'remove-matching') {
    t.fail('remove-matching expected')
    return
  }
  t.ok(change.matches({ value: '1', display: 'Ada' }))
  t.notOk(change.matches({ value: '2', display: 'Ann' }))
  t.notOk(change.matches({ value: '3', display: 'Bob' }))
})

const refusedMembers: readonly (readonly [string, unknown, string])[] = [
  [
    'a nested group',
    { op: 'add', path: 'members', value: [{ value: '1', type: 'Group' }] },
    '400 invalidValue'
  ],
  [
    'a nested group by reference',
    { op: 'replace', value: { members: [{ value: '1', $ref: 'https://example.com/Groups/1' }] } },
    '400 invalidValue'
  ],
  [
    'an element without an id',
    { op: 'add', path: 'members', value: [{ display: 'x' }] },
    '400 invalidValue'
  ],
  [
    'a filter that names nobody to add',
    { op: 'add', path: 'members[display eq "x"]', value: {} },
    '400 noTarget'
  ],
  [
    'RFC 7643 §8.7.1: another value for a member',
    { op: 'replace', path: 'members[value eq "1"].value', value: '2' },
    '400 mutability'
  ],
  [
    'RFC 7643 §8.7.1: another id for an element',
    { op: 'replace', path: 'members[value eq "1"]', value: { value: '2' } },
    '400 mutability'
  ],
  [
    'RFC 7643 §8.7.1: remove of the value',
    { op: 'remove', path: 'members.value' },
    '400 mutability'
  ]
]

for (const [title, operation, expected] of refusedMembers) {
  void test(`members refused: ${title}`, async (t) => {
    t.equal(
      refusal(() => parse(operation)),
      expected
    )
  })
}

void test('a rename beside members touches attributes and keeps the members', async (t) => {
  const change = parse({ op: 'replace', value: { id: '9', displayName: 'New' } })
  t.equal(change.verb, 'patch')
  t.equal(change.touchesAttributes, true)
  t.strictSame(change.members, [])
  t.strictSame(change.apply({ resource: { displayName: 'Old', externalId: 'x' }, shadow: {} }), {
    displayName: 'New',
    externalId: 'x'
  })
})

void test('Entra: re-key, and the Box extension of a group', async (t) => {
  const change = parse(
    { op: 'Replace', path: 'externalId', value: 'y' },
    { op: 'Add', path: `${boxGroupUrn}:description`, value: 'Sellers' },
    { op: 'Add', path: 'members', value: [{ value: '1' }] }
  )
  t.equal(change.touchesAttributes, true)
  t.strictSame(change.members, [add('1')])
  t.strictSame(change.apply({ resource: { displayName: 'Sales', externalId: 'x' }, shadow: {} }), {
    displayName: 'Sales',
    externalId: 'y',
    [boxGroupUrn]: { description: 'Sellers' }
  })
})

void test('RFC 7643 §4.2: displayName of a group cannot be removed or emptied', async (t) => {
  t.equal(
    refusal(() => parse({ op: 'remove', path: 'displayName' })),
    '400 mutability'
  )
  t.equal(
    refusal(() => parse({ op: 'replace', path: 'displayName', value: '' })),
    '400 invalidValue'
  )
})

void test('thousands of member operations become one change', async (t) => {
  const operations = Array.from({ length: 5000 }, (_, index) => ({
    op: 'remove',
    path: `members[value eq "${index}"]`
  }))
  const [change, ...others] = members(...operations)
  t.strictSame(others, [])
  t.equal(change?.kind === 'remove' && change.ids.length, 5000)
})

void test('RFC 7644 §3.5.2: no operations, no change', async (t) => {
  t.match(parse(), { touchesAttributes: false, members: [] })
})
