import t from 'tap'
import { startBridge, type Bridge, type BridgeOptions } from '../helpers/bridge.ts'
import { person, scimClient, type ScimAnswer, type ScimClient } from '../helpers/scim-client.ts'
import type { Test } from 'tap'

interface Setting extends Bridge {
  readonly scim: ScimClient
  /** The number of Box calls that `work` makes. */
  readonly cost: <T>(work: () => Promise<T>) => Promise<[T, number]>
}

async function setUp(t: Test, options: BridgeOptions = {}): Promise<Setting> {
  const bridge = await startBridge(t, options)
  return {
    ...bridge,
    scim: scimClient(bridge),
    async cost(work) {
      const before = bridge.boxCalls()
      const result = await work()
      return [result, bridge.boxCalls() - before]
    }
  }
}

const active = (value: unknown) => ({ op: 'Replace', path: 'active', value })

t.test('a person is created, read, changed, deactivated and reactivated', async (t) => {
  const { scim, emulator, cost } = await setUp(t)
  const [created, createCost] = await cost(() =>
    scim.post('/Users', person('jane@example.com', { title: 'Engineer', externalId: 'e-1' }))
  )
  t.equal(created.status, 201)
  t.equal(createCost, 1)
  const id = String(created.body['id'])
  t.match(created.body, { userName: 'jane@example.com', title: 'Engineer', externalId: 'e-1' })
  t.equal(created.headers.get('location'), (created.body['meta'] as { location: string }).location)
  t.match(emulator.state().users['jane@example.com'], {
    id,
    name: 'Name of jane',
    status: 'active',
    job_title: 'Engineer',
    external_app_user_id: 'e-1'
  })

  const [read, readCost] = await cost(() => scim.get(`/Users/${id}`))
  t.same(read.body, created.body)
  t.equal(readCost, 0)

  const [changed, changeCost] = await cost(() =>
    scim.patch(`/Users/${id}`, { op: 'replace', value: { title: 'Boss', nickName: 'J' } })
  )
  t.equal(changeCost, 1)
  t.match(changed, { status: 200, body: { title: 'Boss', nickName: 'J' } })
  const [, sameCost] = await cost(() =>
    scim.patch(`/Users/${id}`, { op: 'replace', value: { title: 'Boss' } })
  )
  t.equal(sameCost, 0, 'no change, no call')

  const [off, offCost] = await cost(() => scim.patch(`/Users/${id}`, active('False')))
  t.match(off, { status: 200, body: { active: false } })
  t.equal(offCost, 1)
  t.equal(emulator.state().users['jane@example.com']?.status, 'inactive')
  t.equal((await scim.find('/Users', 'userName eq "JANE@example.com"'))[0]?.['active'], false)

  const [on, onCost] = await cost(() => scim.patch(`/Users/${id}`, active('True')))
  t.match(on, { status: 200, body: { active: true } })
  t.equal(onCost, 1)
})

t.test('a notification e-mail follows the creation, which Box wants separate', async (t) => {
  const { scim, emulator, cost } = await setUp(t)
  const urn = 'urn:ietf:params:scim:schemas:extension:box:2.0:User'
  const body = person('ned@example.com', { [urn]: { notificationEmail: 'alerts@example.com' } })
  const [created, calls] = await cost(() => scim.post('/Users', body))
  t.match(created, { status: 201, body: { [urn]: { notificationEmail: 'alerts@example.com' } } })
  t.equal(calls, 2)
  t.match(emulator.state().users['ned@example.com']?.notification_email, {
    email: 'alerts@example.com'
  })
})

t.test('PUT clears what SCIM wrote, and nothing that came from Box', async (t) => {
  const seed = { users: [{ login: 'old@example.com', name: 'Old Hand', job_title: 'Boss' }] }
  const { scim, emulator } = await setUp(t, { seed })
  const [found] = await scim.find('/Users', 'userName eq "old@example.com"')
  const path = `/Users/${String(found?.['id'])}`
  const { body: shown } = await scim.get(path)
  t.match(await scim.put(path, { ...shown, nickName: 'O' }), { status: 200 })
  t.match(await scim.put(path, { userName: 'old@example.com' }), {
    status: 200,
    body: { title: 'Boss', displayName: 'Old Hand', active: true }
  })
  t.notOk((await scim.get(path)).body['nickName'])
  t.equal((await scim.put(path, { userName: 'old@example.com', title: 'Chief' })).status, 200)
  t.equal((await scim.put(path, { userName: 'old@example.com' })).status, 200)
  t.equal(emulator.state().users['old@example.com']?.job_title, '', 'SCIM wrote it, SCIM clears it')
  await scim.patch(path, active(false))
  t.equal((await scim.put(path, { userName: 'old@example.com' })).body['active'], false)
})

