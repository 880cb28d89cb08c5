import t, { type Test } from 'tap'
import type { SeedUser } from '../../src/emulator/seed.ts'
import { demoSeed, emptySeed } from '../../src/emulator/seed.ts'
import { bridgeProcess, type BridgeProcess } from '../helpers/bridge-process.ts'
import { group, person, type ScimAnswer, type ScimClient } from '../helpers/scim-client.ts'
import { until } from '../helpers/until.ts'

// Most of the time goes by in waiting: for processes to start, and for pauses to end.
t.jobs = 4

/** A fault of this length holds a call until its caller is gone. */
const forever = 600_000

const replace = (path: string, value: unknown) => ({ op: 'replace', path, value })
const addMember = (value: string) => ({ op: 'add', path: 'members', value: [{ value }] })
const removeMember = (value: string) => ({ op: 'remove', path: 'members', value: [{ value }] })

/** People of the seed for whom something is under way when the process dies. */
const people = ['update', 'leave', 'delete', 'join', 'part', 'told', 'told-part', 'bystander']
const users: readonly SeedUser[] = people.map((name) => ({
  login: `${name}@example.com`,
  name,
  job_title: 'Before'
}))
const groups = [
  { name: 'Team', members: ['part@example.com', 'told-part@example.com', 'bystander@example.com'] }
]

/** Sends a request whose answer dies with the process. */
function abandon(request: Promise<ScimAnswer>): Promise<ScimAnswer | undefined> {
  return request.catch(() => undefined)
}

async function idOf(scim: ScimClient, path: string, filter: string): Promise<string> {
  const [found] = await scim.find(path, filter)
  return String(found?.['id'])
}

const findUser = (scim: ScimClient, name: string) =>
  scim.find('/Users', `userName eq "${name}@example.com"`)

async function membersOf(scim: ScimClient, id: string): Promise<readonly string[]> {
  const { body } = await scim.get(`/Groups/${id}`)
  const members = (body['members'] ?? []) as readonly { value: string }[]
  return members.map(({ value }) => value)
}

/** Waits until nothing is open: what was cut off by the kill rests for half a minute. */
async function settled(t: Test, bridge: BridgeProcess): Promise<void> {
  const isEmpty = () => bridge.openEntries().length === 0
  await until('the journal is empty', isEmpty, 60_000).catch(() => undefined)
  t.same(bridge.openEntries(), [], 'the journal is empty')
}

