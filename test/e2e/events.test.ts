import t, { type Test } from 'tap'
import { startBridge, type BridgeOptions } from '../helpers/bridge.ts'
import { createHurriedClock } from '../helpers/hurried-clock.ts'
import { group, person, scimClient } from '../helpers/scim-client.ts'
import { until } from '../helpers/until.ts'

/** Calls that are not about any one object. */
const general = new Set(['/oauth2/token', '/2.0/events', '/2.0/users/me'])
const groupSchema = 'urn:ietf:params:scim:schemas:extension:box:2.0:Group'

/** A bridge whose polls of events are made by hand, after its first one. */
async function setUp(t: Test, options: BridgeOptions = {}) {
  const clock = createHurriedClock(1)
  const bridge = await startBridge(t, {
    ...options,
    emulator: { ...options.emulator, clock },
    dependencies: { clock }
  })
  const { emulator } = bridge
  const polls = () => emulator.calls.filter(({ path }) => path === '/2.0/events').length
  await until('the first poll is done', () => polls() >= 2)
  return {
    bridge,
    emulator,
    scim: scimClient(bridge),
    polls,
    /** Lets the next poll come; resolves to the calls made until `condition` holds and all is quiet. */
    poll: async (condition: () => Promise<boolean>) => {
      emulator.clearCalls()
      const nextPoll = async (after: number) =>
        until('the next poll', () => {
          // Less than what a call to Box may take.
          clock.skip(15_000)
          return polls() > after
        })
      await nextPoll(0)
      await until('it shows', condition)
      // The next poll begins when this one has noted everything.
      await nextPoll(polls())
      let before = -1
      let quiet = 0
      await until('nothing more is asked', () => {
        quiet = before === bridge.boxCalls() ? quiet + 1 : 0
        before = bridge.boxCalls()
        // What rests a second or two, wakes.
        clock.skip(2_500)
        return quiet === 5
      })
      return emulator.calls
        .filter(({ path }) => !general.has(path))
        .map(({ method, path }) => `${method} ${path}`)
    }
  }
}

t.test('changes made in Box show after one poll, at two calls a changed object', async (t) => {
  const users = ['ann', 'bob', 'cid', 'dan'].map((name) => ({
    login: `${name}@example.com`,
    name
  }))
  const groups = [
    { name: 'Old', members: ['cid@example.com'] },
    { name: 'Gone', members: ['ann@example.com', 'bob@example.com'] }
  ]
  const { emulator, scim, poll } = await setUp(t, { seed: { users, groups } })
  const { admin } = emulator
  const userId = (login: string) => emulator.state().users[login]?.id ?? ''
  const [ann, bob, cid] = ['ann', 'bob', 'cid'].map((name) => userId(`${name}@example.com`))
  const old = emulator.state().groups['Old']?.id ?? ''
  const gone = emulator.state().groups['Gone']?.id ?? ''

  admin.updateUser('ann@example.com', { job_title: 'Boss', name: 'Ann Other' })
  admin.updateUser('ann@example.com', { job_title: 'Chief' })
  admin.updateUser('bob@example.com', { status: 'inactive' })
  admin.deleteUser('dan@example.com')
  const eve = admin.createUser({ login: 'eve@example.com', name: 'Eve' })
  admin.updateGroup('Old', { description: 'Ours' })
  admin.deleteGroup('Gone')
  const team = admin.createGroup({ name: 'New' })
  admin.removeMember('Old', 'cid@example.com')
  admin.putMember('New', 'cid@example.com')
  admin.putMember('New', 'eve@example.com', 'admin')

  const shown = async () => ({
    ann: (await scim.get(`/Users/${ann}`)).body['title'],
    bob: (await scim.get(`/Users/${bob}`)).body['active'],
    cid: (await scim.get(`/Users/${cid}`)).body['groups'],
    dan: (await scim.find('/Users', 'userName eq "dan@example.com"')).length,
    eve: (await scim.get(`/Users/${eve}`)).body['userName'],
    old: (await scim.get(`/Groups/${old}`)).body,
    gone: (await scim.get(`/Groups/${gone}`)).status,
    team: (await scim.get(`/Groups/${team}`)).body['members']
  })
  const expected = {
    ann: 'Chief',
    bob: false,
    cid: [{ value: team, display: 'New' }],
    dan: 0,
    eve: 'eve@example.com',
    old: { [groupSchema]: { description: 'Ours' } },
    gone: 404,
    team: { length: 2 }
  }
  const calls = await poll(async () => {
    const { cid: joined, dan, gone: status, team: members, old: left } = await shown()
    const isComplete = Array.isArray(members) && members.length === 2 && dan === 0
    return isComplete && status === 404 && left['members'] === undefined && joined !== undefined
  })
  t.match(await shown(), expected)
  // Ann, Bob, Dan, Eve; Old, Gone, New; three memberships.
  t.ok(calls.length <= 2 * 10, calls.join('\n'))
  t.ok(calls.every((call) => call.startsWith('GET ')))
  const later = await poll(async () => true)
  t.same(later, [], 'and nothing afterwards')
})

const each = async (count: number, work: (index: number) => Promise<unknown>) => {
  const queue = Array.from({ length: count }, (_, index) => index).values()
  const worker = async () => {
    for (const index of queue) await work(index)
  }
  await Promise.all(Array.from({ length: 8 }, worker))
}

t.test('a cycle of a thousand writes of the bridge is not read again', async (t) => {
  const { emulator, scim, poll } = await setUp(t, { env: { FUSE: 'off' } })
  const ids: string[] = []
  await each(400, async (index) => {
    const { body } = await scim.post('/Users', person(`p${index}@example.com`))
    ids.push(String(body['id']))
  })
  await scim.post('/Groups', group('Everyone', ids))
  await each(200, (index) =>
    scim.patch(`/Users/${ids[index]}`, { op: 'replace', path: 'active', value: false })
  )
  t.equal(emulator.events.recorded.length, 1001)
  t.same(await poll(async () => true), [])
})

t.test('duplicated, reordered and unknown events do no harm', async (t) => {
  const users = ['ann', 'bob', 'cid'].map((name) => ({ login: `${name}@example.com`, name }))
  const { emulator, scim, poll } = await setUp(t, { seed: { users } })
  const { admin, events } = emulator
  events.disturb('twice')
  events.disturb('reversed', 3)
  events.disturb('unreadable')
  admin.updateUser('ann@example.com', { job_title: 'Clerk' })
  admin.createGroup({ name: 'Team' })
  admin.putMember('Team', 'bob@example.com')
  admin.removeMember('Team', 'bob@example.com')
  admin.updateUser('cid@example.com', { job_title: 'Unheard of' })
  events.inject({ type: 'event', event_type: 'GROUP_ADD_USER', source: { group_id: 'x' } })
  events.inject({ type: 'event', event_type: 'SOMETHING_NEW', source: [] })
  events.inject({ any: 'thing' })
  admin.updateUser('bob@example.com', { job_title: 'Boss' })
  const calls = await poll(async () => {
    const [bob] = await scim.find('/Users', 'title eq "Boss"')
    const [team] = await scim.find('/Groups', 'displayName eq "Team"')
    return bob !== undefined && team !== undefined && team['members'] === undefined
  })
  t.match(await scim.find('/Users', 'title eq "Clerk"'), [{ userName: 'ann@example.com' }])
  t.ok(calls.length <= 2 * 4, calls.join('\n'))
  t.equal(calls.length, 5, calls.join('\n'))
})
