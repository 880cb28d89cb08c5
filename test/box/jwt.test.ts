import { generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Test } from 'tap'
import t from 'tap'
import { createEmulator } from '../../src/emulator/emulator.ts'
import type { EmulatorOptions } from '../../src/emulator/emulator.ts'
import { demoCredentials } from '../../src/emulator/seed.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { BoxUnavailableError } from '../../src/provisioning/errors.ts'
import { startBoxServer, token } from './support/box-server.ts'
import { createTestClient, rejection } from './support/client.ts'
import { createSkippingClock } from './support/clocks.ts'

const passphrase = 'correct horse'
const pair = () => generateKeyPairSync('rsa', { modulusLength: 2048 })
const [app, elder, stranger] = [pair(), pair(), pair()]
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString()

/** A configuration file as Box's Developer Console makes it, for this key. */
function credentials({ privateKey }: typeof app) {
  const cipher = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase } as const
  const { clientId: clientID, clientSecret, enterpriseId: enterpriseID } = demoCredentials
  const appAuth = { publicKeyID: 'new', privateKey: privateKey.export(cipher), passphrase }
  const file = { boxAppSettings: { clientID, clientSecret, appAuth }, enterpriseID }
  return { kind: 'jwt', config: JSON.stringify(file) } as const
}

/** A client and an emulator that knows two keys, with clocks this far apart. */
async function start(t: Test, aheadMs: number, more: EmulatorOptions & { key?: typeof app } = {}) {
  const { key = app, ...options } = more
  const clock = createSkippingClock()
  const emulator = createEmulator({
    clock: { ...clock, now: () => clock.now() + aheadMs },
    publicKeys: [
      { id: 'old', key: pem(elder.publicKey) },
      { id: 'new', key: pem(app.publicKey) }
    ],
    ...options
  })
  t.teardown(() => emulator.close())
  const client = createTestClient(t, await emulator.listen(), {
    credentials: credentials(key),
    random: systemRandom
  })
  const tokenRequests = () => emulator.calls.filter(({ path }) => path === '/oauth2/token').length
  return { ...client, emulator, tokenRequests }
}

t.test('Box accepts what is signed with an encrypted key, one of two', async (t) => {
  const { box, call, emulator, tokenRequests } = await start(t, 0)
  const own = await box.getOwnAccount(call())
  t.equal(own.id, emulator.state().serviceAccount.id)
  emulator.revokeTokens()
  await box.getOwnAccount(call())
  t.equal(tokenRequests(), 2, 'each assertion is unique')
})

t.test('a clock that is wrong is set right by the answers of Box', async (t) => {
  for (const hours of [-26, -1, 1, 26]) {
    const { box, call, emulator, tokenRequests, log } = await start(t, hours * 3_600_000)
    await box.getOwnAccount(call())
    t.equal(tokenRequests(), 2, `${hours} hours`)
    t.match(log.lines.join('\n'), /clock and this machine's differ/)
    emulator.revokeTokens()
    await box.getOwnAccount(call())
    t.equal(tokenRequests(), 3, 'and stays so')
  }
})

t.test('a wrong clock is recognised in either shape of the error', async (t) => {
  const { box, call } = await start(t, 3_600_000, { guesses: { grantErrorBody: 'error' } })
  t.match(await box.getOwnAccount(call()), { login: /^AutomationUser/ })
})

t.test('a key that Box does not know is trouble with the credentials, said once', async (t) => {
  const { box, call, tokenRequests, log } = await start(t, 0, { key: stranger })
  const error = await rejection(box.getOwnAccount(call()), BoxUnavailableError)
  t.match(error, { trouble: 'credentials', effect: 'none' })
  t.match(error.message, /Grant credentials are invalid/)
  t.equal(tokenRequests(), 1, 'the clocks agree, so there is nothing to correct')
  t.notMatch(error.message + log.lines.join('\n'), /PRIVATE|correct horse|demo-client-secret/)
})

t.test('a wrong clock and a wrong key: asked twice, then trouble', async (t) => {
  const { box, call, tokenRequests } = await start(t, 3_600_000, { key: stranger })
  const error = await rejection(box.getOwnAccount(call()), BoxUnavailableError)
  t.match(error, { trouble: 'credentials' })
  t.equal(tokenRequests(), 2)
})

t.test('client credentials have no clock to set', async (t) => {
  const server = await startBoxServer(t)
  server.answerToken = () => ({
    status: 400,
    json: { error: 'invalid_grant', error_description: 'Grant credentials are invalid' },
    headers: { date: 'Mon, 02 Mar 2020 18:00:00 GMT' }
  })
  const { box, call } = createTestClient(t, server.url)
  await rejection(box.getOwnAccount(call()), BoxUnavailableError)
  t.equal(server.tokenRequests.length, 1)
})

t.test('an answer without a usable Date leaves the clock alone', async (t) => {
  const server = await startBoxServer(t)
  server.answerToken = (_request, index) =>
    index === 0
      ? { status: 400, json: { error: 'invalid_grant' }, headers: { date: 'soon' } }
      : { status: 200, json: token('t', 3600) }
  const { box, call } = createTestClient(t, server.url, { credentials: credentials(app) })
  await rejection(box.getOwnAccount(call()), BoxUnavailableError)
  t.equal(server.tokenRequests.length, 1)
})
