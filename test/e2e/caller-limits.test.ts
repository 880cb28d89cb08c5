import { join } from 'node:path'
import t from 'tap'
import { createOperator } from '../../src/compose/operator.ts'
import { systemClock, type Clock } from '../../src/lib/clock.ts'
import { failureLimits } from '../../src/scim/access/failure-limit.ts'
import { startBridge } from '../helpers/bridge.ts'
import { audience, client, startIssuer } from '../helpers/oidc-issuer.ts'

const get = (url: string, authorization: string, headers: Record<string, string> = {}) =>
  fetch(url, { headers: { authorization, ...headers } })

const statusOf = async (url: string, authorization: string, headers = {}) =>
  (await get(url, authorization, headers)).status

const from = (address: string) => ({ 'x-forwarded-for': address })

/** One value and the other, in turn. */
function alternately(...values: readonly [string, string]): () => Promise<string> {
  let turn = 0
  return async () => values[turn++ % 2] ?? ''
}

t.test('whoever keeps failing is told to wait, and nobody else', async (t) => {
  const bridge = await startBridge(t, { env: { TRUST_PROXY: '127.0.0.1' } })
  const url = `${bridge.baseUrl}/ServiceProviderConfig`
  const tries = (times: number, address: string) =>
    Promise.all(
      Array.from({ length: times }, (_, n) => get(url, `Bearer wrong-${n}`, from(address)))
    )
  const { burst } = failureLimits
  const first = await tries(burst, '192.0.2.66')
  t.ok(first.every(({ status }) => status === 401))
  const [turnedAway, ...others] = await tries(10, '192.0.2.66')
  t.ok(others.every(({ status }) => status === 429))
  t.equal(turnedAway?.status, 429)
  t.match(turnedAway?.headers.get('retry-after'), /^\d+$/)
  t.match(turnedAway?.headers.get('content-type'), /scim\+json/)
  t.equal(turnedAway?.headers.get('www-authenticate'), null)
  t.equal(
    await statusOf(url, `Bearer ${bridge.token}`, from('192.0.2.66')),
    200,
    'a good token from the same address is not held up: an office or a proxy has one for all'
  )
  t.equal(
    await statusOf(url, 'Bearer wrong', from('192.0.2.77')),
    401,
    'behind a trusted proxy each client counts for itself'
  )
  const forged = from('203.0.113.9, 192.0.2.66')
  t.equal(await statusOf(url, 'Bearer wrong', forged), 429, 'whatever it claims')
  const metrics = await (await get(`${bridge.url}/metrics`, `Bearer ${bridge.token}`)).text()
  t.match(metrics, /^box_scim_requests_limited_total\{limit="wrong-tokens"\} 11$/m)
})

t.test('each token and each client has limits of its own', async (t) => {
  const issuer = await startIssuer(t)
  const database = `file:${join(t.testdir(), 'bridge.db')}`
  const managed = await createOperator(database).makeToken({
    name: 'okta',
    scopes: ['users'],
    networks: [],
    expiresAt: undefined
  })
  const trusted = { issuer: issuer.url, audience, clients: [client, 'another-client'] }
  const standingStill = systemClock.now()
  const clock: Clock = { ...systemClock, now: () => standingStill }
  const bridge = await startBridge(t, {
    env: {
      DATABASE_URL: database,
      OIDC_ISSUERS: JSON.stringify([trusted]),
      BASIC_AUTH: 'true',
      CALLER_RATE_PER_SECOND: '1'
    },
    dependencies: { clock }
  })
  const url = `${bridge.baseUrl}/Users?count=0`
  let uses = 0
  const callers: Readonly<Record<string, () => Promise<string>>> = {
    'a plain token': async () => `Bearer ${bridge.token}`,
    'a managed token, however it is sent': alternately(
      `Bearer ${managed}`,
      `Basic ${btoa(`okta:${managed}`)}`
    ),
    'a client, whatever its token': async () => `Bearer ${await issuer.sign({ jti: `${uses++}` })}`,
    'another client': async () => `Bearer ${await issuer.sign({ azp: 'another-client' })}`
  }
  for (const [what, authorization] of Object.entries(callers)) {
    const statuses: number[] = []
    for (let n = 0; n < 12; n += 1) statuses.push(await statusOf(url, await authorization()))
    t.strictSame(statuses, [...Array.from({ length: 10 }, () => 200), 429, 429], what)
  }
})
