import { test } from 'tap'
import type { JsonObject } from '../../../src/lib/json.ts'
import { ScimError } from '../../../src/scim/protocol/errors.ts'
import { maxAttributeChanges } from '../../../src/scim/protocol/limits.ts'
import { parseUserPatch } from '../../../src/scim/protocol/patch.ts'
import { patchSchema } from '../../../src/scim/protocol/patch-request.ts'
import { boxUserUrn, enterpriseUserUrn } from '../../../src/scim/protocol/schemas.ts'

const message = (...operations: readonly unknown[]) => ({
  schemas: [patchSchema],
  Operations: operations
})

function patch(resource: JsonObject, ...operations: readonly unknown[]): JsonObject {
  const before = structuredClone(resource)
  const next = parseUserPatch(message(...operations)).apply({ resource, shadow: {} })
  if (JSON.stringify(before) !== JSON.stringify(resource)) throw new Error('the input was changed')
  return next
}

function refusal(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof ScimError) return `${error.status} ${error.scimType}`
    throw error
  }
  return 'accepted'
}

const ada = { userName: 'ada@example.com', active: true }
const workMail = { type: 'work', value: 'ada@example.com', primary: true }
const homeMail = { type: 'home', value: 'ada@home.example.com' }
const managerUrn = `${enterpriseUserUrn}:manager`
const managed = { ...ada, [enterpriseUserUrn]: { manager: { value: '7', $ref: '../Users/7' } } }

type Row = readonly [string, JsonObject, readonly unknown[], JsonObject]

