import t, { type Test } from 'tap'
import { startBridge, type BridgeOptions } from '../helpers/bridge.ts'
import { group, scimClient } from '../helpers/scim-client.ts'
import { until } from '../helpers/until.ts'

async function setUp(t: Test, people: number, options: BridgeOptions = {}) {
  const logins = Array.from({ length: people }, (_, index) => `p${index}@example.com`)
  const users = logins.map((login) => ({ login, name: login }))
  const bridge = await startBridge(t, { ...options, seed: { users, ...options.seed } })
  const state = bridge.emulator.state()
  const ids = logins.map((login) => state.users[login]?.id ?? '')
  const cost = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
    const before = bridge.boxCalls()
    const result = await work()
    return [result, bridge.boxCalls() - before]
  }
  return { ...bridge, scim: scimClient(bridge), logins, ids, cost }
}

const values = (ids: readonly string[]) => ids.map((value) => ({ value }))
const add = (...ids: string[]) => ({ op: 'Add', path: 'members', value: values(ids) })
const remove = (...ids: string[]) => ({ op: 'Remove', path: 'members', value: values(ids) })

t.test('a group and its members, one call each', async (t) => {
  const { scim, emulator, ids, logins, cost } = await setUp(t, 3)
  const [created, createCost] = await cost(() => scim.post('/Groups', group('Sales')))
  t.equal(created.status, 201)
  t.equal(createCost, 1)
  const path = `/Groups/${String(created.body['id'])}`
  const [added, addCost] = await cost(() => scim.patch(path, add(...ids)))
  t.equal(added.status, 204)
  t.equal(addCost, 3)
  t.same(emulator.state().groups['Sales']?.members, logins)
  const [, againCost] = await cost(() => scim.patch(path, add(...ids)))
  t.equal(againCost, 0)
  const [, removeCost] = await cost(() => scim.patch(path, remove(ids[0] ?? '')))
  t.equal(removeCost, 1)
  t.same(emulator.state().groups['Sales']?.members, logins.slice(1))
  const [, setCost] = await cost(() => scim.put(path, group('Sales', [ids[0] ?? '', ids[1] ?? ''])))
  t.equal(setCost, 2)
  t.same(emulator.state().groups['Sales']?.members, logins.slice(0, 2))
  const { body } = await scim.get(path)
  t.same(
    (body['members'] as { value: string }[]).map(({ value }) => value).toSorted(),
    ids.slice(0, 2).toSorted()
  )
  const { body: user } = await scim.get(`/Users/${ids[0]}`)
  t.match(user['groups'], [{ value: created.body['id'], display: 'Sales' }])
})

t.test('unknown members are skipped, or named where STRICT_MEMBERS is on', async (t) => {
  const lenient = await setUp(t, 1)
  const { body } = await lenient.scim.post('/Groups', group('Sales'))
  t.equal(
    (await lenient.scim.patch(`/Groups/${String(body['id'])}`, add('999999', ...lenient.ids)))
      .status,
    204
  )
  t.same(lenient.emulator.state().groups['Sales']?.members, lenient.logins)
  const strict = await setUp(t, 1, { env: { STRICT_MEMBERS: 'true' } })
  const { body: other } = await strict.scim.post('/Groups', group('Sales'))
  t.match(await strict.scim.patch(`/Groups/${String(other['id'])}`, add('999999', ...strict.ids)), {
    status: 400,
    body: { detail: /999999/ }
  })
  t.same(strict.emulator.state().groups['Sales']?.members, [], 'nothing changed')
})

t.test('20 concurrent single-member adds keep all 20', async (t) => {
  const { scim, emulator, ids, logins } = await setUp(t, 20)
  const { body } = await scim.post('/Groups', group('Sales'))
  const path = `/Groups/${String(body['id'])}`
  const answers = await Promise.all(ids.map((id) => scim.patch(path, add(id))))
  t.ok(answers.every(({ status }) => status === 204))
  t.same(emulator.state().groups['Sales']?.members, logins.toSorted())
})

