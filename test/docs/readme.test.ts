import { execFile, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import t from 'tap'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')

/** The demo as `npm start` runs it, on a free port, and what it printed. */
async function startDemo() {
  const data = await mkdtemp(join(tmpdir(), 'bridge-demo-'))
  const demo = spawn(process.execPath, ['src/cli/main.ts', 'serve'], {
    cwd: root,
    env: { PATH: process.env['PATH'], PORT: '0', DATABASE_URL: `file:${join(data, 'demo.db')}` },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const ended = new Promise((resolve) => demo.once('close', resolve))
  t.teardown(async () => {
    demo.kill('SIGTERM')
    await ended
    await rm(data, { recursive: true, force: true })
  })
  const printed: string[] = []
  const lines = createInterface({ input: demo.stdout })
  lines.on('line', (line) => printed.push(line))
  await new Promise((resolve) => {
    lines.on('line', (line) => {
      if (line.startsWith('curl') && line.includes('PATCH')) resolve(undefined)
    })
    lines.once('close', resolve)
  })
  return printed
}

interface EmulatorState {
  readonly users: Record<string, { readonly status: string } | undefined>
}
const stateOf = async (url: string) => (await (await fetch(url)).json()) as EmulatorState
const shell = (script: string) => run('bash', ['-euo', 'pipefail', '-c', script], { cwd: root })

t.test('the curl lines of README.md and those that the demo prints work', async (t) => {
  const printed = await startDemo()
  const after = (label: string) =>
    printed
      .find((line) => line.startsWith(label))
      ?.replace(label, '')
      .trim() ?? ''
  const base = after('SCIM base URL:')
  const stateUrl = after("Box's state:")
  t.match(base, /^http:\/\/127\.0\.0\.1:\d+\/scim\/v2$/)

  const readme = await readFile(join(root, 'README.md'), 'utf8')
  const block = /```sh\nBASE=.*\nTOKEN=.*\n([^]*?)```/.exec(readme)?.[1] ?? ''
  t.equal(block.match(/curl /g)?.length, 3, 'three curl lines')
  const fromReadme = await shell(`BASE=${base}\nTOKEN=${after('Bearer token:')}\n${block}`)
  t.match(fromReadme.stdout, '"ada.admin@example.com"', 'lists the people of the enterprise')
  t.match(fromReadme.stdout, /created: \d+$/m, 'creates a person')
  t.equal((await stateOf(stateUrl)).users['robin.doe@example.com']?.status, 'inactive')

  const scripts = printed.filter((line) => /^(BASE=|ID=|curl )/.test(line))
  t.equal(scripts.length, 4, 'the variables and three curl lines')
  const renamed = scripts.join('\n').replaceAll('robin.doe@', 'kim.doe@')
  await shell(renamed)
  t.equal((await stateOf(stateUrl)).users['kim.doe@example.com']?.status, 'inactive')
})
