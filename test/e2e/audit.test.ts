import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Ajv } from 'ajv'
import t, { type Test } from 'tap'
import { startFusedBridge, type FusedBridge } from '../helpers/fused-bridge.ts'
import { passTime } from '../helpers/hurried-clock.ts'
import { audience, client, startIssuer } from '../helpers/oidc-issuer.ts'
import { runInProcess } from '../helpers/run-command.ts'
import { group, person, scimClient } from '../helpers/scim-client.ts'
import { root } from '../helpers/serve-process.ts'
import { until } from '../helpers/until.ts'

const schema = JSON.parse(
  readFileSync(join(root, 'docs/audit-entry.schema.json'), 'utf8')
) as Record<string, unknown>
const isEntry = new Ajv().compile(schema)

interface Line {
  readonly id: number
  readonly actor: string
  readonly via: string
  readonly source: string
  readonly action: string
  readonly target: string
  readonly outcome: string
  readonly dryRun: boolean
  readonly request: { readonly count: number; readonly route: string } | null
}

interface AuditedBridge extends FusedBridge {
  readonly database: string
  /** Runs `box-scim` with these arguments; throws where it fails. */
  readonly operate: (...args: readonly string[]) => Promise<string>
  /** The export, each line checked against the schema. */
  readonly lines: (...args: readonly string[]) => Promise<readonly Line[]>
}

async function setUp(
  t: Test,
  options: Parameters<typeof startFusedBridge>[1] = { env: {} }
): Promise<AuditedBridge> {
  const quiet = { BOX_EVENTS_POLL_SECONDS: '0', RECONCILE_HOURS: '0' }
  const bridge = await startFusedBridge(t, { ...options, env: { ...quiet, ...options.env } })
  const [row] = bridge.query("select file from pragma_database_list where name = 'main'")
  const database = String(row?.['file'])
  const operate = async (...args: readonly string[]) => {
    const { code, out, err } = await runInProcess(args, { DATABASE_URL: `file:${database}` })
    if (code !== 0) throw new Error(err)
    return out
  }
  return {
    ...bridge,
    database,
    operate,
    async lines(...args) {
      const lines = (await operate('audit', 'export', ...args)).trimEnd().split('\n')
      return lines
        .filter((line) => line !== '')
        .map((line) => {
          const entry: unknown = JSON.parse(line)
          t.ok(isEntry(entry), JSON.stringify(isEntry.errors))
          return entry as Line
        })
    }
  }
}

const idOf = ({ body }: { readonly body: Readonly<Record<string, unknown>> }) => String(body['id'])

const as = (authorization: string) => ({ authorization })

const from = (address: string) => ({ 'x-forwarded-for': address })

const count = (entries: readonly Line[]) =>
  entries.reduce((sum, { request }) => sum + (request?.count ?? 0), 0)

