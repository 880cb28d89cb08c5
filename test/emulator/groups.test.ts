import t from 'tap'
import { boxError, entriesOf, idOf, invalid, seedWith, startBench } from './harness.ts'

const CONFLICT = 'A resource with this value already exists'
const nameTaken = boxError(409, 'conflict', CONFLICT, [
  { reason: 'invalid_parameter', name: 'group_tag_name', message: CONFLICT }
])
const denied = boxError(
  403,
  'access_denied_insufficient_permissions',
  'Access denied - insufficient permission'
)
const ANN = { name: 'Ann', login: 'ann@example.com' }
const BOB = { name: 'Bob', login: 'bob@example.com' }
const seed = seedWith({
  users: [ANN, BOB],
  groups: [
    { name: 'Sales', members: [ANN.login, { login: BOB.login, role: 'admin' }] },
    { name: 'All Users', group_type: 'all_users_group' }
  ]
})
const SALES = '/2.0/groups/20000001'

t.test('a group is created, read, changed and deleted', async (t) => {
  const { call, clock, emulator } = await startBench(t)
  const created = await call('POST', '/2.0/groups', { name: 'Bakers', description: 'Bread' })
  t.equal(created.status, 201)
  const group = {
    type: 'group',
    id: '20000001',
    name: 'Bakers',
    group_type: 'managed_group',
    created_at: '2026-03-02T10:00:00-08:00',
    modified_at: '2026-03-02T10:00:00-08:00'
  }
  t.strictSame(created.body, group)
  t.strictSame((await call('GET', SALES)).body, group)
  clock.advance(1000)
  t.strictSame((await call('PUT', SALES, { name: 'Master Bakers' })).body, {
    ...group,
    name: 'Master Bakers',
    modified_at: '2026-03-02T10:00:01-08:00'
  })
  t.match(emulator.state().groups['Master Bakers'], { description: 'Bread' })
  t.equal((await call('DELETE', SALES)).status, 204)
  for (const method of ['GET', 'PUT', 'DELETE']) {
    t.strictSame((await call(method, SALES)).body, boxError(404, 'not_found', 'Not Found'))
  }
})

t.test('the list shows four keys unless asked for others, and filters by prefix', async (t) => {
  const { call } = await startBench(t, { seed })
  t.strictSame((await call('GET', '/2.0/groups')).body, {
    total_count: 2,
    entries: [
      { type: 'group', id: '20000002', name: 'All Users', group_type: 'all_users_group' },
      { type: 'group', id: '20000001', name: 'Sales', group_type: 'managed_group' }
    ],
    limit: 100,
    offset: 0
  })
  t.strictSame(entriesOf(await call('GET', '/2.0/groups?filter_term=sAl&fields=name')), [
    { type: 'group', id: '20000001', name: 'Sales' }
  ])
  t.match((await call('GET', '/2.0/groups?limit=1&offset=1')).body, {
    total_count: 2,
    limit: 1,
    offset: 1,
    entries: [{ name: 'Sales' }]
  })
  t.match((await call('GET', '/2.0/groups?offset=10001')).body, { code: 'invalid_offset' })
  const byId = await startBench(t, { seed, guesses: { groupOrder: 'id' } })
  t.match(entriesOf(await byId.call('GET', '/2.0/groups')), [{ name: 'Sales' }, {}])
})

t.test('the fields that are not standard', async (t) => {
  const { call } = await startBench(t)
  const settings = {
    provenance: 'Example IdP',
    external_sync_identifier: 'g-1',
    description: 'Bread',
    invitability_level: 'admins_only',
    member_viewability_level: 'all_managed_users'
  }
  const fields = [...Object.keys(settings), 'permissions'].join(',')
  const { body } = await call('POST', `/2.0/groups?fields=${fields}`, {
    name: 'Bakers',
    ...settings
  })
  t.strictSame(body, {
    type: 'group',
    id: '20000001',
    ...settings,
    permissions: { can_invite_as_collaborator: true }
  })
  t.equal((await call('PUT', SALES, { description: 'x'.repeat(256) })).status, 400)
  t.equal((await call('PUT', SALES, { invitability_level: 'nobody' })).status, 400)
  t.equal((await call('POST', '/2.0/groups', {})).status, 400)
  t.equal((await call('POST', '/2.0/groups', { name: ' ' })).status, 400)
})

t.test('a name is unique, whatever the letter case', async (t) => {
  const { call } = await startBench(t, { seed })
  const created = await call('POST', '/2.0/groups', { name: 'SALES' })
  t.equal(created.status, 409)
  t.strictSame(created.body, nameTaken)
  const other = idOf(await call('POST', '/2.0/groups', { name: 'Other' }))
  t.strictSame((await call('PUT', `/2.0/groups/${other}`, { name: 'sales' })).body, nameTaken)
  t.equal((await call('PUT', SALES, { name: 'sales' })).status, 200)
})

