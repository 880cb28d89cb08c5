import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts'
import { demoCredentials, emptySeed } from '../../src/emulator/seed.ts'
import { startBridge } from '../helpers/bridge.ts'
import { person, scimClient } from '../helpers/scim-client.ts'
import { root, serveProcess } from '../helpers/serve-process.ts'
import { until } from '../helpers/until.ts'

const run = promisify(execFile)
const token = 'a-token-for-tests-only'
const credentials = {
  BOX_CLIENT_ID: demoCredentials.clientId,
  BOX_CLIENT_SECRET: demoCredentials.clientSecret,
  BOX_ENTERPRISE_ID: demoCredentials.enterpriseId
}

const folder = t.testdir({
  'list.json': '[1, 2]',
  'bad.json': '{"PORT": 1, secret-in-here',
  'jwt.json': '{}'
})
let folders = 0

/** Everything but the Box credentials and the token: a free port and a database of its own. */
function somewhere(): Record<string, string> {
  folders += 1
  const own = join(folder, String(folders))
  mkdirSync(own)
  return { PORT: '0', DATABASE_URL: `file:${join(own, 'bridge.db')}` }
}

interface Refused {
  readonly env: Readonly<Record<string, string>>
  /** What the output names, each. */
  readonly names: readonly RegExp[]
}

const refusals: Readonly<Record<string, Refused>> = {
  'incomplete credentials': {
    env: { BOX_CLIENT_ID: 'x', SCIM_TOKEN: token },
    names: [/BOX_CLIENT_SECRET: is missing/, /BOX_ENTERPRISE_ID: is missing/]
  },
  'production without credentials': {
    env: { NODE_ENV: 'production', SCIM_TOKEN: token },
    names: [/BOX_CLIENT_ID: is missing.*NODE_ENV is production/]
  },
  'the container image without credentials': {
    env: { BOX_BRIDGE_CONTAINER: '1', SCIM_TOKEN: token },
    names: [/BOX_CLIENT_ID: is missing.*container/]
  },
  'a misspelt key of Box': { env: { BOX_CLEINT_ID: 'x' }, names: [/BOX_CLEINT_ID: is no key/] },
  'no token in front of a real Box': { env: credentials, names: [/box-scim token create/] },
  'the demo for other machines': { env: { HOST: '0.0.0.0' }, names: [/HOST.*this machine only/] },
  'two kinds of credentials': {
    env: { ...credentials, BOX_JWT_CONFIG_FILE: join(folder, 'jwt.json'), SCIM_TOKEN: token },
    names: [/BOX_JWT_CONFIG_FILE: .*two kinds/]
  },
  'a configuration file that is no JSON': {
    env: { CONFIG_FILE: join(folder, 'bad.json') },
    names: [/CONFIG_FILE .*no JSON object/]
  },
  'a configuration file that is no object': {
    env: { CONFIG_FILE: join(folder, 'list.json') },
    names: [/CONFIG_FILE .*no JSON object/]
  },
  'many wrong keys at once': {
    env: {
      ...credentials,
      PORT: 'eighty',
      SCIM_TOKEN: 'short',
      REQUEST_BUDGET_SECONDS: '-1',
      ON_EXISTING: 'maybe',
      LOG_LEVEL: 'loud',
      BOX_NONSENSE: '1'
    },
    names: [
      /6 problems/,
      /PORT \(given: "eighty"\)/,
      /SCIM_TOKEN/,
      /REQUEST_BUDGET_SECONDS/,
      /ON_EXISTING \(given: "maybe"\)/,
      /LOG_LEVEL/,
      /BOX_NONSENSE/
    ]
  }
}

/** Asserts that the process ends with 1, says why, and never got to listening. */
async function assertRefused(t: Test, { env, names }: Refused): Promise<string> {
  const bridge = serveProcess(t, { ...somewhere(), ...env })
  t.same(await bridge.ended, { code: 1, signal: null })
  const output = bridge.output()
  for (const name of names) t.match(output, name)
  t.notMatch(output, 'SCIM base URL')
  t.notMatch(output, /^\s+at /m, 'a message, not a stack')
  return output
}

t.test('a wrong configuration is refused', async (t) => {
  await Promise.all(
    Object.entries(refusals).map(async ([name, refused]) => {
      const output = await assertRefused(t, refused)
      t.notMatch(output, /secret-in-here|demo-client-secret|"short"/, `${name}: no secret`)
    })
  )
})

async function startBox(t: Test): Promise<{ emulator: Emulator; env: Record<string, string> }> {
  const emulator = createEmulator({ seed: emptySeed, callsPerMinute: 100_000 })
  t.teardown(() => emulator.close())
  const env = { ...credentials, BOX_API_URL: await emulator.listen(), SCIM_TOKEN: token }
  return { emulator, env: { ...env, ...somewhere() } }
}