const results: readonly Row[] = [
  // Microsoft Entra ID, without its conformance flag
  [
    'Entra: one capitalised operation per attribute',
    {
      ...ada,
      emails: [workMail],
      name: { familyName: 'King', givenName: 'Ada' },
      addresses: [{ type: 'work', locality: 'Oslo' }]
    },
    [
      { op: 'Replace', path: 'emails[type eq "work"].value', value: 'new@example.com' },
      { op: 'Replace', path: 'name.familyName', value: 'Smith' },
      { op: 'Replace', path: 'externalId', value: 'jsmith' },
      { op: 'Replace', path: 'userName', value: 'jsmith@example.com' },
      { op: 'Add', path: 'nickName', value: 'Jan' },
      { op: 'Add', path: `${enterpriseUserUrn}:department`, value: 'Sales' },
      { op: 'Replace', path: 'addresses[type eq "work"].locality', value: 'Bergen' },
      { op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '+47 1' },
      { op: 'Replace', path: 'active', value: 'False' }
    ],
    {
      userName: 'jsmith@example.com',
      active: false,
      emails: [{ type: 'work', value: 'new@example.com', primary: true }],
      name: { familyName: 'Smith', givenName: 'Ada' },
      addresses: [{ type: 'work', locality: 'Bergen' }],
      externalId: 'jsmith',
      nickName: 'Jan',
      [enterpriseUserUrn]: { department: 'Sales' },
      phoneNumbers: [{ type: 'mobile', value: '+47 1' }]
    }
  ],
  [
    'Entra: the conformance flag, path-less with dotted and URN keys',
    { ...ada, name: { givenName: 'Ada' } },
    [
      { op: 'replace', path: 'emails[type eq "work"].value', value: 'new@example.com' },
      { op: 'add', path: 'phoneNumbers[type eq "mobile"].value', value: '+47 1' },
      {
        op: 'replace',
        value: {
          displayName: 'Jane Smith',
          'name.familyName': 'Smith',
          active: false,
          [`${enterpriseUserUrn}:department`]: 'Sales',
          [`${enterpriseUserUrn}:employeeNumber`]: '7'
        }
      }
    ],
    {
      ...ada,
      active: false,
      name: { givenName: 'Ada', familyName: 'Smith' },
      emails: [{ type: 'work', value: 'new@example.com' }],
      phoneNumbers: [{ type: 'mobile', value: '+47 1' }],
      displayName: 'Jane Smith',
      [enterpriseUserUrn]: { department: 'Sales', employeeNumber: '7' }
    }
  ],
  [
    'Entra: path-less add with dotted keys in capitals',
    ada,
    [
      { op: 'add', value: { 'Name.GivenName': 'Ada', [`${enterpriseUserUrn}:Manager.Value`]: '7' } }
    ],
    { ...ada, name: { givenName: 'Ada' }, [enterpriseUserUrn]: { manager: { value: '7' } } }
  ],
  [
    'Entra: a filtered key in a path-less value',
    ada,
    [{ op: 'replace', value: { 'emails[type eq "work"].value': 'a@example.com' } }],
    { ...ada, emails: [{ type: 'work', value: 'a@example.com' }] }
  ],
  [
    'RFC 7643 §2.1: path and op in any letter case',
    ada,
    [{ OP: 'ADD', Path: 'DisplayName', Value: 'Ada' }],
    { ...ada, displayName: 'Ada' }
  ],
  [
    'RFC 7644 §3.10: a path with the core URN',
    ada,
    [{ op: 'add', path: 'urn:ietf:params:scim:schemas:core:2.0:User:title', value: 'Countess' }],
    { ...ada, title: 'Countess' }
  ],
  ['RFC 7644 §3.5.2: no operations, no change', ada, [], ada],
  [
    'Okta: path-less deactivation',
    ada,
    [{ op: 'replace', value: { active: false } }],
    { ...ada, active: false }
  ],
  [
    'Okta: a password alone changes nothing',
    ada,
    [{ op: 'replace', value: { password: 'correct horse' } }],
    ada
  ],
  [
    'a password at a path changes nothing',
    ada,
    [{ op: 'replace', path: 'password', value: 'correct horse' }],
    ada
  ],
  [
    'of several operations on active the last one counts',
    ada,
    [
      { op: 'replace', path: 'active', value: false },
      { op: 'replace', value: { active: 'True' } }
    ],
    ada
  ],

  // manager
  [
    'Entra: manager as an array without its URN',
    ada,
    [{ op: 'Add', path: 'manager', value: [{ $ref: '../Users/7', value: '7' }] }],
    managed
  ],
  [
    'Entra: manager as a text',
    ada,
    [{ op: 'Add', path: managerUrn, value: '7' }],
    { ...ada, [enterpriseUserUrn]: { manager: { value: '7' } } }
  ],
  [
    'Entra: manager as an object',
    ada,
    [{ op: 'replace', path: managerUrn, value: { value: '7' } }],
    { ...ada, [enterpriseUserUrn]: { manager: { value: '7' } } }
  ],
  [
    'Entra: manager with a dot after the URN',
    ada,
    [{ op: 'replace', path: `${enterpriseUserUrn}.manager`, value: '7' }],
    { ...ada, [enterpriseUserUrn]: { manager: { value: '7' } } }
  ],
  [
    'manager.value at a path',
    ada,
    [{ op: 'replace', path: `${managerUrn}.value`, value: '7' }],
    { ...ada, [enterpriseUserUrn]: { manager: { value: '7' } } }
  ],
  [
    'another manager keeps nothing of the old one',
    managed,
    [{ op: 'replace', path: managerUrn, value: '8' }],
    { ...ada, [enterpriseUserUrn]: { manager: { value: '8' } } }
  ],
  [
    'the same manager keeps the rest',
    managed,
    [{ op: 'add', path: managerUrn, value: { value: '7' } }],
    managed
  ],
  [
    'Entra: manager cleared by an empty value',
    managed,
    [{ op: 'replace', path: managerUrn, value: { value: '' } }],
    ada
  ],
  [
    'Entra: manager cleared by an empty text',
    managed,
    [{ op: 'replace', path: managerUrn, value: '' }],
    ada
  ],
  ['Entra: manager removed', managed, [{ op: 'Remove', path: managerUrn }], ada],
  ['manager cleared by null', managed, [{ op: 'replace', path: 'manager', value: null }], ada],
  ['manager.value removed', managed, [{ op: 'remove', path: `${managerUrn}.value` }], ada],
  [
    'manager cleared in an extension object',
    managed,
    [
      {
        op: 'replace',
        value: { [enterpriseUserUrn]: { manager: { value: '' }, department: 'R&D' } }
      }
    ],
    { ...ada, [enterpriseUserUrn]: { department: 'R&D' } }
  ],
  [
    'manager.displayName is read-only and ignored',
    managed,
    [{ op: 'add', path: `${managerUrn}.displayName`, value: 'Boss' }],
    managed
  ],

  // roles
  [
    'Entra: a role through primary eq "True" is created',
    ada,
    [
      { op: 'Add', path: 'roles[primary eq "True"].display', value: 'Admin' },
      { op: 'Add', path: 'roles[primary eq "True"].value', value: 'admin' },
      { op: 'Add', path: 'roles[primary eq "True"].type', value: 'WindowsAzureActiveDirectoryRole' }
    ],
    {
      ...ada,
      roles: [
        { primary: true, display: 'Admin', value: 'admin', type: 'WindowsAzureActiveDirectoryRole' }
      ]
    }
  ],
  [
    'Entra: a role through primary eq "True" is changed',
    { ...ada, roles: [{ primary: true, value: 'a' }, { value: 'b' }] },
    [{ op: 'Replace', path: 'roles[primary eq "True"].value', value: 'c' }],
    { ...ada, roles: [{ primary: true, value: 'c' }, { value: 'b' }] }
  ],
  [
    'Entra: roles as JSON in texts are added as sent',
    { ...ada, roles: [{ value: '{"id":"1"}' }] },
    [{ op: 'Add', path: 'roles', value: [{ value: '{"id":"1"}' }, { value: '{"id":"2"}' }] }],
    { ...ada, roles: [{ value: '{"id":"1"}' }, { value: '{"id":"2"}' }] }
  ],
  [
    'Entra: assertive roles replace all',
    { ...ada, roles: [{ value: '{"id":"1"}' }] },
    [{ op: 'replace', path: 'roles', value: [{ value: '{"id":"2"}' }] }],
    { ...ada, roles: [{ value: '{"id":"2"}' }] }
  ],

  // RFC 7644 §3.5.2.1 add
  [
    'RFC 7644 §3.5.2.1: add sets a single value',
    ada,
    [{ op: 'add', path: 'title', value: 'Countess' }],
    { ...ada, title: 'Countess' }
  ],
  [
    'RFC 7644 §3.5.2.1: add appends to several values',
    { ...ada, emails: [workMail] },
    [{ op: 'add', path: 'emails', value: [homeMail] }],
    { ...ada, emails: [workMail, homeMail] }
  ],
  [
    'RFC 7644 §3.5.2.1: path-less add appends',
    { ...ada, emails: [workMail] },
    [{ op: 'add', value: { emails: [homeMail] } }],
    { ...ada, emails: [workMail, homeMail] }
  ],
  [
    'RFC 7644 §3.5.2.1: add of an identical element changes nothing',
    { ...ada, emails: [workMail] },
    [{ op: 'add', path: 'emails', value: [workMail] }],
    { ...ada, emails: [workMail] }
  ],
  [
    'RFC 7643 §2.4: value and type do not repeat',
    { ...ada, emails: [homeMail] },
    [
      {
        op: 'add',
        path: 'emails',
        value: { type: 'Home', value: 'ADA@home.example.com', primary: true }
      }
    ],
    { ...ada, emails: [{ type: 'Home', value: 'ADA@home.example.com', primary: true }] }
  ],
  [
    'add of a bare text',
    ada,
    [{ op: 'add', path: 'emails', value: 'a@example.com' }],
    { ...ada, emails: [{ value: 'a@example.com' }] }
  ],
  [
    'RFC 7644 §3.5.2.1: add merges a complex value',
    { ...ada, name: { givenName: 'Ada' } },
    [{ op: 'add', path: 'name', value: { FamilyName: 'King' } }],
    { ...ada, name: { givenName: 'Ada', familyName: 'King' } }
  ],
  [
    'add of nothing changes nothing',
    { ...ada, title: 'x', emails: [workMail] },
    [
      { op: 'add', path: 'title', value: null },
      { op: 'add', value: { emails: [], title: '', [enterpriseUserUrn]: null } }
    ],
    { ...ada, title: 'x', emails: [workMail] }
  ],
  [
    'add to an element that a filter selects merges',
    { ...ada, emails: [workMail] },
    [{ op: 'add', path: 'emails[type eq "work"]', value: { display: 'Ada' } }],
    { ...ada, emails: [{ ...workMail, display: 'Ada' }] }
  ],
  [
    'a tracking code has one value per name',
    { ...ada, [boxUserUrn]: { trackingCodes: [{ name: 'cc', value: '1' }] } },
    [{ op: 'add', path: `${boxUserUrn}:trackingCodes`, value: [{ name: 'cc', value: '2' }] }],
    { ...ada, [boxUserUrn]: { trackingCodes: [{ name: 'cc', value: '2' }] } }
  ],

  // RFC 7644 §3.5.2.3 replace
  [
    'RFC 7644 §3.5.2.3: replace of an attribute without a value adds',
    ada,
    [{ op: 'replace', path: 'title', value: 'Countess' }],
    { ...ada, title: 'Countess' }
  ],
  [
    'RFC 7644 §3.5.2.3: replace merges a complex value',
    { ...ada, name: { givenName: 'Ada', familyName: 'King' } },
    [{ op: 'replace', path: 'name', value: { familyName: 'Smith' } }],
    { ...ada, name: { givenName: 'Ada', familyName: 'Smith' } }
  ],
  [
    'an empty sub-attribute is cleared, the others stay',
    { ...ada, name: { givenName: 'Ada', middleName: 'B' } },
    [{ op: 'replace', path: 'name', value: { middleName: '' } }],
    { ...ada, name: { givenName: 'Ada' } }
  ],
  [
    'RFC 7644 §3.5.2.3: path-less replace of several values replaces them',
    { ...ada, emails: [workMail] },
    [{ op: 'replace', value: { emails: [homeMail] } }],
    { ...ada, emails: [homeMail] }
  ],
  [
    'RFC 7644 §3.5.2.3: replace at a value path sets all matching',
    {
      ...ada,
      phoneNumbers: [
        { type: 'work', value: '1', display: 'a' },
        { type: 'Work', value: '2' },
        { type: 'home', value: '3' }
      ]
    },
    [{ op: 'replace', path: 'phoneNumbers[type eq "WORK"].display', value: 'b' }],
    {
      ...ada,
      phoneNumbers: [
        { type: 'work', value: '1', display: 'b' },
        { type: 'Work', value: '2', display: 'b' },
        { type: 'home', value: '3' }
      ]
    }
  ],
  [
    'elements of one type that get the same value become one',
    {
      ...ada,
      emails: [
        { type: 'work', value: '1' },
        { type: 'work', value: '2', primary: true }
      ]
    },
    [{ op: 'replace', path: 'emails[type eq "work"].value', value: '3' }],
    { ...ada, emails: [{ type: 'work', value: '3', primary: true }] }
  ],
  [
    'RFC 7644 §3.5.2.3: replace of a whole selected element',
    { ...ada, emails: [workMail, homeMail] },
    [{ op: 'replace', path: 'emails[type eq "work"]', value: { value: 'b@example.com' } }],
    { ...ada, emails: [{ type: 'work', value: 'b@example.com' }, homeMail] }
  ],
  [
    'Entra: replace without a match creates the element from its eq terms',
    { ...ada, addresses: [{ type: 'home', country: 'NO' }] },
    [
      {
        op: 'Replace',
        path: 'addresses[type eq "work" and primary eq "true"].country',
        value: 'SE'
      }
    ],
    {
      ...ada,
      addresses: [
        { type: 'home', country: 'NO' },
        { type: 'work', primary: true, country: 'SE' }
      ]
    }
  ],
  [
    'a whole element is created',
    ada,
    [{ op: 'add', path: 'emails[type eq "work"]', value: { value: 'a@example.com' } }],
    { ...ada, emails: [{ type: 'work', value: 'a@example.com' }] }
  ],
  [
    'a bare text at a filter is the value of the element',
    ada,
    [{ op: 'add', path: 'emails[type eq "work"]', value: 'a@example.com' }],
    { ...ada, emails: [{ type: 'work', value: 'a@example.com' }] }
  ],
  [
    'a sub-attribute of all elements',
    { ...ada, emails: [workMail, homeMail] },
    [{ op: 'replace', path: 'emails.display', value: 'Ada' }],
    {
      ...ada,
      emails: [
        { ...workMail, display: 'Ada' },
        { ...homeMail, display: 'Ada' }
      ]
    }
  ],
  [
    'a sub-attribute where there is no element',
    ada,
    [{ op: 'replace', path: 'emails.value', value: 'a@example.com' }],
    { ...ada, emails: [{ value: 'a@example.com' }] }
  ],
  ...['', null, []].map((empty): Row => [
    `replace with ${JSON.stringify(empty)} removes`,
    { ...ada, title: 'x', emails: [workMail], name: { givenName: 'Ada', familyName: 'King' } },
    [
      { op: 'replace', path: 'title', value: empty },
      { op: 'replace', path: 'name.givenName', value: empty },
      { op: 'replace', value: { emails: empty } }
    ],
    { ...ada, name: { familyName: 'King' } }
  ]),
  [
    'an element without anything but its type goes',
    { ...ada, emails: [workMail, homeMail] },
    [{ op: 'Replace', path: 'emails[type eq "work"].value', value: '' }],
    { ...ada, emails: [homeMail] }
  ],
  [
    'nothing is created from an empty value',
    ada,
    [
      { op: 'Replace', path: 'emails[type eq "work"].value', value: null },
      { op: 'replace', path: 'emails[type eq "work"]', value: null }
    ],
    ada
  ],
  [
    'replace twice is the same as once',
    { ...ada, emails: [workMail] },
    [
      { op: 'replace', path: 'emails', value: [homeMail] },
      { op: 'replace', path: 'emails', value: [homeMail] }
    ],
    { ...ada, emails: [homeMail] }
  ],

  // primary
  [
    'RFC 7644 §3.5.2: a new primary clears the others',
    { ...ada, emails: [workMail, homeMail] },
    [
      {
        op: 'add',
        path: 'emails',
        value: [{ type: 'other', value: 'o@example.com', primary: true }]
      }
    ],
    {
      ...ada,
      emails: [
        { ...workMail, primary: false },
        homeMail,
        { type: 'other', value: 'o@example.com', primary: true }
      ]
    }
  ],
  [
    'RFC 7644 §3.5.2: primary set at a value path clears the others',
    { ...ada, emails: [workMail, homeMail] },
    [{ op: 'replace', path: 'emails[type eq "home"].primary', value: 'True' }],
    {
      ...ada,
      emails: [
        { ...workMail, primary: false },
        { ...homeMail, primary: true }
      ]
    }
  ],
  [
    'one element stays primary where all are made so',
    { ...ada, emails: [workMail, homeMail] },
    [{ op: 'replace', path: 'emails.primary', value: true }],
    { ...ada, emails: [workMail, { ...homeMail, primary: false }] }
  ],

  // RFC 7644 §3.5.2.2 remove
  [
    'RFC 7644 §3.5.2.2: remove of a single value',
    { ...ada, title: 'x' },
    [
      { op: 'remove', path: 'title' },
      { op: 'remove', path: 'nickName' }
    ],
    ada
  ],
  [
    'RFC 7644 §3.5.2.2: remove of all values',
    { ...ada, emails: [workMail, homeMail] },
    [{ op: 'remove', path: 'emails' }],
    ada
  ],
  [
    'Entra, JumpCloud: remove with values removes only those',
    { ...ada, emails: [workMail, homeMail] },
    [{ op: 'Remove', path: 'emails', value: [{ $ref: null, value: 'ada@example.com' }] }],
    { ...ada, emails: [homeMail] }
  ],
  [
    'remove with values ignores what only describes an element',
    { ...ada, emails: [workMail, homeMail] },
    [
      { op: 'remove', path: 'emails', value: { $ref: 'x', display: 'y', value: 'ada@example.com' } }
    ],
    { ...ada, emails: [homeMail] }
  ],
  ['add of no extension', managed, [{ op: 'add', value: { [enterpriseUserUrn]: null } }], managed],
  [
    'remove with a bare text',
    { ...ada, emails: [workMail, homeMail] },
    [{ op: 'remove', path: 'emails', value: 'ADA@home.example.com' }],
    { ...ada, emails: [workMail] }
  ],
  [
    'remove with a value that is not there',
    { ...ada, emails: [workMail] },
    [
      { op: 'remove', path: 'emails', value: [{ value: 'x' }] },
      { op: 'remove', path: 'emails', value: [] }
    ],
    { ...ada, emails: [workMail] }
  ],
  [
    'RFC 7644 §3.5.2.2: remove of what a filter selects',
    { ...ada, emails: [workMail, homeMail] },
    [{ op: 'remove', path: 'emails[type eq "work"]' }],
    { ...ada, emails: [homeMail] }
  ],
  [
    'remove with a filter that selects nothing',
    { ...ada, emails: [workMail] },
    [
      { op: 'remove', path: 'emails[type eq "other"]' },
      { op: 'remove', path: 'emails[type eq "other"].value' }
    ],
    { ...ada, emails: [workMail] }
  ],
  [
    'RFC 7644 §3.5.2.2: remove of a sub-attribute of what a filter selects',
    { ...ada, emails: [{ ...workMail, display: 'x' }] },
    [{ op: 'remove', path: 'emails[type eq "work"].display' }],
    { ...ada, emails: [workMail] }
  ],
  [
    'the last sub-attribute takes the attribute along',
    { ...ada, name: { givenName: 'Ada' } },
    [{ op: 'remove', path: 'name.givenName' }],
    ada
  ],
  [
    'the last attribute takes the extension along',
    { ...ada, [enterpriseUserUrn]: { department: 'x' } },
    [{ op: 'remove', path: `${enterpriseUserUrn}:department` }],
    ada
  ],
  ['remove of a whole extension', managed, [{ op: 'remove', path: enterpriseUserUrn }], ada],

  // what no schema knows
  [
    'unknown attributes and extensions are kept',
    ada,
    [
      { op: 'Add', path: 'shoeSize', value: 42 },
      { op: 'Add', path: 'urn:ietf:params:scim:schemas:extension:Acme:2.0:User:tag', value: 'x' },
      {
        op: 'replace',
        value: { 'badge.colour': 'red', 'urn:okta:app:1.0:user:custom': { level: '3' } }
      }
    ],
    {
      ...ada,
      shoeSize: 42,
      'urn:ietf:params:scim:schemas:extension:Acme:2.0:User': { tag: 'x' },
      badge: { colour: 'red' },
      'urn:okta:app:1.0:user:custom': { level: '3' }
    }
  ],
  [
    'unknown attributes are found in any letter case',
    { ...ada, shoeSize: 42, 'urn:example:acme:2.0:User': { tag: 'x' } },
    [
      { op: 'replace', path: 'SHOESIZE', value: 43 },
      { op: 'remove', path: 'URN:EXAMPLE:acme:2.0:User:Tag' }
    ],
    { ...ada, shoeSize: 43 }
  ],
  [
    'unknown attributes with several values',
    { ...ada, tags: ['a'] },
    [
      { op: 'add', path: 'tags', value: ['a', 'b'] },
      { op: 'remove', path: 'tags[value eq "a"]' },
      { op: 'add', path: 'badges[kind eq "x"].value', value: '1' }
    ],
    { ...ada, tags: ['b'], badges: [{ kind: 'x', value: '1' }] }
  ],
  [
    'an unknown attribute that was an array becomes what replaces it',
    { ...ada, custom: [1], tags: ['a'] },
    [
      { op: 'replace', path: 'custom', value: { a: 1 } },
      { op: 'add', path: 'tags', value: 'b' }
    ],
    { ...ada, custom: { a: 1 }, tags: ['a', 'b'] }
  ],
  [
    'an unknown sub-attribute of a known attribute',
    { ...ada, emails: [workMail] },
    [{ op: 'add', path: 'emails[type eq "work"].verified', value: true }],
    { ...ada, emails: [{ ...workMail, verified: true }] }
  ],

  // read-only attributes
  [
    'Okta: read-only attributes in a value are ignored',
    ada,
    [
      {
        op: 'replace',
        value: {
          id: '9',
          schemas: [],
          meta: {},
          groups: [{ value: '1' }],
          displayName: 'Ada',
          [boxUserUrn]: { spaceUsed: 5 },
          [`${boxUserUrn}:hostname`]: 'x'
        }
      }
    ],
    { ...ada, displayName: 'Ada' }
  ],
  [
    'id and schemas at a path are ignored',
    ada,
    [
      { op: 'replace', path: 'id', value: '9' },
      { op: 'add', path: 'schemas', value: [enterpriseUserUrn] }
    ],
    ada
  ]
]