t.test('the switches for names and external identifiers', async (t) => {
  const { call } = await startBench(t, {
    seed,
    guesses: {
      groupNameIgnoresCase: false,
      maxGroupNameLength: 6,
      externalSyncIdentifierUnique: true,
      provenanceLocksApi: true
    }
  })
  const body = { name: 'SALES', external_sync_identifier: 'g-1', provenance: 'Example IdP' }
  const id = idOf(await call('POST', '/2.0/groups', body))
  t.ok(id)
  t.match((await call('POST', '/2.0/groups', { ...body, name: 'Other' })).body, {
    code: 'conflict',
    context_info: { errors: [{ name: 'external_sync_identifier' }] }
  })
  t.match((await call('POST', '/2.0/groups', { name: 'Seven 7' })).body, { code: 'bad_request' })
  t.strictSame((await call('PUT', `/2.0/groups/${id}`, { name: 'Sale' })).body, denied)
})

t.test('the group of everybody cannot be touched', async (t) => {
  const { call, emulator } = await startBench(t, { seed })
  const before = emulator.state()
  t.strictSame((await call('PUT', '/2.0/groups/20000002', { name: 'Mine' })).body, denied)
  t.strictSame((await call('DELETE', '/2.0/groups/20000002')).body, denied)
  const member = { user: { id: '30000002' }, group: { id: '20000002' } }
  t.strictSame((await call('POST', '/2.0/group_memberships', member)).body, denied)
  t.strictSame(emulator.state(), before)
})

t.test('a member is added, changed and removed under an id of its own', async (t) => {
  const { call, clock, emulator } = await startBench(t, { seed })
  const group = idOf(await call('POST', '/2.0/groups', { name: 'Bakers' }))
  const body = { user: { id: '30000002' }, group: { id: group } }
  const added = await call('POST', '/2.0/group_memberships', body)
  t.equal(added.status, 201)
  const membership = {
    type: 'group_membership',
    id: '40000003',
    user: { type: 'user', id: '30000002', ...ANN },
    group: { type: 'group', id: group, name: 'Bakers', group_type: 'managed_group' },
    role: 'member',
    created_at: '2026-03-02T10:00:00-08:00',
    modified_at: '2026-03-02T10:00:00-08:00',
    configurable_permissions: null
  }
  t.strictSame(added.body, membership)
  const path = '/2.0/group_memberships/40000003'
  t.strictSame((await call('GET', path)).body, membership)
  t.strictSame((await call('GET', `${path}?fields=role`)).body, {
    type: 'group_membership',
    id: '40000003',
    role: 'member'
  })
  clock.advance(1000)
  t.match((await call('PUT', path, { role: 'admin' })).body, {
    role: 'admin',
    modified_at: '2026-03-02T10:00:01-08:00'
  })
  t.strictSame(emulator.state().groups['Bakers']?.admins, [ANN.login])
  t.equal((await call('DELETE', path)).status, 204)
  for (const method of ['GET', 'PUT', 'DELETE']) {
    t.strictSame((await call(method, path)).body, boxError(404, 'not_found', 'Not Found'))
  }
})

t.test('memberships are listed by group and by user, in pages, without times', async (t) => {
  const { call } = await startBench(t, { seed })
  const group = { type: 'group', id: '20000001', name: 'Sales', group_type: 'managed_group' }
  const ann = {
    type: 'group_membership',
    id: '40000001',
    user: { type: 'user', id: '30000002', ...ANN },
    group,
    role: 'member'
  }
  const bob = {
    type: 'group_membership',
    id: '40000002',
    user: { type: 'user', id: '30000003', ...BOB },
    group,
    role: 'admin'
  }
  t.strictSame((await call('GET', `${SALES}/memberships`)).body, {
    total_count: 2,
    entries: [ann, bob],
    limit: 100,
    offset: 0
  })
  t.strictSame((await call('GET', `${SALES}/memberships?limit=1&offset=1&fields=role`)).body, {
    total_count: 2,
    entries: [bob],
    limit: 1,
    offset: 1
  })
  t.strictSame((await call('GET', '/2.0/users/30000002/memberships')).body, {
    total_count: 1,
    entries: [ann],
    limit: 100,
    offset: 0
  })
  const missing = boxError(404, 'not_found', 'Not Found')
  t.strictSame((await call('GET', '/2.0/users/999/memberships')).body, missing)
  t.strictSame((await call('GET', '/2.0/groups/999/memberships')).body, missing)
})