for (const kind of ['delay-after', 'delay'] as const) {
  const isApplied = kind === 'delay-after'
  const when = isApplied ? 'after Box applied' : 'before Box applied'
  t.test(
    `killed ${when} a create, an update, removals and an addition`,
    { buffered: true },
    async (t) => {
      const seed = { ...emptySeed, users: [...emptySeed.users, ...users], groups }
      const env = { ON_EXISTING: 'conflict' }
      const bridge = await bridgeProcess(t, { env, emulator: { seed } })
      const { emulator } = bridge
      await bridge.start()
      const ids = new Map<string, string>()
      for (const name of people) {
        ids.set(name, await idOf(bridge.scim, '/Users', `userName eq "${name}@example.com"`))
      }
      const path = (name: string) => `/Users/${ids.get(name)}`
      const id = (name: string) => ids.get(name) ?? ''
      const team = await idOf(bridge.scim, '/Groups', 'displayName eq "Team"')
      await Promise.all(
        people.map((name) => bridge.scim.patch(path(name), replace('nickName', name)))
      )

      const { scim } = bridge
      emulator.faults.add({ kind: '503-before', method: 'PUT', path: `/2.0/users/${id('told')}` })
      t.match(await scim.patch(path('told'), replace('active', false)), { status: 503 })
      emulator.faults.add({ kind: '503-before', method: 'DELETE', path: '/2.0/*' })
      t.match(await scim.patch(`/Groups/${team}`, removeMember(id('told-part'))), { status: 503 })
      emulator.faults.clear()
      emulator.clearCalls()

      const held = [
        { method: 'POST', path: '/2.0/users' },
        { method: 'POST', path: '/2.0/groups' },
        { method: 'POST', path: '/2.0/group_memberships' },
        { method: 'DELETE', path: '/2.0/group_memberships/:id' },
        ...['update', 'leave', 'delete'].map((name) => ({
          method: 'PUT',
          path: `/2.0/users/${id(name)}`
        }))
      ]
      for (const scope of held) emulator.faults.add({ kind, ms: forever, times: 1, ...scope })
      const lost = [
        scim.post('/Users', person('new@example.com', { externalId: 'e-1' })),
        scim.post('/Groups', group('New')),
        scim.patch(path('update'), replace('title', 'After')),
        scim.patch(path('leave'), replace('active', false)),
        scim.delete(path('delete')),
        scim.patch(`/Groups/${team}`, addMember(id('join'))),
        scim.patch(`/Groups/${team}`, removeMember(id('part')))
      ].map(abandon)
      await until('all are under way', () => emulator.faults.armed.length === 0)
      if (isApplied) {
        await until('Box has applied them', () => {
          const state = emulator.state()
          const leavers = ['leave', 'delete'].map((name) => state.users[`${name}@example.com`])
          const members = state.groups['Team']?.members ?? []
          return (
            state.users['new@example.com'] !== undefined &&
            state.groups['New'] !== undefined &&
            state.users['update@example.com']?.job_title === 'After' &&
            leavers.every((leaver) => leaver?.status === 'inactive') &&
            members.includes('join@example.com') &&
            !members.includes('part@example.com')
          )
        })
      }
      const created = emulator.state().users['new@example.com']?.id
      await bridge.kill()
      t.strictSame(await Promise.all(lost), Array(lost.length).fill(undefined), 'nothing answered')
      emulator.faults.clear()
      await bridge.start()
      await settled(t, bridge)

      const after = bridge.scim
      t.test('removals are finished without being asked for again', async (t) => {
        const state = emulator.state()
        for (const name of ['leave', 'delete', 'told']) {
          t.equal(state.users[`${name}@example.com`]?.status, 'inactive', name)
        }
        t.match(await after.get(path('leave')), { body: { active: false } })
        t.match(await after.get(path('told')), { body: { active: false } })
        t.equal((await after.get(path('delete'))).status, 404)
        t.notOk(state.groups['Team']?.members.includes('part@example.com'))
        t.notOk(state.groups['Team']?.members.includes('told-part@example.com'))
      })
      t.test('everything else is recorded as Box shows it', async (t) => {
        const members = await membersOf(after, team)
        const stays = isApplied ? ['bystander', 'join'] : ['bystander']
        t.same(members.toSorted(), stays.map(id).toSorted())
        const title = isApplied ? 'After' : 'Before'
        t.match(await after.get(path('update')), { body: { title, nickName: 'update' } })
        t.equal((await findUser(after, 'new')).length, isApplied ? 1 : 0)
        t.equal((await after.find('/Groups', 'displayName eq "New"')).length, isApplied ? 1 : 0)
      })
      t.test('the retry ends as it would have, and nothing is there twice', async (t) => {
        const body = person('new@example.com', { externalId: 'e-1' })
        const answer = await after.post('/Users', body)
        t.match(answer, { status: 201, body: { externalId: 'e-1' } })
        if (isApplied) t.equal(answer.body['id'], created)
        t.equal((await after.post('/Users', body)).status, 409)
        t.equal((await after.post('/Groups', group('New'))).status, 201)
        t.match(await after.patch(path('update'), replace('title', 'After')), {
          status: 200,
          body: { title: 'After' }
        })
        t.equal((await after.patch(`/Groups/${team}`, addMember(id('join')))).status, 204)
        const state = emulator.state()
        t.same(state.groups['Team']?.members, ['bystander@example.com', 'join@example.com'])
        t.equal(Object.keys(state.users).length, users.length + 2)
        t.same(Object.keys(state.groups).toSorted(), ['New', 'Team'])
        const posts = emulator.calls.filter(({ method, path }) => {
          return method === 'POST' && /^\/2\.0\/(users|groups|group_memberships)$/.test(path)
        })
        t.equal(posts.length, isApplied ? 3 : 6, 'no creation is sent again blindly')
      })
      t.test('the journal is empty once the process has ended', async (t) => {
        t.equal(await bridge.stop(), 0)
        t.same(bridge.openEntries(), [])
      })
    }
  )
}

