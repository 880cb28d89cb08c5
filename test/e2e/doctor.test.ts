import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { startServer } from '../../src/compose.ts'
import { examine, type DoctorTools } from '../../src/compose/doctor/doctor.ts'
import type { Finding } from '../../src/compose/doctor/finding.ts'
import type { NetworkView } from '../../src/compose/doctor/public-url.ts'
import { monthFinding } from '../../src/compose/doctor/usage-findings.ts'
import { createOperator } from '../../src/compose/operator.ts'
import { loadConfig } from '../../src/config/load.ts'
import { createEmulator, type EmulatorOptions } from '../../src/emulator/emulator.ts'
import { demoCredentials, demoSeed } from '../../src/emulator/seed.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { runCommand } from '../helpers/run-command.ts'
import { until } from '../helpers/until.ts'

const noFile = () => {
  throw new Error('no file is read')
}
const dayMs = 86_400_000

/** A network in which every name resolves and every certificate lasts for 60 more days. */
const goodNetwork: NetworkView = {
  resolve: () => Promise.resolve(['192.0.2.1']),
  certificate: () => Promise.resolve({ problem: undefined, validTo: Date.now() + 60 * dayMs })
}

async function emulated(t: Test, options: EmulatorOptions = {}) {
  const emulator = createEmulator({ seed: demoSeed, ...options })
  t.teardown(() => emulator.close())
  const boxUrl = await emulator.listen()
  const env = {
    SCIM_TOKEN: 'a-token-for-tests-only',
    DATABASE_URL: `file:${join(t.testdir(), 'bridge.db')}`,
    PUBLIC_URL: 'https://scim.example.com',
    BOX_API_URL: boxUrl,
    BOX_CLIENT_ID: demoCredentials.clientId,
    BOX_CLIENT_SECRET: demoCredentials.clientSecret,
    BOX_ENTERPRISE_ID: demoCredentials.enterpriseId
  }
  return { emulator, env }
}

/** The findings as check → finding; the first that is not well where a check has several. */
async function examined(env: Record<string, string>, tools: DoctorTools = {}) {
  const findings = await examine(loadConfig(env, noFile), { network: goodNetwork, ...tools })
  return new Map<string, Finding>(findings.map((finding) => [finding.check, finding]))
}

/** The checks that do not pass. */
function failed(findings: ReadonlyMap<string, Finding>): readonly string[] {
  return [...findings.values()].flatMap(({ check, state }) => (state === 'fail' ? [check] : []))
}

/** What is said about a check: its state, and the cause and the step on one line. */
function said(findings: ReadonlyMap<string, Finding>, check: string): string {
  const finding = findings.get(check)
  return `${finding?.state}: ${finding?.found} → ${finding?.advice}`
}

t.test('all is well while a bridge runs, and nothing is changed', async (t) => {
  const { emulator, env } = await emulated(t)
  const server = await startServer(loadConfig({ ...env, PORT: '0' }, noFile), {
    logger: pino({ enabled: false })
  })
  t.teardown(() => server.close())
  await server.ready
  const status = () => createOperator(env.DATABASE_URL).status()
  await until('events are read', async () => typeof (await status()).events?.readAt === 'number')
  const before = emulator.state()
  emulator.clearCalls()
  const findings = await examined(env)
  const unwell = [...findings.values()].filter(({ state }) => state !== 'ok')
  t.strictSame(
    unwell.filter(({ check }) => !isOfThisMachine(check)),
    []
  )
  t.strictSame(emulator.state(), before)
  const asked = emulator.calls.filter(({ method }) => method !== 'GET').map(({ path }) => path)
  t.strictSame(asked, ['/oauth2/token'], 'Box is only read')
  const hourLater = { ...systemClock, now: () => Date.now() + 3_600_000 }
  const stale = await examined(env, { clock: hourLater })
  t.match(said(stale, 'event stream'), /^warn: events were read 3\d+ s ago → Is the bridge running/)
})