t.test('adding a member again is a conflict, or answers the present membership', async (t) => {
  const body = { user: { id: '30000002' }, group: { id: '20000001' }, role: 'member' }
  const { call, emulator } = await startBench(t, { seed })
  const again = await call('POST', '/2.0/group_memberships', body)
  t.equal(again.status, 409)
  t.strictSame(again.body, boxError(409, 'conflict', CONFLICT))
  t.equal(emulator.state().groups['Sales']?.members.length, 2)
  const lenient = await startBench(t, { seed, guesses: { repeatedMembership: 'existing' } })
  const present = await lenient.call('POST', '/2.0/group_memberships', body)
  t.equal(present.status, 200)
  t.match(present.body, { id: '40000001' })
})

t.test('unknown users and groups, and wrong bodies', async (t) => {
  const { call } = await startBench(t, { seed })
  const add = (body: object) => call('POST', '/2.0/group_memberships', body)
  t.strictSame(
    (await add({ user: { id: '999' }, group: { id: '20000001' } })).body,
    boxError(404, 'not_found', 'Not Found', [invalid('user', '999')])
  )
  t.strictSame(
    (await add({ user: { id: '30000002' }, group: { id: '999' } })).body,
    boxError(404, 'not_found', 'Not Found', [invalid('group', '999')])
  )
  t.equal((await add({})).status, 400)
  t.equal((await add({ user: { id: 5 }, group: { id: '20000001' } })).status, 400)
  t.equal(
    (await add({ user: { id: '30000002' }, group: { id: '20000001' }, role: 'boss' })).status,
    400
  )
  const other = await startBench(t, { seed, guesses: { unknownMember: 'bad-request' } })
  const refused = await other.call('POST', '/2.0/group_memberships', {
    user: { id: '999' },
    group: { id: '20000001' }
  })
  t.strictSame(refused.body, boxError(400, 'bad_request', 'Bad Request', [invalid('user', '999')]))
})

t.test('inactive people may join, or not', async (t) => {
  const inactive = seedWith({ users: [{ ...ANN, status: 'inactive' }], groups: [{ name: 'G' }] })
  const body = { user: { id: '30000002' }, group: { id: '20000001' } }
  const { call } = await startBench(t, { seed: inactive })
  t.equal((await call('POST', '/2.0/group_memberships', body)).status, 201)
  const strict = await startBench(t, { seed: inactive, guesses: { inactiveMayJoin: false } })
  t.strictSame((await strict.call('POST', '/2.0/group_memberships', body)).body, denied)
})

t.test('a group admin’s permissions: omitted ones are granted, null denies all', async (t) => {
  const all = {
    can_run_reports: true,
    can_instant_login: true,
    can_create_accounts: true,
    can_edit_accounts: true
  }
  const none = {
    can_run_reports: false,
    can_instant_login: false,
    can_create_accounts: false,
    can_edit_accounts: false
  }
  const { call } = await startBench(t, {
    seed: seedWith({ users: [ANN], groups: [{ name: 'G' }] })
  })
  const added = await call('POST', '/2.0/group_memberships', {
    user: { id: '30000002' },
    group: { id: '20000001' },
    role: 'admin',
    configurable_permissions: { can_run_reports: false }
  })
  t.match(added.body, { configurable_permissions: { ...all, can_run_reports: false } })
  const put = (body: object) => call('PUT', `/2.0/group_memberships/${idOf(added)}`, body)
  t.match((await put({ configurable_permissions: null })).body, { configurable_permissions: none })
  t.match((await put({ configurable_permissions: {} })).body, { configurable_permissions: all })
  t.match((await put({ role: 'member' })).body, { role: 'member', configurable_permissions: null })
  t.equal((await put({ configurable_permissions: 'all' })).status, 400)
})

t.test('deleting a group takes its memberships along', async (t) => {
  const { call } = await startBench(t, { seed })
  t.equal((await call('DELETE', SALES)).status, 204)
  t.match((await call('GET', '/2.0/users/30000002/memberships')).body, { total_count: 0 })
  t.equal((await call('GET', '/2.0/group_memberships/40000001')).status, 404)
})

t.test('kinds of ids are counted separately and may coincide', async (t) => {
  const { call } = await startBench(t, {
    seed: seedWith({
      users: [ANN],
      groups: [{ name: 'G' }, { name: 'H' }],
      firstIds: { users: 1, groups: 1, memberships: 1, aliases: 1 }
    })
  })
  t.match((await call('GET', '/2.0/users/2')).body, { type: 'user', name: 'Ann' })
  t.match((await call('GET', '/2.0/groups/2')).body, { type: 'group', name: 'H' })
})
