import t from 'tap'
import { reconcileKey } from '../../src/provisioning/ports.ts'
import { until } from '../helpers/until.ts'
import { openMirror, type Mirror } from '../helpers/mirror.ts'

const login = (name: string | number) => `${name}@example.com`
const people = (count: number) =>
  [...Array(count).keys()].map((one) => ({ login: login(`p${one}`), name: `p${one}` }))
const clerks = ['ann', 'bob', 'cid'].map((name) => ({ login: login(name), name }))

const listings = ({ emulator }: Mirror) =>
  emulator.calls.map(({ method, path }) => {
    return `${method} ${path.replace('/2.0', '').replaceAll(/\/\d+/g, '/:id')}`
  })

async function alarmOf({ directory }: Mirror): Promise<unknown> {
  const state = (await directory.state.get(reconcileKey)) as { readonly alarm: unknown }
  return state.alarm
}

t.test('a reconcile finds what no event told', async (t) => {
  const groups = [{ name: 'Team', members: [login('ann'), login('bob')] }, { name: 'Idle' }]
  const mirror = await openMirror(t, { seed: { users: clerks, groups } })
  const { admin } = mirror.emulator
  t.same(await mirror.reconcile(), [], 'nothing where nothing differs')
  t.same(listings(mirror), [
    'GET /users/me',
    'GET /users',
    'GET /groups',
    'GET /groups/:id/memberships',
    'GET /groups/:id/memberships'
  ])
  const [ann, bob, cid] = clerks.map((clerk) => mirror.userId(clerk.login))
  const [team, idle] = ['Team', 'Idle'].map((name) => mirror.groupId(name))
  admin.updateUser(login('ann'), { job_title: 'Boss' })
  admin.removeMember('Team', login('bob'))
  admin.putMember('Team', login('cid'))
  admin.deleteUser(login('bob'))
  admin.deleteGroup('Idle')
  admin.createGroup({ name: 'New' })
  admin.createUser({ login: login('dan'), name: 'dan' })
  admin.putMember('Team', login('dan'))
  const dan = mirror.userId(login('dan'))
  const hints = await mirror.reconcile()
  t.same(
    new Set(hints),
    new Set([
      { kind: 'user', userId: ann },
      { kind: 'user', userId: bob },
      { kind: 'user', userId: dan },
      { kind: 'group', groupId: idle },
      { kind: 'group', groupId: mirror.groupId('New') },
      { kind: 'membership', groupId: team, userId: cid },
      { kind: 'membership', groupId: team, userId: dan }
    ])
  )
  await mirror.refresh()
  t.same(await mirror.reconcile(), [], 'after which nothing differs any more')
  const { related = [] } = await mirror.groups.view(mirror.groupId('Team'), true)
  t.same([...related].map(({ display }) => display).toSorted(), ['ann', 'cid', 'dan'])
})

t.test('a group with many differences is listed again, not read one by one', async (t) => {
  const groups = [{ name: 'Team' }]
  const mirror = await openMirror(t, { seed: { users: people(20), groups } })
  for (const { login } of people(20)) mirror.emulator.admin.putMember('Team', login)
  const groupId = mirror.groupId('Team')
  t.same(await mirror.reconcile(), [{ kind: 'members', groupId }])
  t.same(await mirror.refresh(), ['GET /groups/:id/memberships'])
  t.same(await mirror.reconcile(), [])
})

t.test('each group has its turn in seven reconciles', async (t) => {
  const groups = [...Array(21).keys()].map((one) => ({ name: `G${one}`, members: [login('ann')] }))
  const mirror = await openMirror(t, { seed: { users: clerks, groups } })
  const looked: string[] = []
  for (let day = 0; day < 7; day += 1) {
    mirror.emulator.clearCalls()
    await mirror.reconcile('turn')
    const paths = mirror.emulator.calls.map(({ path }) => path)
    looked.push(...paths.filter((path) => path.endsWith('/memberships')))
    t.equal(looked.length, 3 * (day + 1))
  }
  t.equal(new Set(looked).size, 21)
})

t.test('where too many people are missing nothing is changed at all', async (t) => {
  const mirror = await openMirror(t, { seed: { users: people(100) } })
  const conceal = (concealed: boolean) => {
    for (const { login } of people(11)) mirror.emulator.admin.updateUser(login, { concealed })
  }
  conceal(true)
  mirror.emulator.admin.updateUser(login('p50'), { name: 'Other' })
  t.same(await mirror.reconcile(), [], 'no hint, not even of what only differs')
  t.match(mirror.errors, [/too much is missing in Box/])
  t.match(await alarmOf(mirror), { kind: 'users', missing: 11, of: 101 })
  conceal(false)
  const hints = await mirror.reconcile()
  t.same(hints, [{ kind: 'user', userId: mirror.userId(login('p50')) }])
  t.equal(await alarmOf(mirror), null)
})

t.test('ten missing people are everyday work', async (t) => {
  const mirror = await openMirror(t, { seed: { users: people(100) } })
  for (const { login } of people(10)) mirror.emulator.admin.deleteUser(login)
  t.equal((await mirror.reconcile()).length, 10)
  t.same(mirror.errors, [])
})

t.test('the memberships of somebody who is gone are no reason for alarm', async (t) => {
  const groups = [...Array(15).keys()].map((one) => ({ name: `G${one}`, members: [login('bob')] }))
  const mirror = await openMirror(t, { seed: { users: clerks, groups } })
  const userId = mirror.userId(login('bob'))
  mirror.emulator.admin.deleteUser(login('bob'))
  t.same(await mirror.reconcile(), [{ kind: 'user', userId }])
})

t.test('the same for groups and for memberships', async (t) => {
  const groups = [...Array(12).keys()].map((one) => ({
    name: `G${one}`,
    members: [login('ann'), login('bob')]
  }))
  const mirror = await openMirror(t, { seed: { users: clerks, groups } })
  const { admin } = mirror.emulator
  for (const { name } of groups) admin.removeMember(name, login('bob'))
  t.same(await mirror.reconcile(), [])
  t.match(await alarmOf(mirror), { kind: 'memberships', missing: 12, of: 24 })
  for (const { name } of groups.slice(1)) admin.deleteGroup(name)
  t.same(await mirror.reconcile(), [])
  t.match(await alarmOf(mirror), { kind: 'groups', missing: 11, of: 12 })
})

t.test('an interrupted reconcile goes on where it was', async (t) => {
  const groups = [...Array(6).keys()].map((one) => ({ name: `G${one}`, members: [login('ann')] }))
  const mirror = await openMirror(t, { seed: { users: clerks, groups } })
  const { emulator } = mirror
  emulator.admin.updateUser(login('ann'), { job_title: 'Boss' })
  emulator.admin.removeMember('G0', login('ann'))
  const fourth = mirror.groupId('G3')
  const path = `/2.0/groups/${fourth}/memberships`
  emulator.faults.add({ kind: '503-before', path })
  const stop = new AbortController()
  const running = mirror.reconcile('all', stop.signal).catch((error: Error) => error.name)
  await until('it is at the fourth group', () => emulator.calls.some((call) => call.path === path))
  stop.abort()
  t.equal(await running, 'AbortError')
  emulator.faults.clear()
  emulator.clearCalls()
  const hints = await mirror.reconcile()
  t.same(
    listings(mirror).filter((call) => call === 'GET /users'),
    []
  )
  t.equal(listings(mirror).filter((call) => call.endsWith('/memberships')).length, 3)
  t.equal(hints.length, 2, 'and what was found before is not lost')
})
