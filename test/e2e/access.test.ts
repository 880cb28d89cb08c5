import { join } from 'node:path'
import { base64url, exportSPKI, generateKeyPair, importJWK, SignJWT } from 'jose'
import t, { type Test } from 'tap'
import { createOperator } from '../../src/compose/operator.ts'
import { systemClock, type Clock } from '../../src/lib/clock.ts'
import { bridgeProcess, type BridgeProcess } from '../helpers/bridge-process.ts'
import { startBridge } from '../helpers/bridge.ts'
import { audience, client, startIssuer, type Issuer } from '../helpers/oidc-issuer.ts'
import { runCommand } from '../helpers/run-command.ts'
import { person, scimClient } from '../helpers/scim-client.ts'
import { until } from '../helpers/until.ts'

t.jobs = 4

const command = (bridge: BridgeProcess, ...args: string[]) =>
  runCommand(['token', ...args], { env: { DATABASE_URL: `file:${bridge.database}` } })

async function made(t: Test, bridge: BridgeProcess, ...args: string[]): Promise<string> {
  const { code, out, err } = await command(bridge, 'create', ...args)
  t.match({ code, err }, { code: 0, err: /shown once/ })
  t.match(out, /^bsb_[\w-]{43}\n$/)
  return out.trim()
}

const get = (url: string, authorization: string, headers: Record<string, string> = {}) =>
  fetch(url, { headers: { authorization, ...headers } })

const statusOf = async (url: string, authorization: string, headers = {}) =>
  (await get(url, authorization, headers)).status

t.test(
  'managed tokens are made, used and revoked while the bridge runs',
  { buffered: true },
  async (t) => {
    const bridge = await bridgeProcess(t, { env: { SCIM_TOKEN: '' } })
    const first = await made(t, bridge, 'first')
    await bridge.start({ untilReady: false })
    await until('the import', async () => (await bridge.readiness()) === 200)
    const users = `${bridge.url}/scim/v2/Users`
    t.equal(await statusOf(users, `Bearer ${first}`), 200, 'made before the first start')

    const second = await made(
      t,
      bridge,
      'second',
      '--scopes',
      'users,read-only',
      '--expires',
      '30d'
    )
    await until(
      'the bridge knows it',
      async () => (await statusOf(users, `Bearer ${second}`)) === 200
    )
    const scim = scimClient({ baseUrl: `${bridge.url}/scim/v2`, token: second })
    t.match(await scim.post('/Users', person('ann@example.com')), { status: 403 })
    t.match(await command(bridge, 'create', 'second'), { code: 1, err: /is a token named second/ })

    const busy = Array.from({ length: 20 }, () => statusOf(users, `Bearer ${first}`))
    t.match(await command(bridge, 'revoke', 'first'), { code: 0, out: /first is revoked/ })
    t.ok((await Promise.all(busy)).every((status) => status === 200 || status === 401))
    await until('it is refused', async () => (await statusOf(users, `Bearer ${first}`)) === 401)
    t.equal(await statusOf(users, `Bearer ${second}`), 200, 'and the other one still works')
    t.match(await command(bridge, 'revoke', 'first'), { code: 1, err: /no token named first/ })

    await bridge.stop()
    const { out } = await command(bridge, 'list', '--json')
    const listed = JSON.parse(out) as readonly Record<string, unknown>[]
    t.match(listed, [
      { name: 'first', state: 'revoked', lastUsedAt: Number },
      { name: 'second', state: 'live', scopes: ['users', 'read-only'], lastUsedAt: Number }
    ])
    t.notMatch(out, /digest/)
    const named = await made(t, bridge, 'first')
    t.not(named, first, 'a revoked name can be used again')
  }
)

t.test('tokens are bound to networks', { buffered: true }, async (t) => {
  const bridge = await bridgeProcess(t, { env: { TRUST_PROXY: '127.0.0.1', SCIM_TOKEN: '' } })
  const far = await made(t, bridge, 'far', '--network', '192.0.2.0/24', '2001:db8::/32')
  await bridge.start({ untilReady: false })
  const url = `${bridge.url}/scim/v2/ServiceProviderConfig`
  t.equal(await statusOf(url, `Bearer ${far}`), 401, 'not from this machine')
  t.equal(await statusOf(url, `Bearer ${far}`, from('192.0.2.9')), 200, 'the proxy is trusted')
  t.equal(await statusOf(url, `Bearer ${far}`, from('2001:db8::1')), 200)
  t.equal(await statusOf(url, `Bearer ${far}`, from('198.51.100.1')), 401)
  t.equal(
    await statusOf(url, `Bearer ${far}`, from('192.0.2.9, 198.51.100.1')),
    401,
    'what the client itself claims before the proxy is not believed'
  )
})

