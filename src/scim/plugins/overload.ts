import { Transform } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Milliseconds } from '../../lib/clock.ts'
import { isJsonObject } from '../../lib/json.ts'
import { ProvisioningError } from '../../provisioning/errors.ts'
import { readAnyCase } from '../protocol/document.ts'
import { accessInOperations, accessInResource } from '../protocol/requested-access.ts'

/** How much is let in at a time. */
export const overloadLimits = {
  /** Writes that have arrived and are not answered yet, beyond which only removals are let in. */
  writes: 1_000,
  /** The same, beyond which nothing is. */
  writesAndRemovals: 2_000,
  /** Bytes of the bodies of all those requests together. */
  heldBytes: 16 * 1024 * 1024,
  /** Lasting delay of the event loop beyond which only reads and removals are let in. */
  writeDelayMs: 500,
  /** The same, beyond which nothing is. */
  readDelayMs: 5_000
} as const

/** Limits as in {@link overloadLimits}. */
export type OverloadLimits = Readonly<Record<keyof typeof overloadLimits, number>>

/** Why a request is turned away. */
export type ShedReason = 'event-loop' | 'writes' | 'bodies'

/** What is under way. */
export interface WorkUnderWay {
  readonly writes: number
  readonly heldBytes: number
}

/** What shedding goes by, and whom it tells. */
export interface OverloadOptions {
  readonly limits: OverloadLimits
  /** The lasting delay of the event loop. */
  readonly eventLoopDelayMs: () => Milliseconds
  /** How long a write may take: by then there is room again. */
  readonly writeMs: Milliseconds
  readonly onShed: (reason: ShedReason) => void
  /** Most bytes of a body: what announces more is refused for that, and never held. */
  readonly bodyLimit: number
}

/** Seconds after which a busy event loop should be tried again. */
const delayRetrySeconds = 10

const reads = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Turns requests away with 503 before memory grows: writes first, removals later, reads last. Whether
 * a write is a removal shows only in its body, so that where other writes are turned away its body is
 * read all the same. Returns what is under way.
 */
export function shedLoad(app: FastifyInstance, options: OverloadOptions): () => WorkUnderWay {
  const { limits, eventLoopDelayMs } = options
  const retrySeconds = Math.ceil(options.writeMs / 1000)
  let writes = 0
  let heldBytes = 0

  app.addHook('onRequest', (request, reply, done) => {
    const delay = eventLoopDelayMs()
    if (delay > limits.readDelayMs) return done(refusal('event-loop'))
    if (isRead(request)) return done()
    if (writes >= limits.writesAndRemovals) return done(refusal('writes'))
    const length = Number(request.headers['content-length'] ?? 0)
    if (length > options.bodyLimit) return done()
    if (heldBytes + length > limits.heldBytes) return done(refusal('bodies'))
    writes += 1
    heldBytes += length
    reply.raw.once('close', () => {
      writes -= 1
      heldBytes -= length
    })
    return done()
  })

  /** A body that does not say how long it is counts as it comes in. */
  app.addHook('preParsing', (request, reply, payload, done) => {
    if (request.headers['transfer-encoding'] === undefined || isRead(request)) {
      return done(null, payload)
    }
    let own = 0
    reply.raw.once('close', () => {
      heldBytes -= own
    })
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, pass) {
        if (heldBytes + chunk.length > limits.heldBytes) return pass(refusal('bodies'))
        own += chunk.length
        heldBytes += chunk.length
        return pass(null, chunk)
      }
    })
    payload.once('error', (error) => counted.destroy(error))
    return done(null, payload.pipe(counted))
  })

  app.addHook('preHandler', (request, _reply, done) => {
    if (isRead(request)) return done()
    const isBusy = eventLoopDelayMs() > limits.writeDelayMs
    if (!isBusy && writes <= limits.writes) return done()
    return done(isRemoval(request) ? undefined : refusal(isBusy ? 'event-loop' : 'writes'))
  })

  return () => ({ writes, heldBytes })

  function refusal(reason: ShedReason): ProvisioningError {
    options.onShed(reason)
    const retryAfterSeconds = reason === 'event-loop' ? delayRetrySeconds : retrySeconds
    return new ProvisioningError(
      'busy',
      `The server has too much to do: nothing was changed. Ask again in ${retryAfterSeconds} seconds.`,
      { retryAfterSeconds }
    )
  }
}

/** Whether a request changes nothing: a search by POST does not either (RFC 7644 §3.4.3). */
export function isRead({ method, routeOptions }: FastifyRequest): boolean {
  return reads.has(method) || routeOptions.url?.endsWith('/.search') === true
}

/**
 * Whether a write takes access away, as far as it shows at first sight. `active` of a group means
 * nothing, so that nobody gets past a limit by it.
 */
export function isRemoval({ method, body, routeOptions }: FastifyRequest): boolean {
  if (method === 'DELETE') return true
  if (!isJsonObject(body) || routeOptions.url?.includes('/Users/') !== true) return false
  if (method === 'PUT') return accessInResource(body).deactivates
  const operations = method === 'PATCH' ? readAnyCase(body, 'Operations') : undefined
  return Array.isArray(operations) && accessInOperations(operations).deactivates
}
