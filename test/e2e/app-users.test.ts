import t, { type Test } from 'tap'
import { demoCredentials, emptySeed, type SeedUser } from '../../src/emulator/seed.ts'
import type { BridgeOptions } from '../helpers/bridge.ts'
import { bridgeProcess } from '../helpers/bridge-process.ts'
import { connectTo } from '../helpers/connect.ts'
import { startLeavingBridge, type LeavingBridge } from '../helpers/leaving-bridge.ts'
import { group, person } from '../helpers/scim-client.ts'

t.jobs = 2

const appMode = { USER_KIND: 'app', ASSOCIATION: 'external_app_user_id' }
const ann = 'ann@example.com'

const service = demoCredentials.enterpriseId
const ownAppUser: SeedUser = {
  login: `AppUser_${service}_payroll@boxdevedition.com`,
  name: 'Payroll',
  is_platform_access_only: true,
  external_app_user_id: 'payroll',
  createdByApp: true
}
const others: readonly SeedUser[] = [
  {
    login: 'AppUser_555_other@boxdevedition.com',
    name: 'Of another application',
    is_platform_access_only: true,
    external_app_user_id: 'other'
  },
  { login: 'mia@example.com', name: 'Mia' }
]

function start(t: Test, options: BridgeOptions = {}): Promise<LeavingBridge> {
  const env = { ...appMode, BOX_EVENTS_POLL_SECONDS: '300', ...options.env }
  return startLeavingBridge(t, env, { seed: { users: [] }, ...options })
}

/** The app users in Box with an external id. */
function inBox({ emulator }: LeavingBridge, externalId: string) {
  const { users } = emulator.state()
  return Object.entries(users)
    .filter(([, user]) => user.external_app_user_id === externalId)
    .map(([login, user]) => Object.assign({ login }, user))
}

const patched = (path: string, value: unknown) => ({ op: 'replace', path, value })

t.test('an app user has no login of its own', async (t) => {
  const bridge = await start(t)
  const { scim, takeCalls, audit } = bridge
  const created = await scim.post('/Users', person(ann, { externalId: 'e-1', title: 'Clerk' }))
  t.match(created, { status: 201, body: { userName: ann, externalId: 'e-1', title: 'Clerk' } })
  t.notOk(created.body['emails'], 'the address that Box makes up is nobody’s')
  t.same(takeCalls(), ['POST /users'])
  const id = String(created.body['id'])
  t.match(inBox(bridge, 'e-1'), [
    {
      id,
      login: /^AppUser_.*@boxdevedition\.com$/,
      name: 'Name of ann',
      job_title: 'Clerk',
      is_platform_access_only: true
    }
  ])
  t.match(audit(id), [{ action: 'user.create', outcome: 'done' }])
  t.match(await scim.find('/Users', `userName eq "ANN@example.com"`), [{ id }])
  t.match(await scim.find('/Users', 'externalId eq "e-1"'), [{ id }])

  for (const same of [person(ann, { externalId: 'e-2' }), person('b', { externalId: 'e-1' })]) {
    t.match(await scim.post('/Users', same), { status: 409, body: { scimType: 'uniqueness' } })
  }
  t.match(await scim.post('/Users', person('b')), {
    status: 400,
    body: { scimType: 'invalidValue', detail: /send an externalId/ }
  })
  t.same(takeCalls(), [])
})

t.test('another userName is nothing to Box; the rest is', async (t) => {
  const bridge = await start(t)
  const { scim, takeCalls, audit } = bridge
  const { body } = await scim.post('/Users', person(ann, { externalId: 'e-1' }))
  const id = String(body['id'])
  const path = `/Users/${id}`
  const [before] = inBox(bridge, 'e-1')
  takeCalls()
  t.match(await scim.patch(path, patched('userName', 'ann.new@example.com')), {
    status: 200,
    body: { userName: 'ann.new@example.com' }
  })
  t.same(takeCalls(), [])
  t.match(audit(id).at(-1), { action: 'user.patch', outcome: 'done' })
  t.equal(inBox(bridge, 'e-1')[0]?.login, before?.login)
  t.same(await scim.find('/Users', `userName eq "${ann}"`), [])
  t.match(await scim.patch(path, patched('displayName', 'Ann')), { body: { displayName: 'Ann' } })
  t.match(await scim.patch(path, patched('externalId', 'e-2')), { body: { externalId: 'e-2' } })
  t.same(takeCalls(), ['PUT /users/N', 'PUT /users/N'])
  t.match(inBox(bridge, 'e-2'), [{ id, name: 'Ann' }])
  t.match(await scim.put(path, { userName: 'x' }), { body: { userName: 'x', externalId: 'e-2' } })
  t.same(takeCalls(), [], 'a PUT without an externalId leaves it')
})

