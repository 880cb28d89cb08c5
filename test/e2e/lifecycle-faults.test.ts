import t from 'tap'
import { bridgeProcess } from '../helpers/bridge-process.ts'
import { leavers, startLeavingBridge } from '../helpers/leaving-bridge.ts'
import { person } from '../helpers/scim-client.ts'
import { until } from '../helpers/until.ts'
import { emptySeed } from '../../src/emulator/seed.ts'

t.jobs = 3

const day = 86_400_000
const leo = 'leo@example.com'
const mia = 'mia@example.com'
const idIn = (path: string) => path.replace('/Users/', '')
const env = { ON_DELETE: 'transfer', TRANSFER_TO: mia, END_SESSIONS: 'true' }

/** Each step of a DELETE with everything switched on. */
const steps = [
  { method: 'PUT', path: '/2.0/users/:id' },
  { method: 'POST', path: '/2.0/users/terminate_sessions' },
  { method: 'GET', path: '/2.0/users/:id' },
  { method: 'PUT', path: '/2.0/users/:id/folders/0' },
  { method: 'DELETE', path: '/2.0/users/:id' }
] as const

for (const kind of [
  '503-before',
  '503-after',
  'reset-before',
  'reset-after',
  'rate-limited'
] as const) {
  t.test(`${kind} at each step of a DELETE`, { buffered: true }, async (t) => {
    for (const step of steps) {
      const what = `${kind} ${step.method} ${step.path}`
      const bridge = await startLeavingBridge(t, env)
      const { emulator, scim } = bridge
      const path = bridge.pathOf(leo)
      emulator.faults.add({ ...step, kind, times: step.method === 'GET' ? 2 : 1 })
      const { status } = await scim.delete(path)
      t.ok([204, 503, 429].includes(status), `${what}: ${status}`)
      if (step.path.endsWith('/0') && kind.endsWith('-before')) {
        const isInDoubt = () =>
          bridge.audit(idIn(path)).some(({ outcome }) => outcome === 'given_up')
        await bridge.pass('an hour without a sign', isInDoubt)
        bridge.clock.skip(day)
      }
      await bridge.pass(what, () => emulator.state().users[leo] === undefined)
      const { users, transfers, sessionEnds } = emulator.state()
      t.match(users[mia], { status: 'active', ownsContent: true }, what)
      t.match(transfers, [{ from: idIn(path), to: users[mia]?.id, done: true }], what)
      t.equal(transfers.length, 1, what)
      t.ok(sessionEnds[idIn(path)], what)
      await bridge.pass('the directory knows', () => isForgotten(bridge, idIn(path)))
      t.same(open(bridge), [], what)
      t.match(await scim.post('/Users', person(leo)), { status: 201 }, 'somebody new')
    }
  })
}

t.test(
  'a transfer of which nothing is known is looked at, not repeated',
  { buffered: true },
  async (t) => {
    const bridge = await startLeavingBridge(t, env)
    const { emulator, scim, clock } = bridge
    const path = bridge.pathOf(leo)
    emulator.admin.updateUser(leo, { transferMs: 30 * 60_000 })
    emulator.faults.add({
      kind: 'reset-after',
      method: 'PUT',
      path: '/2.0/users/:id/folders/0',
      times: 1
    })
    await scim.delete(path)
    await bridge.pass('it is moved', () => emulator.state().transfers[0]?.done === true)
    await bridge.pass('then deleted', () => emulator.state().users[leo] === undefined)
    const sent = emulator.calls.filter(({ path }) => path.endsWith('/folders/0'))
    t.equal(sent.length, 1)
    t.equal(emulator.state().transfers.length, 1)
    t.ok(
      bridge.audit(idIn(path)).some(({ notes }) => notes.includes('transfer-content found done'))
    )

    emulator.admin.updateUser('eve@example.com', { ownsContent: true, space_used: 5 })
    emulator.faults.add({
      kind: 'reset-before',
      method: 'PUT',
      path: '/2.0/users/:id/folders/0',
      times: 1
    })
    const eve = bridge.pathOf('eve@example.com')
    await scim.delete(eve)
    await bridge.pass('an hour without a sign', () =>
      bridge.audit(idIn(eve)).some(({ notes }) => notes.some((note) => note.includes('not known')))
    )
    t.equal(emulator.state().transfers.length, 1, 'not begun again')
    t.match(emulator.state().users['eve@example.com'], { status: 'inactive' }, 'nor deleted')
    clock.skip(day)
    await bridge.pass(
      'a day later it is',
      () => emulator.state().users['eve@example.com'] === undefined
    )
    t.equal(emulator.state().transfers.length, 2)
  }
)