t.test('every way in, every command, and what Box answered', { buffered: true }, async (t) => {
  const issuer = await startIssuer(t)
  const trusted = JSON.stringify([{ issuer: issuer.url, audience, clients: [client] }])
  const bridge = await setUp(t, { env: { OIDC_ISSUERS: trusted, BASIC_AUTH: 'true' } })
  const { baseUrl, scim, operate, lines } = bridge
  const token = (await operate('token', 'create', 'entra')).trim()
  const create = async (login: string, authorization: string) => {
    const send = () => scim.send('POST', '/Users', person(login), as(authorization))
    await until('let in', async () => (await send()).status !== 401)
  }
  await create('a@example.com', `Bearer ${token}`)
  const basic = Buffer.from(`entra:${token}`).toString('base64')
  await create('b@example.com', `Basic ${basic}`)
  await create('c@example.com', `Bearer ${await issuer.sign()}`)
  const plain = await scim.post('/Users', person('d@example.com', { title: 'Boss' }))
  const bulk = {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
    Operations: [
      {
        method: 'PATCH',
        path: `/Users/${idOf(plain)}`,
        data: {
          schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
          Operations: [{ op: 'replace', path: 'title', value: 'Chief' }]
        }
      }
    ]
  }
  await scim.post('/Bulk', bulk)
  await operate('token', 'revoke', 'entra')
  const wrong = scimClient({ baseUrl, token: 'not-a-token-of-anybody' })
  t.equal((await wrong.get('/Users')).status, 401)

  const told = (await lines()).filter(({ action }) => action !== 'access.denied')
  t.match(
    told.map(({ actor, via, source, action, target, outcome }) =>
      [actor, via, source, action, target, outcome].join(' | ')
    ),
    [
      'operator |  |  | token.create | token:entra | done',
      /^entra \| token \| 127\.0\.0\.1 \| user\.create \| user:\d+ \| done$/,
      /^entra \| basic \| 127\.0\.0\.1 \| user\.create \| user:\d+ \| done$/,
      /^client:\S+ \| oidc http:\S+ \| 127\.0\.0\.1 \| user\.create \| user:\d+ \| done$/,
      /^token-1 \| plain \| 127\.0\.0\.1 \| user\.create \| user:\d+ \| done$/,
      /^token-1 \| plain \| 127\.0\.0\.1 \| user\.patch \| user:\d+ \| done$/,
      'operator |  |  | token.revoke | token:entra | done'
    ]
  )
  t.match(told[4], {
    correlationId: plain.headers.get('x-correlation-id'),
    request: {
      method: 'POST',
      route: '/scim/v2/Users',
      attributes: ['userName', 'displayName', 'active', 'title'],
      values: { userName: 'd@example.com', active: true },
      count: 1
    },
    dryRun: false,
    plan: [{ kind: 'create-user', fields: ['login', 'name', 'jobTitle'] }],
    calls: [{ operation: 'POST /users', status: 201, requestId: /.+/ }]
  })
  t.match(told[5]?.request, { method: 'PATCH', route: '/scim/v2/Bulk', attributes: ['title'] })
  t.notMatch(JSON.stringify(told), /Boss|Chief|Name of/, 'values that say nobody are not kept')
})

