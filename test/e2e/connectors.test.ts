import t from 'tap'
import { leavers, startLeavingBridge } from '../helpers/leaving-bridge.ts'
import { startConflictBridge } from '../helpers/conflict-bridge.ts'
import { group, person } from '../helpers/scim-client.ts'
import { until } from '../helpers/until.ts'

// What the connectors built into identity providers cannot do; docs/box.md names each test.

t.jobs = 4

const box = 'urn:ietf:params:scim:schemas:extension:box:2.0:User'
const boxGroup = 'urn:ietf:params:scim:schemas:extension:box:2.0:Group'
const jane = 'jane@example.com'
const replace = (path: string, value: unknown) => ({ op: 'Replace', path, value })

/** App roles as Entra ID's three expressions and Okta send them: in a POST, and in a PATCH. */
const single = { primary: true, type: 'WindowsAzureActiveDirectoryRole' }
const text = (role: string) => JSON.stringify({ id: 'r-1', value: role, displayName: 'A role' })
const shapes = {
  SingleAppRoleAssignment: {
    roles: (role: string) => [{ ...single, value: role }],
    change: (role: string) => replace('roles[primary eq "True"].value', role)
  },
  AppRoleAssignmentsComplex: {
    roles: (role: string) => [{ primary: false, value: text(role) }],
    change: (role: string) => ({ op: 'Add', path: 'roles', value: [{ value: text(role) }] })
  },
  AssertiveAppRoleAssignmentsComplex: {
    roles: (role: string) => [{ primary: 'False', value: text(role) }],
    change: (role: string) => replace('roles', [{ value: text(role) }])
  },
  Okta: {
    roles: (role: string) => [{ value: role }],
    change: (role: string) => replace('roles', [{ value: role }])
  }
} as const

for (const [name, { roles, change }] of Object.entries(shapes)) {
  t.test(`${name}: a role becomes a Box role, at creation and later`, async (t) => {
    const bridge = await startConflictBridge(t, { ALLOW_COADMIN: 'true' })
    const { scim, emulator } = bridge
    const made = await scim.post('/Users', person(jane, { roles: roles('coadmin') }))
    t.match(made, { status: 201, body: { [box]: { role: 'coadmin' } } })
    t.strictSame(bridge.takeCalls(), ['POST /users'])
    t.equal(emulator.state().users[jane]?.role, 'coadmin')
    const later = person('late@example.com', name.startsWith('App') ? {} : { roles: roles('user') })
    const { body } = await scim.post('/Users', later)
    t.equal(emulator.state().users['late@example.com']?.role, 'user')
    bridge.takeCalls()
    t.match(await scim.patch(`/Users/${String(body['id'])}`, change('coadmin')), { status: 200 })
    t.strictSame(bridge.takeCalls(), ['PUT /users/N'])
    t.equal(emulator.state().users['late@example.com']?.role, 'coadmin')
    const back = await scim.patch(`/Users/${String(body['id'])}`, change('user'))
    const isAdded = name === 'AppRoleAssignmentsComplex'
    if (!isAdded) t.match(back, { status: 400, body: { scimType: 'mutability' } }, 'protected now')
    t.equal(emulator.state().users['late@example.com']?.role, 'coadmin')
  })

  t.test(`${name}: a role that cannot be provisioned gets a clear answer`, async (t) => {
    const bridge = await startConflictBridge(t)
    const { scim, emulator } = bridge
    const owner = await scim.post('/Users', person(jane, { roles: roles('admin') }))
    const refused = {
      status: 400,
      body: { scimType: 'invalidValue', detail: /owner.*map another/ }
    }
    t.match(owner, refused)
    t.strictSame(bridge.takeCalls(), [], 'Box is not asked')
    t.match(bridge.lastAudit(), { outcome: 'role_not_allowed' })

    for (const role of ['Default Access', 'coadmin']) {
      const login = `${role.replaceAll(' ', '-')}@example.com`
      const made = await scim.post('/Users', person(login, { roles: roles(role) }))
      t.match(made, { status: 201, body: { roles: [{}], [box]: { role: 'user' } } }, role)
      t.strictSame(bridge.takeCalls(), ['POST /users'], role)
      const note = role === 'coadmin' ? /ALLOW_COADMIN is off/ : /role.*Default Access/
      t.match(bridge.lastAudit(), { outcome: 'done', notes: [note] }, role)
      t.equal(emulator.state().users[login]?.role, 'user', role)
      const path = `/Users/${String(made.body['id'])}`
      // A role that is added counts only where no earlier one is a Box role.
      const isSecond = name === 'AppRoleAssignmentsComplex' && role === 'coadmin'
      const answer = await scim.patch(path, change('admin'))
      if (!isSecond) t.match(answer, refused, `${role}, then admin`)
      t.match(await scim.patch(path, replace('title', 'T')), { status: 200 }, 'nothing else fails')
      bridge.takeCalls()
    }
  })
}