t.test('whoever comes back during the transfer is not deleted', { buffered: true }, async (t) => {
  const bridge = await startLeavingBridge(t, env)
  const { emulator, scim } = bridge
  const path = bridge.pathOf(leo)
  emulator.admin.updateUser(leo, { transferMs: 5 * 60_000 })
  await scim.delete(path)
  await until('it has begun', () => emulator.state().transfers.length === 1)
  t.match(await scim.post('/Users', person(leo)), { status: 201, body: { id: idIn(path) } })
  t.equal(emulator.state().transfers[0]?.done, false, 'nobody has waited for it')
  await bridge.pass('it is over', () => emulator.state().transfers[0]?.done === true)
  await bridge.pass('and settled', () => open(bridge).length === 0)
  t.match(emulator.state().users[leo], { status: 'active' })
  t.match(bridge.audit(idIn(path)).at(-1), {
    action: 'bridge.transfer-content',
    outcome: 'done',
    notes: [/content goes to/, /folder/, 'the person came back meanwhile']
  })
})

t.test('POST while a deletion is unknown', { buffered: true }, async (t) => {
  const bridge = await startLeavingBridge(t, { ON_DELETE: 'delete' })
  const { emulator, scim } = bridge
  const path = bridge.pathOf(mia)
  emulator.faults.add({ kind: 'reset-after', method: 'DELETE', path: '/2.0/users/:id', times: 1 })
  emulator.faults.add({ kind: '503-before', method: 'GET', path: '/2.0/users/:id' })
  await scim.delete(path)
  emulator.faults.clear()
  emulator.faults.add({
    kind: '503-before',
    method: 'DELETE',
    path: '/2.0/users/:id',
    retryAfterSeconds: 50
  })
  await until('sent', () => emulator.calls.some(({ method }) => method === 'DELETE'))
  await until('in doubt', () => sentDeletions(bridge) > 0)
  const refused = await scim.post('/Users', person(mia))
  t.match(refused, { status: 503, body: { detail: /deletion in Box is under way/ } })
  t.equal(refused.headers.get('retry-after'), '60')
  emulator.faults.clear()
  await bridge.pass('done', () => emulator.state().users[mia] === undefined)
  await bridge.pass('and known', () => isForgotten(bridge, idIn(path)))
  t.equal((await scim.post('/Users', person(mia))).status, 201)
})

for (const step of steps.slice(3)) {
  for (const kind of ['delay', 'delay-after'] as const) {
    t.test(`killed, ${kind} ${step.method} ${step.path}`, { buffered: true }, async (t) => {
      const seed = { ...emptySeed, users: [...emptySeed.users, ...leavers] }
      const bridge = await bridgeProcess(t, { env, emulator: { seed } })
      const { emulator } = bridge
      await bridge.start()
      const [found] = await bridge.scim.find('/Users', `userName eq "${leo}"`)
      const id = String(found?.['id'])
      emulator.faults.add({ ...step, kind, ms: 600_000, times: 1 })
      t.equal((await bridge.scim.delete(`/Users/${id}`)).status, 204)
      const suffix = step.path.split(':id')[1] ?? ''
      await until('the step is under way', () =>
        emulator.calls.some(
          ({ method, path }) => method === step.method && path.endsWith(id + suffix)
        )
      )
      await bridge.kill()
      emulator.faults.clear()
      await bridge.start()
      if (kind === 'delay' && step.method === 'PUT') {
        t.match(emulator.state().users[leo], { status: 'inactive', ownsContent: true })
        t.equal(emulator.state().transfers.length, 0, 'it is looked at for an hour')
        t.same(bridge.openEntries().filter(({ subject }) => subject === `leaver:${id}`).length, 1)
        return
      }
      await until('everything is done', () => emulator.state().users[leo] === undefined, 60_000)
      await until('and known', () => bridge.openEntries().length === 0, 60_000)
      t.equal(emulator.state().transfers.length, 1)
      t.match(emulator.state().users[mia], { ownsContent: true })
    })
  }
}

type Bridge = Awaited<ReturnType<typeof startLeavingBridge>>

function isForgotten({ query }: Pick<Bridge, 'query'>, id: string): boolean {
  return query(`select id from users where id = '${id}'`).length === 0
}

function open({ query }: Pick<Bridge, 'query'>): readonly object[] {
  return query("select * from journal where state in ('decided', 'sent', 'unknown')")
}

function sentDeletions({ query }: Pick<Bridge, 'query'>): number {
  return query(
    "select id from journal where operation ->> '$.kind' = 'delete-user' and state = 'decided' and sent_at > 0"
  ).length
}
