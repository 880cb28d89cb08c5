import * as fc from 'fast-check'
import t from 'tap'
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/lib/json.ts'
import { boxUserFields } from '../../src/provisioning/mapping/box-fields.ts'
import { mapGroup, showGroup } from '../../src/provisioning/mapping/group-mapping.ts'
import { compileMapping, type Mapping } from '../../src/provisioning/mapping/mapping.ts'
import { MappingError } from '../../src/provisioning/mapping/problems.ts'
import { mapUser } from '../../src/provisioning/mapping/user-mapping.ts'
import { showUser } from '../../src/provisioning/mapping/user-resource.ts'
import { boxGroupUrn, boxUserUrn } from '../../src/provisioning/mapping/urns.ts'
import type { ScimDocument } from '../../src/provisioning/model.ts'
import { planGroup } from '../../src/provisioning/plan/group-plan.ts'
import { planUser } from '../../src/provisioning/plan/user-plan.ts'
import { newGroup } from '../../src/provisioning/records.ts'
import { boxGroup, boxUser, defaultSettings, now, userRecord } from './fixtures.ts'

const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'

function compile(content: JsonValue): Mapping {
  const options = { loginDomain: 'example.com', allowCoadmin: true }
  return compileMapping({ name: 'mapping.json', content }, options)
}

function mapped(content: JsonValue, document: ScimDocument) {
  return mapUser(document, compile(content))
}

t.test('ASSOCIATION=external_app_user_id needs the externalId as it is', async (t) => {
  const options = {
    loginDomain: undefined,
    allowCoadmin: false,
    association: 'external_app_user_id'
  } as const
  t.ok(compileMapping(undefined, options))
  for (const from of ['userName', { value: 'x' }]) {
    const content = { user: { externalAppUserId: { from } } }
    t.throws(() => compileMapping({ name: 'mapping.json', content }, options), {
      message: /user\/externalAppUserId: ASSOCIATION=external_app_user_id finds people/
    })
  }
})

t.test('app users have no login', async (t) => {
  const options = { loginDomain: 'example.com', allowCoadmin: false, userKind: 'app' } as const
  const mapping = compileMapping(undefined, options)
  const { fields } = mapUser({ userName: 'jo@example.com', displayName: 'Jo' }, mapping)
  t.strictSame(fields, { name: 'Jo' })
})

t.test(
  'every problem is named at once, with its place, what is given and what is allowed',
  async (t) => {
    const content = {
      user: {
        jobTitl: { from: 'title' },
        jobTitle: { from: ['titel', { path: 'title', as: 'upper' }, { separator: ' ' }] },
        phone: { from: 'phoneNumbers[type = 1].value' },
        address: { from: 'addresses', shows: [`${boxUserUrn}:spaceUsed`] },
        spaceAmount: { from: { path: `${enterprise}:department`, map: { Sales: 'lots' } } },
        language: { from: { path: 'locale', map: 'nowhere' } },
        name: { from: 'displayName', shows: [{ where: 'absent' }] },
        role: { from: { value: 'admin' } },
        timezone: { from: { value: 'Mars/Olympus' } },
        status: { from: 'active' },
        login: null
      },
      trackingCodes: { Cost: { from: 'costCenter' } },
      group: { name: { from: `${boxGroupUrn}:desc` } },
      extra: 1
    }
    try {
      compile(content)
      t.fail('it was taken')
    } catch (error) {
      t.ok(error instanceof MappingError)
      const { problems, message } = error as MappingError
      t.same(problems.map(({ at }) => at).toSorted(), [
        '/extra',
        '/group/name/from',
        '/trackingCodes/Cost/from',
        '/user/address/from',
        '/user/address/shows/0',
        '/user/jobTitl',
        '/user/jobTitle/from/0',
        '/user/jobTitle/from/1/as',
        '/user/jobTitle/from/2',
        '/user/language/from/map',
        '/user/login',
        '/user/name/shows/0/path',
        '/user/phone/from',
        '/user/role/from/value',
        '/user/spaceAmount/from/map/sales',
        '/user/status/from',
        '/user/timezone/from/value'
      ])
      t.match(message, 'The mapping mapping.json has 17 problems:')
      t.match(message, `allowed: ${enterprise}:costCenter, or `, 'the right name is offered')
      t.match(
        message,
        '/user/jobTitle/from/1/as (given: "upper"): is unknown; allowed: emailAddress'
      )
    }
    for (const content of [[], 'x', null, 1]) {
      t.throws(() => compile(content), { name: 'MappingError' }, JSON.stringify(content))
    }
  }
)

