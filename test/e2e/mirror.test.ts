import t, { type Test } from 'tap'
import { startBridge, type BridgeOptions } from '../helpers/bridge.ts'
import { createHurriedClock } from '../helpers/hurried-clock.ts'
import { group, person, scimClient } from '../helpers/scim-client.ts'
import { until } from '../helpers/until.ts'

const deactivate = { op: 'replace', path: 'active', value: false }

/** A bridge with a leaver, a group without them, and an admin; what is asked of it again costs calls. */
async function setUp(t: Test, options: BridgeOptions = {}) {
  const bridge = await startBridge(t, options)
  const { emulator } = bridge
  const scim = scimClient(bridge)
  const { body: leaver } = await scim.post('/Users', person('leo@example.com'))
  const { body: sales } = await scim.post('/Groups', group('Sales'))
  const adminId = emulator.state().users['ada.admin@example.com']?.id ?? ''
  const leave = { op: 'remove', path: `members[value eq "${String(leaver['id'])}"]` }
  await scim.patch(`/Users/${String(leaver['id'])}`, deactivate)
  /** The calls that a request makes, apart from those that the bridge makes by itself. */
  const callsOf = async (work: () => Promise<{ readonly status: number }>, status: number) => {
    const before = emulator.calls.length
    t.equal((await work()).status, status)
    return emulator.calls
      .slice(before)
      .filter(({ path }) => !/^\/(oauth2\/token|2\.0\/events|2\.0\/users\/me)$/.test(path))
      .map(({ method, path }) => `${method} ${path.replaceAll(/\d{5,}/g, ':id')}`)
  }
  /** Asks for removals that Box has confirmed, and for one that Box would refuse. */
  const repeat = async () => ({
    deactivation: await callsOf(
      () => scim.patch(`/Users/${String(leaver['id'])}`, deactivate),
      200
    ),
    leaving: await callsOf(() => scim.patch(`/Groups/${String(sales['id'])}`, leave), 204),
    admin: await callsOf(() => scim.patch(`/Users/${adminId}`, deactivate), 400),
    group: await callsOf(() => scim.delete(`/Groups/${String(sales['id'])}`), 204)
  })
  return { bridge, repeat }
}

const sentAgain = {
  deactivation: ['PUT /2.0/users/:id'],
  leaving: ['GET /2.0/users/:id/memberships'],
  admin: ['GET /2.0/users/:id'],
  group: ['GET /2.0/groups/:id/memberships']
}

t.test('what Box confirmed costs nothing again while events are followed', async (t) => {
  const { repeat } = await setUp(t)
  t.same(await repeat(), { ...sentAgain, deactivation: [], leaving: [] })
})

t.test('removals are sent again where events are not followed', async (t) => {
  const { repeat } = await setUp(t, { env: { BOX_EVENTS_POLL_SECONDS: '0' } })
  t.same(await repeat(), sentAgain)
})

t.test('and where the app may not read them', async (t) => {
  const { repeat, bridge } = await setUp(t, {
    faults: [{ kind: 'insufficient-scope', path: '/2.0/events' }]
  })
  t.same(await repeat(), sentAgain)
  const { body } = await scimClient(bridge).get('/Users')
  t.equal(body['totalResults'], 2, 'and the bridge works all the same')
})

t.test('and where they are late', async (t) => {
  const clock = createHurriedClock(1)
  const { bridge, repeat } = await setUp(t, { emulator: { clock }, dependencies: { clock } })
  const polls = () => bridge.emulator.calls.filter(({ path }) => path === '/2.0/events').length
  await until('the first poll is done', () => polls() === 2)
  bridge.emulator.faults.add({ kind: '503-before', path: '/2.0/events' })
  clock.skip(3 * 300_000 + 1)
  t.same(await repeat(), sentAgain)
})
