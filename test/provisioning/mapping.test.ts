import t from 'tap'
import { isEmailAddress } from '../../src/provisioning/mapping/email-address.ts'
import { onOneLine, shorten } from '../../src/provisioning/mapping/limits.ts'
import { compileMapping, loginOf } from '../../src/provisioning/mapping/mapping.ts'
import { nextShadow } from '../../src/provisioning/mapping/shadow.ts'
import { boxUserUrn } from '../../src/provisioning/mapping/urns.ts'
import { mapUser } from '../../src/provisioning/mapping/user-mapping.ts'
import { showUser } from '../../src/provisioning/mapping/user-resource.ts'
import type { ScimDocument } from '../../src/provisioning/model.ts'
import { boxUser, defaultSettings } from './fixtures.ts'

const { mapping } = defaultSettings
const withCoadmins = compileMapping(undefined, { loginDomain: undefined, allowCoadmin: true })

const roleOf = (document: ScimDocument) => mapUser(document, withCoadmins).fields.role

const fieldsOf = (document: ScimDocument) => mapUser(document, mapping).fields

t.test('login', async (t) => {
  const emails = [
    { value: 'home@example.com', type: 'home' },
    { value: 'work@example.com', type: 'work' }
  ]
  const cases: readonly [string, ScimDocument, string | undefined, string | undefined][] = [
    [
      'the userName where it is an address',
      { userName: 'a@example.com', emails },
      'x.com',
      'a@example.com'
    ],
    ['else the work e-mail', { userName: 'jdoe', emails }, 'example.org', 'work@example.com'],
    [
      'else the primary e-mail before the work e-mail',
      { userName: 'jdoe', emails: [...emails, { value: 'p@example.com', primary: true }] },
      undefined,
      'p@example.com'
    ],
    [
      'else the userName with LOGIN_DOMAIN',
      { userName: 'jdoe' },
      'example.org',
      'jdoe@example.org'
    ],
    ['else none', { userName: 'jdoe' }, undefined, undefined],
    [
      'none for a userName that no domain makes an address',
      { userName: 'j doe' },
      'example.org',
      undefined
    ],
    [
      'e-mails that are none do not count',
      { userName: 'j', emails: [{ value: 'nonsense' }] },
      undefined,
      undefined
    ]
  ]
  for (const [name, document, domain, expected] of cases)
    t.equal(
      loginOf(document, compileMapping(undefined, { loginDomain: domain, allowCoadmin: false })),
      expected,
      name
    )
  t.ok(isEmailAddress("o'brien+box@sub.example.com"))
  for (const text of [
    '',
    'a',
    'a@b',
    '@example.com',
    'a b@example.com',
    'a@@example.com',
    'a@example.com.',
    `${'a'.repeat(250)}@example.com`
  ]) {
    t.notOk(isEmailAddress(text), JSON.stringify(text.slice(0, 20)))
  }
})

t.test('name: displayName, else name.formatted, else given and family name', async (t) => {
  const name = { formatted: 'Dr Jane Doe', givenName: 'Jane', familyName: 'Doe' }
  t.equal(fieldsOf({ displayName: 'JD', name }).name, 'JD')
  t.equal(fieldsOf({ name }).name, 'Dr Jane Doe')
  t.equal(fieldsOf({ name: { givenName: 'Jane', familyName: 'Doe' } }).name, 'Jane Doe')
  t.equal(fieldsOf({ name: { familyName: 'Doe' } }).name, 'Doe')
  t.equal(fieldsOf({}).name, undefined)
})

t.test('phone: work, else primary, else mobile', async (t) => {
  const work = { type: 'Work', value: '1' }
  const mobile = { type: 'mobile', value: '2' }
  const primary = { type: 'other', value: '3', primary: true }
  t.equal(fieldsOf({ phoneNumbers: [mobile, primary, work] }).phone, '1')
  t.equal(fieldsOf({ phoneNumbers: [mobile, primary] }).phone, '3')
  t.equal(fieldsOf({ phoneNumbers: [mobile] }).phone, '2')
  t.equal(fieldsOf({ phoneNumbers: [{ type: 'fax', value: '4' }] }).phone, undefined)
})