for (const [title, resource, operations, expected] of results) {
  void test(title, async (t) => {
    t.strictSame(patch(resource, ...operations), expected)
  })
}

const refused: readonly (readonly [string, unknown, string])[] = [
  ['another op', { op: 'move', path: 'title' }, '400 invalidSyntax'],
  ['no op', { path: 'title', value: 'x' }, '400 invalidSyntax'],
  ['an operation that is no object', 'remove', '400 invalidSyntax'],
  ['a path that is no string', { op: 'remove', path: 5 }, '400 invalidPath'],
  [
    'a malformed path',
    { op: 'add', path: 'emails[type eq "work"', value: 'x' },
    '400 invalidFilter'
  ],
  ['a malformed key', { op: 'add', value: { 'a b': 'x' } }, '400 invalidPath'],
  [
    'a sub-attribute of a simple attribute',
    { op: 'add', path: 'title.value', value: 'x' },
    '400 invalidPath'
  ],
  [
    'a filter on a single value',
    { op: 'add', path: 'name[givenName eq "x"]', value: 'x' },
    '400 invalidPath'
  ],
  ['a name of the object model', { op: 'add', path: 'constructor', value: 'x' }, '400 invalidPath'],
  ['RFC 7644 §3.5.2.2: remove without a path', { op: 'remove' }, '400 noTarget'],
  [
    'remove of the resource',
    { op: 'remove', path: 'urn:ietf:params:scim:schemas:core:2.0:User' },
    '400 noTarget'
  ],
  ['add without a value', { op: 'add', path: 'title' }, '400 invalidValue'],
  ['path-less value that is no object', { op: 'replace', value: 'x' }, '400 invalidValue'],
  [
    'RFC 7644 §3.5.2.2: remove of a required attribute',
    { op: 'remove', path: 'userName' },
    '400 mutability'
  ],
  [
    'RFC 7644 §3.5.2: a read-only attribute',
    { op: 'add', path: 'groups', value: [{ value: '1' }] },
    '400 mutability'
  ],
  [
    'RFC 7644 §3.5.2: remove of a read-only attribute',
    { op: 'remove', path: 'id' },
    '400 mutability'
  ],
  ['RFC 7644 §3.5.2: meta', { op: 'replace', path: 'meta.version', value: 'x' }, '400 mutability'],
  [
    'a read-only attribute of Box',
    { op: 'replace', path: `${boxUserUrn}:spaceUsed`, value: 1 },
    '400 mutability'
  ],
  ['an empty userName', { op: 'replace', path: 'userName', value: '' }, '400 invalidValue'],
  [
    'an empty userName without a path',
    { op: 'replace', value: { userName: null } },
    '400 invalidValue'
  ],
  ['a blank userName', { op: 'replace', path: 'userName', value: ' ' }, '400 invalidValue'],
  [
    'active that is no boolean',
    { op: 'replace', path: 'active', value: 'nope' },
    '400 invalidValue'
  ],
  ['active null', { op: 'replace', path: 'active', value: null }, '400 invalidValue'],
  ['remove of active', { op: 'remove', path: 'active' }, '400 invalidValue'],
  ['a wrong type', { op: 'add', path: 'title', value: 5 }, '400 invalidValue'],
  [
    'a wrong type at a value path',
    { op: 'add', path: 'emails[type eq "work"].value', value: { a: 1 } },
    '400 invalidValue'
  ],
  [
    'a wrong type in an extension',
    { op: 'add', path: `${enterpriseUserUrn}:department`, value: true },
    '400 invalidValue'
  ],
  [
    'an extension that is no object',
    { op: 'add', value: { [enterpriseUserUrn]: 'x' } },
    '400 invalidValue'
  ],
  [
    'two primary values at once',
    {
      op: 'add',
      path: 'emails',
      value: [
        { value: 'a', primary: true },
        { value: 'b', primary: true }
      ]
    },
    '400 invalidValue'
  ]
]