t.test('a token that has expired is refused', async (t) => {
  let ahead = 0
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + ahead }
  const url = `file:${join(t.testdir(), 'bridge.db')}`
  const token = await createOperator(url).makeToken({
    name: 'brief',
    scopes: ['users'],
    networks: [],
    expiresAt: systemClock.now() + 3_600_000
  })
  const bridge = await startBridge(t, { env: { DATABASE_URL: url }, dependencies: { clock } })
  const users = `${bridge.baseUrl}/Users`
  t.equal(await statusOf(users, `Bearer ${token}`), 200)
  ahead = 3_600_000
  t.equal(await statusOf(users, `Bearer ${token}`), 401)
  t.match(await createOperator(url, { clock }).listTokens(), [{ name: 'brief', state: 'expired' }])
})

t.test('without a trusted proxy a forged X-Forwarded-For changes nothing', async (t) => {
  const bridge = await bridgeProcess(t, { env: { SCIM_TOKEN: '' } })
  const far = await made(t, bridge, 'far', '--network', '192.0.2.0/24')
  const near = await made(t, bridge, 'near', '--network', '127.0.0.0/8')
  await bridge.start({ untilReady: false })
  const url = `${bridge.url}/scim/v2/ServiceProviderConfig`
  const forged = { 'x-forwarded-for': '192.0.2.9', forwarded: 'for=192.0.2.9' }
  t.equal(await statusOf(url, `Bearer ${far}`, forged), 401)
  t.equal(await statusOf(url, `Bearer ${near}`, forged), 200)
})

t.test('X-Forwarded-For is believed of the proxies that are named, and of no other', async (t) => {
  const folder = t.testdir()
  let bridges = 0
  const statusFrom = async (proxies: string, headers: Record<string, string>) => {
    const database = `file:${join(folder, `${(bridges += 1)}.db`)}`
    const far = await createOperator(database).makeToken({
      name: 'far',
      scopes: ['users'],
      networks: ['192.0.2.0/24'],
      expiresAt: undefined
    })
    const env = { DATABASE_URL: database, TRUST_PROXY: proxies }
    const { baseUrl } = await startBridge(t, { env })
    return statusOf(`${baseUrl}/Users`, `Bearer ${far}`, headers)
  }
  const good = '192.0.2.9'
  t.equal(await statusFrom('10.0.0.0/8', from(good)), 401, 'sent past the proxy')
  t.equal(await statusFrom('127.0.0.1', from(good)), 200)
  t.equal(await statusFrom('127.0.0.1', from(`${good}:49152`)), 200, 'with a port')
  t.equal(await statusFrom('127.0.0.1, 10.0.0.0/8', from(`${good}, 10.1.2.3`)), 200, 'two proxies')
  t.equal(await statusFrom('127.0.0.1', from(`${good}, 10.1.2.3`)), 401, 'one of them is not')
  t.equal(await statusFrom('127.0.0.1', from(`${good}, unknown`)), 401, 'no address')
  t.equal(await statusFrom('127.0.0.1', { forwarded: `for=${good}` }), 401, 'another header')
  t.equal(await statusFrom('127.0.0.1', { 'x-real-ip': good }), 401, 'yet another')
})

t.test('HTTP Basic is off unless it is asked for (RFC 7617)', { buffered: true }, async (t) => {
  for (const [basic, expected] of [
    ['false', 401],
    ['true', 200]
  ] as const) {
    const bridge = await bridgeProcess(t, { env: { BASIC_AUTH: basic } })
    const token = await made(t, bridge, 'okta')
    await bridge.start({ untilReady: false })
    const url = `${bridge.url}/scim/v2/ServiceProviderConfig`
    t.equal(await statusOf(url, `Basic ${btoa(`okta:${token}`)}`), expected)
    t.equal(await statusOf(url, `Basic ${btoa(`other:${token}`)}`), 401, 'the name must be right')
    const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
    const { authenticationSchemes } = (await answer.json()) as {
      readonly authenticationSchemes: readonly { readonly type: string }[]
    }
    t.strictSame(
      authenticationSchemes.map(({ type }) => type),
      basic === 'true' ? ['oauthbearertoken', 'httpbasic'] : ['oauthbearertoken'],
      'what works is told, and nothing else (RFC 7643 §5)'
    )
    t.equal(await statusOf(url, `Basic ${btoa('okta:wrong')}`), 401)
    t.equal(
      await statusOf(url, `Basic ${btoa(`token-1:${bridge.token}`)}`),
      401,
      'managed ones only'
    )
  }
})

const from = (address: string) => ({ 'x-forwarded-for': address })

const header = (content: object) => base64url.encode(JSON.stringify(content))

async function bridgeOf(t: Test, issuer: Issuer, more: object = {}) {
  const trusted = { issuer: issuer.url, audience, clients: [client], ...more }
  const bridge = await startBridge(t, { env: { OIDC_ISSUERS: JSON.stringify([trusted]) } })
  return `${bridge.baseUrl}/ServiceProviderConfig`
}