t.test('linking: a POST for somebody whom Box has', async (t) => {
  const users = [{ login: 'old@example.com', name: 'Old Hand' }]
  t.test('links and writes what differs', async (t) => {
    const { scim, emulator, cost } = await setUp(t, { seed: { users } })
    const id = emulator.state().users['old@example.com']?.id
    const [linked, calls] = await cost(() =>
      scim.post('/Users', person('Old@example.com', { displayName: 'Old Hand' }))
    )
    t.match(linked, { status: 201, body: { id, userName: 'Old@example.com' } })
    t.equal(calls, 0)
    t.equal((await scim.post('/Users', person('old@example.com'))).status, 409)
  })
  t.test('conflicts where ON_EXISTING=conflict', async (t) => {
    const { scim } = await setUp(t, { seed: { users }, env: { ON_EXISTING: 'conflict' } })
    t.match(await scim.post('/Users', person('old@example.com')), {
      status: 409,
      body: { scimType: 'uniqueness', status: '409' }
    })
  })
  t.test('somebody who came to Box after the import', async (t) => {
    const { scim, emulator } = await setUp(t)
    const id = emulator.admin.createUser({ login: 'late@example.com', name: 'Late' })
    t.match(await scim.post('/Users', person('late@example.com')), { status: 201, body: { id } })
    t.equal(emulator.state().users['late@example.com']?.name, 'Name of late')
  })
})

t.test('conflicts with accounts outside the enterprise', async (t) => {
  const foreign = [
    { login: 'personal@example.com', kind: 'personal' },
    { login: 'other@example.com', kind: 'other-enterprise' }
  ] as never
  const { scim } = await setUp(t, { seed: { foreign } })
  for (const login of ['personal@example.com', 'other@example.com']) {
    const answer = await scim.post('/Users', person(login))
    t.match(answer, {
      status: 409,
      body: { scimType: 'uniqueness', detail: /not a user of this enterprise/ }
    })
    t.same(await scim.find('/Users', `userName eq "${login}"`), [])
  }
})

t.test('DELETE deactivates and hides; tombstones', async (t) => {
  const { scim, emulator, cost } = await setUp(t)
  const { body } = await scim.post('/Users', person('leo@example.com', { externalId: 'e-1' }))
  const id = String(body['id'])
  const { body: team } = await scim.post('/Groups', {
    displayName: 'Team',
    members: [{ value: id }]
  })
  const [gone, calls] = await cost(() => scim.delete(`/Users/${id}`))
  t.equal(gone.status, 204)
  t.equal(calls, 1)
  t.equal(emulator.state().users['leo@example.com']?.status, 'inactive')
  t.equal((await scim.get(`/Users/${id}`)).status, 404)
  t.equal((await scim.patch(`/Users/${id}`, active(true))).status, 404)
  t.equal((await scim.delete(`/Users/${id}`)).status, 404)
  t.same(await scim.find('/Users', 'userName eq "leo@example.com"'), [])
  t.notOk((await scim.get(`/Groups/${String(team['id'])}`)).body['members'])

  t.match(await scim.post('/Users', person('leo@example.com', { externalId: 'e-2' })), {
    status: 409,
    body: { scimType: 'uniqueness', detail: /leaver/ }
  })
  t.match(await scim.post('/Users', person('leo@example.com')), { status: 409 })
  const [back, backCalls] = await cost(() =>
    scim.post('/Users', person('leo@example.com', { externalId: 'e-1' }))
  )
  t.match(back, { status: 201, body: { id, active: true } })
  t.equal(backCalls, 2, 'the old membership goes first, then one update')
  t.same(emulator.state().groups['Team']?.members, [])
})

t.test('a change of the login costs four calls and leaves no alias', async (t) => {
  const { scim, emulator, cost } = await setUp(t)
  const { body } = await scim.post('/Users', person('ann@example.com'))
  const path = `/Users/${String(body['id'])}`
  const [changed, calls] = await cost(() =>
    scim.patch(path, { op: 'replace', path: 'userName', value: 'anna@example.com' })
  )
  t.match(changed, { status: 200, body: { userName: 'anna@example.com' } })
  t.equal(calls, 4)
  t.match(emulator.state().users['anna@example.com'], { aliases: [] })
  const [, caseCalls] = await cost(() =>
    scim.patch(path, { op: 'replace', path: 'userName', value: 'Anna@Example.com' })
  )
  t.equal(caseCalls, 0)
  t.equal((await scim.get(path)).body['userName'], 'Anna@Example.com')
  await scim.post('/Users', person('bob@example.com'))
  t.match(await scim.patch(path, { op: 'replace', path: 'userName', value: 'bob@example.com' }), {
    status: 409,
    body: { scimType: 'uniqueness' }
  })
})

