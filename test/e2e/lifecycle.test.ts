import t from 'tap'
import { person } from '../helpers/scim-client.ts'
import { leavers, startLeavingBridge } from '../helpers/leaving-bridge.ts'
import { until } from '../helpers/until.ts'

t.jobs = 3

const day = 86_400_000
const leo = 'leo@example.com'
const mia = 'mia@example.com'
const active = (value: boolean) => ({ op: 'replace', path: 'active', value })
const transfer = { ON_DELETE: 'transfer', TRANSFER_TO: mia }
const idIn = (path: string) => path.replace('/Users/', '')

t.test('DELETE with transfer: content goes, then the account', { buffered: true }, async (t) => {
  const bridge = await startLeavingBridge(t, transfer)
  const { emulator, scim } = bridge
  const path = bridge.pathOf(leo)
  const receiver = emulator.state().users[mia]?.id
  t.equal((await scim.delete(path)).status, 204)
  await until('the account is gone', () => emulator.state().users[leo] === undefined)
  await until('and settled', () => bridge.audit(idIn(path)).length === 3)
  t.strictSame(bridge.takeCalls(), [
    'PUT /users/N',
    'GET /users/N',
    'PUT /users/N/folders/0',
    'GET /users/N',
    'DELETE /users/N'
  ])
  t.match(emulator.state().transfers, [{ from: idIn(path), to: receiver, done: true }])
  t.match(bridge.audit(idIn(path)), [
    {
      action: 'user.delete',
      outcome: 'done',
      notes: ['content owned by the person is now hidden from collaborators']
    },
    {
      actor: 'bridge',
      action: 'bridge.transfer-content',
      outcome: 'done',
      notes: [/content/, /folder/]
    },
    { actor: 'bridge', action: 'bridge.delete-user', outcome: 'done', notes: [] }
  ])
  t.equal((await scim.get(path)).status, 404)
  const created = await scim.post('/Users', person(leo))
  t.equal(created.status, 201)
  t.not(created.body['id'], idIn(path), 'somebody new')
})

t.test('who receives the content', { buffered: true }, async (t) => {
  const cases = [
    { to: 'manager', manager: true, receives: mia },
    { to: 'service', manager: false, receives: undefined },
    { to: 'eve@example.com', manager: true, receives: 'eve@example.com' }
  ]
  for (const { to, manager, receives } of cases) {
    const bridge = await startLeavingBridge(t, { ...transfer, TRANSFER_TO: to })
    const { emulator, scim } = bridge
    const state = emulator.state()
    const path = bridge.pathOf(leo)
    const urn = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
    const named = { op: 'add', path: `${urn}:manager`, value: { value: state.users[mia]?.id } }
    if (manager) t.equal((await scim.patch(path, named)).status, 200)
    await scim.delete(path)
    await until(`${to} has it`, () => emulator.state().users[leo] === undefined)
    const expected = receives === undefined ? state.serviceAccount.id : state.users[receives]?.id
    t.match(emulator.state().transfers, [{ to: expected }], to)
  }
})

t.test('where nobody can receive it, nothing is deleted', { buffered: true }, async (t) => {
  const bridge = await startLeavingBridge(t, { ...transfer, TRANSFER_TO: 'manager' })
  const { emulator, scim, clock } = bridge
  const path = bridge.pathOf(leo)
  t.equal((await scim.delete(path)).status, 204)
  await until('it is found out', () => bridge.audit(idIn(path)).length === 2)
  t.match(bridge.audit(idIn(path)).at(-1), { outcome: 'given_up', notes: [/no manager/] })
  t.match(await bridge.leavers(), {
    refused: [{ operation: 'transfer-content', reason: /no manager/, againAt: Number }]
  })
  t.match(emulator.state().users[leo], { status: 'inactive', ownsContent: true })
  t.equal((await scim.post('/Users', person(leo))).status, 201, 'the person comes back')
  bridge.takeCalls()
  clock.skip(3 * day)
  await until('the worker has looked', async () => (await bridge.leavers()).refused.length === 0)
  t.equal(emulator.state().users[leo]?.status, 'active')
  t.same(bridge.takeCalls(), [])
})

t.test(
  'what Box refuses is said, tried again once a day, and given up',
  { buffered: true },
  async (t) => {
    const bridge = await startLeavingBridge(t, { ON_DELETE: 'delete' })
    const { emulator, scim, clock } = bridge
    const path = bridge.pathOf(leo)
    t.equal((await scim.delete(path)).status, 204)
    const refusals = () =>
      bridge.audit(idIn(path)).filter(({ outcome }) => outcome === 'refused_by_box').length
    for (let tries = 1; tries <= 7; tries++) {
      await until(`refused ${tries} times`, () => refusals() === tries)
      t.ok(emulator.calls.every(({ query }) => !query.includes('force=true')))
      if (tries === 1)
        t.match(await bridge.leavers(), {
          refused: [{ operation: 'delete-user', reason: /^40/, againAt: Number }]
        })
      clock.skip(day)
    }
    await until('given up', async () => (await bridge.leavers()).refused[0]?.againAt === null)
    bridge.takeCalls()
    clock.skip(30 * day)
    t.same(bridge.takeCalls(), [], 'not for ever')
    t.match(emulator.state().users[leo], { status: 'inactive', ownsContent: true })
    t.equal((await scim.post('/Users', person(leo))).body['id'], idIn(path), 'and back again')
  }
)

