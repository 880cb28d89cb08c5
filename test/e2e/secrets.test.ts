import { generateKeyPairSync } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts'
import { demoCredentials, emptySeed } from '../../src/emulator/seed.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { person } from '../helpers/scim-client.ts'
import { serveProcess, type ServeProcess } from '../helpers/serve-process.ts'
import { until } from '../helpers/until.ts'

/** What must be found nowhere but in the configuration and in the requests. */
const planted = {
  clientSecret: 'planted-client-secret-5d1f',
  scimToken: 'planted-scim-token-8c2e',
  otherToken: 'planted-second-token-77aa',
  wrongToken: 'planted-wrong-token-19bd',
  password: 'planted-Passw0rd-e04c',
  newPassword: 'planted-Passw0rd-new-e04d',
  basic: Buffer.from('admin:planted-basic-3f').toString('base64'),
  cookie: 'planted-cookie-52e1',
  inBadJson: 'planted-in-bad-json-aa01',
  inQuery: 'planted-in-query-77f0',
  passphrase: 'planted-passphrase-6ab9',
  webhookPath: 'planted-webhook-path-4d0c',
  webhookSecret: 'planted-webhook-secret-b7e2'
}

/** People and groups whom the log may know by id only. */
const personal = {
  login: 'ann@example.com',
  protectedLogin: 'grace.protected@example.com',
  familyName: 'Quillfeather',
  group: 'Zanzibar Planners'
}

/** An emulator that remembers the access tokens it has issued. */
function rememberingEmulator(t: Test): { emulator: Emulator; issued: Set<string> } {
  const issued = new Set<string>()
  const random = {
    ...systemRandom,
    secret(bytes: number) {
      const secret = systemRandom.secret(bytes)
      issued.add(secret)
      return secret
    }
  }
  const credentials = { ...demoCredentials, clientSecret: planted.clientSecret }
  const emulator = createEmulator({ seed: emptySeed, callsPerMinute: 100_000, random, credentials })
  t.teardown(() => emulator.close())
  return { emulator, issued }
}

/** Everything that anybody can see of a run. */
class Seen {
  readonly answers: string[] = []
  statuses = new Set<number>()

  async send(url: string, init: RequestInit): Promise<Response> {
    const response = await fetch(url, init)
    this.statuses.add(response.status)
    const headers = JSON.stringify([...response.headers])
    const body = await response.clone().text()
    this.answers.push(`${headers}\n${body}`)
    return response
  }
}

type Send = (method: string, path: string, body?: unknown, token?: string) => Promise<Response>

function sender(seen: Seen, baseUrl: string): Send {
  return (method, path, body, token = `Bearer ${planted.scimToken}`) =>
    seen.send(`${baseUrl}${path}`, {
      method,
      headers: {
        authorization: token,
        cookie: `session=${planted.cookie}`,
        ...(body === undefined ? {} : { 'content-type': 'application/scim+json' })
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : JSON.stringify(body) })
    })
}

const patch = (...operations: readonly object[]) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations: operations
})

/** People with passwords, in all the ways in which providers send them; resolves to an id. */
async function provision(send: Send): Promise<string> {
  const { password, newPassword } = planted
  const created = await send('POST', '/Users', person('ann@example.com', { password }))
  const { id } = (await created.json()) as { id: string }
  await send(
    'PATCH',
    `/Users/${id}`,
    patch({ op: 'replace', path: 'password', value: newPassword })
  )
  await send('PATCH', `/Users/${id}`, patch({ op: 'replace', value: { password, title: 'Boss' } }))
  await send('PATCH', `/Users/${id}`, patch({ op: 'add', path: 'Password', value: password }))
  await send('PATCH', `/Users/${id}`, patch({ op: 'add', path: 'urn:x:password', value: password }))
  await send('PUT', `/Users/${id}`, person('ann@example.com', { password: newPassword }))
  await send('GET', `/Users/${id}?attributes=password`)
  await send('GET', `/Users?filter=password%20eq%20%22${planted.password}%22`)
  await send('GET', `/Users?access_token=${planted.inQuery}`)
  await send('POST', '/Groups', { displayName: 'Team', members: [{ value: id }], password })
  return id
}

/** Requests that are refused, in all the ways in which they can be. */
async function misbehave(send: Send, id: string): Promise<void> {
  const { inBadJson, password, wrongToken, basic } = planted
  await send('POST', '/Users', `{"password": "${inBadJson}", `)
  await send('POST', '/Users', { userName: 7, password: [inBadJson], emails: inBadJson.length })
  await send('POST', '/Users', { password, active: true })
  await send('PATCH', `/Users/${id}`, patch({ op: 'add', path: 'password[', value: password }))
  await send('PATCH', `/Users/${id}`, patch({ op: 'mend', path: 'password', value: password }))
  await send('GET', '/Users', undefined, `Bearer ${wrongToken}`)
  await send('GET', '/Users', undefined, `Basic ${basic}`)
  await send('GET', '/Users', undefined, wrongToken)
  await send('GET', '/Nowhere', undefined, `Bearer ${planted.scimToken} ${wrongToken}`)
  await send('DELETE', '/ServiceProviderConfig')
  await send('GET', '/Users/999')
}

