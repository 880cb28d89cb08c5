import { generateKeyPairSync } from 'node:crypto'
import { decodeProtectedHeader, jwtVerify } from 'jose'
import t from 'tap'
import { createBoxClient } from '../../src/box/client.ts'
import { createTokens } from '../../src/box/token.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { BoxUnavailableError } from '../../src/provisioning/errors.ts'
import type { BoxUserId } from '../../src/provisioning/model.ts'
import { startBoxServer, token } from './support/box-server.ts'
import { createMemoryLog, createTestClient, rejection } from './support/client.ts'
import { createFakeClock } from './support/clocks.ts'

const day = 86_400_000
const passphrase = 'correct horse'

/** A keeper of tokens that last `life` seconds; a request takes `takes` ms. */
function start(life = 3600, takes = 100) {
  const clock = createFakeClock()
  const box = { asked: 0, fail: undefined as Error | undefined }
  const tokens = createTokens({
    clock,
    async request() {
      box.asked += 1
      const value = `token-${box.asked}`
      await clock.sleep(takes)
      if (box.fail !== undefined) throw box.fail
      return token(value, life)
    }
  })
  const get = (): Promise<string> => tokens.get(clock.now() + day)
  return { clock, box, tokens, get }
}

const trouble = (kind: 'unavailable' | 'credentials') =>
  new BoxUnavailableError('no', { trouble: kind, effect: 'none', retryAfterSeconds: 1 })

t.test('all callers share one request and its token', async (t) => {
  const { clock, box, get } = start()
  const all = Promise.all(Array.from({ length: 20 }, get))
  await clock.advance(100)
  t.same(new Set(await all), new Set(['token-1']))
  await clock.advance(3_299_000)
  t.equal(await get(), 'token-1')
  t.equal(box.asked, 1)
})

t.test('a token is renewed five minutes before its end, while the old one is used', async (t) => {
  const { clock, box, get } = start(3600)
  void get()
  await clock.advance(3_300_000)
  t.same(await Promise.all([get(), get(), get()]), ['token-1', 'token-1', 'token-1'])
  t.equal(box.asked, 2)
  await clock.advance(100)
  t.equal(await get(), 'token-2')
})

t.test('a token of a short life is renewed in the last tenth of it', async (t) => {
  const { clock, box, get } = start(60)
  void get()
  await clock.advance(53_999)
  t.equal(await get(), 'token-1')
  t.equal(box.asked, 1)
  await clock.advance(1)
  t.equal(await get(), 'token-1')
  t.equal(box.asked, 2)
})

t.test('a renewal that fails does no harm as long as the old token is good', async (t) => {
  const { clock, box, get } = start(600)
  void get()
  await clock.advance(540_000)
  box.fail = trouble('unavailable')
  t.equal(await get(), 'token-1')
  await clock.advance(100)
  t.equal(await get(), 'token-1')
  t.equal(box.asked, 2, 'the next try comes later')
  await clock.advance(10_000)
  t.equal(await get(), 'token-1')
  t.equal(box.asked, 3)
  await clock.advance(50_000)
  const failing = rejection(get(), BoxUnavailableError)
  await clock.advance(100)
  t.match(await failing, { trouble: 'unavailable', effect: 'none' })
})

t.test('a discarded token is replaced once, whoever discards it again', async (t) => {
  const { clock, box, tokens, get } = start()
  void get()
  await clock.advance(100)
  tokens.discard('token-1')
  const next = get()
  await clock.advance(100)
  t.equal(await next, 'token-2')
  tokens.discard('token-1')
  t.equal(await get(), 'token-2')
  t.equal(box.asked, 2)
})

t.test(
  'a caller waits no longer than its deadline, the request goes on for the others',
  async (t) => {
    const { clock, tokens, get } = start(3600, 10_000)
    const patient = get()
    const hurried = rejection(tokens.get(clock.now() + 500), BoxUnavailableError)
    await clock.advance(500)
    t.match(await hurried, { trouble: 'unavailable', effect: 'none' })
    const endless = tokens.get(Infinity)
    await clock.advance(9500)
    t.equal(await patient, 'token-1')
    t.equal(await endless, 'token-1')
    t.equal(clock.sleepers(), 0)
    t.equal(clock.longestSleep() < 2 ** 31, true)
  }
)