t.test('events that the bridge was refused', async (t) => {
  const { emulator, env } = await emulated(t)
  emulator.admin.changeEnterprise({ scopes: [] })
  const server = await startServer(loadConfig({ ...env, PORT: '0' }, noFile), {
    logger: pino({ enabled: false })
  })
  t.teardown(() => server.close())
  const operator = createOperator(env.DATABASE_URL)
  await until(
    'they are refused',
    async () => (await operator.status()).events?.isForbidden === true
  )
  const findings = await examined(env)
  t.match(said(findings, 'event stream'), /^warn: .*was refused.* → .*Manage enterprise properties/)
})

/** Where tests put their database, and whether the machine's clock is right, is not theirs to say. */
function isOfThisMachine(check: string): boolean {
  return ['database storage', 'PUBLIC_URL'].includes(check)
}

t.test('a bad secret', async (t) => {
  const { env } = await emulated(t)
  const findings = await examined({ ...env, BOX_CLIENT_SECRET: 'not-the-secret' })
  t.strictSame(failed(findings), ['box token'])
  t.match(said(findings, 'box token'), /refuses the credentials: invalid_grant.*BOX_CLIENT_SECRET/)
  t.notMatch(JSON.stringify([...findings]), 'not-the-secret')
})

t.test('an app that nobody has authorised', async (t) => {
  const { emulator, env } = await emulated(t)
  emulator.admin.changeEnterprise({ isAuthorised: false })
  const findings = await examined(env)
  t.strictSame(failed(findings), ['box token'])
  t.match(said(findings, 'box token'), /unauthorized_client.*Admin Console.*Platform Apps Manager/)
})

t.test('missing scopes', async (t) => {
  const { emulator, env } = await emulated(t)
  emulator.admin.changeEnterprise({ manages: ['groups'] })
  const noUsers = await examined(env)
  t.strictSame(failed(noUsers), ['users'])
  t.match(said(noUsers, 'users'), /403 insufficient_scope.*"Manage users".*authorises it again/)
  emulator.admin.changeEnterprise({ manages: ['users'] })
  const noGroups = await examined(env)
  t.strictSame(failed(noGroups), ['groups'])
  t.match(said(noGroups, 'groups'), /403 insufficient_scope.*"Manage groups".*authorises it again/)
  emulator.admin.changeEnterprise({ manages: ['users', 'groups'], scopes: [] })
  const noEvents = await examined(env)
  t.strictSame(failed(noEvents), [], 'the bridge works without')
  t.match(said(noEvents, 'events'), /^warn: .*"Manage enterprise properties".*authorises it again/)
})

t.test('the scope for files, where content is to be transferred', async (t) => {
  const { emulator, env } = await emulated(t)
  const transferring = { ...env, ON_DELETE: 'transfer', TRANSFER_TO: 'service' }
  const before = emulator.state()
  t.match(said(await examined(transferring), 'content'), /^ok: .*Read and write all files/)
  t.strictSame(emulator.state(), before, 'nothing is changed')
  emulator.admin.changeEnterprise({ scopes: ['manage_enterprise_properties'] })
  const findings = await examined(transferring)
  t.strictSame(failed(findings), ['content'])
  t.match(
    said(findings, 'content'),
    /403 insufficient_scope.*"Read and write all files.*authorises it again/
  )
  t.notOk((await examined(env)).has('content'), 'nothing else needs it')
})

t.test('no access to the enterprise', async (t) => {
  const { emulator, env } = await emulated(t)
  emulator.admin.changeEnterprise({ access: 'app' })
  const findings = await examined(env)
  t.strictSame(failed(findings), ['enterprise access'])
  t.match(said(findings, 'enterprise access'), /nobody but itself.*App \+ Enterprise Access/)
})

