import { systemClock } from '../lib/clock.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { systemRandom } from '../lib/random.ts'
import type { Random } from '../lib/random.ts'
import { createAdmin } from './admin.ts'
import { buildApp } from './app.ts'
import { Assertions } from './assertions.ts'
import type { PublicKey } from './assertions.ts'
import { CallLog } from './call-log.ts'
import type { EmulatorContext } from './context.ts'
import { registerControlRoutes } from './control.ts'
import type { Controls } from './control.ts'
import { Faults } from './faults.ts'
import { defaultGuesses } from './guesses.ts'
import type { Guesses } from './guesses.ts'
import { RateWindow } from './rate-window.ts'
import { allScopes, fullAuthorisation } from './scopes.ts'
import type { Authorisation, Scope } from './scopes.ts'
import { demoCredentials, demoSeed } from './seed.ts'
import type { Credentials, Seed } from './seed.ts'
import { seedEnterprise } from './seeding.ts'
import { describeEnterprise } from './state.ts'
import { Tokens } from './tokens.ts'

/** How an emulator is to be. */
export interface EmulatorOptions {
  /** Default the machine's. */
  readonly clock?: Clock
  /** Default the machine's. */
  readonly random?: Random
  /** What the enterprise holds at the start; default `demoSeed`. */
  readonly seed?: Seed
  /** Whether `/_control` answers, to loopback callers only; default false. */
  readonly control?: boolean
  /** Calls a minute that a token's owner may make before 429; default 1,000, as Box has it. */
  readonly callsPerMinute?: number
  /** Default `demoCredentials`. */
  readonly credentials?: Credentials
  /** The application's public keys; without any, a JWT's signature is not looked at. */
  readonly publicKeys?: readonly PublicKey[]
  /** The application's scopes besides managing users and groups; default all. */
  readonly scopes?: readonly Scope[]
  /** Default 3,600. */
  readonly tokenLifetimeSeconds?: number
  /** Where Box's documentation is silent; default `defaultGuesses`. */
  readonly guesses?: Partial<Guesses>
  /** How many calls are remembered at most, the latest ones; default 200,000. */
  readonly callLogLimit?: number
  /** How many events are kept at most, the latest ones; default 50,000. */
  readonly eventLimit?: number
  /** Is told of the emulator's own failures; default nobody. */
  readonly log?: Logger
}

/** A pretended Box. Its state outlives `close`, so that Box can go away and come back. */
export interface Emulator extends Controls {
  /**
   * Starts listening and resolves to the base URL, without `/2.0`. Default any free port on
   * `127.0.0.1`. Can be called again after `close`.
   */
  listen(options?: { readonly port?: number; readonly host?: string }): Promise<string>
  /** Stops listening and drops all connections. */
  close(): Promise<void>
}

/** Makes a pretended Box that does not listen yet. Throws a `TypeError` for a seed at odds with itself. */
export function createEmulator(options: EmulatorOptions = {}): Emulator {
  const firstSeed = options.seed ?? demoSeed
  const context = createContext(options, firstSeed)
  const admin = createAdmin(context)
  let running: { readonly close: () => Promise<void> } | undefined

  const emulator: Emulator = {
    async listen({ port = 0, host = '127.0.0.1' } = {}) {
      if (running !== undefined) throw new TypeError('The emulator is listening already')
      const stopping = new AbortController()
      const app = buildApp(context, {
        stopping: stopping.signal,
        log: options.log,
        extend: (extended) => {
          if (options.control === true) registerControlRoutes(extended, emulator)
        }
      })
      running = {
        close: async () => {
          stopping.abort()
          await app.close()
        }
      }
      try {
        return await app.listen({ port, host })
      } catch (error) {
        await emulator.close()
        throw error
      }
    },
    async close() {
      const closing = running
      running = undefined
      await closing?.close()
    },
    state() {
      context.enterprise.transfers.settle()
      return describeEnterprise(context.enterprise)
    },
    get calls() {
      return context.calls.calls
    },
    clearCalls: () => context.calls.clear(),
    faults: context.faults,
    get events() {
      return context.enterprise.events
    },
    admin,
    guesses: context.guesses,
    guess: (changes) => void Object.assign(context.guesses, changes),
    revokeTokens: () => context.tokens.revokeAll(),
    reset(seed = firstSeed) {
      Object.assign(context.guesses, defaultGuesses, options.guesses)
      context.enterprise = seedFor({ ...context, eventLimit: eventLimitOf(options) }, seed)
      context.calls.clear()
      context.faults.clear()
      context.tokens.revokeAll()
      context.rateWindow.clear()
      Object.assign(context, authorisationOf(options))
    }
  }
  return emulator
}

function createContext(options: EmulatorOptions, seed: Seed): EmulatorContext {
  const clock = options.clock ?? systemClock
  const random = options.random ?? systemRandom
  const credentials = options.credentials ?? demoCredentials
  const guesses = { ...defaultGuesses, ...options.guesses }
  return {
    clock,
    random,
    guesses,
    credentials,
    tokenLifetimeSeconds: options.tokenLifetimeSeconds ?? 3600,
    tokens: new Tokens(clock, random),
    rateWindow: new RateWindow(clock, options.callsPerMinute ?? 1000),
    faults: new Faults(),
    calls: new CallLog(options.callLogLimit ?? 200_000),
    assertions: new Assertions({ clock, credentials, publicKeys: options.publicKeys ?? [] }),
    ...authorisationOf(options),
    enterprise: seedFor({ clock, guesses, credentials, eventLimit: eventLimitOf(options) }, seed)
  }
}

function authorisationOf({ scopes = allScopes }: EmulatorOptions): Authorisation {
  return { ...fullAuthorisation, scopes }
}

function eventLimitOf({ eventLimit = 50_000 }: EmulatorOptions): number {
  return eventLimit
}

function seedFor(
  parts: Pick<EmulatorContext, 'clock' | 'guesses' | 'credentials'> & {
    readonly eventLimit: number
  },
  seed: Seed
) {
  const { clock, guesses, credentials, eventLimit } = parts
  const { enterpriseId: id, clientId } = credentials
  return seedEnterprise(seed, { id, clientId, clock, guesses, eventLimit })
}