t.test('Default Access is mapped or refused where the mapping file says so', async (t) => {
  const from = { path: 'roles.value', as: 'roleName' }
  const dir = t.testdir({
    'mapped.json': JSON.stringify({
      user: { role: { from: { ...from, map: { 'Default Access': 'user' } } } }
    }),
    'refused.json': JSON.stringify({ user: { role: { from, unknown: 'refuse' } } })
  })
  const body = person(jane, { roles: [{ ...single, value: 'Default Access' }] })
  await t.test('mapped', async (t) => {
    const bridge = await startConflictBridge(t, { MAPPING_FILE: `${dir}/mapped.json` })
    const made = await bridge.scim.post('/Users', body)
    t.match(made, { status: 201, body: { [box]: { role: 'user' } } })
    t.same(bridge.lastAudit().notes, [])
  })
  await t.test('refused', async (t) => {
    const bridge = await startConflictBridge(t, { MAPPING_FILE: `${dir}/refused.json` })
    t.match(await bridge.scim.post('/Users', body), {
      status: 400,
      body: { detail: /"Default Access" is no role in Box: assign another/ }
    })
    t.strictSame(bridge.takeCalls(), [])
  })
})

t.test(
  'a disabled person is deactivated, a purged one hidden, and neither loses content',
  async (t) => {
    const bridge = await startLeavingBridge(t, {})
    const { scim, emulator } = bridge
    const path = bridge.pathOf('leo@example.com')
    t.match(await scim.patch(path, replace('active', 'False')), { body: { active: false } })
    t.strictSame(bridge.takeCalls(), ['PUT /users/N'])
    t.equal((await scim.delete(path)).status, 204)
    t.strictSame(bridge.takeCalls(), ['PUT /users/N'], 'thirty days later')
    t.equal((await scim.get(path)).status, 404)
    t.match(emulator.state().users['leo@example.com'], { status: 'inactive', ownsContent: true })
  }
)

t.test('a second e-mail is kept and shown, and can be the notification e-mail', async (t) => {
  const other = { type: 'other', value: 'jane@home.example' }
  const emails = [{ type: 'work', value: jane, primary: true }, other]
  const dir = t.testdir({
    'mapping.json': JSON.stringify({
      user: {
        notificationEmail: {
          from: { path: 'emails[type eq "other"].value', as: 'emailAddress' }
        }
      }
    })
  })
  for (const [name, env, held] of [
    ['kept', {}, null],
    ['mapped', { MAPPING_FILE: `${dir}/mapping.json` }, { email: other.value }]
  ] as const) {
    await t.test(name, async (t) => {
      const { scim, emulator } = await startConflictBridge(t, env)
      const made = await scim.post('/Users', person(jane, { emails }))
      t.match(made, { status: 201, body: { emails } })
      t.match((await scim.get(`/Users/${String(made.body['id'])}`)).body, { emails })
      t.match(emulator.state().users[jane]?.notification_email, held)
    })
  }
})