for (const [title, operation, expected] of refused) {
  void test(`refused when parsing: ${title}`, async (t) => {
    t.equal(
      refusal(() => parseUserPatch(message(operation))),
      expected
    )
  })
}

for (const path of [
  'emails[value co "x"].type',
  'emails[type eq "a" or type eq "b"].value',
  'emails[not (type eq "a")].value'
]) {
  void test(`noTarget: ${path} without a match`, async (t) => {
    const change = parseUserPatch(message({ op: 'replace', path, value: 'x' }))
    t.equal(
      refusal(() => change.apply({ resource: ada, shadow: {} })),
      '400 noTarget'
    )
  })
}

for (const body of [
  null,
  'x',
  [],
  {},
  { Operations: {} },
  { Operations: null },
  { schemas: [patchSchema] }
]) {
  void test(`invalidSyntax: the message ${JSON.stringify(body)}`, async (t) => {
    t.equal(
      refusal(() => parseUserPatch(body)),
      '400 invalidSyntax'
    )
  })
}

void test('RFC 7644 §3.5.2: the schemas of the message', async (t) => {
  const Operations = [{ op: 'replace', path: 'title', value: 'x' }]
  const parse = (schemas: unknown) =>
    refusal(() => parseUserPatch({ schemas, OPERATIONS: Operations }))
  t.equal(parse(undefined), 'accepted')
  t.equal(parse([patchSchema.toUpperCase()]), 'accepted')
  t.equal(parse(['urn:ietf:params:scim:schemas:core:2.0:User']), '400 invalidSyntax')
})

