import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import { startServer, type ServerParts } from '../../src/compose.ts'
import { loadConfig } from '../../src/config/load.ts'
import { createEmulator, type Emulator, type EmulatorOptions } from '../../src/emulator/emulator.ts'
import type { Fault } from '../../src/emulator/faults.ts'
import { demoCredentials, emptySeed, type Seed } from '../../src/emulator/seed.ts'

/** What a test may want of its bridge. */
export interface BridgeOptions {
  /** Added to the admin and the service account, who are always there. */
  readonly seed?: Partial<Pick<Seed, 'users' | 'groups' | 'foreign'>>
  /** Configuration on top of what makes a bridge of its own; undefined unsets a key. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** How Box is to behave besides. */
  readonly emulator?: Omit<EmulatorOptions, 'seed'>
  /** Armed before the bridge calls Box for the first time. */
  readonly faults?: readonly Fault[]
  /** False: return while the first import may still be under way; default true. */
  readonly untilReady?: boolean
  readonly dependencies?: ServerParts
}

/** A bridge on a free port with an emulated Box behind it. */
export interface Bridge {
  /** The server's origin. */
  readonly url: string
  /** The SCIM base. */
  readonly baseUrl: string
  /** A bearer token that the bridge takes. */
  readonly token: string
  readonly emulator: Emulator
  /** Settles with the first import. */
  readonly ready: Promise<void>
  /**
   * The number of calls that have reached Box, the import's included; token requests and polls of
   * events aside.
   */
  boxCalls(): number
  /** Closes the server, which otherwise ends with the test. */
  readonly close: () => Promise<void>
}

const token = 'a-token-for-tests-only'

const uncounted: ReadonlySet<string> = new Set(['/oauth2/token', '/2.0/events'])

/** Neither side counts calls by the minute unless a test asks for it. */
const roomy = { callsPerMinute: 100_000 }

/** Starts an emulator and a server in this process; both are closed when `t` ends. */
export async function startBridge(t: Test, options: BridgeOptions = {}): Promise<Bridge> {
  const emulator = createEmulator({ ...roomy, ...options.emulator, seed: seedOf(options) })
  t.teardown(() => emulator.close())
  const boxUrl = await emulator.listen()
  for (const fault of options.faults ?? []) emulator.faults.add(fault)

  const config = loadConfig({ ...environment(boxUrl), ...options.env }, (path) =>
    readFileSync(path, 'utf8')
  )
  const server = await startServer(config, options.dependencies)
  let closed: Promise<void> | undefined
  const close = () => (closed ??= server.close())
  t.teardown(close)
  if (options.untilReady !== false) await server.ready
  return {
    url: server.url,
    baseUrl: `${server.url}/scim/v2`,
    token,
    emulator,
    ready: server.ready,
    close,
    boxCalls: () => emulator.calls.filter(({ path }) => !uncounted.has(path)).length
  }
}

function seedOf({ seed = {} }: BridgeOptions): Seed {
  return { ...emptySeed, ...seed, users: [...emptySeed.users, ...(seed.users ?? [])] }
}

function environment(boxUrl: string): Record<string, string> {
  return {
    HOST: '127.0.0.1',
    PORT: '0',
    SCIM_TOKEN: token,
    DATABASE_URL: 'file::memory:',
    BOX_API_URL: boxUrl,
    BOX_CLIENT_ID: demoCredentials.clientId,
    BOX_CLIENT_SECRET: demoCredentials.clientSecret,
    BOX_ENTERPRISE_ID: demoCredentials.enterpriseId,
    BOX_CALLS_PER_MINUTE: '10000',
    LOG_LEVEL: 'silent'
  }
}