t.test('of several who are given one userName at once, one gets it', async (t) => {
  const { scim } = await start(t)
  const paths: string[] = []
  for (const name of ['a', 'b', 'c', 'd']) {
    const { body } = await scim.post('/Users', person(name, { externalId: name }))
    paths.push(`/Users/${String(body['id'])}`)
  }
  const answers = await Promise.all([
    scim.post('/Users', person('x', { externalId: 'x' })),
    ...paths.map((path) => scim.patch(path, patched('userName', 'X')))
  ])
  const statuses = answers.map(({ status }) => status)
  t.equal(statuses.filter((status) => status < 300).length, 1)
  t.equal(statuses.filter((status) => status === 409).length, 4)
  t.equal((await scim.find('/Users', 'userName eq "x"')).length, 1)
})

t.test('app users leave and come back', async (t) => {
  const bridge = await start(t)
  const { scim, takeCalls, audit } = bridge
  const { body } = await scim.post('/Users', person(ann, { externalId: 'e-1' }))
  const id = String(body['id'])
  const path = `/Users/${id}`
  const { body: team } = await scim.post('/Groups', group('Team', [id]))
  takeCalls()
  t.match(await scim.patch(path, patched('active', false)), { body: { active: false } })
  t.match(await scim.patch(path, patched('active', true)), { body: { active: true } })
  t.same(takeCalls(), ['PUT /users/N', 'PUT /users/N'])
  t.match(await scim.get(`/Groups/${String(team['id'])}`), { body: { members: [{ value: id }] } })

  t.equal((await scim.delete(path)).status, 204)
  t.same(takeCalls(), ['PUT /users/N'])
  t.equal(inBox(bridge, 'e-1')[0]?.status, 'inactive')
  t.same(await scim.find('/Users', `userName eq "${ann}"`), [])
  t.match(
    await scim.post('/Users', person(ann, { externalId: 'e-9' })),
    { status: 201 },
    'nobody holds a login: a namesake is somebody new'
  )
  takeCalls()
  const back = person('ann.new@example.com', { externalId: 'e-1' })
  t.match(await scim.post('/Users', back), { status: 201, body: { id, active: true } })
  t.same(takeCalls(), ['DELETE /group_memberships/N', 'PUT /users/N'], 'not into the old groups')
  t.match(
    audit(id).map(({ outcome }) => outcome),
    ['done', 'done', 'done', 'done', 'done']
  )
  t.equal(inBox(bridge, 'e-1').length, 1)
})

t.test('what leavers own is passed on', async (t) => {
  const env = { ON_DELETE: 'transfer', TRANSFER_TO: 'mia@example.com' }
  const bridge = await start(t, { env, seed: { users: others } })
  const { scim, emulator } = bridge
  const { body } = await scim.post('/Users', person(ann, { externalId: 'e-1' }))
  emulator.admin.updateUser(String(body['id']), { ownsContent: true })
  t.equal((await scim.delete(`/Users/${String(body['id'])}`)).status, 204)
  await bridge.pass('the account is deleted', () => inBox(bridge, 'e-1').length === 0)
  const { users, transfers } = emulator.state()
  t.match(transfers, [{ from: body['id'], to: users['mia@example.com']?.id, done: true }])
})

t.test('who is shown', async (t) => {
  const users = [ownAppUser, ...others]
  t.test('only the app users of this application', async (t) => {
    const bridge = await start(t, { seed: { users }, env: { RECONCILE_HOURS: '1' } })
    const { scim, emulator } = bridge
    const shown = async () => {
      const { body } = await scim.get('/Users')
      return (body['Resources'] as { userName: string }[]).map(({ userName }) => userName)
    }
    t.same(await shown(), [ownAppUser.login])
    t.match(await scim.post('/Users', person('mia@example.com', { externalId: 'mia' })), {
      status: 201,
      body: { userName: 'mia@example.com' }
    })
    t.equal(emulator.state().users['mia@example.com']?.name, 'Mia', 'the person is not touched')
    const linked = await scim.post('/Users', person('pay', { externalId: 'payroll' }))
    t.match(linked, { status: 201, body: { userName: 'pay' } })
    t.equal(inBox(bridge, 'payroll')[0]?.id, linked.body['id'])

    emulator.admin.createUser({ login: 'new@example.com', name: 'New' })
    emulator.admin.createUser({
      ...ownAppUser,
      login: `AppUser_${service}_late@boxdevedition.com`,
      createdBy: demoCredentials.clientId,
      external_app_user_id: 'late'
    })
    await bridge.pass('it is found', () => bridge.query('select 1 from users').length === 3)
    t.same((await shown()).toSorted(), [
      `AppUser_${service}_late@boxdevedition.com`,
      'mia@example.com',
      'pay'
    ])
  })
  t.test('none of them where SCIM is about managed users', async (t) => {
    const env = { USER_KIND: 'managed', ASSOCIATION: 'login' }
    const { scim } = await start(t, { seed: { users }, env })
    t.same(await scim.find('/Users', 'userName sw "AppUser"'), [])
    t.equal((await scim.find('/Users', 'userName eq "mia@example.com"')).length, 1)
  })
})