t.test('a database that is not for this process is refused and left alone', async (t) => {
  const { env } = await startBox(t)
  const bridge = serveProcess(t, env)
  await bridge.listening()
  const path = (env['DATABASE_URL'] ?? '').slice('file:'.length)

  const foreign = join(folder, 'foreign.db')
  const sqlite = new DatabaseSync(foreign)
  sqlite.exec('create table other (id integer)')
  sqlite.close()
  const before = readFileSync(foreign)
  const refuse = (more: Readonly<Record<string, string>>, ...names: readonly RegExp[]) =>
    assertRefused(t, { env: { ...env, ...more }, names })
  await Promise.all([
    refuse({}, /open in another bridge process/),
    refuse({ DATABASE_URL: `file:${foreign}` }, /not a database of this bridge/),
    refuse({ DATABASE_URL: 'postgres://me:hush@db/x' }, /DATABASE_URL/)
  ])
  t.same(readFileSync(foreign), before)

  bridge.child.kill('SIGTERM')
  t.same(await bridge.ended, { code: 0, signal: null })
  const damaged = join(folder, 'damaged.db')
  copyFileSync(path, damaged)
  const bytes = readFileSync(damaged)
  bytes.fill(0x2a, 200)
  writeFileSync(damaged, bytes)
  await Promise.all([
    refuse({ BOX_ENTERPRISE_ID: '42' }, /belongs to Box enterprise 1000001/, /42/),
    refuse({ DATABASE_URL: `file:${damaged}` }, /is damaged\. Restore it from a backup/)
  ])
})

t.test('the demo shows what can be tried, and it works as printed', async (t) => {
  const bridge = serveProcess(t, somewhere())
  const url = await bridge.listening()
  await until('the demo greets', () => bridge.output().includes('-X PATCH'))
  t.match(url, /^http:\/\/127\.0\.0\.1:\d+\/scim\/v2$/)
  const [, printedToken = ''] = /Bearer token: +(\S+)/.exec(bridge.output()) ?? []
  t.ok(printedToken.length >= 16)
  const lines = bridge.output().split('\n')
  const begin = lines.findIndex((line) => line.startsWith('BASE='))
  const script = lines.slice(begin, begin + 4)
  t.equal(script.filter((line) => /^(ID=\$\()?curl /.test(line)).length, 3, 'three curl lines')

  const { stdout } = await run('bash', ['-eu', '-c', script.join('\n')])
  const [list = '', created = '', changed = ''] = stdout.split(/created: (\d+)\n/)
  t.equal((JSON.parse(list) as { Resources: unknown[] }).Resources.length, 5, 'lists people')
  t.match(JSON.parse(changed), {
    id: created,
    userName: 'robin.doe@example.com',
    active: false
  })
  const [, stateUrl = ''] = /Box's state: +(\S+)/.exec(bridge.output()) ?? []
  const state = (await (await fetch(stateUrl)).json()) as { users: Record<string, unknown> }
  t.match(state.users['robin.doe@example.com'], { name: 'Robin Doe', status: 'inactive' })
  const answer = await fetch(`${url}/Users?count=0`, {
    headers: { authorization: `Bearer ${printedToken}` }
  })
  t.equal(answer.headers.get('x-box-bridge'), 'demo')
})

/** Waits until nobody can connect any more. */
async function stops(origin: string): Promise<void> {
  await until('nothing listens any more', async () => {
    const socket = connect(Number(new URL(origin).port), '127.0.0.1')
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false
    )
    socket.destroy()
    return !isOpen
  })
}

async function ready(url: string): Promise<boolean> {
  return (await fetch(new URL('/readyz', url))).ok
}

t.test('SIGTERM lets a running request end; a second signal does not', async (t) => {
  const { emulator, env } = await startBox(t)
  const isWaiting = () =>
    emulator.calls.some(({ method, path }) => method === 'POST' && path === '/2.0/users')

  const first = serveProcess(t, env)
  const baseUrl = await first.listening()
  await until('ready', () => ready(baseUrl))
  emulator.faults.add({ kind: 'delay', ms: 800, method: 'POST', path: '/2.0/users' })
  const created = scimClient({ baseUrl, token }).post('/Users', person('ann@example.com'))
  await until('the request waits for Box', isWaiting)
  first.child.kill('SIGTERM')
  await stops(baseUrl)
  t.equal(first.child.exitCode, null, 'it waits for the request')
  t.match(await created, { status: 201, body: { userName: 'ann@example.com' } })
  t.same(await first.ended, { code: 0, signal: null })

  emulator.faults.clear()
  emulator.clearCalls()
  emulator.faults.add({ kind: 'delay', ms: 60_000, method: 'POST', path: '/2.0/users' })
  const second = serveProcess(t, env)
  const url = await second.listening()
  t.ok(await ready(url), 'ready at once with its directory')
  const lost = scimClient({ baseUrl: url, token }).post('/Users', person('bob@example.com'))
  lost.catch(() => undefined)
  await until('the request waits for Box', isWaiting)
  second.child.kill('SIGTERM')
  await stops(url)
  second.child.kill('SIGTERM')
  await until('it ends at once', () => second.child.exitCode !== null, 15_000)
  t.not((await second.ended).code, 0)
  await t.rejects(lost)
})

t.test('the package offers the command', async (t) => {
  const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    bin: Record<string, string>
  }
  const command = join(root, bin['box-scim'] ?? '')
  const { stdout } = await run(process.execPath, [command, '--help'])
  t.match(stdout, /serve\s+start the bridge/)
})

t.test('plain HTTP that other machines can reach is warned about', async (t) => {
  const warningsOf = async (env: Readonly<Record<string, string>>) => {
    const lines: { readonly level: number; readonly msg: string }[] = []
    const write = (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number])
    const logger = pino({}, { write })
    const bridge = await startBridge(t, {
      env: { LOG_LEVEL: 'info', ...env },
      dependencies: { logger }
    })
    t.equal((await fetch(`${bridge.url}/healthz`)).status, 200)
    return lines.filter(({ level, msg }) => level === 40 && msg.includes('plain HTTP'))
  }
  t.strictSame(await warningsOf({ HOST: '127.0.0.1' }), [])
  t.match(await warningsOf({ HOST: '0.0.0.0' }), [{ msg: /Put HTTPS in front/ }])
})