t.test('JWTs of an issuer (RFC 9068, RFC 8725)', async (t) => {
  const issuer = await startIssuer(t)
  const url = await bridgeOf(t, issuer)
  const now = Math.floor(Date.now() / 1000)
  const ask = async (token: string) => statusOf(url, `Bearer ${token}`)

  t.equal(await ask(await issuer.sign()), 200)
  t.equal(await ask(await issuer.sign({ aud: ['other', audience] })), 200)
  t.equal(await ask(await issuer.sign({ azp: undefined, appid: client })), 200, 'Entra ID v1')
  t.equal(await ask(await issuer.sign({ azp: undefined, cid: client })), 200, 'Okta')
  t.equal(await ask(await issuer.sign({ exp: now - 10 })), 200, 'clocks may differ a little')

  // The audience that all apps of a tenant share.
  const shared = '8adf8e6e-67b2-4cf2-a259-e3dc5476c621'
  const refused: readonly [string, Parameters<Issuer['sign']>][] = [
    ['expired', [{ exp: now - 120 }]],
    ['without an end', [{ exp: undefined }]],
    ['not yet valid', [{ nbf: now + 600 }]],
    ['of another issuer', [{ iss: 'https://issuer.example.com' }]],
    ['of no issuer', [{ iss: undefined }]],
    ['for another audience', [{ aud: 'api://another-app' }]],
    ['as Entra ID sends it for a blank secret', [{ aud: shared, azp: undefined, appid: client }]],
    ['for no audience', [{ aud: undefined }]],
    ['of another client', [{ azp: 'another-client' }]],
    ['of no client', [{ azp: undefined }]],
    ['of two clients', [{ azp: client, client_id: 'another-client' }]],
    ['of a key that is not known', [{}, { kid: 'unknown' }]]
  ]
  for (const [what, [claims, header]] of refused) {
    const answer = await get(url, `Bearer ${await issuer.sign(claims, header)}`)
    t.equal(answer.status, 401, what)
    t.match(answer.headers.get('www-authenticate'), /^Bearer .*error="invalid_token"/, what)
    t.match(
      await answer.json(),
      { detail: 'The bearer token is not accepted by this server.' },
      'what was wrong is not said'
    )
  }
  t.ok(issuer.reads < 5, 'the keys are read seldom')
})

t.test('tricks with the algorithm do not work (RFC 8725 §2.1)', async (t) => {
  const issuer = await startIssuer(t)
  const url = await bridgeOf(t, issuer)
  const good = await issuer.sign()
  t.equal(await statusOf(url, `Bearer ${good}`), 200)
  const [, payload = '', signature = ''] = good.split('.')
  const [published] = issuer.published
  if (published?.kid === undefined) throw new TypeError('There is no key')
  const { kid } = published
  const publicKey = await importJWK({ ...published, ext: true }, 'RS256')
  const pem = await exportSPKI(publicKey as Parameters<typeof exportSPKI>[0])
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
  const symmetric = await new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'HS256', kid })
    .sign(new TextEncoder().encode(pem))
  const { privateKey, publicKey: own } = await generateKeyPair('RS256', { extractable: true })
  const selfMade = await new SignJWT({ ...claims })
    .setProtectedHeader({
      alg: 'RS256',
      kid,
      jwk: await crypto.subtle.exportKey('jwk', own)
    })
    .sign(privateKey)
  const tricks = {
    'no signature': `${header({ alg: 'none' })}.${payload}.`,
    'no signature, said aloud': `${header({ alg: 'None', kid })}.${payload}.`,
    'the signature left out': `${good.split('.').slice(0, 2).join('.')}.`,
    'another payload': `${good.split('.')[0]}.${header({ ...claims, azp: 'x' })}.${signature}`,
    'the public key as a shared secret': symmetric,
    'a key that the token brings along': selfMade,
    'a critical header that nobody knows': `${header({ alg: 'RS256', kid, crit: ['x'], x: 1 })}.${payload}.${signature}`,
    'something else': 'a.b.c',
    'an empty one': '..'
  }
  for (const [what, token] of Object.entries(tricks)) {
    t.equal(await statusOf(url, `Bearer ${token}`), 401, what)
  }
})

t.test('nobody is asked for keys because a token says so (RFC 8725 §3.10)', async (t) => {
  const issuer = await startIssuer(t)
  const stranger = await startIssuer(t)
  const url = await bridgeOf(t, issuer)
  const jku = `${stranger.url}/keys`
  const kid = stranger.published[0]?.kid ?? ''
  const tokens = {
    'its own keys': await stranger.sign({ iss: issuer.url }, { jku, kid }),
    'its own issuer': await stranger.sign(),
    'its own issuer, written almost like the other': await stranger.sign({ iss: `${issuer.url}/` })
  }
  for (const [what, token] of Object.entries(tokens)) {
    t.equal(await statusOf(url, `Bearer ${token}`), 401, what)
  }
  t.equal(stranger.requests, 0)
})