t.test('after a refusal Box is left alone for two seconds', async (t) => {
  const { clock, box, get } = start(3600, 0)
  box.fail = trouble('credentials')
  for (let i = 0; i < 5; i++) {
    const refused = rejection(get(), BoxUnavailableError)
    await clock.advance(0)
    t.match(await refused, { trouble: 'credentials' })
  }
  t.equal(box.asked, 1)
  box.fail = undefined
  await clock.advance(2000)
  const next = get()
  await clock.advance(0)
  t.equal(await next, 'token-2')
})

/** A key pair and a configuration file as Box's Developer Console makes them. */
function jwtConfig(encrypted: boolean) {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    ...(encrypted ? { cipher: 'aes-256-cbc', passphrase } : {})
  })
  const appAuth = {
    publicKeyID: 'k3y1d',
    privateKey: pem,
    ...(encrypted ? { passphrase } : {})
  }
  const file = {
    boxAppSettings: { clientID: 'jwt-app', clientSecret: 'jwt-secret', appAuth },
    enterpriseID: '1234567'
  }
  return { publicKey, file }
}

t.test('the JWT grant names its key and satisfies what Box demands', async (t) => {
  for (const encrypted of [true, false]) {
    const { publicKey, file } = jwtConfig(encrypted)
    const server = await startBoxServer(t)
    server.answer = () => ({ status: 200, json: { type: 'user', id: '1', login: 'a@b.c' } })
    const credentials = { kind: 'jwt', config: JSON.stringify(file) } as const
    const { box, call, clock } = createTestClient(t, server.url, { credentials })
    await box.getOwnAccount(call())
    const form = new URLSearchParams(server.tokenRequests[0]?.body)
    t.equal(form.get('grant_type'), 'urn:ietf:params:oauth:grant-type:jwt-bearer')
    t.equal(form.get('client_id'), 'jwt-app')
    t.equal(form.get('client_secret'), 'jwt-secret')
    const assertion = form.get('assertion') ?? ''
    t.match(decodeProtectedHeader(assertion), { alg: 'RS256', kid: 'k3y1d' })
    const now = Math.floor(clock.now() / 1000)
    const { payload } = await jwtVerify(assertion, publicKey, {
      audience: 'https://api.box.com/oauth2/token',
      issuer: 'jwt-app',
      subject: '1234567',
      currentDate: new Date(clock.now())
    })
    t.equal(payload['box_sub_type'], 'enterprise')
    t.equal((payload.jti ?? '').length >= 16, true)
    t.equal((payload.exp ?? 0) - now <= 60, true)
  }
})

t.test(
  'a JWT configuration that cannot be used is refused at once, without its content',
  async (t) => {
    const { file } = jwtConfig(true)
    const { appAuth } = file.boxAppSettings
    const wrong = { ...appAuth, passphrase: 'wr0ng' }
    const cases: readonly (readonly [unknown, RegExp])[] = [
      ['{"boxAppSettings": jwt-secret', /it is not JSON/],
      [{}, /no boxAppSettings.clientID, no boxAppSettings.clientSecret, .* no enterpriseID/],
      [{ ...file, enterpriseID: undefined }, /it has no enterpriseID$/],
      [{ ...file, boxAppSettings: { ...file.boxAppSettings, appAuth: wrong } }, /passphrase/]
    ]
    for (const [config, message] of cases) {
      try {
        createBoxClient({
          apiUrl: 'https://api.box.com',
          credentials: {
            kind: 'jwt',
            config: typeof config === 'string' ? config : JSON.stringify(config)
          },
          callsPerMinute: 900,
          clock: createFakeClock(),
          random: systemRandom,
          log: createMemoryLog()
        })
        t.fail('nothing was thrown')
      } catch (error) {
        t.match(error, { message })
        t.notMatch(String(error), /jwt-secret|wr0ng|PRIVATE/)
      }
    }
  }
)

t.test('a token that expires between two calls is no trouble for either', async (t) => {
  const server = await startBoxServer(t)
  server.answer = () => ({ status: 200, json: { type: 'user', id: '7', login: 'a@b.c' } })
  server.answerToken = (_request, index) => ({ status: 200, json: token(`t-${index}`, 30) })
  const { box, call, clock, records } = createTestClient(t, server.url)
  await box.getUser('7' as BoxUserId, call())
  clock.skip(31_000)
  await box.getUser('7' as BoxUserId, call())
  t.same(
    server.requests.map(({ headers }) => headers.authorization),
    ['Bearer t-0', 'Bearer t-1']
  )
  t.equal(records.length, 2, 'token requests are no calls')
})