const leaving: readonly (readonly [string, readonly unknown[], boolean])[] = [
  ['text', [{ op: 'Replace', path: 'active', value: 'False' }], true],
  ['boolean', [{ op: 'replace', path: 'Active', value: false }], true],
  ['add', [{ op: 'add', path: 'active', value: false }], true],
  ['path-less', [{ op: 'replace', value: { active: false } }], true],
  ['path-less in capitals', [{ op: 'Replace', value: { ACTIVE: 'FALSE' } }], true],
  ['array of one', [{ op: 'replace', path: 'active', value: [false] }], true],
  [
    'core URN',
    [{ op: 'replace', path: 'urn:ietf:params:scim:schemas:core:2.0:User:active', value: false }],
    true
  ],
  [
    'core URN in a key',
    [{ op: 'replace', value: { 'urn:ietf:params:scim:schemas:core:2.0:User:active': false } }],
    true
  ],
  [
    'core URN with an object',
    [
      {
        op: 'replace',
        path: 'urn:ietf:params:scim:schemas:core:2.0:User',
        value: { active: false }
      }
    ],
    true
  ],
  [
    'core URN with an object in a value',
    [{ op: 'replace', value: { 'urn:ietf:params:scim:schemas:core:2.0:User': { active: false } } }],
    true
  ],
  ['empty path', [{ op: 'replace', path: '', value: { active: false } }], true],
  ['true', [{ op: 'replace', path: 'active', value: true }], false],
  ['another attribute', [{ op: 'replace', path: 'title', value: 'false' }], false],
  [
    'an unknown attribute of an extension',
    [{ op: 'replace', path: `${enterpriseUserUrn}:active`, value: false }],
    false
  ],
  [
    'true after false',
    [
      { op: 'replace', path: 'active', value: false },
      { op: 'replace', path: 'active', value: true }
    ],
    false
  ],
  [
    'false after true',
    [
      { op: 'replace', path: 'active', value: true },
      { op: 'replace', path: 'active', value: 'False' }
    ],
    true
  ]
]

