import t, { type Test } from 'tap'
import { emptySeed } from '../../src/emulator/seed.ts'
import { bridgeProcess } from '../helpers/bridge-process.ts'
import { leavers, startLeavingBridge } from '../helpers/leaving-bridge.ts'
import { group } from '../helpers/scim-client.ts'
import { until } from '../helpers/until.ts'

t.jobs = 3

const env = { ON_GROUP_DELETE: 'delete' }
const everybody = leavers.map(({ login }) => login)
const groups = [{ name: 'Team', members: everybody }]
const deletion = { method: 'DELETE', path: '/2.0/groups/:id' } as const

async function setUp(t: Test, more: Readonly<Record<string, string>> = {}) {
  const options = { seed: { users: leavers, groups } }
  const bridge = await startLeavingBridge(t, { ...env, ...more }, options)
  const id = bridge.emulator.state().groups['Team']?.id ?? ''
  const inBox = () => bridge.emulator.state().groups['Team']
  const open = () =>
    bridge.query("select * from journal where state in ('decided', 'sent', 'unknown')")
  return { ...bridge, id, path: `/Groups/${id}`, inBox, open }
}

t.test('DELETE of a group is one call', { buffered: true }, async (t) => {
  const { scim, path, id, inBox, open, takeCalls, query } = await setUp(t)
  t.equal((await scim.delete(path)).status, 204)
  t.strictSame(takeCalls(), ['DELETE /groups/N'])
  t.equal(inBox(), undefined)
  t.same(open(), [])
  t.same(query('select * from memberships'), [])
  t.equal((await scim.get(path)).status, 404)
  t.match(query(`select action, outcome, plan from audit where target = 'group:${id}'`), [
    { action: 'group.delete', outcome: 'done', plan: /delete-group/ }
  ])
  const created = await scim.post('/Groups', group('Team'))
  t.equal(created.status, 201)
  t.not(created.body['id'], id)
})

t.test('its members count for the fuse', { buffered: true }, async (t) => {
  const { scim, path, inBox, takeCalls } = await setUp(t, { FUSE_MEMBERS: '3/24h' })
  const other = String((await scim.post('/Groups', group('Other'))).body['id'])
  const [ann] = await scim.find('/Users', `userName eq "${everybody[0] ?? ''}"`)
  const value = [{ value: ann?.['id'] }]
  const join = { op: 'add', path: 'members', value }
  t.equal((await scim.patch(`/Groups/${other}`, join)).status, 204)
  t.equal((await scim.delete(path)).status, 204, 'three of three')
  takeCalls()
  t.equal((await scim.delete(`/Groups/${other}`)).status, 503, 'one too many')
  t.same(takeCalls(), [])
  t.equal(inBox(), undefined)
  t.equal((await scim.get(`/Groups/${other}`)).status, 200)
})

for (const kind of ['503-before', '503-after', 'reset-before', 'reset-after'] as const) {
  t.test(`${kind} at the deletion of a group`, { buffered: true }, async (t) => {
    const { emulator, scim, path, inBox, open, pass, query, id } = await setUp(t)
    emulator.faults.add({ ...deletion, kind })
    t.equal((await scim.delete(path)).status, 503)
    t.equal((await scim.get(path)).status, 404, 'hidden at once')
    t.match(await scim.post('/Groups', group('Team')), {
      status: 503,
      body: { detail: /deletion in Box is under way/ }
    })
    emulator.faults.clear()
    await pass('the bridge has done it by itself', () => inBox() === undefined)
    await pass('and knows', () => open().length === 0)
    t.same(query(`select id from groups where id = '${id}'`), [])
    t.equal((await scim.post('/Groups', group('Team'))).status, 201)
  })
}

t.test('while Box cannot delete it, everybody leaves it', { buffered: true }, async (t) => {
  const { emulator, scim, path, inBox, open, pass } = await setUp(t)
  emulator.faults.add({ ...deletion, kind: 'insufficient-scope' })
  t.equal((await scim.delete(path)).status, 503)
  t.same(inBox()?.members.length, 3)
  await pass('it is empty', () => inBox()?.members.length === 0)
  emulator.faults.clear()
  await pass('and deleted', () => inBox() === undefined && open().length === 0)
})

t.test('what Box refuses to delete is emptied', { buffered: true }, async (t) => {
  const { emulator, scim, path, id, inBox, open, query } = await setUp(t)
  emulator.admin.updateGroup('Team', { provenance: 'Elsewhere' })
  emulator.guess({ provenanceLocksApi: true })
  await scim.delete(path)
  t.ok(
    query(`select notes from audit where target = 'group:${id}'`).some(({ notes }) =>
      String(notes).includes('Box refuses to delete the group (403')
    )
  )
  t.ok(inBox())
  t.equal(open().filter(({ operation }) => String(operation).includes('delete-group')).length, 0)
})

for (const kind of ['delay', 'delay-after'] as const) {
  t.test(`killed at the deletion of a group, ${kind}`, { buffered: true }, async (t) => {
    const seed = { ...emptySeed, users: [...emptySeed.users, ...leavers], groups }
    const bridge = await bridgeProcess(t, { env, emulator: { seed } })
    const { emulator } = bridge
    await bridge.start()
    const id = emulator.state().groups['Team']?.id ?? ''
    emulator.faults.add({ ...deletion, kind, ms: 600_000, times: 1 })
    const answer = bridge.scim.delete(`/Groups/${id}`).catch(() => undefined)
    await until('it is under way', () => emulator.calls.some(({ method }) => method === 'DELETE'))
    await bridge.kill()
    await answer
    emulator.faults.clear()
    await bridge.start()
    await until('it is done', () => emulator.state().groups['Team'] === undefined, 60_000)
    await until('and known', () => bridge.openEntries().length === 0, 60_000)
    t.equal((await bridge.scim.get(`/Groups/${id}`)).status, 404)
  })
}
