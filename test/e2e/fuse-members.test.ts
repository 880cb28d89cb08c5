import t from 'tap'
import type { SeedUser } from '../../src/emulator/seed.ts'
import { startFusedBridge, type FusedBridge } from '../helpers/fused-bridge.ts'
import { group, person } from '../helpers/scim-client.ts'
import { until } from '../helpers/until.ts'

// Most of the time goes by in waiting for commands to start.
t.jobs = 3

const loginOf = (index: number) => `p${index}@example.com`
const users: readonly SeedUser[] = Array.from({ length: 12 }, (_, index) => ({
  login: loginOf(index),
  name: `Person ${index}`
}))
const values = (ids: readonly string[]) => ids.map((value) => ({ value }))
const add = (...ids: readonly string[]) => ({ op: 'add', path: 'members', value: values(ids) })
const remove = (...ids: readonly string[]) => ({
  op: 'remove',
  path: 'members',
  value: values(ids)
})

async function membersOf({ scim }: FusedBridge, path: string): Promise<readonly string[]> {
  const { body } = await scim.get(path)
  const members = (body['members'] ?? []) as readonly { readonly value: string }[]
  return members.map(({ value }) => value)
}

/** A bridge with a group of the first ten. */
async function setUp(t: Parameters<typeof startFusedBridge>[0], limit: string) {
  const bridge = await startFusedBridge(t, { env: { FUSE_MEMBERS: limit }, seed: { users } })
  const { emulator, scim } = bridge
  const ids = users.map(({ login }) => emulator.state().users[login]?.id ?? '')
  const { body } = await scim.post('/Groups', group('Team', ids.slice(0, 10)))
  const path = `/Groups/${String(body['id'])}`
  const inBox = () => emulator.state().groups['Team']?.members.length
  return { bridge, emulator, scim, ids, path, inBox }
}

t.test('a request whose removals go beyond the limit is held, its additions are not', async (t) => {
  const { bridge, scim, ids, path, inBox } = await setUp(t, '2 or 30%/24h')
  t.equal((await scim.patch(path, remove(...ids.slice(0, 2)))).status, 204)
  const answer = await scim.patch(path, remove(...ids.slice(2, 4)), add(ids[10] ?? ''))
  t.match(answer, { status: 503, body: { detail: /FUSE_MEMBERS.*box-scim fuse list/ } })
  t.equal(answer.headers.get('retry-after'), '3600')
  t.same(await membersOf(bridge, path), ids.slice(2, 11), 'they are shown')
  t.equal(inBox(), 9, 'and in Box')
  t.equal((await scim.patch(path, remove(ids[9] ?? ''))).status, 503, 'it stays open')
  t.equal((await scim.patch(path, remove(ids[11] ?? ''))).status, 204, 'nobody there to be removed')
  t.equal(bridge.held().length, 3)
  t.equal((await scim.patch(path, add(ids[9] ?? ''))).status, 204)
  t.equal(bridge.held().length, 2, 'the last word counts')
  const left = person(loginOf(5), { active: false })
  t.equal((await scim.post('/Users', left)).status, 201, 'the fuse of people is another')

  t.match(await bridge.fuse('release', loginOf(2)), { code: 0, out: /^1 removals released/ })
  await until('one is out', () => inBox() === 8)
  t.same(await membersOf(bridge, path), ids.slice(3, 11))
  t.match(await bridge.fuse('release', 'team'), { code: 0, out: /^1 removals released/ })
  await until('the other as well', () => inBox() === 7)
  t.ok(bridge.isOpen('memberships'))
  t.same(await membersOf(bridge, path), ids.slice(4, 11))
  const put = group('Team', ids.slice(4, 6))
  t.equal((await scim.put(path, put)).status, 503)
  t.equal(bridge.held().length, 5)
  t.equal((await bridge.fuse('discard')).code, 0)
  t.equal(inBox(), 7)
  t.same(await membersOf(bridge, path), ids.slice(4, 11))
  t.equal((await scim.patch(path, remove(ids[4] ?? ''))).status, 204, 'counting begins anew')
})

t.test('DELETE of a group counts its members and is held as a whole', async (t) => {
  const { bridge, emulator, scim, ids, path, inBox } = await setUp(t, '9/24h')
  emulator.admin.putMember('Team', loginOf(11))
  t.equal((await scim.delete(path)).status, 503)
  t.equal((await scim.delete(path)).status, 503)
  t.same(bridge.held(), ['dissolve-group'])
  t.same(await membersOf(bridge, path), ids.slice(0, 10))
  const rename = { op: 'replace', path: 'displayName', value: 'Team' }
  t.equal((await scim.patch(path, rename)).status, 204)
  t.same(bridge.held(), ['dissolve-group'], 'a change of something else leaves it')
  t.equal((await scim.patch(path, add(ids[10] ?? ''))).status, 204)
  t.same(bridge.held(), [], 'new members speak against it')
  t.equal((await scim.delete(path)).status, 503)
  t.equal(inBox(), 12)

  t.match(await bridge.fuse('list'), { out: /^#\d+ group deletion Team \(group \d+\): since /m })
  t.equal((await bridge.fuse('release')).code, 0)
  await until('the group is hidden', async () => (await scim.get(path)).status === 404)
  await until('and empty, those whom only Box knew included', () => inBox() === 0)
  t.notOk(bridge.isOpen('memberships'))
  const story = () =>
    bridge.query(`select actor, action, outcome from audit where target glob 'group-members:*'`)
  await until('the whole story is told', () => story().length === 2)
  t.match(story(), [
    { actor: 'operator', action: 'fuse.release', outcome: 'done' },
    { actor: 'bridge', action: 'bridge.dissolve-group', outcome: 'done' }
  ])
})

t.test('somebody who comes back loses the old groups without the fuse', async (t) => {
  const { bridge, scim, ids, path, inBox } = await setUp(t, '0/24h')
  t.equal((await scim.delete(`/Users/${ids[0]}`)).status, 204)
  t.match(await scim.post('/Users', person(loginOf(0))), { status: 201, body: { id: ids[0] } })
  t.same(await membersOf(bridge, path), ids.slice(1, 10))
  t.equal(inBox(), 9)
  t.notOk(bridge.isOpen('memberships'))
})