t.test('an issuer that takes a new key, and one that is away', async (t) => {
  const issuer = await startIssuer(t)
  const url = await bridgeOf(t, issuer)
  issuer.failWith = 500
  const answer = await get(url, `Bearer ${await issuer.sign()}`)
  t.equal(answer.status, 503, 'nobody knows whether the token is good')
  t.match(answer.headers.get('retry-after'), /^\d+$/)

  const other = await startIssuer(t)
  const otherUrl = await bridgeOf(t, other)
  const old = await other.sign()
  await other.rotate({ forget: false })
  t.equal(await statusOf(otherUrl, `Bearer ${old}`), 200)
  t.equal(await statusOf(otherUrl, `Bearer ${await other.sign()}`), 200, 'both while they overlap')
})

t.test('the scopes and networks of an issuer hold', async (t) => {
  const issuer = await startIssuer(t)
  const url = await bridgeOf(t, issuer, { scopes: ['groups'] })
  const users = url.replace('/ServiceProviderConfig', '/Users')
  t.equal(await statusOf(users, `Bearer ${await issuer.sign()}`), 403)
  t.equal(await statusOf(users.replace('Users', 'Groups'), `Bearer ${await issuer.sign()}`), 200)
  const far = await bridgeOf(t, issuer, { networks: ['192.0.2.0/24'] })
  t.equal(await statusOf(far, `Bearer ${await issuer.sign()}`), 401)
})

t.test('what a 401 asks for (RFC 6750 §3, RFC 7617 §2)', async (t) => {
  const bearer = 'Bearer realm="box-scim-bridge"'
  const invalid = `${bearer}, error="invalid_token"`
  const basicOn = 'Basic realm="box-scim-bridge", charset="UTF-8"'
  for (const basic of [false, true]) {
    const bridge = await startBridge(t, { env: { BASIC_AUTH: String(basic) } })
    const plus = (challenge: string) => (basic ? `${challenge}, ${basicOn}` : challenge)
    const url = `${bridge.baseUrl}/Users`
    const sent: readonly [string | undefined, string, RegExp][] = [
      [undefined, plus(bearer), /token is needed/],
      ['non-token', plus(bearer), /token is needed/],
      ['Digest username="x"', plus(bearer), /token is needed/],
      ['Bearer', plus(bearer), /token is needed/],
      ['Bearer wrong', plus(invalid), /token is not accepted/],
      ['Bearer two words', plus(invalid), /token is not accepted/],
      ['Bearer a.b.c', plus(invalid), /token is not accepted/],
      ['Basic dTpw', plus(bearer), basic ? /password are not accepted/ : /token is needed/],
      [`Basic ${btoa(`token-1:${bridge.token}`)}`, plus(bearer), /not accepted|is needed/]
    ]
    for (const [authorization, challenge, detail] of sent) {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
      const answer = await fetch(url, { headers })
      t.equal(answer.status, 401, `${basic} ${authorization}`)
      t.equal(answer.headers.get('www-authenticate'), challenge, `${basic} ${authorization}`)
      t.match(await answer.json(), { status: '401', detail })
    }
  }
})

t.test('a request that was let in is finished although its token is revoked', async (t) => {
  const database = `file:${join(t.testdir(), 'bridge.db')}`
  const operator = createOperator(database)
  const token = await operator.makeToken({
    name: 'okta',
    scopes: ['users'],
    networks: [],
    expiresAt: undefined
  })
  const bridge = await startBridge(t, { env: { DATABASE_URL: database } })
  const { emulator } = bridge
  const scim = scimClient({ baseUrl: bridge.baseUrl, token })
  emulator.faults.add({ kind: 'delay-after', ms: 3_000, method: 'POST', path: '/2.0/users' })
  const running = scim.post('/Users', person('ann@example.com'))
  await until('Box has it', () => emulator.state().users['ann@example.com'] !== undefined)
  await operator.revokeToken('okta')
  await until('the token is refused', async () => (await scim.get('/Users')).status === 401)
  t.equal((await running).status, 201)
  t.equal((await scim.post('/Users', person('bob@example.com'))).status, 401)
  t.equal(emulator.state().users['bob@example.com'], undefined)
})

t.test('the details of /readyz need a token', async (t) => {
  const bridge = await startBridge(t)
  const ready = `${bridge.url}/readyz`
  t.strictSame(await (await fetch(ready)).json(), { status: 'ready' })
  t.match(await (await get(ready, `Bearer ${bridge.token}`)).json(), { box: 'ok', import: 'done' })
  t.equal(await statusOf(ready, 'Bearer wrong'), 401)
})