t.test('a failed change of the login leaves nothing behind and can be repeated', async (t) => {
  const steps = [
    { method: 'POST', path: '/2.0/users/:id/email_aliases' },
    { method: 'PUT', path: '/2.0/users/:id' },
    { method: 'GET', path: '/2.0/users/:id/email_aliases' },
    { method: 'DELETE', path: '/2.0/users/:id/email_aliases/:alias' }
  ]
  for (const step of steps) {
    for (const kind of ['503-before', '503-after', 'reset-after'] as const) {
      const { scim, emulator } = await setUp(t, { env: { REQUEST_BUDGET_SECONDS: '2' } })
      const { body } = await scim.post('/Users', person('ann@example.com'))
      const path = `/Users/${String(body['id'])}`
      const change = { op: 'replace', path: 'userName', value: 'anna@example.com' }
      emulator.faults.add({ kind, times: 20, ...step })
      const failed = await scim.patch(path, change)
      t.match(failed.status, /200|503/, `${kind} at ${step.method} ${step.path}`)
      emulator.faults.clear()
      t.equal((await scim.patch(path, change)).status, 200)
      t.match(emulator.state().users['anna@example.com'], { aliases: [] })
      t.notOk(emulator.state().users['ann@example.com'])
    }
  }
})

t.test('P9: a refused request that deactivates still deactivates', async (t) => {
  const { scim, emulator, cost } = await setUp(t)
  const { body } = await scim.post('/Users', person('ann@example.com', { title: 'T' }))
  await scim.post('/Users', person('bob@example.com'))
  const path = `/Users/${String(body['id'])}`
  const refused = [
    { op: 'replace', path: 'userName', value: 'bob@example.com' },
    { op: 'replace', path: 'emails[', value: 'x' },
    { op: 'nonsense', path: 'title', value: 'x' }
  ]
  for (const operation of refused) {
    await scim.patch(path, active(true))
    const [answer, calls] = await cost(() =>
      scim.patch(path, { op: 'replace', path: 'title', value: 'New' }, operation, active(false))
    )
    t.match(answer, { body: { detail: /deactivated/ } })
    t.ok(answer.status === 400 || answer.status === 409)
    t.equal(calls, 1)
    t.match(emulator.state().users['ann@example.com'], { status: 'inactive', job_title: 'T' })
  }
})

t.test('admins and co-admins are seen and never changed', async (t) => {
  const seed = { users: [{ login: 'co@example.com', name: 'Co Admin', role: 'coadmin' as const }] }
  const { scim, emulator, cost } = await setUp(t, { seed })
  const [found] = await scim.find('/Users', 'userName eq "co@example.com"')
  const path = `/Users/${String(found?.['id'])}`
  const refused: [string, number, () => Promise<ScimAnswer>][] = [
    ['a change', 0, () => scim.patch(path, { op: 'replace', path: 'title', value: 'x' })],
    ['a deactivation, once Box says so, too', 1, () => scim.patch(path, active(false))],
    ['a deletion, once Box says so, too', 1, () => scim.delete(path)]
  ]
  for (const [name, expected, work] of refused) {
    const [answer, calls] = await cost(work)
    t.match(answer, { status: 400, body: { scimType: 'mutability' } }, name)
    t.equal(calls, expected, name)
  }
  t.equal(emulator.state().users['co@example.com']?.status, 'active')
  emulator.admin.updateUser('co@example.com', { role: 'user' })
  t.equal((await scim.patch(path, active(false))).status, 200, 'a former co-admin can leave')
  t.equal(emulator.state().users['co@example.com']?.status, 'inactive')
})

t.test('10 concurrent POSTs of one userName: one 201 and nine 409', async (t) => {
  const { scim, emulator } = await setUp(t)
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => scim.post('/Users', person('eve@example.com')))
  )
  t.same(
    answers.map(({ status }) => status).toSorted((left, right) => left - right),
    [201, ...Array.from({ length: 9 }, () => 409)]
  )
  t.ok(emulator.state().users['eve@example.com'])
})

t.test('a lost answer to a creation is found, not repeated', async (t) => {
  for (const kind of ['503-after', 'reset-after', 'reset-before', '503-before'] as const) {
    const { scim, emulator } = await setUp(t, { env: { ON_EXISTING: 'conflict' } })
    emulator.faults.add({ kind, times: 1, method: 'POST', path: '/2.0/users' })
    const first = await scim.post('/Users', person('eve@example.com'))
    const isApplied = kind.endsWith('after')
    t.equal(first.status, isApplied ? 201 : 503, kind)
    if (!isApplied) {
      t.match(first.headers.get('retry-after'), /^\d+$/)
      t.equal((await scim.post('/Users', person('eve@example.com'))).status, 201)
    }
    const posts = emulator.calls.filter(
      ({ method, path }) => method === 'POST' && path === '/2.0/users'
    )
    t.equal(posts.length, isApplied ? 1 : 2)
  }
})

t.test('somebody deleted in Box is 404, so that the IdP creates them again', async (t) => {
  const { scim, emulator } = await setUp(t)
  const { body } = await scim.post('/Users', person('eve@example.com'))
  emulator.admin.deleteUser('eve@example.com')
  const path = `/Users/${String(body['id'])}`
  t.equal((await scim.patch(path, { op: 'replace', path: 'title', value: 'x' })).status, 404)
  t.equal((await scim.get(path)).status, 404)
  t.equal((await scim.post('/Users', person('eve@example.com'))).status, 201)
})