const steps = [
  { method: 'POST', path: (id: string) => `/2.0/users/${id}/email_aliases` },
  { method: 'PUT', path: (id: string) => `/2.0/users/${id}` },
  { method: 'GET', path: (id: string) => `/2.0/users/${id}/email_aliases` },
  { method: 'DELETE', path: (id: string) => `/2.0/users/${id}/email_aliases/:alias` }
]

for (const kind of ['delay-after', 'delay'] as const) {
  t.test(`killed at each call of a login change (${kind})`, { buffered: true }, async (t) => {
    const bridge = await bridgeProcess(t)
    const { emulator } = bridge
    await bridge.start()
    const ids = await Promise.all(
      steps.map(async (_, index) => {
        const { body } = await bridge.scim.post('/Users', person(`old${index}@example.com`))
        return String(body['id'])
      })
    )
    const change = (index: number) =>
      bridge.scim.patch(`/Users/${ids[index]}`, replace('userName', `new${index}@example.com`))
    for (const [index, { method, path }] of steps.entries()) {
      emulator.faults.add({ kind, ms: forever, times: 1, method, path: path(ids[index] ?? '') })
    }
    const lost = steps.map((_, index) => abandon(change(index)))
    await until('all are under way', () => emulator.faults.armed.length === 0)
    if (kind === 'delay-after') {
      await until('Box has applied them', () => {
        const state = emulator.state().users
        return (
          state['old0@example.com']?.aliases.length === 1 &&
          state['new1@example.com'] !== undefined &&
          state['new3@example.com']?.aliases.length === 0
        )
      })
    }
    await bridge.kill()
    t.strictSame(await Promise.all(lost), [undefined, undefined, undefined, undefined])
    emulator.faults.clear()
    await bridge.start()
    for (const index of steps.keys()) {
      t.match(await change(index), { status: 200, body: { userName: `new${index}@example.com` } })
      t.match(emulator.state().users[`new${index}@example.com`], { id: ids[index], aliases: [] })
    }
    await settled(t, bridge)
    t.equal(Object.keys(emulator.state().users).length, steps.length + 1)
  })
}

t.test(
  'acknowledged memberships arrive although the process is killed',
  { buffered: true },
  async (t) => {
    const logins = Array.from({ length: 40 }, (_, index) => `p${index}@example.com`)
    const seed = {
      ...emptySeed,
      users: [...emptySeed.users, ...logins.map((login) => ({ login, name: login }))]
    }
    const env = { REQUEST_BUDGET_SECONDS: '1', BOX_CALLS_PER_MINUTE: '600' }
    const bridge = await bridgeProcess(t, { env, emulator: { seed } })
    const { emulator } = bridge
    await bridge.start()
    const state = emulator.state()
    const ids = logins.map((login) => state.users[login]?.id ?? '')
    const { body } = await bridge.scim.post('/Groups', group('Sales'))
    const id = String(body['id'])
    const add = { op: 'add', path: 'members', value: ids.map((value) => ({ value })) }
    t.equal((await bridge.scim.patch(`/Groups/${id}`, add)).status, 204)
    await bridge.kill()
    t.ok((emulator.state().groups['Sales']?.members.length ?? 0) < 40, 'some are still to be added')
    await bridge.start()
    t.equal((await membersOf(bridge.scim, id)).length, 40, 'SCIM shows what was acknowledged')
    await settled(t, bridge)
    t.same(emulator.state().groups['Sales']?.members, logins.toSorted())
  }
)