t.test('an export in parts, and one that goes on', { buffered: true }, async (t) => {
  const { scim, lines, database, operate } = await setUp(t)
  for (const name of ['a', 'b', 'c']) await scim.post('/Users', person(`${name}@example.com`))
  const all = await lines()
  t.equal(all.length, 3)
  t.strictSame(await lines('--after', String(all[1]?.id)), all.slice(2))
  const { time } = all[1] as unknown as { time: string }
  t.same((await lines('--since', time)).at(0), all[1])
  t.ok((await lines('--until', time)).every(({ id }) => id < (all[1]?.id ?? 0)))
  await t.rejects(operate('audit', 'export', '--since', 'soon'), /--since takes a date/)
  await t.rejects(operate('audit', 'export', '--after', '-1'), /--after takes the id/)

  const main = join(root, 'src/cli/main.ts')
  const follow = spawn(process.execPath, [main, 'audit', 'export', '--follow'], {
    env: { DATABASE_URL: `file:${database}` },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(() => follow.kill())
  const ended = once(follow, 'exit')
  const seen: string[] = []
  createInterface({ input: follow.stdout }).on('line', (line) => seen.push(line))
  await until('caught up', () => seen.length === 3)
  await scim.post('/Users', person('d@example.com'))
  await until('followed', () => seen.length === 4)
  follow.stdout.destroy()
  await scim.post('/Users', person('e@example.com'))
  await ended
  t.pass('it ends with whoever reads it')
})

t.test('denied requests are counted', { buffered: true }, async (t) => {
  const bridge = await setUp(t, { env: { TRUST_PROXY: '127.0.0.1' } })
  const { scim, baseUrl, clock, operate, lines } = bridge
  const token = (await operate('token', 'create', 'reader', '--scopes', 'users,read-only')).trim()
  const wrong = scimClient({ baseUrl, token: 'not-a-token-of-anybody' })
  for (let n = 0; n < 3; n += 1) await wrong.send('GET', '/Users', undefined, from('192.0.2.1'))
  await wrong.send('POST', '/Users', person('a@example.com'), from('192.0.2.1'))
  const limited = { ...from('192.0.2.2'), authorization: `Bearer ${token}` }
  const send = () => scim.send('DELETE', '/Users/1', undefined, limited)
  await until('the token is known', async () => (await send()).status === 403)
  for (let n = 0; n < 40; n += 1) {
    await wrong.send('GET', '/Users', undefined, from(`198.51.100.${n}`))
  }
  const denied = async () => (await lines()).filter(({ action }) => action === 'access.denied')
  await passTime(clock, 'written down', async () => count(await denied()) >= 45)
  const told = await denied()
  t.match(told[0], {
    actor: 'unknown',
    via: '',
    source: '192.0.2.1',
    target: 'source:192.0.2.1',
    outcome: 'unauthenticated',
    request: { method: 'GET', route: '/scim/v2/Users', attributes: [] }
  })
  t.equal(count(told.filter(({ source }) => source === '192.0.2.1')), 4)
  t.match(
    told.find(({ actor }) => actor === 'reader'),
    { via: 'token', source: '192.0.2.2', outcome: 'forbidden', request: { method: 'DELETE' } }
  )
  t.equal(count(told.filter(({ source }) => /^198\.|others/.test(source))), 40, 'none is lost')
  t.notMatch(await operate('status'), /access\.denied/, 'nor do they hide the changes')
})

t.test('entries leave when their time is over', { buffered: true }, async (t) => {
  const { scim, clock, lines } = await setUp(t, { env: { AUDIT_RETENTION_DAYS: '2' } })
  await scim.post('/Users', person('old@example.com'))
  clock.skip(86_400_000)
  await scim.post('/Users', person('young@example.com'))
  clock.skip(86_400_000 + 3_600_000)
  await passTime(clock, 'removed', async () =>
    (await lines()).some(({ action }) => action === 'audit.prune')
  )
  t.match(await lines(), [
    { action: 'user.create', request: { values: { userName: 'young@example.com' } } },
    { action: 'audit.prune', actor: 'bridge', notes: [/^1 entries from before \d{4}-.*Z removed$/] }
  ])
})

t.test('a person who has left is erased', { buffered: true }, async (t) => {
  const bridge = await setUp(t, { env: { AUDIT_VALUES: 'all' } })
  const { scim, emulator, operate, lines, query } = bridge
  const leo = { externalId: 'ext-leo', name: { givenName: 'Leonhard', familyName: 'Quillfeather' } }
  const id = idOf(await scim.post('/Users', person('leo@example.com', leo)))
  await scim.post('/Groups', group('Team', [id]))
  const rename = { op: 'replace', path: 'userName', value: 'leonhard@example.com' }
  t.equal((await scim.patch(`/Users/${id}`, rename)).status, 200)
  t.equal((await scim.post('/Users', person('leo@example.com'))).status, 201)
  const [other] = await scim.find('/Users', 'userName eq "leo@example.com"')
  await t.rejects(operate('audit', 'erase', 'leonhard@example.com'), /still shown in SCIM/)
  await t.rejects(operate('audit', 'erase', 'nobody@example.com'), /Nothing is known/)
  t.equal((await scim.delete(`/Users/${id}`)).status, 204)
  t.equal((await scim.delete(`/Users/${String(other?.['id'])}`)).status, 204)
  const before = await lines()

  const out = await operate('audit', 'erase', id)
  t.match(out, new RegExp(`Erased from \\d+ entries .*They keep the Box id ${id}`, 's'))
  const told = JSON.stringify(await lines())
  t.notMatch(told, /leonhard|Quillfeather|ext-leo/i)
  t.match(await lines(), [
    ...before.map(({ id, action, outcome }) => ({ id, action, outcome })),
    { action: 'audit.erase', actor: 'operator', target: `user:${id}`, outcome: 'done' }
  ])
  t.match(told, `"target":"user:${id}"`)
  t.match(told, '"login":"leo@example.com"', 'who has the old login now is somebody else')
  const journal = JSON.stringify(query('select subject, operation from journal'))
  t.notMatch(journal, /leonhard|Quillfeather/i)
  const kept = query(`select shadow, text from users where id = '${id}'`)
  t.match(kept, [{ shadow: '{"externalId":"ext-leo"}' }])
  t.notMatch(JSON.stringify(kept), /Quillfeather/)

  const namesake = person('leonhard@example.com', { externalId: 'e-8' })
  t.equal((await scim.post('/Users', namesake)).status, 409, 'the files stay with the leaver')
  t.match(await operate('explain', id), new RegExp(`^User ${id} \\(leonhard@example.com\\)`))
  t.ok(emulator.state().users['leonhard@example.com'])
})

t.test('so is an app user, of whom Box was told without a login', { buffered: true }, async (t) => {
  const app = { USER_KIND: 'app', ASSOCIATION: 'external_app_user_id' }
  const bridge = await setUp(t, { env: { ...app, AUDIT_VALUES: 'all' } })
  const { scim, operate, lines, query } = bridge
  const zoe = { externalId: 'ext-zoe', displayName: 'Zoe Quillfeather' }
  const id = idOf(await scim.post('/Users', person('zoe', zoe)))
  t.match(await operate('explain', 'ext-zoe'), /decided: create an app user in Box: .*"ext-zoe"/)
  t.equal((await scim.delete(`/Users/${id}`)).status, 204)
  await operate('audit', 'erase', id)
  t.notMatch(JSON.stringify(await lines()), /zoe|Quillfeather/i)
  t.notMatch(JSON.stringify(query('select subject, operation from journal')), /zoe|Quillfeather/i)
})

t.test('the audit of a dry run says so', { buffered: true }, async (t) => {
  const { scim, operate, lines } = await setUp(t, { env: { DRY_RUN: 'true' } })
  const id = idOf(await scim.post('/Users', person('leo@example.com')))
  t.equal((await scim.delete(`/Users/${id}`)).status, 204)
  t.match(await lines(), [
    { action: 'user.create', target: `user:${id}`, outcome: 'done', dryRun: true },
    { action: 'user.delete', target: `user:${id}`, outcome: 'done', dryRun: true }
  ])
  await t.rejects(operate('audit', 'erase', id), /the directory of a dry run.*delete the file/)
})

t.test(
  'whoever is gone from Box is found by what they were called',
  { buffered: true },
  async (t) => {
    const bridge = await setUp(t, { env: { ON_DELETE: 'delete', AUDIT_VALUES: 'all' } })
    const { scim, clock, operate, lines, query } = bridge
    const name = { givenName: 'Leonhard', familyName: 'Quillfeather' }
    const id = idOf(await scim.post('/Users', person('leo@example.com', { name })))
    t.equal((await scim.delete(`/Users/${id}`)).status, 204)
    const isGone = () => query(`select 1 from users where id = '${id}'`).length === 0
    await passTime(clock, 'gone', isGone)
    const told = await operate('explain', 'LEO@example.com')
    t.match(told, new RegExp(`^User ${id} \\(LEO@example.com\\)\\. The directory does not have it`))
    t.match(told, /to create a person.*to delete a person.*went on with the deletion/s)
    t.match(told, /Nothing is on its way/)

    await operate('audit', 'erase', 'leo@example.com')
    t.notMatch(JSON.stringify(await lines()), /leo|Quillfeather/i)
    t.notMatch(JSON.stringify(query('select subject, operation from journal')), /leo|Quillfeather/i)
  }
)
