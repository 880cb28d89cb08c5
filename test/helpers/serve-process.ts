import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import type { Test } from 'tap'
import { until } from './until.ts'

/** The repository's root. */
export const root = join(import.meta.dirname, '../..')

/** How a process ended. */
export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** The bridge as a process of its own, as an operator starts it. */
export interface ServeProcess {
  readonly child: ChildProcess
  /** Everything that it has printed so far, standard output and standard error together. */
  output(): string
  readonly ended: Promise<Ending>
  /** Waits for the line that tells the SCIM base URL and returns it. */
  listening(): Promise<string>
}

/** Starts `box-scim serve` with nothing in its environment but PATH and `env`; it ends with the test. */
export function serveProcess(t: Test, env: Readonly<Record<string, string>>): ServeProcess {
  const bin = join(root, 'node_modules/.bin')
  const child = spawn('node', ['src/cli/main.ts', 'serve'], {
    cwd: root,
    env: { PATH: `${bin}:${process.env['PATH'] ?? ''}`, ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
  const output = () => Buffer.concat(chunks).toString('utf8')
  let hasEnded = false
  const ended = new Promise<Ending>((resolve) => {
    child.once('close', (code, signal) => {
      hasEnded = true
      resolve({ code, signal })
    })
  })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return {
    child,
    output,
    ended,
    async listening() {
      const find = () => /SCIM base URL: +(\S+)/.exec(output())?.[1]
      await until('the bridge listens', () => hasEnded || find() !== undefined)
      const url = find()
      if (url === undefined) throw new Error(`The bridge ended: ${output()}`)
      return url
    }
  }
}