/** Bytes that are no HTTP, with a token in them. */
async function talkNonsense(seen: Seen, baseUrl: string): Promise<void> {
  const { port } = new URL(baseUrl)
  for (const request of [
    `GET /scim/v2/Users HTTP/1.1\r\nAuthorization: Bearer ${planted.scimToken}\r\nBad Header\r\n\r\n`,
    `${planted.wrongToken}\r\n\r\n`,
    `GET /%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${planted.scimToken}\r\n\r\n`
  ]) {
    const socket = connect(Number(port), '127.0.0.1')
    socket.end(request)
    seen.answers.push(await text(socket))
  }
}

/** Requests while Box fails in one way after another. */
async function suffer(send: Send, id: string, emulator: Emulator): Promise<void> {
  const troubles: readonly (() => void)[] = [
    () => emulator.faults.add({ kind: 'server-error' }),
    () => emulator.faults.add({ kind: 'html-502' }),
    () => emulator.faults.add({ kind: 'reset-after' }),
    () => emulator.faults.add({ kind: '503-after' }),
    () => emulator.faults.add({ kind: 'short-token', seconds: 0 }),
    () => emulator.faults.add({ kind: 'server-error', path: '/oauth2/token' }),
    () => emulator.faults.add({ kind: 'reset-before', path: '/oauth2/token' })
  ]
  for (const [index, begin] of troubles.entries()) {
    begin()
    emulator.revokeTokens()
    const { password } = planted
    await Promise.all([
      send(
        'PATCH',
        `/Users/${id}`,
        patch({ op: 'replace', value: { title: `${index}`, password } })
      ),
      send('POST', '/Users', person(`new${index}@example.com`, { password }))
    ])
    emulator.faults.clear()
    emulator.revokeTokens()
    await send('PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'title', value: 'Well' }))
  }
}

/** A request that fails for a reason which nobody foresaw: a table has gone from the database. */
async function crash(send: Send, id: string, path: string): Promise<void> {
  const { password } = planted
  const intruder = new DatabaseSync(path)
  intruder.exec('alter table audit rename to elsewhere')
  await send('PATCH', `/Users/${id}`, patch({ op: 'replace', value: { title: 'No', password } }))
  intruder.exec('alter table elsewhere rename to audit')
  intruder.close()
}

/** Somebody whom the configuration protects is to leave, and is not let go. */
async function refuseLeaver(send: Send): Promise<void> {
  const { protectedLogin, familyName } = personal
  const created = await send(
    'POST',
    '/Users',
    person(protectedLogin, { name: { givenName: 'Grace', familyName } })
  )
  const { id } = (await created.json()) as { id: string }
  await send('PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'active', value: false }))
  await send('DELETE', `/Users/${id}`)
  await send('POST', '/Groups', { displayName: personal.group, members: [{ value: id }] })
}

/** Asserts that none of the secrets is in any of the places. */
function assertNowhere(
  t: Test,
  secrets: ReadonlyMap<string, string>,
  places: ReadonlyMap<string, string>
): void {
  for (const [place, content] of places) {
    t.ok(content.length > 0, `${place}: there is something to search`)
    const found = [...secrets].filter(([, secret]) => content.includes(secret))
    t.same(
      found.map(([name]) => name),
      [],
      `${place} holds none of them`
    )
  }
}

/** The bytes of the database and of the files beside it. */
function databaseBytes(folder: string): string {
  const files = readdirSync(folder).filter((name) => name.startsWith('bridge.db'))
  return files.map((name) => readFileSync(join(folder, name), 'latin1')).join('\n')
}

async function ready(baseUrl: string): Promise<void> {
  await until('ready', async () => (await fetch(new URL('/readyz', baseUrl))).ok)
}

async function finish(bridge: ServeProcess): Promise<void> {
  bridge.child.kill('SIGTERM')
  await bridge.ended
}

/** What is left of an eventful run of a bridge that logs everything. */
async function eventfulRun(t: Test, env: Readonly<Record<string, string>> = {}) {
  const { emulator, issued } = rememberingEmulator(t)
  const folder = t.testdir()
  const bridge = serveProcess(t, {
    PORT: '0',
    SCIM_TOKEN: `${planted.scimToken},${planted.otherToken}`,
    DATABASE_URL: `file:${join(folder, 'bridge.db')}`,
    BOX_API_URL: await emulator.listen(),
    BOX_CLIENT_ID: demoCredentials.clientId,
    BOX_CLIENT_SECRET: planted.clientSecret,
    BOX_ENTERPRISE_ID: demoCredentials.enterpriseId,
    BOX_CALLS_PER_MINUTE: '10000',
    REQUEST_BUDGET_SECONDS: '1',
    PROTECTED_LOGINS: personal.protectedLogin,
    ALERT_WEBHOOK_URL: `http://127.0.0.1:1/${planted.webhookPath}`,
    ALERT_WEBHOOK_SECRET: planted.webhookSecret,
    LOG_LEVEL: 'trace',
    ...env
  })
  const baseUrl = await bridge.listening()
  await ready(baseUrl)
  const seen = new Seen()
  const send = sender(seen, baseUrl)
  const id = await provision(send)
  await misbehave(send, id)
  await talkNonsense(seen, baseUrl)
  await suffer(send, id, emulator)
  await crash(send, id, join(folder, 'bridge.db'))
  await refuseLeaver(send)
  const metrics = await (await send('GET', '/../../metrics')).text()
  await finish(bridge)
  return { bridge, seen, issued, metrics, folder }
}

t.test('an eventful run shows no secret anywhere', async (t) => {
  const { bridge, seen, issued, metrics, folder } = await eventfulRun(t)
  for (const status of [200, 201, 400, 401, 404, 405, 500, 503]) {
    t.ok(seen.statuses.has(status), `${status} was among the answers`)
  }
  t.ok(issued.size > 3, 'tokens were issued')
  t.match(bridge.output(), '"level":20', 'the log is at its most talkative')
  t.match(databaseBytes(folder), 'ann@example.com')
  const secrets = new Map([
    ...Object.entries(planted),
    ...[...issued].map((secret, index): [string, string] => [`access token ${index}`, secret])
  ])
  assertNowhere(
    t,
    secrets,
    new Map([
      ['output', bridge.output()],
      ['metrics', metrics],
      ['answers', seen.answers.join('\n')],
      ['database', databaseBytes(folder)]
    ])
  )
  t.match(bridge.output(), '"alert":"protected-leaver"')
  t.match(metrics, 'box_scim_alerts_total{kind="protected-leaver"} 2')
  const places = { output: bridge.output(), metrics }
  assertNowhere(t, new Map(Object.entries(personal)), new Map(Object.entries(places)))
})

t.test('LOG_PERSONAL_DATA names people in the lines about them, and no secret', async (t) => {
  const { bridge, issued, metrics } = await eventfulRun(t, { LOG_PERSONAL_DATA: 'true' })
  const lines = bridge.output().split('\n')
  const about = lines.filter((line) => line.includes('"alert":"protected-leaver"'))
  t.match(about.join('\n'), `"login":"${personal.protectedLogin}"`)
  const secrets = new Map(Object.entries(planted))
  for (const [index, secret] of [...issued].entries()) secrets.set(`access token ${index}`, secret)
  assertNowhere(t, secrets, new Map(Object.entries({ output: bridge.output(), metrics })))
})

t.test('a JWT configuration: neither key nor passphrase, whether it works or not', async (t) => {
  const { emulator, issued } = rememberingEmulator(t)
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: {
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: planted.passphrase
    }
  })
  const boxUrl = await emulator.listen()
  const folder = t.testdir()
  const start = (name: string, passphrase: string) => {
    const path = join(folder, `${name}.json`)
    const appAuth = { publicKeyID: 'k1', privateKey, passphrase }
    const boxAppSettings = {
      clientID: demoCredentials.clientId,
      clientSecret: planted.clientSecret,
      appAuth
    }
    writeFileSync(
      path,
      JSON.stringify({ boxAppSettings, enterpriseID: demoCredentials.enterpriseId })
    )
    return serveProcess(t, {
      PORT: '0',
      SCIM_TOKEN: planted.scimToken,
      DATABASE_URL: `file:${join(folder, 'bridge.db')}`,
      BOX_API_URL: boxUrl,
      BOX_JWT_CONFIG_FILE: path,
      LOG_LEVEL: 'trace'
    })
  }
  const bridge = start('good', planted.passphrase)
  const baseUrl = await bridge.listening()
  await ready(baseUrl)
  const seen = new Seen()
  const send = sender(seen, baseUrl)
  await send('POST', '/Users', person('ann@example.com'))
  emulator.reset()
  await finish(bridge)
  const wrong = start('wrong', `${planted.passphrase}-not`)
  t.same((await wrong.ended).code, 1)
  t.match(wrong.output(), /private key cannot be read/)

  const keyLines = privateKey.split('\n').filter((line) => /^[A-Za-z0-9+/=]{20,}$/.test(line))
  t.ok(keyLines.length > 10)
  const secrets = new Map([
    ['client secret', planted.clientSecret],
    ['passphrase', planted.passphrase],
    ...keyLines.map((line, index): [string, string] => [`key line ${index}`, line]),
    ...[...issued].map((secret, index): [string, string] => [`access token ${index}`, secret])
  ])
  assertNowhere(
    t,
    secrets,
    new Map([
      ['output', bridge.output()],
      ['output of the refusal', wrong.output()],
      ['answers', seen.answers.join('\n')],
      ['database', databaseBytes(folder)]
    ])
  )
})