t.test('address: one line of the work address', async (t) => {
  const parts = { type: 'work', streetAddress: 'Gate 1\nFloor 2', locality: 'Oslo', country: 'NO' }
  t.equal(fieldsOf({ addresses: [parts] }).address, 'Gate 1, Floor 2, Oslo, NO')
  t.equal(fieldsOf({ addresses: [{ ...parts, formatted: 'HQ' }] }).address, 'HQ')
  t.equal(fieldsOf({ addresses: [{ ...parts, type: 'home' }] }).address, undefined)
})

t.test('what Box does not know is left out and noted', async (t) => {
  const mapped = mapUser(
    { preferredLanguage: 'tlh', timezone: 'Mars/Olympus', roles: [{ value: 'Default Access' }] },
    mapping
  )
  t.same(mapped.fields, {})
  t.same(mapped.notes, [
    'role "Default Access" is unknown to Box: left out',
    'language "tlh" is unknown to Box: left out',
    'timezone "Mars/Olympus" is unknown to Box: left out'
  ])
  t.equal(fieldsOf({ preferredLanguage: 'tlh', locale: 'nb-NO' }).language, 'nb')
})

t.test('Box language codes', async (t) => {
  const codes = {
    'en-US': 'en',
    'en-GB': 'gb',
    en_AU: 'e3',
    'es-419': 's2',
    'zh-Hant-TW': 'zt',
    'zh-Hans-HK': 'zh',
    no: 'nb',
    'de-AT,de;q=0.9': 'de'
  }
  for (const [preferredLanguage, code] of Object.entries(codes)) {
    t.equal(fieldsOf({ preferredLanguage }).language, code, preferredLanguage)
  }
  for (const preferredLanguage of ['x', 'foo-BAR']) {
    t.equal(fieldsOf({ preferredLanguage }).language, undefined, preferredLanguage)
  }
  for (const language of ['gb', 'e2', 'e3', 's2', 'f2', 'zt', 'de']) {
    const facts = { shadow: {}, snapshot: boxUser({ language }), deactivatedByBridge: false }
    const { preferredLanguage = '' } = showUser(facts, defaultSettings)
    t.equal(fieldsOf({ preferredLanguage }).language, language, 'the way back')
  }
})

t.test('roles: Box roles only, in all of the shapes of Entra ID and Okta', async (t) => {
  const type = 'WindowsAzureActiveDirectoryRole'
  const complex = '{"id":"1","value":"coadmin","displayName":"Co-admin"}'
  t.equal(roleOf({ roles: [{ value: 'coadmin' }] }), 'coadmin')
  t.equal(roleOf({ roles: [{ primary: true, type, value: 'coadmin' }] }), 'coadmin', 'single')
  t.equal(roleOf({ roles: [{ value: 'Sales,coadmin' }] }), 'coadmin', 'several in one text')
  t.equal(roleOf({ roles: [{ value: complex, primary: false }] }), 'coadmin', 'complex')
  t.equal(roleOf({ roles: [{ value: 'Sales' }, { value: 'user', primary: true }] }), 'user')
  t.equal(roleOf({ roles: [{ value: '{broken' }, { value: 'Admin' }] }), undefined)
  t.equal(roleOf({ [boxUserUrn]: { role: 'user' }, roles: [{ value: 'coadmin' }] }), 'user')
  const withheld = mapUser({ roles: [{ value: 'coadmin' }] }, mapping)
  t.same(withheld, { fields: {}, notes: ['role coadmin: ALLOW_COADMIN is off'] })
})