t.test('a clock that is wrong', async (t) => {
  for (const [aheadMs, state, words] of [
    [120_000, 'fail', 'behind'],
    [-120_000, 'fail', 'ahead of'],
    [12_000, 'warn', 'behind']
  ] as const) {
    const clock = { ...systemClock, now: () => Date.now() + aheadMs }
    const { env } = await emulated(t, { clock })
    const findings = await examined(env)
    t.match(said(findings, 'clock'), new RegExp(`^${state}: .* s ${words} .*NTP`))
  }
})

t.test('a Box that cannot be reached', async (t) => {
  const { emulator, env } = await emulated(t)
  await emulator.close()
  const findings = await examined(env)
  t.strictSame(failed(findings), ['box token'])
  t.match(said(findings, 'box token'), /ECONNREFUSED.*BOX_API_URL.*firewall/)
  const unknown = await examined({ ...env, BOX_API_URL: 'https://box.invalid' })
  t.match(said(unknown, 'box token'), /did not answer.*name resolution/)
})

t.test('a Box that is in trouble', async (t) => {
  const { emulator, env } = await emulated(t)
  emulator.faults.add({ kind: 'server-error', path: '/2.0/groups' })
  const findings = await examined(env)
  t.strictSame(failed(findings), ['groups'])
  t.match(said(findings, 'groups'), /Box answers 500.*status\.box\.com/)
})

