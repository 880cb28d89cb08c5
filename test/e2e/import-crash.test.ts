import t from 'tap'
import { emptySeed } from '../../src/emulator/seed.ts'
import { bridgeProcess } from '../helpers/bridge-process.ts'
import { scimClient } from '../helpers/scim-client.ts'
import { until } from '../helpers/until.ts'

const login = (one: number) => `p${one}@example.com`
const users = [...Array(1_200).keys()].map((one) => ({ login: login(one), name: `p${one}` }))
const groups = [...Array(6).keys()].map((one) => ({ name: `G${one}`, members: [login(one)] }))
const isListing = ({ path }: { readonly path: string }) => path === '/2.0/users'
/** Events that came meanwhile have single people's memberships read, at whatever time. */
const groupMembers = /^\/2\.0\/groups\/\d+\/memberships$/

t.test('an import that was killed goes on where it was, and nothing is missed', async (t) => {
  const seed = { ...emptySeed, users: [...emptySeed.users, ...users], groups }
  const bridge = await bridgeProcess(t, { emulator: { seed } })
  const { emulator } = bridge
  const state = emulator.state()
  const fourth = `/2.0/groups/${state.groups['G3']?.id}/memberships`
  emulator.faults.add({ kind: 'delay', ms: 600_000, path: fourth, times: 1 })
  await bridge.start({ untilReady: false })
  await until('it is at the fourth group', () => emulator.faults.armed.length === 0)
  t.equal(emulator.calls.filter(isListing).length, 2)
  await bridge.kill()

  emulator.clearCalls()
  emulator.admin.updateUser(login(1), { job_title: 'Boss' })
  emulator.admin.removeMember('G0', login(0))
  emulator.admin.putMember('G1', login(7))
  emulator.admin.deleteUser(login(9))
  emulator.admin.createUser({ login: 'new@example.com', name: 'new' })
  await bridge.start()
  const beforeReconcile = emulator.calls.slice(
    0,
    emulator.calls.findIndex(isListing) === -1 ? undefined : emulator.calls.findIndex(isListing)
  )
  t.equal(
    beforeReconcile.filter(({ path }) => groupMembers.test(path)).length,
    3,
    'people and the first three groups are not listed again'
  )
  const scim = scimClient({ baseUrl: `${bridge.url}/scim/v2`, token: bridge.token })
  const members = async (name: string) => {
    const { body } = await scim.get(`/Groups/${state.groups[name]?.id}`)
    return ((body['members'] ?? []) as readonly { display: string }[]).map(({ display }) => display)
  }
  await until('what changed meanwhile shows', async () => {
    const boss = await scim.get(`/Users/${state.users[login(1)]?.id}`)
    const gone = await scim.get(`/Users/${state.users[login(9)]?.id}`)
    const added = await scim.find('/Users', 'userName eq "new@example.com"')
    const isRight = (await members('G0')).length === 0 && (await members('G1')).length === 2
    return boss.body['title'] === 'Boss' && gone.status === 404 && added.length === 1 && isRight
  })
  const { body } = await scim.get('/Users?count=0')
  t.equal(body['totalResults'], users.length + 1, 'one is gone, one is new, and the admin')
})