t.test('what a file leaves out is the default, and null switches a field off', async (t) => {
  const document = { userName: 'jane@example.com', title: 'Boss', displayName: 'Jane' }
  t.same(mapped({}, document), mapUser(document, defaultSettings.mapping))
  t.same(mapped({ user: { jobTitle: null } }, document).fields, {
    login: 'jane@example.com',
    name: 'Jane'
  })
})

t.test('paths', async (t) => {
  const document = {
    userName: 'jane@example.com',
    emails: [
      { value: 'home@example.com', type: 'home' },
      { value: 'work@example.com', type: 'Work', primary: true }
    ],
    name: { givenName: 'Jane' },
    [enterprise]: { department: 'Sales', manager: { value: '7', displayName: 'Max' } },
    'urn:example:params:scim:2.0:HR': { Badge: 17, tags: ['a', 'b'], desk: { Floor: '3' } },
    photos: ['https://example.com/jane.png']
  }
  const read = (from: JsonValue) =>
    mapped({ user: { jobTitle: { from } } }, document).fields.jobTitle
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['emails[type eq "work"].value', 'work@example.com'],
    ['emails[TYPE EQ "home"].Value', 'home@example.com'],
    ['emails[type eq "work" and primary eq true].value', 'work@example.com'],
    ['emails[type eq "work" and primary eq false].value', undefined],
    ['emails.value', 'home@example.com'],
    ['NAME.givenname', 'Jane'],
    ['urn:ietf:params:scim:schemas:core:2.0:User:name.givenName', 'Jane'],
    [`${enterprise}:department`, 'Sales'],
    [`${enterprise}:manager.displayName`, 'Max'],
    ['urn:example:params:scim:2.0:HR:badge', '17'],
    ['urn:example:params:scim:2.0:HR:tags', 'a'],
    ['urn:example:params:scim:2.0:HR:desk.floor', '3'],
    ['urn:example:params:scim:2.0:HR:nothing', undefined],
    ['photos.value', 'https://example.com/jane.png'],
    ['title', undefined]
  ]
  for (const [path, expected] of cases) t.equal(read(path), expected, path)
})

t.test('fallbacks, joins, constants and maps', async (t) => {
  const department = `${enterprise}:department`
  const of = (name: string) => ({ [enterprise]: { department: name } })
  const quota = {
    user: {
      spaceAmount: {
        from: { path: department, map: { Sales: 1000, board: -1 }, otherwise: 10 }
      }
    }
  }
  t.equal(mapped(quota, of('SALES')).fields.spaceAmount, 1000)
  t.equal(mapped(quota, of('Board')).fields.spaceAmount, -1)
  t.equal(mapped(quota, of('Legal')).fields.spaceAmount, 10)
  t.equal(mapped(quota, {}).fields.spaceAmount, undefined)
  const title = {
    user: {
      jobTitle: { from: [{ join: ['title', department], separator: ' – ' }, { value: 'Staff' }] }
    }
  }
  t.equal(mapped(title, { title: 'Boss', ...of('Sales') }).fields.jobTitle, 'Boss – Sales')
  t.equal(mapped(title, of('Sales')).fields.jobTitle, 'Sales')
  t.equal(mapped(title, {}).fields.jobTitle, 'Staff')
  const roles = {
    user: {
      role: {
        from: {
          path: 'roles.value',
          as: 'roleName',
          map: { 'Box Admin': 'coadmin', 'Default Access': 'user' },
          otherwise: { keep: true }
        },
        unknown: 'refuse'
      }
    }
  }
  t.equal(mapped(roles, { roles: [{ value: 'box admin' }] }).fields.role, 'coadmin')
  t.equal(mapped(roles, { roles: [{ value: 'Default Access' }] }).fields.role, 'user')
  t.equal(mapped(roles, { roles: [{ value: 'coadmin' }] }).fields.role, 'coadmin')
  t.throws(() => mapped(roles, { roles: [{ value: 'Guest' }] }), {
    code: 'role_not_allowed',
    message: /"Guest" is no role in Box/
  })
})