t.test('concurrent adds and removes of one person end as the last one said', async (t) => {
  const { scim, emulator, ids } = await setUp(t, 1)
  const { body } = await scim.post('/Groups', group('Sales'))
  const path = `/Groups/${String(body['id'])}`
  const id = ids[0] ?? ''
  for (let round = 0; round < 5; round++) {
    await Promise.all(
      [add(id), remove(id), add(id), remove(id), add(id)].map((op) => scim.patch(path, op))
    )
    await until('Box has what SCIM shows', async () => {
      const { body: shown } = await scim.get(path)
      const isShown = Array.isArray(shown['members'])
      return isShown === ((emulator.state().groups['Sales']?.members.length ?? 0) === 1)
    })
  }
  await scim.patch(path, remove(id))
  t.same(emulator.state().groups['Sales']?.members, [])
})

t.test('group admins of Box are never dropped by a list', async (t) => {
  const groups = [
    {
      name: 'Ops',
      members: [{ login: 'p0@example.com', role: 'admin' as const }, 'p1@example.com']
    }
  ]
  const { scim, emulator } = await setUp(t, 3, { seed: { groups } })
  const [found] = await scim.find('/Groups', 'displayName eq "ops"')
  const path = `/Groups/${String(found?.['id'])}`
  t.equal((await scim.patch(path, { op: 'replace', path: 'members', value: [] })).status, 204)
  t.match(emulator.state().groups['Ops'], {
    members: ['p0@example.com'],
    admins: ['p0@example.com']
  })
})

t.test('DELETE empties and hides; a group of that name is brought back', async (t) => {
  const { scim, emulator, ids, logins, cost } = await setUp(t, 3)
  const { body } = await scim.post('/Groups', group('Sales', ids))
  t.same(emulator.state().groups['Sales']?.members, logins)
  const path = `/Groups/${String(body['id'])}`
  const [gone, calls] = await cost(() => scim.delete(path))
  t.equal(gone.status, 204)
  t.equal(calls, 4, 'one for each, and a look for others')
  t.same(emulator.state().groups['Sales']?.members, [])
  t.equal((await scim.get(path)).status, 404)
  t.same(await scim.find('/Groups', 'displayName eq "Sales"'), [])
  t.match(await scim.post('/Groups', group('sales')), { status: 201, body: { id: body['id'] } })
})

t.test('names are unique', async (t) => {
  const { scim, emulator } = await setUp(t, 0)
  const { body } = await scim.post('/Groups', group('Sales'))
  await scim.post('/Groups', group('Legal'))
  t.match(await scim.post('/Groups', group('SALES')), {
    status: 409,
    body: { scimType: 'uniqueness' }
  })
  const rename = { op: 'replace', path: 'displayName', value: 'Legal' }
  t.match(await scim.patch(`/Groups/${String(body['id'])}`, rename), { status: 409 })
  const id = emulator.admin.createGroup({ name: 'Late' })
  t.match(await scim.post('/Groups', group('Late')), { status: 201, body: { id } })
})

t.test('beyond the budget: acknowledged, shown at once, and driven on', async (t) => {
  const { scim, emulator, ids, logins } = await setUp(t, 40, {
    env: { REQUEST_BUDGET_SECONDS: '1', BOX_CALLS_PER_MINUTE: '600' }
  })
  const { body } = await scim.post('/Groups', group('Sales'))
  const path = `/Groups/${String(body['id'])}`
  t.equal((await scim.patch(path, add(...ids))).status, 204)
  const { body: shown } = await scim.get(path)
  t.equal((shown['members'] as unknown[]).length, 40)
  t.ok((emulator.state().groups['Sales']?.members.length ?? 0) < 40)
  await until(
    'all are members in Box',
    () => emulator.state().groups['Sales']?.members.length === 40
  )
  t.same(emulator.state().groups['Sales']?.members, logins.toSorted())
})

t.test('a lost answer to a membership is found, not repeated', async (t) => {
  for (const kind of ['503-after', 'reset-after', '503-before', 'reset-before'] as const) {
    const { scim, emulator, ids, logins } = await setUp(t, 1)
    const { body } = await scim.post('/Groups', group('Sales'))
    const path = `/Groups/${String(body['id'])}`
    emulator.faults.add({ kind, times: 1, method: 'POST', path: '/2.0/group_memberships' })
    t.equal((await scim.patch(path, add(...ids))).status, 204, kind)
    t.same(emulator.state().groups['Sales']?.members, logins)
    emulator.faults.add({ kind, times: 1, method: 'DELETE' })
    t.equal((await scim.patch(path, remove(...ids))).status, 204, kind)
    t.same(emulator.state().groups['Sales']?.members, [])
  }
})
