import t, { type Test } from 'tap'
import { demoCredentials, emptySeed } from '../../src/emulator/seed.ts'
import { bridgeProcess, type BridgeProcess } from '../helpers/bridge-process.ts'
import { startBridge } from '../helpers/bridge.ts'
import { group, person, scimClient } from '../helpers/scim-client.ts'
import { until } from '../helpers/until.ts'

// Most of the time goes by in waiting.
t.jobs = 4

/** A fault of this length holds a call until its caller is gone. */
const forever = 600_000

const users = ['p0@example.com', 'p1@example.com'].map((login) => ({ login, name: login }))
const addMember = (...ids: string[]) => ({
  op: 'add',
  path: 'members',
  value: ids.map((value) => ({ value }))
})
const removeMember = (value: string) => ({ op: 'remove', path: 'members', value: [{ value }] })

t.test('an addition of which nothing is known is not forgotten with its group', async (t) => {
  const bridge = await startBridge(t, { seed: { users } })
  const scim = scimClient(bridge)
  const { emulator } = bridge
  const id = emulator.state().users['p0@example.com']?.id ?? ''
  const { body } = await scim.post('/Groups', group('Sales'))
  const path = `/Groups/${String(body['id'])}`
  emulator.faults.add({ kind: '503-after', times: 1, method: 'POST', path: '/2.0/*' })
  emulator.faults.add({ kind: '503-before', method: 'GET', path: '/2.0/users/:id/memberships' })
  t.equal((await scim.patch(path, addMember(id))).status, 503)
  t.same(emulator.state().groups['Sales']?.members, ['p0@example.com'], 'Box has added it')
  emulator.faults.clear()
  t.equal((await scim.delete(path)).status, 204)
  t.same(emulator.state().groups['Sales']?.members, [])
})

/** A bridge that was killed while it added p0 to a group, and now looks what became of that. */
async function lookingAfterCrash(t: Test, kind: 'delay' | 'delay-after') {
  const seed = { ...emptySeed, users: [...emptySeed.users, ...users] }
  const bridge = await bridgeProcess(t, { emulator: { seed } })
  const { emulator } = bridge
  await bridge.start()
  const id = emulator.state().users['p0@example.com']?.id ?? ''
  const { body } = await bridge.scim.post('/Groups', group('Sales'))
  const path = `/Groups/${String(body['id'])}`
  emulator.faults.add({ kind, ms: forever, times: 1, path: '/2.0/group_memberships' })
  const lost = bridge.scim.patch(path, addMember(id)).catch(() => undefined)
  const isAdded = () => emulator.state().groups['Sales']?.members.length === 1
  await until('the addition is under way', () => emulator.faults.armed.length === 0)
  if (kind === 'delay-after') await until('Box has added it', isAdded)
  await bridge.kill()
  await lost
  const look = { method: 'GET', path: `/2.0/users/${id}/memberships` }
  emulator.faults.add({ kind: 'delay-after', ms: 1500, times: 1, ...look })
  await bridge.start()
  await until('the bridge looks', () => emulator.faults.armed.length === 0, 60_000)
  return { bridge, path, id, isAdded }
}

t.test('a removal outlives a look at an earlier addition', { buffered: true }, async (t) => {
  const { bridge, path, id, isAdded } = await lookingAfterCrash(t, 'delay-after')
  t.equal((await bridge.scim.patch(path, removeMember(id))).status, 204)
  await until('the journal is empty', () => bridge.openEntries().length === 0, 60_000)
  t.notOk(isAdded(), 'Box has removed the person')
  t.notOk((await bridge.scim.get(path)).body['members'])
})

t.test('an addition is not answered by a look at an earlier one', { buffered: true }, async (t) => {
  const { bridge, path, id, isAdded } = await lookingAfterCrash(t, 'delay')
  const { status } = await bridge.scim.patch(path, addMember(id))
  t.equal(isAdded(), status === 204, `${status} is the truth`)
  if (status !== 204) t.equal((await bridge.scim.patch(path, addMember(id))).status, 204)
  t.ok(isAdded())
})

/** Creates ann and Sales in Box as the bridge's attempts would have. */
async function createBoth({ boxUrl }: BridgeProcess): Promise<void> {
  const post = async (
    path: string,
    body: string | URLSearchParams,
    headers: Record<string, string> = {}
  ) => {
    const response = await fetch(`${boxUrl}${path}`, { method: 'POST', body, headers })
    if (!response.ok) throw new Error(`${path}: ${response.status}`)
    return (await response.json()) as Record<string, unknown>
  }
  const { clientId, clientSecret, enterpriseId } = demoCredentials
  const grant = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
    box_subject_type: 'enterprise',
    box_subject_id: enterpriseId
  })
  const { access_token: token } = await post('/oauth2/token', grant)
  const headers = {
    authorization: `Bearer ${String(token)}`,
    'content-type': 'application/json'
  }
  const ann = { login: 'ann@example.com', name: 'Ann', external_app_user_id: 'e-1' }
  await post('/2.0/users', JSON.stringify(ann), headers)
  await post('/2.0/groups', JSON.stringify({ name: 'Sales' }), headers)
}