/** Runs `work` as somebody who is not root, whom modes of files do not concern. */
async function asNobody<Result>(work: () => Promise<Result>): Promise<Result> {
  const isRoot = process.geteuid?.() === 0
  if (isRoot) process.seteuid?.(65_534)
  try {
    return await work()
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
}

t.test('a disk that cannot be written', { skip: process.platform === 'win32' }, async (t) => {
  const { env } = await emulated(t)
  const folder = mkdtempSync(join(tmpdir(), 'doctor-'))
  t.teardown(() => {
    chmodSync(folder, 0o700)
    rmSync(folder, { recursive: true })
  })
  const path = join(folder, 'bridge.db')
  const here = { ...env, DATABASE_URL: `file:${path}` }
  const missing = await closed(folder, 0o555, () => examined(here))
  t.strictSame(failed(missing), ['database writable'])
  t.match(said(missing, 'database writable'), /EACCES.*Check that the folder.*can be written/)
  t.match(said(missing, 'database'), /^warn: there is none yet/)
  const operator = createOperator(here.DATABASE_URL)
  const request = { name: 'okta', scopes: ['users'], networks: [], expiresAt: undefined } as const
  await operator.makeToken(request)
  if (process.geteuid?.() === 0) chownSync(path, 65_534, 65_534)
  chmodSync(path, 0o400)
  const present = await closed(folder, 0o555, () => examined(here))
  t.ok(failed(present).includes('database writable'))
  t.match(said(present, 'database writable'), /Check that the folder.*can be written/)
})

/** Runs `work` while the folder has this mode. */
async function closed<Result>(folder: string, mode: number, work: () => Promise<Result>) {
  chmodSync(folder, mode)
  try {
    return await asNobody(work)
  } finally {
    chmodSync(folder, 0o755)
  }
}

t.test('a database that is damaged, foreign, or of another enterprise', async (t) => {
  const { env } = await emulated(t)
  const path = env.DATABASE_URL.slice('file:'.length)
  writeFileSync(path, 'this is no database')
  const foreign = await examined(env)
  t.match(
    said(foreign, 'database'),
    /^fail: .*is not a database of this bridge → Point DATABASE_URL/
  )
  rmSync(path)
  const server = await startServer(loadConfig({ ...env, PORT: '0' }, noFile), {
    logger: pino({ enabled: false })
  })
  await server.close()
  const other = await examined({ ...env, BOX_ENTERPRISE_ID: '987654' })
  t.match(said(other, 'database'), /^fail: .*belongs to Box enterprise .* → Correct the Box conf/)
})

const refusing = (code: string) => () => Promise.reject(Object.assign(new Error('x'), { code }))
const shows = (days: number, problem?: string) => ({
  certificate: () => Promise.resolve({ problem, validTo: Date.now() + days * dayMs + 1000 })
})

t.test('PUBLIC_URL as seen from here', async (t) => {
  const { env } = await emulated(t)
  const seen = async (publicUrl: string, view: Partial<NetworkView>) => {
    const tools = { network: { ...goodNetwork, ...view } }
    return said(await examined({ ...env, PUBLIC_URL: publicUrl }, tools), 'PUBLIC_URL')
  }
  const url = 'https://scim.example.com'
  t.match(await seen(url, shows(60)), /^ok: .*60 more days/)
  t.match(await seen(url, shows(3)), /^warn: .*3 more days → Renew/)
  t.match(await seen(url, shows(-3)), /^fail: .*ended .* days ago → Renew/)
  t.match(await seen(url, shows(60, 'SELF_SIGNED')), /^fail: .*not trusted.*SELF_SIGNED → .*chain/)
  t.match(await seen(url, { resolve: refusing('ENOTFOUND') }), /^fail: .*ENOTFOUND → .*DNS record/)
  t.match(await seen(url, { certificate: refusing('ECONNREFUSED') }), /^fail: .*ECONNREFUSED/)
  t.match(await seen('http://scim.example.com', {}), /^warn: .*http.* → Put HTTPS in front/)
})

t.test('budgets and access tokens', async (t) => {
  const { env } = await emulated(t)
  const operator = createOperator(env.DATABASE_URL)
  const request = { scopes: ['users'], networks: [] } as const
  const expiresAt = Date.now() + 5 * dayMs + 1000
  await operator.makeToken({ ...request, name: 'soon', expiresAt })
  await operator.makeToken({ ...request, name: 'later', expiresAt: undefined })
  const findings = await examined({ ...env, BOX_CALLS_PER_MINUTE: '5000' })
  t.match(said(findings, 'rate budget'), /^warn: .*5000 → Box allows about 1000/)
  t.match(said(findings, 'access tokens'), /^warn: soon ends in 5 days → .*box-scim token create/)
  t.match(said(findings, 'event stream'), /^warn: no events were read yet/)
  t.match(
    said(await examined({ ...env, BOX_CALLS_PER_MINUTE: '30' }), 'rate budget'),
    /^warn: .*30 → .*raise it/
  )
  const clock = { ...systemClock, now: () => Date.now() + 7 * dayMs }
  t.match(
    said(await examined(env, { clock }), 'access tokens'),
    /^warn: soon ended . days ago → .*box-scim token create/
  )
})

const of = (calls: number, allowance: number | null) =>
  monthFinding({ calls: { month: '2030-01', calls, allowance } })

t.test("the month's calls", async (t) => {
  t.match(of(79, 100), { state: 'ok', found: /79 of 100 calls \(79 %\)/ })
  t.match(of(80, 100), { state: 'warn', advice: /performance\.md/ })
  t.match(of(80, null), { state: 'ok', found: /no allowance/ })
})

t.test('the command', async (t) => {
  const { env, emulator } = await emulated(t)
  const { PUBLIC_URL: _, ...here } = env
  const well = await runCommand(['doctor'], { env: here })
  t.match(well, { code: 0, err: '', out: /^ok +box token: /m })
  emulator.admin.changeEnterprise({ manages: [] })
  const json = await runCommand(['doctor', '--json'], { env: here })
  t.equal(json.code, 1)
  const findings = JSON.parse(json.out) as readonly Finding[]
  for (const { state, advice } of findings) t.equal(state === 'ok', advice === null)
  t.match(
    findings.find(({ check }) => check === 'users'),
    { state: 'fail', advice: /Manage users/ }
  )
  const wrong = await runCommand(['doctor'], { env: { ...here, PORT: 'x', SCIM_TOKEN: 'hush' } })
  t.equal(wrong.code, 1)
  t.match(wrong.out, /fail +configuration: PORT \(given: "x"\).*\n +Allowed: a whole number/)
  t.match(wrong.out, /^warn +database: there is none yet/m)
  t.notMatch(wrong.out, 'hush')
})
