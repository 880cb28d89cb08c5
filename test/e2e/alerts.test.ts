import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import { createOperator } from '../../src/compose/operator.ts'
import { startAlertReceiver } from '../helpers/alert-receiver.ts'
import { startBridge, type BridgeOptions } from '../helpers/bridge.ts'
import { createHurriedClock, passTime } from '../helpers/hurried-clock.ts'
import { person, scimClient } from '../helpers/scim-client.ts'
import { until } from '../helpers/until.ts'

t.jobs = 4

const secret = 'a-secret-for-the-webhook'
const dayMs = 86_400_000

/** A bridge that sends its alerts to a receiver, with a clock that the test can move. */
async function setUp(t: Test, options: BridgeOptions = {}) {
  const clock = createHurriedClock()
  const receiver = await startAlertReceiver(t)
  const env = { ALERT_WEBHOOK_URL: receiver.url, ALERT_WEBHOOK_SECRET: secret, ...options.env }
  const bridge = await startBridge(t, {
    ...options,
    env,
    emulator: { clock, ...options.emulator },
    dependencies: { clock }
  })
  return { bridge, clock, ...receiver, scim: scimClient(bridge) }
}

t.test('Box refuses the rights of the bridge', { buffered: true }, async (t) => {
  const { bridge, scim, facts, received } = await setUp(t)
  bridge.emulator.faults.add({ kind: 'insufficient-scope', method: 'POST', path: '/2.0/users' })
  const answer = await scim.post('/Users', person('ann@example.com'))
  t.equal(answer.status, 503)
  await until('the alert arrives', () => facts('box-credentials-refused').length === 1)
  t.strictSame(facts('box-credentials-refused'), [{ subject: 'box' }])
  const { body = '', headers } = received[0] ?? {}
  const signed = `${String(headers?.['x-box-scim-timestamp'])}.${body}`
  const signature = createHmac('sha256', secret).update(signed).digest('hex')
  t.equal(headers?.['x-box-scim-signature'], `sha256=${signature}`)
  t.notMatch(body, /ann@/)
})

t.test('Box refuses the credentials of the bridge', { buffered: true }, async (t) => {
  const { facts } = await setUp(t, { env: { BOX_CLIENT_SECRET: 'wrong' }, untilReady: false })
  await until('the alert arrives', () => facts('box-credentials-refused').length === 1)
})

t.test('the events of Box cannot be read for three intervals', { buffered: true }, async (t) => {
  const { bridge, clock, facts } = await setUp(t, { env: { BOX_EVENTS_POLL_SECONDS: '300' } })
  const { emulator } = bridge
  const polls = () => emulator.calls.filter(({ path }) => path === '/2.0/events').length
  await until('the first poll is done', () => polls() >= 2)
  emulator.faults.add({ kind: 'server-error', path: '/2.0/events' })
  const begun = clock.now()
  await passTime(clock, 'the alert arrives', () => facts('events-lost').length > 0)
  t.match(facts('events-lost'), [{ subject: 'events', secondsAgo: Number }])
  t.ok(clock.now() - begun >= 3 * 300_000, 'not before')
})

t.test('the first import fails, and begins again', { buffered: true }, async (t) => {
  const path = join(t.testdir(), 'bridge.db')
  const DATABASE_URL = `file:${path}`
  // Makes the database; the bridge finds it and imports into it.
  await createOperator(DATABASE_URL).makeToken({
    name: 'first',
    scopes: ['users'],
    networks: [],
    expiresAt: undefined
  })
  const alter = (statement: string) => {
    const database = new DatabaseSync(path, { timeout: 5_000 })
    database.exec(statement)
    database.close()
  }
  alter(
    "create trigger no_groups before insert on groups begin select raise(abort, 'Ann Other'); end"
  )
  const { bridge, clock, facts } = await setUp(t, {
    env: { DATABASE_URL },
    seed: { groups: [{ name: 'Sales', members: [] }] },
    untilReady: false
  })
  await until('the alert arrives', () => facts('import-failed').length === 1)
  t.match(facts('import-failed'), [{ subject: 'import', reason: /^\w+$/ }])
  t.equal((await fetch(`${bridge.url}/readyz`)).status, 503)
  alter('drop trigger no_groups')
  await passTime(clock, 'ready', async () => (await fetch(`${bridge.url}/readyz`)).ok)
})

t.test('what follows a DELETE is refused by Box', { buffered: true }, async (t) => {
  const users = [{ login: 'leo@example.com', name: 'Leo', ownsContent: true, space_used: 1000 }]
  const { bridge, scim, facts, received } = await setUp(t, {
    seed: { users },
    env: { ON_DELETE: 'delete' }
  })
  const id = bridge.emulator.state().users['leo@example.com']?.id ?? ''
  t.equal((await scim.delete(`/Users/${id}`)).status, 204)
  await until('the alert arrives', () => facts('leaver-refused').length === 1)
  t.match(facts('leaver-refused'), [
    {
      subject: `delete-user:${id}`,
      userId: id,
      operation: 'delete-user',
      reason: /^4\d\d \w+ \w+$/
    }
  ])
  t.notMatch(JSON.stringify(received), /leo@/)
})

t.test('a token is about to end, and ends', { buffered: true }, async (t) => {
  const DATABASE_URL = `file:${join(t.testdir(), 'bridge.db')}`
  const operator = createOperator(DATABASE_URL)
  const expiresAt = Date.now() + 100 * dayMs
  const token = await operator.makeToken({
    name: 'okta',
    scopes: ['users', 'metrics'],
    networks: [],
    expiresAt
  })
  const { bridge, clock, facts } = await setUp(t, { env: { DATABASE_URL } })
  const secondsLeft = async () => {
    const headers = { authorization: `Bearer ${bridge.token}` }
    const text = await (await fetch(`${bridge.url}/metrics`, { headers })).text()
    return Number(/^box_scim_token_expiry_seconds\{token="okta"\} (\S+)$/m.exec(text)?.[1])
  }
  const expected = (expiresAt - clock.now()) / 1000
  t.ok(Math.abs((await secondsLeft()) - expected) < 3600, 'the metric says when')
  t.strictSame(facts('token-expiring'), [])
  clock.skip(98 * dayMs)
  await until('the alert arrives', () => facts('token-expiring').length > 0)
  t.match(facts('token-expiring'), [{ token: 'okta', until: new Date(expiresAt).toISOString() }])
  clock.skip(2 * dayMs)
  await until('the next alert arrives', () => facts('token-expired').length > 0)
  t.ok((await secondsLeft()) <= 0, 'below zero until somebody revokes it')
  const headers = { authorization: `Bearer ${token}` }
  t.equal((await fetch(`${bridge.baseUrl}/Users`, { headers })).status, 401)
  await operator.revokeToken('okta')
  await until('and gone then', async () => Number.isNaN(await secondsLeft()))
})
