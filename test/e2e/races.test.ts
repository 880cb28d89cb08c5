import t from 'tap'
import { emptySeed } from '../../src/emulator/seed.ts'
import { bridgeProcess } from '../helpers/bridge-process.ts'
import { startBridge } from '../helpers/bridge.ts'
import { group, person, scimClient } from '../helpers/scim-client.ts'
import { until } from '../helpers/until.ts'

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