t.test(
  'content that Box does not move to a privileged account stays, and is reported',
  async (t) => {
    const boss = { login: 'boss@example.com', name: 'Boss', role: 'coadmin' as const }
    const env = { ON_DELETE: 'transfer', TRANSFER_TO: 'boss@example.com' }
    const bridge = await startLeavingBridge(t, env, { seed: { users: [...leavers, boss] } })
    const { scim, emulator } = bridge
    const path = bridge.pathOf('leo@example.com')
    t.equal((await scim.delete(path)).status, 204)
    await until('Box has refused it', async () => (await bridge.leavers()).refused.length === 1)
    t.match(await bridge.leavers(), {
      refused: [{ operation: 'transfer-content', reason: /^403 forbidden/, againAt: Number }]
    })
    t.match(bridge.audit(path.replace('/Users/', '')).at(-1), {
      action: 'bridge.transfer-content',
      outcome: 'refused_by_box',
      notes: [/content goes to/, /Box refuses transfer-content \(403 forbidden, request id/]
    })
    t.match(emulator.state().users['leo@example.com'], { status: 'inactive', ownsContent: true })
    t.same(emulator.state().transfers, [])
  }
)

t.test('attributes of a person are cleared by PATCH and by PUT, one call each', async (t) => {
  for (const unsetText of ['absent', 'null', 'empty'] as const) {
    const bridge = await startConflictBridge(t, {}, { guesses: { unsetText } })
    const { scim, emulator } = bridge
    const full = person(jane, {
      title: 'Baker',
      externalId: 'e-1',
      phoneNumbers: [{ type: 'work', value: '+1 555' }],
      addresses: [{ type: 'work', formatted: 'Main Street 1' }],
      [box]: { notificationEmail: 'alerts@example.com' }
    })
    const { body } = await scim.post('/Users', full)
    const path = `/Users/${String(body['id'])}`
    const cleared = { job_title: '', phone: '', address: '', external_app_user_id: '' }
    bridge.takeCalls()
    const removals = [
      'title',
      'externalId',
      'phoneNumbers',
      'addresses',
      `${box}:notificationEmail`
    ]
    const patched = await scim.patch(path, ...removals.map((path) => ({ op: 'remove', path })))
    t.equal(patched.status, 200)
    t.strictSame(bridge.takeCalls(), ['PUT /users/N'], unsetText)
    const isCleared = () => {
      const held = emulator.state().users[jane]
      t.match({ ...held, external_app_user_id: held?.external_app_user_id ?? '' }, cleared)
    }
    isCleared()
    t.equal(emulator.state().users[jane]?.notification_email, null)
    for (const name of ['title', 'externalId', 'phoneNumbers', 'addresses']) {
      t.notOk((await scim.get(path)).body[name], `${name} is gone`)
    }
    t.equal((await scim.put(path, full)).status, 200)
    t.match(emulator.state().users[jane], { job_title: 'Baker', phone: '+1 555' })
    bridge.takeCalls()
    t.equal((await scim.put(path, person(jane))).status, 200)
    t.strictSame(bridge.takeCalls(), ['PUT /users/N'], unsetText)
    isCleared()
    t.equal((await scim.put(path, person(jane))).status, 200)
    t.strictSame(bridge.takeCalls(), [], 'what is cleared is not cleared again')
  }
})

t.test('a login changes before the person has ever signed in', async (t) => {
  const bridge = await startConflictBridge(t)
  const { scim, emulator } = bridge
  const { body } = await scim.post('/Users', person(jane))
  const path = `/Users/${String(body['id'])}`
  emulator.admin.updateUser(jane, { emailConfirmed: false })
  bridge.takeCalls()
  const changed = await scim.patch(path, replace('userName', 'janet@example.com'))
  t.match(changed, { status: 200, body: { userName: 'janet@example.com' } })
  t.equal(bridge.takeCalls().length, 4)
  t.match(emulator.state().users['janet@example.com'], { aliases: [] })
})

t.test('a login that changes in letter case alone costs no call and is shown', async (t) => {
  for (const sameLogin of ['harmless', 'refused'] as const) {
    const bridge = await startConflictBridge(t, {}, { guesses: { sameLogin } })
    const { scim, emulator } = bridge
    const { body } = await scim.post('/Users', person(jane))
    const path = `/Users/${String(body['id'])}`
    bridge.takeCalls()
    const changed = await scim.patch(path, replace('userName', 'Jane@Example.com'))
    t.match(changed, { status: 200, body: { userName: 'Jane@Example.com' } })
    t.strictSame(bridge.takeCalls(), [], sameLogin)
    const both = [replace('userName', 'JANE@example.com'), replace('title', 'T')]
    t.match(await scim.patch(path, ...both), { body: { userName: 'JANE@example.com', title: 'T' } })
    t.strictSame(bridge.takeCalls(), ['PUT /users/N'], 'without the login')
    t.equal(emulator.state().users[jane]?.job_title, 'T')
  }
})

t.test('every attribute of a group can be set, changed and cleared', async (t) => {
  for (const clearedProvenance of ['cleared', 'kept'] as const) {
    const bridge = await startConflictBridge(t, {}, { guesses: { clearedProvenance } })
    const { scim, emulator } = bridge
    const own = {
      description: 'Bakers',
      provenance: 'IdP',
      invitabilityLevel: 'admins_only',
      memberViewabilityLevel: 'admins_and_members'
    }
    const full = { ...group('Bakers'), externalId: 'g-1', [boxGroup]: own }
    const { body } = await scim.post('/Groups', full)
    t.match(emulator.state().groups['Bakers'], {
      description: 'Bakers',
      provenance: 'IdP',
      external_sync_identifier: 'g-1',
      invitability_level: 'admins_only',
      member_viewability_level: 'admins_and_members'
    })
    t.match(await scim.find('/Groups', 'externalId eq "g-1"'), [{ id: body['id'] }])
    const path = `/Groups/${String(body['id'])}`
    bridge.takeCalls()
    await scim.patch(path, replace(`${boxGroup}:provenance`, 'Directory'))
    t.equal(emulator.state().groups['Bakers']?.provenance, 'Directory')
    t.strictSame(bridge.takeCalls(), ['PUT /groups/N'])
    await scim.patch(
      path,
      { op: 'remove', path: `${boxGroup}:provenance` },
      { op: 'remove', path: `${boxGroup}:description` },
      { op: 'remove', path: 'externalId' }
    )
    t.strictSame(bridge.takeCalls(), ['PUT /groups/N'])
    const provenance = clearedProvenance === 'kept' ? 'Directory' : ''
    const held = emulator.state().groups['Bakers']
    t.match(held, { description: '', external_sync_identifier: '', provenance })
    const shown = (await scim.get(path)).body[boxGroup] as Record<string, unknown>
    t.equal(shown['provenance'] ?? '', provenance, 'SCIM shows what Box holds')
    await scim.patch(path, replace('displayName', 'Pastry'))
    t.strictSame(bridge.takeCalls(), ['PUT /groups/N'], 'and Box is not asked in vain again')
    t.equal(emulator.state().groups['Pastry']?.provenance, provenance)
  }
})

t.test(
  'the account that provisions is hidden, and whoever owns the enterprise is kept',
  async (t) => {
    const bridge = await startConflictBridge(t)
    const { scim, emulator } = bridge
    const { serviceAccount, users } = emulator.state()
    t.same(await scim.find('/Users', `userName eq "${serviceAccount.login}"`), [])
    t.equal((await scim.get(`/Users/${serviceAccount.id}`)).status, 404)
    const admin = Object.values(users).find(({ role }) => role === 'admin')
    const path = `/Users/${admin?.id}`
    t.equal((await scim.get(path)).status, 200)
    const kept = { status: 400, body: { scimType: 'mutability' } }
    t.match(await scim.patch(path, replace('title', 'T')), kept)
    t.strictSame(bridge.takeCalls(), [])
    t.match(await scim.patch(path, replace('active', false)), kept)
    t.strictSame(bridge.takeCalls(), ['GET /users/N'], 'Box is only asked whether it is so still')
  }
)

t.test('each of the statuses of Box can be given to one person, and is kept', async (t) => {
  const bridge = await startConflictBridge(t, { ON_DEACTIVATE: 'inactive' })
  const { scim, emulator } = bridge
  for (const status of ['cannot_delete_edit', 'cannot_delete_edit_upload']) {
    const login = `${status}@example.com`
    const { body } = await scim.post('/Users', person(login))
    const path = `/Users/${String(body['id'])}`
    bridge.takeCalls()
    t.match(await scim.patch(path, replace(`${box}:status`, status)), {
      status: 200,
      body: { active: true, [box]: { status } }
    })
    t.strictSame(bridge.takeCalls(), ['PUT /users/N'])
    await scim.patch(path, replace('title', 'T'))
    t.match(emulator.state().users[login], { status, job_title: 'T' }, 'kept')
    await scim.put(path, person(login, { title: 'U' }))
    t.match(emulator.state().users[login], { status, job_title: 'U' }, 'also by PUT')
    t.match(await scim.patch(path, replace('active', false)), { body: { active: false } })
    t.equal(emulator.state().users[login]?.status, 'inactive')
  }
})