t.test(
  'what is taken back after a kill and before it was sent costs no call',
  { buffered: true },
  async (t) => {
    const logins = Array.from(
      { length: 120 },
      (_, n) => `q${String(n).padStart(3, '0')}@example.com`
    )
    const users = logins.map((login) => ({ login, name: login }))
    const seed = { ...emptySeed, users: [...emptySeed.users, ...users] }
    const env = { REQUEST_BUDGET_SECONDS: '1', BOX_CALLS_PER_MINUTE: '600' }
    const bridge = await bridgeProcess(t, { env, emulator: { seed } })
    const { emulator } = bridge
    await bridge.start()
    const state = emulator.state()
    const idOfLogin = (login: string) => state.users[login]?.id ?? ''
    const { body } = await bridge.scim.post('/Groups', group('Many'))
    const path = `/Groups/${String(body['id'])}`
    const change = (op: string, some: readonly string[]) => {
      const value = some.map((login) => ({ value: idOfLogin(login) }))
      return bridge.scim.patch(path, { op, path: 'members', value })
    }
    t.equal((await change('add', logins)).status, 204)
    await bridge.kill()
    emulator.clearCalls()
    await bridge.start()
    const [staying, leaving] = [logins.slice(0, 60), logins.slice(60)]
    t.equal((await change('remove', leaving)).status, 204)
    const waiting = bridge.openEntries().length
    t.ok(waiting > 0 && waiting <= staying.length, `${waiting} are still to be added`)
    await settled(t, bridge)
    t.same(emulator.state().groups['Many']?.members, staying, 'those who were not taken back')
    const ofMemberships = emulator.calls.filter(({ path }) => path.includes('memberships'))
    const posts = ofMemberships.filter(({ method }) => method === 'POST')
    t.ok(posts.length <= staying.length, `${posts.length} additions`)
    t.same(
      ofMemberships.filter(({ method }) => method === 'DELETE'),
      [],
      'nobody was taken out'
    )
    t.equal((await membersOf(bridge.scim, String(body['id']))).length, staying.length)
  }
)

t.test('killed in the first import', { buffered: true }, async (t) => {
  const many = Array.from({ length: 3000 }, (_, index) => ({
    login: `m${index}@example.com`,
    name: `M ${index}`
  }))
  const seed = { ...demoSeed, users: [...demoSeed.users, ...many] }
  const bridge = await bridgeProcess(t, { emulator: { seed } })
  const { emulator } = bridge
  const places = [/^\/2\.0\/users$/, /^\/2\.0\/groups\/\d+\/memberships$/]
  for (const place of places) {
    emulator.clearCalls()
    // Slow enough for the second call of a kind to be seen while it is under way.
    emulator.faults.add({ kind: 'delay', ms: 500, path: '/2.0/*' })
    await bridge.start({ untilReady: false })
    await until(
      `the second call to ${String(place)}`,
      () => emulator.calls.filter(({ path }) => place.test(path)).length > 1
    )
    t.equal(await bridge.readiness(), 503)
    t.equal((await bridge.scim.get('/Users')).status, 503)
    await bridge.kill()
    emulator.faults.clear()
  }
  await bridge.start()
  const { users, groups } = emulator.state()
  const expected = Object.values(users).filter((user) => !user.is_platform_access_only)
  const { body } = await bridge.scim.get('/Users?count=1')
  t.equal(body['totalResults'], expected.length)
  for (const [name, { members }] of Object.entries(groups)) {
    if (name === 'All Users') continue
    const id = await idOf(bridge.scim, '/Groups', `displayName eq "${name}"`)
    const ids = members.map((login) => users[login]?.id ?? '')
    t.same((await membersOf(bridge.scim, id)).toSorted(), ids.toSorted(), name)
  }
})
