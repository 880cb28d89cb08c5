import t from 'tap'
import { createBoxClient } from '../../src/box/client.ts'
import { createEmulator } from '../../src/emulator/emulator.ts'
import { demoCredentials } from '../../src/emulator/seed.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import type { BoxCall, BoxPort } from '../../src/provisioning/box-port.ts'
import type { BoxGroupId, BoxMembershipId, BoxUserId } from '../../src/provisioning/model.ts'
import { createMemoryLog } from '../helpers/memory-log.ts'

const id = '7' as BoxUserId & BoxGroupId & BoxMembershipId

/** Every call that is none of a read. */
const writes: Readonly<Record<string, (box: BoxPort, call: BoxCall) => Promise<unknown>>> = {
  createUser: (box, call) => box.createUser({ login: 'a@example.com', name: 'A' }, call),
  createAppUser: (box, call) => box.createAppUser({ name: 'A' }, call),
  updateUser: (box, call) => box.updateUser(id, { name: 'A' }, call),
  deleteUser: (box, call) => box.deleteUser(id, { force: true, notify: false }, call),
  transferContent: (box, call) => box.transferContent({ from: id, to: id, notify: false }, call),
  endSessions: (box, call) => box.endSessions([id], call),
  addAlias: (box, call) => box.addAlias(id, 'a@example.com', call),
  removeAlias: (box, call) => box.removeAlias(id, '8', call),
  createGroup: (box, call) => box.createGroup({ name: 'A' }, call),
  updateGroup: (box, call) => box.updateGroup(id, { name: 'A' }, call),
  deleteGroup: (box, call) => box.deleteGroup(id, call),
  addMembership: (box, call) => box.addMembership(id, id, call),
  removeMembership: (box, call) => box.removeMembership(id, call),
  createInvite: (box, call) => box.createInvite('a@example.com', call)
}

/** What is neither a read nor about Box. */
const others = new Set(['health', 'pacing', 'close'])

t.test('an adapter that only reads sends nothing else', async (t) => {
  const emulator = createEmulator()
  const box = createBoxClient({
    apiUrl: await emulator.listen(),
    credentials: { kind: 'client-credentials', ...demoCredentials },
    callsPerMinute: 1_000,
    readOnly: true,
    clock: systemClock,
    random: systemRandom,
    log: createMemoryLog().log
  })
  t.teardown(async () => {
    await box.close()
    await emulator.close()
  })
  const call = { lane: 'client', deadline: Date.now() + 25_000 } as const
  for (const [name, write] of Object.entries(writes)) {
    await t.rejects(
      write(box, call),
      { message: /was to be sent to a Box that is only read/ },
      name
    )
  }
  t.strictSame(emulator.calls, [], 'not even a token is asked for')
  const unclear = Object.keys(box).filter(
    (name) => !(name in writes) && !others.has(name) && !/^(get|find|list)/.test(name)
  )
  t.strictSame(unclear, [], 'every call is known as the one or the other')
  await box.getOwnAccount(call)
  t.strictSame(
    emulator.calls.map(({ method, path }) => `${method} ${path}`),
    ['POST /oauth2/token', 'GET /2.0/users/me']
  )
})