t.test('a refused role does not stand in the way of what has nothing to do with it', async (t) => {
  const settings = {
    ...defaultSettings,
    mapping: compile({ user: { role: { from: 'roles.value', unknown: 'refuse' } } })
  }
  const record = userRecord({ linked: true, shadow: { roles: [{ value: 'Guest' }] } }, settings)
  const context = {
    settings,
    mirror: { isCurrent: () => true },
    deactivates: false,
    accessInDoubt: false
  }
  const { operations } = planUser(record, { ...record.resource, title: 'T' }, context)
  t.match(operations, [{ fields: { jobTitle: 'T' } }])
  t.throws(() => planUser(record, { ...record.resource, roles: [{ value: 'Other' }] }, context), {
    code: 'role_not_allowed'
  })
})

t.test('tracking codes that the mapping feeds come and go with their source', async (t) => {
  const settings = {
    ...defaultSettings,
    mapping: compile({ trackingCodes: { Cost: { from: `${enterprise}:costCenter` } } })
  }
  const snapshot = boxUser({
    trackingCodes: [
      { name: 'Cost', value: '7' },
      { name: 'Site', value: 'X' }
    ]
  })
  const shadow = { [enterprise]: { costCenter: '7' } }
  const record = userRecord({ linked: true, shadow, snapshot }, settings)
  const context = {
    settings,
    mirror: { isCurrent: () => true },
    deactivates: false,
    accessInDoubt: false
  }
  const plan = (next: JsonObject) =>
    planUser(record, { ...record.resource, ...next }, context).operations
  t.same(plan({}), [])
  t.match(plan({ [enterprise]: { costCenter: '8' } }), [
    { fields: { trackingCodes: [{ name: 'Cost', value: '8' }] } }
  ])
  t.match(plan({ [enterprise]: {} }), [
    { fields: { trackingCodes: [{ name: 'Cost', value: '' }] } }
  ])
})

t.test(
  'constants are defaults: for new people, and for those taken over where Box has nothing',
  async (t) => {
    const settings = {
      ...defaultSettings,
      mapping: compile({
        user: { jobTitle: { from: ['title', { value: 'Staff' }], shows: ['title'] } }
      })
    }
    const context = {
      settings,
      mirror: { isCurrent: () => true },
      deactivates: false,
      accessInDoubt: false
    }
    const unlinked = userRecord({}, settings)
    t.match(planUser(unlinked, unlinked.resource, context).operations, [
      { fields: { jobTitle: 'Staff' } }
    ])
    const titled = userRecord({ snapshot: boxUser({ jobTitle: 'Boss' }) }, settings)
    t.same(planUser(titled, titled.resource, context).operations, [])
    const linked = userRecord({ linked: true }, settings)
    t.same(planUser(linked, linked.resource, context).operations, [], 'Box keeps what people chose')
  }
)

