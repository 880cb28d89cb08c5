import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts'
import { demoCredentials, emptySeed } from '../../src/emulator/seed.ts'
import { readExchangeFile } from '../idp/exchange-file.ts'
import { replay } from '../idp/replay.ts'
import { audience, client, startIssuer } from '../helpers/oidc-issuer.ts'
import { runInProcess } from '../helpers/run-command.ts'
import { group, person } from '../helpers/scim-client.ts'
import { serveProcess } from '../helpers/serve-process.ts'
import { until } from '../helpers/until.ts'

const plain = 'planted-plain-token-41c7'
const secrets = new Map([
  ['plain token', plain],
  ['client secret', 'planted-client-secret-93ad'],
  ['password', 'planted-Passw0rd-b1f0'],
  ['webhook secret', 'planted-webhook-secret-77e5'],
  ['webhook path', 'planted-webhook-path-20ca'],
  ['wrong token', 'planted-wrong-token-6f02'],
  ['cookie', 'planted-cookie-8d13']
])

const planted = (name: string) => secrets.get(name) ?? ''

const family = 'Quillfeather'

/** A server that takes alerts and keeps what it was sent. */
async function startWebhook(t: Test): Promise<{ readonly url: string; readonly taken: string[] }> {
  const taken: string[] = []
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    taken.push(`${JSON.stringify(request.headers)}\n${await text(request)}`)
    response.writeHead(204).end()
  }
  const server = createServer((request, response) => {
    void take(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/${planted('webhook path')}`, taken }
}

/** An answer that says no, and the request that it answers. */
interface Refusal {
  readonly asked: string
  readonly answer: string
}

/** Sends requests and keeps the refusals. */
function createSender(baseUrl: string) {
  const refusals: Refusal[] = []
  const statuses = new Set<number>()
  const send = async (
    method: string,
    path: string,
    { body, token = `Bearer ${plain}` }: { body?: object; token?: string } = {}
  ) => {
    const sent = body === undefined ? undefined : JSON.stringify(body)
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: {
        authorization: token,
        cookie: `session=${planted('cookie')}`,
        'content-type': 'application/scim+json'
      },
      ...(sent === undefined ? {} : { body: sent })
    })
    statuses.add(response.status)
    const answer = await response.text()
    if (response.status >= 400) refusals.push({ asked: `${path}\n${sent}`, answer })
    const parsed = answer.startsWith('{') ? (JSON.parse(answer) as { readonly id?: string }) : {}
    return { status: response.status, id: parsed.id ?? '' }
  }
  return { send, refusals, statuses }
}

type Sender = ReturnType<typeof createSender>['send']

const patch = (value: object) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations: [{ op: 'replace', value }]
})

const quill = (login: string) =>
  person(login, {
    name: { givenName: 'Ann', familyName: family },
    password: planted('password'),
    phoneNumbers: [{ type: 'work', value: '+1 555 0100' }],
    addresses: [{ type: 'work', formatted: '1 Planted Lane' }]
  })

/** People come, change, collide, and leave; more of them than the fuse lets pass. */
async function live(send: Sender): Promise<void> {
  const ids: string[] = []
  for (const name of ['ann', 'bo', 'cy', 'di']) {
    ids.push((await send('POST', '/Users', { body: quill(`${name}@example.com`) })).id)
  }
  await send('POST', '/Users', { body: quill('ann@example.com') })
  await send('POST', '/Users', { body: quill('outside@example.com') })
  const grace = await send('POST', '/Users', { body: quill('grace@example.com') })
  await send('PATCH', `/Users/${grace.id}`, { body: patch({ active: false }) })
  await send('PATCH', `/Users/${ids[0]}`, { body: patch({ userName: 'bo@example.com' }) })
  await send('PATCH', `/Users/${ids[0]}`, { body: patch({ userName: 'anna@example.com' }) })
  await send('PATCH', `/Users/${ids[1]}`, { body: patch({ password: planted('password') }) })
  const { id } = await send('POST', '/Groups', { body: group('Zanzibar Planners', ids) })
  await send('POST', '/Groups', { body: group('Zanzibar Planners') })
  await send('PATCH', `/Groups/${id}`, { body: patch({ displayName: 'Zanzibar Office' }) })
  for (const one of ids) await send('PATCH', `/Users/${one}`, { body: patch({ active: false }) })
  await send('DELETE', `/Groups/${id}`)
}

/** Box fails while somebody is created, changed, and let go. */
async function suffer(send: Sender, emulator: Emulator): Promise<void> {
  const { id } = await send('POST', '/Users', { body: quill('eve@example.com') })
  for (const kind of ['server-error', 'html-502', '503-after', 'reset-after'] as const) {
    emulator.faults.add({ kind })
    await send('PATCH', `/Users/${id}`, { body: patch({ displayName: `Eve ${kind}` }) })
    await send('POST', '/Users', { body: quill(`${kind}@example.com`) })
    emulator.faults.clear()
  }
  emulator.faults.add({ kind: 'insufficient-scope' })
  await send('PATCH', `/Users/${id}`, { body: patch({ active: false }) })
  emulator.faults.clear()
}

/** Everything in Box that the log may not tell, and some more that was asked for. */
function personalTexts(emulator: Emulator): readonly string[] {
  const { users, groups } = emulator.state()
  const people = Object.entries(users).flatMap(([login, { name, phone, address }]) => [
    login,
    name,
    phone,
    address
  ])
  const asked = [family, 'Zanzibar', '+1 555 0100', '1 Planted Lane', '@example.com']
  return [...new Set([...people, ...Object.keys(groups), ...asked])].filter(
    (text): text is string => typeof text === 'string' && text.length > 3
  )
}

t.test('a full eventful run keeps secrets, and people out of the log', async (t) => {
  const credentials = { ...demoCredentials, clientSecret: planted('client secret') }
  const foreign = [
    { login: 'outside@example.com', name: 'Somebody', kind: 'personal', collaborates: false }
  ] as const
  const seed = { ...emptySeed, foreign }
  const emulator = createEmulator({ seed, callsPerMinute: 100_000, credentials })
  t.teardown(() => emulator.close())
  const issuer = await startIssuer(t)
  const webhook = await startWebhook(t)
  const DATABASE_URL = `file:${join(t.testdir(), 'bridge.db')}`
  const operate = (...args: readonly string[]) => runInProcess(args, { DATABASE_URL })
  const managed = (await operate('token', 'create', 'entra')).out.trim()
  const limited = (await operate('token', 'create', 'reader', '--scopes', 'read-only')).out.trim()
  const bridge = serveProcess(t, {
    PORT: '0',
    SCIM_TOKEN: plain,
    OIDC_ISSUERS: JSON.stringify([{ issuer: issuer.url, audience, clients: [client] }]),
    BASIC_AUTH: 'true',
    DATABASE_URL,
    BOX_API_URL: await emulator.listen(),
    BOX_CLIENT_ID: demoCredentials.clientId,
    BOX_CLIENT_SECRET: planted('client secret'),
    BOX_ENTERPRISE_ID: demoCredentials.enterpriseId,
    BOX_CALLS_PER_MINUTE: '10000',
    BOX_EVENTS_POLL_SECONDS: '1',
    REQUEST_BUDGET_SECONDS: '2',
    PROTECTED_LOGINS: 'grace@example.com',
    FUSE: '2/24h',
    ALERT_WEBHOOK_URL: webhook.url,
    ALERT_WEBHOOK_SECRET: planted('webhook secret'),
    LOG_LEVEL: 'trace'
  })
  const baseUrl = await bridge.listening()
  await until('ready', async () => (await fetch(new URL('/readyz', baseUrl))).ok)
  const { send, refusals, statuses } = createSender(baseUrl)

  const now = Math.floor(Date.now() / 1000)
  const good = await issuer.sign()
  const expired = await issuer.sign({ exp: now - 3600 })
  for (const [name, secret] of Object.entries({ managed, limited, good, expired })) {
    t.ok(secret.length > 20, name)
    secrets.set(name, secret)
  }
  const basic = Buffer.from(`entra:${managed}`).toString('base64')
  secrets.set('basic', basic)
  for (const token of [`Bearer ${managed}`, `Bearer ${good}`, `Basic ${basic}`]) {
    t.equal((await send('GET', '/Users?count=1', { token })).status, 200)
  }
  for (const token of [`Bearer ${expired}`, `Bearer ${planted('wrong token')}`, 'Basic !']) {
    t.equal((await send('GET', '/Users', { token })).status, 401)
  }
  const ofReader = { token: `Bearer ${limited}`, body: quill('no@example.com') }
  t.equal((await send('POST', '/Users', ofReader)).status, 403)
  for (let n = 0; n < 40; n += 1) {
    await send('GET', '/Users', { token: `Bearer ${planted('wrong token')}` })
  }

  for (const name of ['entra-default.json', 'okta-wizard.json']) {
    // What it costs and what it finds is another test's: here others were there before.
    await replay(readExchangeFile(name), { baseUrl, token: managed, boxCalls: () => 0 })
  }
  await live(send)
  await suffer(send, emulator)
  await operate('fuse', 'release')
  await operate('token', 'revoke', 'reader')
  await until('alerts have come', () => webhook.taken.length >= 2)
  const metrics = await fetch(new URL('/metrics', baseUrl), {
    headers: { authorization: `Bearer ${plain}` }
  })
  const scraped = await metrics.text()
  bridge.child.kill('SIGTERM')
  await bridge.ended
  const audit = (await operate('audit', 'export')).out

  for (const status of [200, 201, 400, 401, 403, 409, 429, 503]) {
    t.ok(statuses.has(status), `${status} was among the answers`)
  }
  const alerts = webhook.taken.join('\n')
  t.match(alerts, '"kind":"fuse-open"')
  for (const action of ['access.denied', 'fuse.open', 'fuse.release', 'token.create']) {
    t.match(audit, `"action":"${action}"`)
  }
  t.match(audit, '"outcome":"throttled"')
  t.match(audit, /"target":"user:\d+"/)
  t.match(audit, 'ann@example.com', 'the audit has ids and logins')

  const answers = refusals.map(({ answer }) => answer).join('\n')
  const places = { output: bridge.output(), metrics: scraped, alerts, audit, answers }
  for (const [place, content] of Object.entries(places)) {
    const found = [...secrets].filter(([, secret]) => content.includes(secret))
    t.same(
      found.map(([name]) => name),
      [],
      `${place}: no secret`
    )
  }
  const personal = personalTexts(emulator)
  t.ok(personal.length > 20)
  for (const [place, content] of Object.entries({
    output: bridge.output(),
    metrics: scraped,
    alerts
  })) {
    t.same(
      personal.filter((one) => content.includes(one)),
      [],
      `${place}: nobody's name or address`
    )
  }
  t.notMatch(audit, /Quillfeather|555 0100|Planted Lane/, 'the audit has no more than those')

  for (const { asked, answer } of refusals) {
    const addresses = answer.match(/[\w.+-]+@[\w-]+\.\w+/g) ?? []
    t.same(
      addresses.filter((address) => !asked.includes(address)),
      [],
      'an error holds what the caller sent'
    )
    t.notMatch(answer, family)
  }
})
