import t from 'tap'
import { startBridge } from '../helpers/bridge.ts'
import { until } from '../helpers/until.ts'
import { group, person, scimClient, type ScimAnswer } from '../helpers/scim-client.ts'

const replace = (path: string, value: unknown) => ({ op: 'replace', path, value })
const members = (op: 'add' | 'remove', id: string) => {
  return { op, path: 'members', value: [{ value: id }] }
}
const names = ['uma', 'nina', 'leo', 'lea', 'max', 'ada', 'bob', 'cat', 'dan']
const loginOf = (name: string) => `${name}@example.com`

/** Writes of nothing but memberships. */
const acknowledged = new Set([
  'add a member',
  'remove a member',
  'replace a group',
  'delete a group'
])

/** Long after every answer is due; the emulator cuts its waiting off when it closes. */
const foreverMs = 600_000

t.test('every kind of write is answered within its budget while Box hangs', async (t) => {
  const bridge = await startBridge(t, {
    env: { REQUEST_BUDGET_SECONDS: '1' },
    seed: {
      users: names.map((name) => ({ login: loginOf(name), name })),
      groups: ['Team', 'Old', 'Gone', 'Whole'].map((name) => {
        return { name, members: [loginOf('max'), loginOf('bob')] }
      })
    }
  })
  const scim = scimClient(bridge)
  const { users, groups } = bridge.emulator.state()
  const user = (name: string) => `/Users/${idOf(name)}`
  const idOf = (name: string) => users[loginOf(name)]?.id ?? ''
  const team = (name: string) => `/Groups/${groups[name]?.id}`
  bridge.emulator.faults.add({ kind: 'delay', ms: foreverMs })
  const writes: Readonly<Record<string, () => Promise<ScimAnswer>>> = {
    'create a person': () => scim.post('/Users', person('new@example.com')),
    'update a person': () => scim.patch(user('uma'), replace('title', 'Boss')),
    'replace a person': () => scim.put(user('cat'), person(loginOf('cat'), { title: 'Boss' })),
    'change a login': () => scim.patch(user('nina'), replace('userName', 'nin@example.com')),
    'deactivate a person': () => scim.patch(user('leo'), replace('active', false)),
    'delete a person': () => scim.delete(user('lea')),
    'create a group': () => scim.post('/Groups', group('Fresh', [idOf('uma')])),
    'rename a group': () => scim.patch(team('Old'), replace('displayName', 'Renamed')),
    'add a member': () => scim.patch(team('Team'), members('add', idOf('ada'))),
    'remove a member': () => scim.patch(team('Team'), members('remove', idOf('max'))),
    'replace a group': () => scim.put(team('Whole'), group('Whole', [idOf('dan')])),
    'delete a group': () => scim.delete(team('Gone'))
  }
  const answers: (readonly [string, ScimAnswer])[] = []
  const sent = Object.entries(writes).map(async ([what, send]) => {
    answers.push([what, await send()])
  })
  // One call to Box may take twenty seconds: who waits for that has forgotten the budget.
  await until('all are answered', () => answers.length === sent.length, 12_000)
  for (const [what, { status, headers }] of answers) {
    // Eight calls are under way at a time: a membership that gets no turn is acknowledged.
    if (acknowledged.has(what) && status < 300) continue
    t.ok(status === 503 || status === 429, `${what}: ${status}`)
    t.match(headers.get('retry-after'), /^[1-9]\d*$/, what)
  }
  // What the bridge goes on with by itself need not be waited for.
  await bridge.emulator.close()
})