for (const [title, operations, expected] of leaving) {
  void test(`deactivates: ${title}`, async (t) => {
    const change = parseUserPatch(message(...operations))
    t.equal(change.deactivates, expected)
    t.equal(change.verb, 'patch')
    if (expected) t.equal(change.apply({ resource: ada, shadow: {} })['active'], false)
  })
}

const spoilers: readonly unknown[] = [
  'no operation',
  { op: 'move' },
  { op: 'add', path: ']', value: 1 },
  { op: 'add', path: 'title', value: 5 },
  { op: 'remove', path: 'userName' },
  { op: 'replace', path: 'active', value: 'perhaps' },
  { op: 'add', path: 'emails[value co "x"].type', value: 'x' }
]

for (const spoiler of spoilers) {
  void test(`a leaver is found beside ${JSON.stringify(spoiler)}`, async (t) => {
    const leave = { op: 'Replace', path: 'active', value: 'False' }
    for (const operations of [
      [leave, spoiler],
      [spoiler, leave]
    ]) {
      const change = parseUserPatch(message(...operations))
      t.equal(change.deactivates, true)
      t.match(
        refusal(() => change.apply({ resource: ada, shadow: {} })),
        /^400 /
      )
    }
  })
}

void test('a leaver is found in a message with the wrong schemas', async (t) => {
  const change = parseUserPatch({
    schemas: ['urn:example:other'],
    operations: [{ op: 'replace', path: 'active', value: false }]
  })
  t.equal(change.deactivates, true)
  t.equal(
    refusal(() => change.apply({ resource: ada, shadow: {} })),
    '400 invalidSyntax'
  )
})

