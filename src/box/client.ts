import type { Clock, Milliseconds } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Random } from '../lib/random.ts'
import type { BoxTrouble } from '../provisioning/errors.ts'
import type { BoxPort } from '../provisioning/box-port.ts'
import { createBoxApi } from './api.ts'
import { enterpriseIdOf } from './credentials.ts'
import type { BoxCredentials } from './credentials.ts'
import { createBoxEvents } from './events.ts'
import { createExchange } from './exchange.ts'
import type { BoxHealth, CallFacts } from './exchange.ts'
import { createBoxGroups } from './groups.ts'
import { createBoxInvites } from './invites.ts'
import { createBoxLeavers } from './leavers.ts'
import { createBoxMemberships } from './memberships.ts'
import { createPacing } from './pacing.ts'
import type { Pacing } from './pacing.ts'
import { createSdkSeam } from './sdk.ts'
import { createTokens } from './token.ts'
import { createTokenSource } from './token-source.ts'
import { createBoxUsers } from './users.ts'
import { createTransport } from './transport.ts'

/** What the Box adapter needs. */
export interface BoxClientOptions {
  /** Base of the API and of the token endpoint, without `/2.0`, e.g. `https://api.box.com`. */
  readonly apiUrl: string
  readonly credentials: BoxCredentials
  /** The budget for all calls together, at least 1. Token requests are not counted. */
  readonly callsPerMinute: number
  /** The largest number of calls at a time; default 8. */
  readonly concurrency?: number
  /** How long connecting may take, TLS included; default 5,000. */
  readonly connectTimeoutMs?: Milliseconds
  /** How long one attempt may take in all; default 20,000. A call's deadline can cut it short. */
  readonly requestTimeoutMs?: Milliseconds
  /** Whether nothing but reads may reach Box: any other call throws before it is sent; default false. */
  readonly readOnly?: boolean
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Is told of every HTTP exchange with the API, token requests aside. */
  readonly onCall?: ((call: CallFacts) => void) | undefined
  /** Is told when Box gets into trouble, or into another kind of it. */
  readonly onTrouble?: ((trouble: BoxTrouble) => void) | undefined
}

/** The Box enterprise over HTTP. */
export interface BoxClient extends BoxPort {
  /** How the last exchange with Box went. */
  health(): BoxHealth
  /** The budget, for looking at. */
  readonly pacing: Pick<Pacing, 'depth' | 'look'>
  /** Turns waiting calls away, lets running exchanges end, long ones aside, and closes the connections. */
  close(): Promise<void>
}

/**
 * Connects to a Box enterprise; nothing is asked before the first call.
 *
 * @throws Error when a JWT configuration cannot be used.
 */
export function createBoxClient(options: BoxClientOptions): BoxClient {
  const { apiUrl, callsPerMinute, clock, random, log } = options
  const concurrency = options.concurrency ?? 8
  const requestTimeoutMs = options.requestTimeoutMs ?? 20_000
  const throughSdk = createSdkSeam(apiUrl)
  const pacing = createPacing({ callsPerMinute, concurrency, clock })
  const connectTimeoutMs = options.connectTimeoutMs ?? 5000
  // One more than calls at a time, so that a token request never waits for a call to end.
  const transport = createTransport({ connections: concurrency + 1, connectTimeoutMs, clock })
  const patientTransport = createTransport({ connections: 1, connectTimeoutMs, clock })
  const tokens = createTokens({
    request: createTokenSource({ ...options, throughSdk, transport, requestTimeoutMs }),
    clock
  })
  const { onCall, onTrouble, readOnly } = options
  const parts = {
    transport,
    patientTransport,
    tokens,
    pacing,
    clock,
    random,
    log,
    requestTimeoutMs,
    readOnly,
    onCall,
    onTrouble
  }
  const exchange = createExchange(parts)
  const api = createBoxApi({ apiUrl, throughSdk, exchange, log })
  return {
    ...createBoxUsers(api),
    ...createBoxGroups(api),
    ...createBoxMemberships(api),
    ...createBoxEvents(api),
    ...createBoxLeavers(api),
    ...createBoxInvites(api, enterpriseIdOf(options.credentials)),
    health: () => exchange.health(),
    pacing: { depth: () => pacing.depth(), look: () => pacing.look() },
    async close() {
      pacing.close()
      exchange.close()
      await Promise.all([transport.close(), patientTransport.abort()])
    }
  }
}