t.test('a creation that Box applies after a crash is still ours', { buffered: true }, async (t) => {
  const seed = { ...emptySeed, users: [...emptySeed.users, ...users] }
  const env = { ON_EXISTING: 'conflict' }
  const bridge = await bridgeProcess(t, { env, emulator: { seed } })
  const { emulator } = bridge
  await bridge.start()
  const leaver = `/2.0/users/${emulator.state().users['p0@example.com']?.id}`
  for (const path of ['/2.0/users', '/2.0/groups', leaver]) {
    emulator.faults.add({ kind: 'delay', ms: forever, times: 1, path })
  }
  const ann = person('ann@example.com', { externalId: 'e-1' })
  const lost = [
    bridge.scim.post('/Users', ann),
    bridge.scim.post('/Groups', group('Sales')),
    bridge.scim.delete(leaver.replace('/2.0/users', '/Users'))
  ]
  const ended = Promise.allSettled(lost)
  await until('all are under way', () => emulator.faults.armed.length === 0)
  await bridge.kill()
  await ended
  await bridge.start()
  await until(
    'the leaver has left',
    () => emulator.state().users['p0@example.com']?.status === 'inactive'
  )
  // Box comes round to the first attempts only now: the bridge has not given them up.
  await createBoth(bridge)
  t.match(await bridge.scim.post('/Users', ann), { status: 201, body: { externalId: 'e-1' } })
  t.equal((await bridge.scim.post('/Groups', group('Sales'))).status, 201)
})

t.test(
  'of a creation that Box applies meanwhile the repeat is still ours',
  { buffered: true },
  async (t) => {
    const bridge = await bridgeProcess(t, { env: { ON_EXISTING: 'conflict' } })
    const { emulator } = bridge
    await bridge.start()
    const paths = ['/2.0/users', '/2.0/groups']
    for (const path of paths) {
      emulator.faults.add({ kind: 'delay', ms: forever, times: 1, method: 'POST', path })
    }
    const ann = person('ann@example.com', { externalId: 'e-1' })
    const lost = [bridge.scim.post('/Users', ann), bridge.scim.post('/Groups', group('Sales'))]
    const ended = Promise.allSettled(lost)
    await until('both are under way', () => emulator.faults.armed.length === 0)
    await bridge.kill()
    await ended
    await bridge.start()
    // Between the look and the repetition, Box comes round to the first attempt.
    for (const path of paths) {
      emulator.faults.add({ kind: 'delay', ms: 1000, times: 1, method: 'POST', path })
    }
    const answers = [bridge.scim.post('/Users', ann), bridge.scim.post('/Groups', group('Sales'))]
    await until('both are repeated', () => emulator.faults.armed.length === 0)
    await createBoth(bridge)
    t.same(
      (await Promise.all(answers)).map(({ status }) => status),
      [201, 201]
    )
  }
)

t.test('additions that time was too short for are not shown after a refusal', async (t) => {
  const many = Array.from({ length: 40 }, (_, index) => `p${index}@example.com`)
  const bridge = await startBridge(t, {
    seed: { users: many.map((login) => ({ login, name: login })) },
    env: { REQUEST_BUDGET_SECONDS: '1', BOX_CALLS_PER_MINUTE: '600' }
  })
  const scim = scimClient(bridge)
  const { emulator } = bridge
  const state = emulator.state()
  const ids = many.map((login) => state.users[login]?.id ?? '')
  const { body } = await scim.post('/Groups', group('Sales'))
  const path = `/Groups/${String(body['id'])}`
  emulator.admin.deleteUser('p0@example.com')
  const refused = await scim.patch(path, addMember(...ids))
  t.match(refused, { status: 400, body: { detail: /Box refused 1/ } })
  const { body: shown } = await scim.get(path)
  const members = (shown['members'] ?? []) as readonly { readonly display: string }[]
  const inBox = new Set(emulator.state().groups['Sales']?.members)
  t.ok(inBox.size < 39, 'there was no time for all of them')
  t.same(
    members.filter(({ display }) => !inBox.has(display)),
    [],
    'nobody is shown whom Box does not have'
  )
})