void test('hostile messages are refused, never a crash', async (t) => {
  let deep: unknown = false
  for (let depth = 0; depth < 5000; depth += 1) {
    deep = { 'urn:ietf:params:scim:schemas:core:2.0:User': deep }
  }
  t.equal(
    refusal(() => parseUserPatch(message({ op: 'replace', value: deep }))),
    '400 invalidValue'
  )
  const many = Array.from({ length: maxAttributeChanges + 1 }, (_, index) => ({
    op: 'add',
    path: `a${index}`,
    value: 1
  }))
  t.equal(
    refusal(() => parseUserPatch(message(...many))),
    '400 invalidValue'
  )
  const wide = Array.from({ length: 10_001 }, () => 1)
  t.equal(
    refusal(() => parseUserPatch(message({ op: 'add', path: 'a', value: wide }))),
    '400 invalidValue'
  )
  const emails = Array.from({ length: 1001 }, (_, index) => `${index}@example.com`)
  const change = parseUserPatch(message({ op: 'add', path: 'emails', value: emails }))
  t.equal(
    refusal(() => change.apply({ resource: ada, shadow: {} })),
    '400 invalidValue'
  )
  const proto: unknown = JSON.parse(
    '{"op":"add","value":{"__proto__":{"active":false},"title":"x"}}'
  )
  t.strictSame(patch(ada, proto), { ...ada, title: 'x' })
})

void test('a resource cannot grow without end by small requests', async (t) => {
  const custom = Array.from({ length: 1000 }, () => ({ a: [1, 2, 3, 4, 5, 6, 7, 8] }))
  const change = parseUserPatch(message({ op: 'add', path: 'other', value: 1 }))
  t.equal(
    refusal(() => change.apply({ resource: { ...ada, custom }, shadow: {} })),
    '400 invalidValue'
  )
})