for (const events of ['300', '0']) {
  t.test(`Box is asked before a creation only where events are off (${events})`, async (t) => {
    const bridge = await start(t, { env: { BOX_EVENTS_POLL_SECONDS: events } })
    const { scim, emulator, takeCalls } = bridge
    t.equal((await scim.post('/Users', person(ann, { externalId: 'e-1' }))).status, 201)
    t.same(takeCalls(), events === '0' ? ['GET /users', 'POST /users'] : ['POST /users'])
    if (events !== '0') return
    const { login, ...late } = ownAppUser
    const id = emulator.admin.createUser({
      ...late,
      login,
      createdBy: demoCredentials.clientId,
      external_app_user_id: 'e-2'
    })
    t.match(await scim.post('/Users', person('b', { externalId: 'e-2' })), {
      status: 201,
      body: { id }
    })
  })
}

t.test('a lost answer makes no second account', async (t) => {
  t.test('where Box shows it at once', async (t) => {
    const bridge = await start(t)
    const { scim, emulator, takeCalls } = bridge
    emulator.faults.add({ kind: 'reset-after', method: 'POST', path: '/2.0/users', times: 1 })
    t.match(await scim.post('/Users', person(ann, { externalId: 'e-1' })), { status: 201 })
    t.same(takeCalls(), ['POST /users', 'GET /users'])
    t.equal(inBox(bridge, 'e-1').length, 1)
  })
  t.test('where Box shows it later', async (t) => {
    const bridge = await start(t)
    const { scim, emulator } = bridge
    emulator.faults.add({ kind: 'list-delay', ms: 60_000, times: 1 })
    emulator.faults.add({ kind: '503-after', method: 'POST', path: '/2.0/users', times: 1 })
    const wanted = person(ann, { externalId: 'e-1' })
    t.match(await scim.post('/Users', wanted), { status: 503 })
    const early = await scim.post('/Users', wanted)
    t.match(early, { status: 503, body: { detail: /does not show the user yet/ } })
    t.match(early.headers.get('retry-after'), /^\d+$/)
    t.equal(emulator.calls.filter(({ method }) => method === 'POST').length, 1)
    bridge.clock.skip(70_000)
    t.match(await scim.post('/Users', wanted), { status: 201 })
    t.equal(emulator.calls.filter(({ method }) => method === 'POST').length, 1)
    t.equal(inBox(bridge, 'e-1').length, 1)
  })
  t.test('and what never happened is tried again', async (t) => {
    const bridge = await start(t)
    const { scim, emulator } = bridge
    emulator.faults.add({ kind: 'reset-before', method: 'POST', path: '/2.0/users', times: 1 })
    const wanted = person(ann, { externalId: 'e-1' })
    t.match(await scim.post('/Users', wanted), { status: 503 })
    t.match(await scim.post('/Users', wanted), { status: 503 }, 'not yet')
    bridge.clock.skip(130_000)
    t.match(await scim.post('/Users', wanted), { status: 201 })
    t.equal(inBox(bridge, 'e-1').length, 1)
  })
})

t.test('a dry run: whom it takes for created is not missed in Box', async (t) => {
  const bridge = await start(t, { env: { DRY_RUN: 'true', RECONCILE_HOURS: '1' } })
  const { scim, query } = bridge
  for (let index = 1; index <= 20; index++) {
    const { status } = await scim.post('/Users', person(`p-${index}`, { externalId: `e-${index}` }))
    t.equal(status, 201)
  }
  const signedIn = await connectTo(bridge)({ externalId: 'e-21', userName: 'p-21' })
  t.match(signedIn, { status: 201, body: { boxUserId: 'dry-21' } })
  bridge.clock.skip(3_600_000)
  const reconciled = () =>
    query(
      "select value ->> '$.alarm' as alarm, value ->> '$.doneAt' as done from state where key = 'reconcile'"
    )
  await bridge.pass('the reconcile', () =>
    reconciled().some(({ alarm, done }) => alarm !== null || done !== null)
  )
  t.match(reconciled(), [{ alarm: null }])
  t.equal((await scim.get('/Users')).body['totalResults'], 21)
  t.match(await scim.find('/Users', 'userName eq "p-21"'), [{ id: 'dry-21', externalId: 'e-21' }])
  t.same(
    Object.keys(bridge.emulator.state().users).filter((login) => login.startsWith('App')),
    []
  )
})

t.test('a database keeps to one kind', async (t) => {
  const bridge = await bridgeProcess(t, { emulator: { seed: emptySeed } })
  await bridge.start()
  await bridge.stop()
  Object.assign(bridge.env, appMode)
  await t.rejects(bridge.start(), { message: /about managed users, and USER_KIND is app/ })
})