t.test('an admin who makes room ends the refusal', { buffered: true }, async (t) => {
  const bridge = await startLeavingBridge(t, { ON_DELETE: 'delete' })
  const { emulator, scim, clock } = bridge
  const path = bridge.pathOf(leo)
  await scim.delete(path)
  await until('refused', () => bridge.audit(idIn(path)).length === 2)
  emulator.admin.updateUser(leo, { ownsContent: false })
  clock.skip(day)
  await until('gone', () => emulator.state().users[leo] === undefined)
})

t.test(
  'content is destroyed only where that is switched on by name',
  { buffered: true },
  async (t) => {
    const bridge = await startLeavingBridge(t, { ON_DELETE: 'delete', DELETE_FORCE: 'true' })
    const { emulator, scim } = bridge
    await scim.delete(bridge.pathOf(leo))
    await until('gone', () => emulator.state().users[leo] === undefined)
    t.strictSame(bridge.takeCalls(), ['PUT /users/N', 'GET /users/N', 'DELETE /users/N'])

    emulator.admin.updateUser(mia, { ownsContent: true, retained: true })
    const path = bridge.pathOf(mia)
    await scim.delete(path)
    await until('a retention policy holds', () => bridge.audit(idIn(path)).length === 2)
    t.match(bridge.audit(idIn(path)).at(-1), { outcome: 'refused_by_box', notes: [/403/] })
  }
)

t.test('the grace period', { buffered: true }, async (t) => {
  const env = { ...transfer, DELETE_AFTER_DAYS: '30', BOX_EVENTS_POLL_SECONDS: '60' }
  const bridge = await startLeavingBridge(t, env)
  const { emulator, scim, clock } = bridge
  const paths = Object.fromEntries(leavers.map(({ login }) => [login, bridge.pathOf(login)]))
  const others = leavers.map(({ login }) => login).filter((login) => login !== mia)
  for (const login of others) await scim.delete(paths[login] ?? '')
  clock.skip(29 * day)
  t.match(await bridge.leavers(), { waiting: 2, nextAt: Number, open: 0 })
  t.same(emulator.state().transfers, [])

  t.match(await scim.post('/Users', person(leo)), {
    status: 201,
    body: { id: idIn(paths[leo] ?? '') }
  })
  emulator.admin.updateUser('eve@example.com', { status: 'active' })
  await bridge.pass(
    'the bridge has seen it',
    () => bridge.audit(idIn(paths['eve@example.com'] ?? '')).length > 1
  )
  t.match(await bridge.leavers(), { waiting: 0, nextAt: null, open: 0, refused: [] })
  clock.skip(2 * day)
  t.equal((await scim.delete(paths[leo] ?? '')).status, 204)
  clock.skip(29 * day)
  t.match(await bridge.leavers(), { waiting: 1 })
  t.equal(emulator.state().users[leo]?.status, 'inactive')
  clock.skip(day)
  await until('the days are over', () => emulator.state().users[leo] === undefined)
  t.equal(emulator.state().users['eve@example.com']?.status, 'active')
})

t.test('nobody who is active in Box is deleted, followed or not', { buffered: true }, async (t) => {
  const bridge = await startLeavingBridge(t, { ON_DELETE: 'delete', DELETE_AFTER_DAYS: '1' })
  const { emulator, scim, clock } = bridge
  const path = bridge.pathOf(mia)
  await scim.delete(path)
  emulator.admin.updateUser(mia, { status: 'active' })
  clock.skip(day)
  await bridge.pass('drift is found', () => bridge.audit(idIn(path)).length === 2)
  t.match(bridge.audit(idIn(path)).at(-1), { notes: [/activated/, /unlinked/] })
  t.match(await scim.get(path), { status: 200, body: { active: true } })
  t.match(await bridge.leavers(), { waiting: 0, nextAt: null, open: 0, refused: [] })
})

t.test('sessions are ended after a deactivation', { buffered: true }, async (t) => {
  const bridge = await startLeavingBridge(t, { END_SESSIONS: 'true' })
  const { emulator, scim, clock } = bridge
  const ended = (path: string) => emulator.state().sessionEnds[idIn(path)] !== undefined
  for (const kind of ['none', '503-before', '503-after', 'reset-after'] as const) {
    const { body } = await scim.post('/Users', person(`${kind}@example.com`))
    const path = `/Users/${String(body['id'])}`
    bridge.takeCalls()
    const times = { method: 'POST', path: '/2.0/users/terminate_sessions', times: 1 }
    if (kind !== 'none') emulator.faults.add({ kind, ...times })
    t.equal((await scim.patch(path, active(false))).status, 200)
    await until('ended', () => {
      clock.skip(5_000)
      return ended(path) && bridge.audit(idIn(path)).length === 3
    })
    const calls = [
      'PUT /users/N',
      ...Array.from({ length: kind === 'none' ? 1 : 2 }, () => 'POST /users/terminate_sessions')
    ]
    t.strictSame(bridge.takeCalls(), calls, kind)
    t.match(bridge.audit(idIn(path)).at(-1), { action: 'bridge.end-sessions', outcome: 'done' })
  }
})
