import { pino } from 'pino'
import t from 'tap'
import { createProgram } from '../../src/cli/program.ts'
import { runCommand } from '../helpers/run-command.ts'
import { startBridge } from '../helpers/bridge.ts'
import { group, person, scimClient } from '../helpers/scim-client.ts'

const box = 'urn:ietf:params:scim:schemas:extension:box:2.0:User'
const boxGroup = 'urn:ietf:params:scim:schemas:extension:box:2.0:Group'
const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'

t.test('every field of a person and of a group reaches Box and is shown', async (t) => {
  const { emulator, ...bridge } = await startBridge(t)
  const scim = scimClient(bridge)
  const long = 'é👩‍👩‍👧x'.repeat(40)
  const own = {
    role: 'user',
    status: 'cannot_delete_edit',
    spaceAmount: -1,
    language: 'gb',
    isSyncEnabled: false,
    canSeeManagedUsers: false,
    isExternalCollabRestricted: true,
    isExemptFromDeviceLimits: true,
    isExemptFromLoginVerification: true,
    notificationEmail: 'alerts@example.com',
    trackingCodes: [{ name: 'Department', value: 'Sales' }]
  }
  const sent = {
    displayName: long,
    title: long,
    timezone: 'Europe/Oslo',
    phoneNumbers: [{ type: 'work', value: '+47 1' }],
    addresses: [{ type: 'work', streetAddress: 'Gate 1\nFloor 2', locality: 'Oslo' }],
    externalId: 'e-1',
    [box]: own
  }
  const created = await scim.post('/Users', person('jane@example.com', sent))
  t.match(created, { status: 201, body: sent }, 'what was sent is shown in full')
  const { body } = await scim.get(`/Users/${String(created.body['id'])}`)
  t.match(body[box], { spaceUsed: 0, isPlatformAccessOnly: false, avatarUrl: /^http/ })
  const held = emulator.state().users['jane@example.com']
  t.match(held, {
    status: 'cannot_delete_edit',
    space_amount: 1_000_000_000_000_000,
    language: 'gb',
    timezone: 'Europe/Oslo',
    phone: '+47 1',
    address: 'Gate 1, Floor 2, Oslo',
    external_app_user_id: 'e-1',
    is_sync_enabled: false,
    can_see_managed_users: false,
    is_external_collab_restricted: true,
    is_exempt_from_device_limits: true,
    is_exempt_from_login_verification: true,
    notification_email: { email: 'alerts@example.com' },
    tracking_codes: [{ name: 'Department', value: 'Sales' }]
  })
  t.equal(held?.name, 'é👩‍👩‍👧x'.repeat(5), 'no visible character is cut in two')
  t.equal(held?.job_title.length, 100)

  const groupSent = {
    externalId: 'g-1',
    [boxGroup]: {
      description: 'd'.repeat(300),
      provenance: 'IdP',
      invitabilityLevel: 'admins_only',
      memberViewabilityLevel: 'admins_and_members'
    }
  }
  const made = await scim.post('/Groups', { ...group('Sales'), ...groupSent })
  t.match(made, { status: 201, body: groupSent })
  t.match(emulator.state().groups['Sales'], {
    external_sync_identifier: 'g-1',
    description: 'd'.repeat(255),
    provenance: 'IdP',
    invitability_level: 'admins_only',
    member_viewability_level: 'admins_and_members'
  })
})