t.test('group names: what was put around them is taken off again', async (t) => {
  const mapping = compile({
    group: {
      name: { from: 'displayName', prefix: 'IdP ', suffix: ' ✓', shows: ['displayName'] },
      description: { from: [`${boxGroupUrn}:description`, { value: 'From the IdP' }] }
    }
  })
  t.match(mapGroup({ displayName: 'Sales' }, mapping).fields, {
    name: 'IdP Sales ✓',
    description: 'From the IdP'
  })
  const shownAs = (name: string) => showGroup({}, boxGroup({ name }), mapping)['displayName']
  t.equal(shownAs('IdP Sales ✓'), 'Sales')
  t.equal(shownAs('Sales'), 'Sales', 'a group without them shows its whole name')
  t.equal(shownAs('IdP  ✓'), 'IdP  ✓', 'and so does one with nothing between them')
  const long = mapGroup({ displayName: 'x'.repeat(300) }, mapping)
  t.equal(long.fields.name, `IdP ${'x'.repeat(249)} ✓`)
  t.same(long.notes, ['name shortened to 255 characters'])

  const record = newGroup(boxGroup({ name: 'Old' }), {}, { mapping }, now)
  const { fields } = planGroup(record, { displayName: 'Old' }, mapping)
  t.same(fields, { description: 'From the IdP' }, 'an echo renames nothing, taking over fills')
  t.match(planGroup(record, { displayName: 'New' }, mapping).fields, { name: 'IdP New ✓' })
})

const scalar = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.boolean(), fc.integer())
const element = fc.dictionary(
  fc.constantFrom('value', 'type', 'primary', 'formatted', 'streetAddress', 'country', 'display'),
  fc.oneof(scalar, fc.constantFrom('work', 'mobile', '{"value":"user"}', true)),
  { noNullPrototype: true }
)
const anything = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonValue>
const attribute = fc.oneof(
  scalar,
  fc.array(fc.oneof(element, scalar), { maxLength: 4 }),
  element,
  anything
)
const names = fc.constantFrom(
  'userName',
  'displayName',
  'name',
  'title',
  'phoneNumbers',
  'addresses',
  'emails',
  'roles',
  'preferredLanguage',
  'locale',
  'timezone',
  'externalId',
  boxUserUrn,
  enterprise,
  'urn:a:1:B'
)
const documents = fc.dictionary(names, attribute, { noNullPrototype: true })

const everything = compile({
  user: {
    spaceAmount: { from: { path: `${enterprise}:department`, map: { a: 1 } } },
    notificationEmail: {
      from: { path: 'emails[type eq "work"].value', as: 'emailAddress' },
      shows: ['emails[type eq "work"].value']
    }
  },
  trackingCodes: { Cost: { from: ['urn:a:1:B:c', `${enterprise}:costCenter`] } }
})

t.test(
  'whatever is sent, mapping and showing never throw, and Box gets what it takes',
  async () => {
    const mappings = [defaultSettings.mapping, everything]
    fc.assert(
      fc.property(documents, fc.constantFrom(...mappings), (document, mapping) => {
        const { fields } = mapUser(document, mapping)
        for (const [name, { limit, type, lines }] of Object.entries(boxUserFields)) {
          const value = fields[name as keyof typeof boxUserFields]
          if (value === undefined || value === null) continue
          if (typeof value !== (type === 'text' ? 'string' : type)) return false
          if (typeof value !== 'string') continue
          if (value === '' || value.length > (limit ?? Infinity)) return false
          if (lines !== undefined && /[\r\n\u2028\u2029]/.test(value)) return false
          if (!value.isWellFormed()) return false
        }
        return true
      }),
      { seed: 20_260_101, numRuns: 500, verbose: true }
    )
  }
)

t.test('what was sent is shown in full once Box holds what it means', async () => {
  const settings = { ...defaultSettings, mapping: everything }
  fc.assert(
    fc.property(documents, (shadow) => {
      const { trackingCodes = [], ...fields } = mapUser(shadow, everything).fields
      const held = { ...fields, notificationEmail: fields.notificationEmail ?? null }
      const snapshot = boxUser({
        ...held,
        trackingCodes: trackingCodes.filter(({ value }) => value)
      })
      const shown = showUser({ shadow, snapshot, deactivatedByBridge: false }, settings)
      return Object.entries(shadow).every(
        ([name, value]) =>
          name === boxUserUrn || isUnassigned(value) || sameText(shown[name], value)
      )
    }),
    { seed: 20_260_102, numRuns: 500, verbose: true }
  )
})

function sameText(left: JsonValue | undefined, right: JsonValue): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}

function isUnassigned(value: JsonValue): boolean {
  if (value === null || value === '') return true
  return (isJsonObject(value) || Array.isArray(value)) && Object.keys(value).length === 0
}
