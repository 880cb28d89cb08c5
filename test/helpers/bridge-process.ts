import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { createEmulator, type Emulator, type EmulatorOptions } from '../../src/emulator/emulator.ts'
import { demoCredentials, emptySeed } from '../../src/emulator/seed.ts'
import { scimClient, type ScimClient } from './scim-client.ts'
import { until } from './until.ts'

/** A bridge in a process of its own on a database file, in front of an emulator in this process. */
export interface BridgeProcess {
  readonly emulator: Emulator
  /** The origin of whichever process runs at the time. */
  readonly url: string
  /** A bearer token that the bridge takes. */
  readonly token: string
  /** Where the emulator listens. */
  readonly boxUrl: string
  /** The path of the database. */
  readonly database: string
  /** The environment that the process gets. */
  readonly env: Readonly<Record<string, string>>
  /** Asks whichever process runs at the time. */
  readonly scim: ScimClient
  /** Starts the process; resolves once it listens, or with `untilReady` once the import is done. */
  start(options?: { readonly untilReady?: boolean }): Promise<void>
  /** Ends the process with SIGKILL, whatever it is doing. */
  kill(): Promise<void>
  /** Ends the process with SIGTERM and resolves to its exit code. */
  stop(): Promise<number | null>
  /** The status of `/readyz`. */
  readiness(): Promise<number>
  /** The journal's entries that are not settled, as the database file has them. */
  openEntries(): readonly OpenEntry[]
}

/** An open entry of the journal. */
export interface OpenEntry {
  readonly subject: string
  readonly operation: string
  readonly state: string
}

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const token = 'a-token-for-tests-only'

/** What may differ from one bridge to another. */
export interface BridgeProcessOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly emulator?: EmulatorOptions
  /** As large as the bridge's heap may become; default what Node allows. */
  readonly heapMegabytes?: number
}

/** Makes an emulator and a bridge that is not started yet; both end with `t`. */
export async function bridgeProcess(
  t: Test,
  options: BridgeProcessOptions = {}
): Promise<BridgeProcess> {
  const path = join(t.testdir(), 'bridge.db')
  const bridge = await createBridgeProcess({ ...options, path })
  t.teardown(() => bridge.close())
  return bridge
}

/** Makes an emulator and a bridge that is not started yet, on the database at `path`. */
export async function createBridgeProcess(
  options: BridgeProcessOptions & { readonly path: string }
): Promise<BridgeProcess & { close(): Promise<void> }> {
  const { path } = options
  const emulator = createEmulator({
    seed: emptySeed,
    callsPerMinute: 1_000_000,
    ...options.emulator
  })
  const boxUrl = await emulator.listen()
  const env = { ...environment(boxUrl, path), ...options.env }
  let child: ChildProcess | undefined
  let origin = ''

  async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return null
    const exit = once(child, 'exit')
    child.kill(signal)
    await exit
    return child.exitCode
  }

  const heap =
    options.heapMegabytes === undefined ? [] : [`--max-old-space-size=${options.heapMegabytes}`]

  const bridge = {
    emulator,
    get url() {
      return origin
    },
    token,
    boxUrl,
    database: path,
    env,
    get scim() {
      return scimClient({ baseUrl: `${origin}/scim/v2`, token })
    },
    async start({ untilReady = true }: { readonly untilReady?: boolean } = {}) {
      child = spawn(process.execPath, [...heap, main, 'serve'], {
        env,
        stdio: ['ignore', 'pipe', 'pipe']
      })
      origin = await listening(child)
      if (untilReady) await until('the import', async () => (await bridge.readiness()) === 200)
    },
    async kill() {
      await end('SIGKILL')
    },
    stop: () => end('SIGTERM'),
    readiness: async () => (await fetch(`${origin}/readyz`)).status,
    openEntries(): readonly OpenEntry[] {
      const database = new DatabaseSync(path, { readOnly: true })
      try {
        const rows = database
          .prepare(
            `select subject, operation, state from journal where state in ('decided', 'sent', 'unknown')`
          )
          .all()
        return rows as unknown as readonly OpenEntry[]
      } finally {
        database.close()
      }
    },
    async close() {
      await end('SIGKILL')
      await emulator.close()
    }
  }
  return bridge
}

/** Resolves to the origin that the process prints; rejects with its complaint where it ends instead. */
async function listening(child: ChildProcess): Promise<string> {
  const { stdout, stderr } = child
  if (stdout === null || stderr === null) throw new TypeError('The output is not piped')
  let complaint = ''
  stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
  for await (const line of createInterface({ input: stdout })) {
    const origin = /SCIM base URL: (http:\/\/[^/]+)/.exec(line)?.[1]
    if (origin === undefined) continue
    stdout.resume()
    return origin
  }
  throw new Error(`The bridge did not start: ${complaint}`)
}

function environment(boxUrl: string, path: string): Record<string, string> {
  return {
    HOST: '127.0.0.1',
    PORT: '0',
    SCIM_TOKEN: token,
    DATABASE_URL: `file:${path}`,
    BOX_API_URL: boxUrl,
    BOX_CLIENT_ID: demoCredentials.clientId,
    BOX_CLIENT_SECRET: demoCredentials.clientSecret,
    BOX_ENTERPRISE_ID: demoCredentials.enterpriseId,
    BOX_CALLS_PER_MINUTE: '10000',
    LOG_LEVEL: 'silent'
  }
}