t.test('tracking codes are merged into what Box has at that moment', async (t) => {
  const file = t.testdir({
    'mapping.json': JSON.stringify({
      trackingCodes: { 'Cost Center': { from: `${enterprise}:costCenter` } }
    })
  })
  const env = { MAPPING_FILE: `${file}/mapping.json` }
  const { emulator, ...bridge } = await startBridge(t, { env })
  const scim = scimClient(bridge)
  const first = { [enterprise]: { costCenter: '4711' } }
  const { body } = await scim.post('/Users', person('jane@example.com', first))
  const path = `/Users/${String(body['id'])}`
  const codes = () => emulator.state().users['jane@example.com']?.tracking_codes
  t.match(codes(), [{ name: 'Cost Center', value: '4711' }])

  emulator.admin.updateUser('jane@example.com', {
    tracking_codes: [
      { type: 'tracking_code', name: 'Cost Center', value: '4711' },
      { type: 'tracking_code', name: 'Department', value: 'Sales' }
    ]
  })
  const before = bridge.boxCalls()
  await scim.patch(path, { op: 'replace', path: `${enterprise}:costCenter`, value: '4712' })
  t.equal(bridge.boxCalls() - before, 2, 'one call reads, one writes')
  t.match(codes(), [
    { name: 'Cost Center', value: '4712' },
    { name: 'Department', value: 'Sales' }
  ])
  t.equal((await scim.patch(path, { op: 'remove', path: `${enterprise}:costCenter` })).status, 200)
  t.strictSame(codes(), [{ type: 'tracking_code', name: 'Department', value: 'Sales' }])
})

t.test('groups are named, found and described as the mapping file says', async (t) => {
  const file = t.testdir({
    'mapping.json': JSON.stringify({
      group: {
        name: { from: 'displayName', prefix: 'IdP ', shows: ['displayName'] },
        description: { from: [`${boxGroup}:description`, { value: 'From the IdP' }] }
      }
    })
  })
  const seed = { groups: [{ name: 'IdP Sales' }, { name: 'Legal' }] }
  const env = { MAPPING_FILE: `${file}/mapping.json` }
  const { emulator, ...bridge } = await startBridge(t, { env, seed })
  const scim = scimClient(bridge)
  const [sales] = await scim.find('/Groups', 'displayName eq "Sales"')
  t.equal(sales?.['id'], emulator.state().groups['IdP Sales']?.id)
  const linked = await scim.post('/Groups', group('Sales'))
  t.match(linked, { status: 201, body: { id: sales?.['id'], displayName: 'Sales' } })
  t.equal(emulator.state().groups['IdP Sales']?.description, 'From the IdP')
  t.equal((await scim.post('/Groups', group('Sales'))).status, 409)
  t.equal((await scim.find('/Groups', 'displayName eq "Legal"')).length, 1, 'its whole name')
  const made = await scim.post('/Groups', group('Legal'))
  t.match(made, { status: 201, body: { displayName: 'Legal' } })
  await scim.patch(`/Groups/${String(made.body['id'])}`, {
    op: 'replace',
    path: 'displayName',
    value: 'Law'
  })
  t.same(Object.keys(emulator.state().groups).toSorted(), ['IdP Law', 'IdP Sales', 'Legal'])
})

/** The answer that names the key of the configuration. */
const refusal = (key: string) => ({
  status: 400,
  body: { scimType: 'mutability', detail: new RegExp(`is named in ${key}`) }
})

t.test('protected people and groups are seen and never changed', async (t) => {
  const lines: string[] = []
  const logger = pino({ base: null }, { write: (line) => void lines.push(line) })
  const seed = {
    users: [
      { login: 'boss@example.com', name: 'The Boss' },
      { login: 'jane@example.com', name: 'Jane' }
    ],
    groups: [{ name: 'Board', members: ['boss@example.com'] }]
  }
  const env = { PROTECTED_LOGINS: 'x@example.com, Boss@example.com', PROTECTED_GROUPS: 'board' }
  const dependencies = { logger }
  const { emulator, ...bridge } = await startBridge(t, { env, seed, dependencies })
  const scim = scimClient(bridge)
  const { users, groups } = emulator.state()
  const boss = `/Users/${users['boss@example.com']?.id}`
  const board = `/Groups/${groups['Board']?.id}`
  const before = bridge.boxCalls()
  const person400 = refusal('PROTECTED_LOGINS')
  const group400 = refusal('PROTECTED_GROUPS')
  t.match(await scim.get(boss), { status: 200, body: { displayName: 'The Boss' } })
  t.match(await scim.patch(boss, { op: 'replace', path: 'title', value: 'T' }), person400)
  t.notMatch(lines.join(''), 'keeps its access')
  t.match(await scim.patch(boss, { op: 'replace', path: 'active', value: false }), person400)
  t.match(await scim.delete(boss), person400)
  t.match(await scim.post('/Users', person('boss@example.com')), person400)
  t.equal(lines.filter((line) => /"level":50.*protected account keeps/.test(line)).length, 2)

  const jane = [{ value: users['jane@example.com']?.id }]
  const member = [{ value: users['boss@example.com']?.id }]
  t.match(await scim.get(board), { status: 200, body: { displayName: 'Board', members: member } })
  t.match(await scim.patch(board, { op: 'replace', path: 'displayName', value: 'B' }), group400)
  t.match(await scim.patch(board, { op: 'add', path: 'members', value: jane }), group400)
  t.match(await scim.patch(board, { op: 'remove', path: 'members', value: member }), group400)
  t.match(await scim.delete(board), group400)
  t.equal((await scim.get(board)).status, 200, 'it is still there')
  t.equal(lines.filter((line) => /"level":50.*members of a protected/.test(line)).length, 2)
  t.equal(bridge.boxCalls(), before, 'nothing was called')
  t.match(await scim.patch(board, { op: 'add', path: 'members', value: member }), {
    status: 204
  })
})