t.test('texts are shortened at a character boundary', async (t) => {
  t.equal(shorten('abc', 3), 'abc')
  t.equal(shorten('abcd', 3), 'abc')
  t.equal(shorten('ab👩‍👩‍👧', 6), 'ab')
  t.equal(shorten('e\u0301e\u0301', 3), 'e\u0301')
  t.equal(onOneLine(' a\r\n\r\nb ', ', '), 'a, b')
  const title = 'x'.repeat(120)
  const mapped = mapUser({ title }, mapping)
  t.equal(mapped.fields.jobTitle?.length, 100)
  t.same(mapped.notes, ['jobTitle shortened to 100 characters'])
})

t.test('shown: somebody whom SCIM never wrote is complete', async (t) => {
  const facts = {
    shadow: {},
    snapshot: boxUser({ name: 'Ana de la Cruz', phone: '1' }),
    deactivatedByBridge: false
  }
  t.match(showUser(facts, defaultSettings), {
    userName: 'jane@example.com',
    displayName: 'Ana de la Cruz',
    name: { givenName: 'Ana de la', familyName: 'Cruz' },
    emails: [{ value: 'jane@example.com', type: 'work', primary: true }],
    phoneNumbers: [{ type: 'work', value: '1' }],
    active: true,
    [boxUserUrn]: { role: 'user', status: 'active' }
  })
  t.notOk(Object.hasOwn(showUser(facts, defaultSettings), 'title'))
})

t.test(
  "shown: the shadow's own text while Box holds its meaning, else what Box holds",
  async (t) => {
    const shadow = {
      userName: 'JANE@example.com',
      title: 'x'.repeat(120),
      displayName: 'Jane Doe ',
      nickName: 'J',
      phoneNumbers: [
        { type: 'work', value: '1' },
        { type: 'fax', value: '2' }
      ]
    }
    const snapshot = boxUser({ jobTitle: 'x'.repeat(100), phone: '1' })
    const same = showUser({ shadow, snapshot, deactivatedByBridge: false }, defaultSettings)
    t.match(same, shadow)
    const changed = boxUser({
      jobTitle: 'Boss',
      phone: '9',
      name: 'J. Doe',
      login: 'j@example.com'
    })
    t.match(showUser({ shadow, snapshot: changed, deactivatedByBridge: false }, defaultSettings), {
      userName: 'j@example.com',
      title: 'Boss',
      displayName: 'J. Doe',
      nickName: 'J',
      phoneNumbers: [
        { type: 'fax', value: '2' },
        { type: 'work', value: '9' }
      ]
    })
  }
)

t.test('active: only the status that the bridge wrote reads as false', async (t) => {
  const settings = { ...defaultSettings, deactivatedStatus: 'cannot_delete_edit' }
  const active = (status: string, deactivatedByBridge: boolean) =>
    showUser({ shadow: {}, snapshot: boxUser({ status }), deactivatedByBridge }, settings)['active']
  t.equal(active('active', false), true)
  t.equal(active('inactive', false), false)
  t.equal(active('cannot_delete_edit', false), true)
  t.equal(active('cannot_delete_edit', true), false)
  t.equal(active('cannot_delete_edit_upload', true), true)
})

t.test('the shadow takes what a change made different, and nothing that was echoed', async (t) => {
  const shown = { displayName: 'Jane', title: 'T', name: { givenName: 'J' }, active: true }
  t.same(nextShadow({}, shown, shown), {}, 'an echo claims nothing')
  t.same(nextShadow({ title: 'T' }, shown, { ...shown, displayName: 'Janet' }), {
    title: 'T',
    displayName: 'Janet'
  })
  t.same(
    nextShadow({ title: 'T' }, shown, { displayName: 'Jane', active: false }),
    {},
    'active is no part of it'
  )
  const box = { [boxUserUrn]: { role: 'user', spaceAmount: 1 } }
  t.same(nextShadow({}, box, { [boxUserUrn]: { role: 'user', spaceAmount: 2 } }), {
    [boxUserUrn]: { spaceAmount: 2 }
  })
})