t.test('a mapping file that is wrong keeps the bridge from starting', async (t) => {
  const dir = t.testdir({
    'mapping.json': '{ "user": { "jobTitle": { "from": "titel" } } }',
    'broken.json': '{'
  })
  const start = (file: string) => startBridge(t, { env: { MAPPING_FILE: `${dir}/${file}` } })
  await t.rejects(start('mapping.json'), {
    name: 'MappingError',
    message: /\/user\/jobTitle\/from/
  })
  await t.rejects(start('broken.json'), {
    name: 'ConfigError',
    message: /MAPPING_FILE.*is no JSON/
  })
  await t.rejects(start('nothing.json'), { name: 'ConfigError', message: /cannot be read/ })
})

/** Runs a command in this process. */
async function run(
  args: readonly string[],
  { env = {}, input = '' }: { env?: Record<string, string>; input?: string } = {}
) {
  const out: string[] = []
  const err: string[] = []
  let code = -1
  const io = {
    env,
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    read: () => input
  }
  const program = createProgram(io, (given) => {
    code = given
  })
  await program.parseAsync(args, { from: 'user' })
  return { code, out: out.join('\n'), err: err.join('\n') }
}

t.test('a mapping is shown and tried without a bridge', async (t) => {
  const dir = t.testdir({
    'mapping.json': JSON.stringify({ user: { jobTitle: { from: 'userType' }, phone: null } }),
    'wrong.json': '{ "user": { "titel": {} } }'
  })
  const file = `${dir}/mapping.json`
  const shown = await run(['mapping', 'show', file])
  t.match(JSON.parse(shown.out), {
    user: { jobTitle: { from: 'userType' }, phone: null, timezone: { from: 'timezone' } }
  })
  t.same((await run(['mapping', 'show'], { env: { MAPPING_FILE: file } })).out, shown.out)
  const input = JSON.stringify(person('jane', { userType: 'x'.repeat(101), active: 'False' }))
  const env = { LOGIN_DOMAIN: 'example.com' }
  const tried = await runCommand(['mapping', 'test', file], { env, input })
  t.strictSame(JSON.parse(tried.out), {
    fields: {
      login: 'jane@example.com',
      name: 'Name of jane',
      jobTitle: 'x'.repeat(100),
      status: 'inactive'
    },
    notes: ['jobTitle shortened to 100 characters']
  })
  const real = { BOX_CLIENT_ID: 'x' }
  const refused = await run(['mapping', 'test', file], { env: real, input })
  t.match(refused, { code: 1, out: '', err: /refuse it: Box needs an e-mail address/ })
  t.match(await run(['mapping', 'test', `${dir}/wrong.json`], { input }), {
    code: 1,
    err: /\/user\/titel .* is unknown/
  })
  t.match(await run(['mapping', 'test', file], { input: 'x' }), { code: 1, err: /no JSON/ })
})
