import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock, EpochMs, Milliseconds } from '../../lib/clock.ts'
import { tooManyRequests, tooManyWrites } from '../access/access-error.ts'
import type { AccessError } from '../access/access-error.ts'
import type { Caller } from '../access/caller.ts'
import { isRead, isRemoval } from './overload.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Why a write is one too many, unless it turns out to be a removal. */
    excess: Excess | undefined
  }
}

/**
 * How much one caller may ask. Identity providers stay far below: Entra ID sends 25 requests a second,
 * up to 100 at its peaks, and takes 40 minutes to come back after a 429.
 */
export const callerLimits = {
  /** On average over {@link burstMs}; 0: as many as they like. */
  requestsPerSecond: 2_000,
  /** Writes that are not answered yet, removals aside; 0: as many as there is room for. */
  writes: 800
} as const

/** Limits as in {@link callerLimits}. */
export type CallerLimits = Readonly<Record<keyof typeof callerLimits, number>>

/** Which limit a caller met. */
export type CallerLimit = 'requests' | 'writes'

/** What the limits go by, and whom they tell. */
export interface CallerLimitOptions {
  readonly limits: CallerLimits
  readonly clock: Clock
  /** How long a write may take: by then there is room again. */
  readonly writeMs: Milliseconds
  readonly onExceeded: (limit: CallerLimit) => void
}

/** Counts a request of a caller; why it is refused, else undefined. */
export type CountRequest = (
  caller: Caller,
  request: FastifyRequest,
  reply: FastifyReply
) => AccessError | undefined

/** What somebody may ask at once who has asked nothing before, as the time it stands for. */
export const burstMs: Milliseconds = 10_000

/** The methods of requests that may take access away. */
const mayRemove = new Set(['PUT', 'PATCH', 'DELETE'])

/** A limit that a request is beyond. */
interface Excess {
  readonly limit: CallerLimit
  /** Whole seconds. */
  readonly retryAfterSeconds: number
}

function tooFast(waitMs: Milliseconds): Excess {
  return { limit: 'requests', retryAfterSeconds: Math.ceil(waitMs / 1000) }
}

/** What one caller has done. */
interface Use {
  /** When nothing counts any more (generic cell rate algorithm). */
  clearAt: EpochMs
  /** Writes that are not answered yet. */
  writes: number
}

/**
 * Creates the count of what each caller asks; it must come before the routes. There are as many callers
 * as tokens and clients that the bridge knows. What is too much is refused at once; a change only once
 * its body shows that it takes no access away, since a leaver must not wait for another try.
 */
export function limitCallers(app: FastifyInstance, options: CallerLimitOptions): CountRequest {
  const { limits, clock, onExceeded } = options
  const uses = new WeakMap<Caller, Use>()
  const intervalMs = limits.requestsPerSecond === 0 ? 0 : 1000 / limits.requestsPerSecond
  const mostWrites = limits.writes === 0 ? Infinity : limits.writes
  const busy: Excess = { limit: 'writes', retryAfterSeconds: Math.ceil(options.writeMs / 1000) }

  app.decorateRequest('excess', undefined)
  app.addHook('onRoute', (route) => {
    if (route.method === 'GET' || route.method === 'HEAD') return
    route.preHandler = [route.preHandler ?? [], refuseExcess].flat()
  })

  return (caller, request, reply) => {
    const use = useOf(caller)
    const waitMs = count(use)
    const isWrite = !isRead(request)
    const isBusy = isWrite && use.writes >= mostWrites
    const excess = waitMs > 0 ? tooFast(waitMs) : isBusy ? busy : undefined
    if (excess !== undefined && !mayRemove.has(request.method)) return refusal(excess)
    if (!isWrite) return undefined
    use.writes += 1
    reply.raw.once('close', () => {
      use.writes -= 1
    })
    request.excess = excess
    return undefined
  }

  function refuseExcess(
    request: FastifyRequest,
    _reply: FastifyReply,
    done: (error?: Error) => void
  ): void {
    const { excess } = request
    done(excess === undefined || isRemoval(request) ? undefined : refusal(excess))
  }

  function useOf(caller: Caller): Use {
    const found = uses.get(caller)
    if (found !== undefined) return found
    const use = { clearAt: 0, writes: 0 }
    uses.set(caller, use)
    return use
  }

  /** How long the caller must wait; 0 where the request is within the limit. */
  function count(use: Use): Milliseconds {
    const now = clock.now()
    // No more than the burst counts, also where the clock was set back.
    const counted = Math.max(now, Math.min(use.clearAt, now + burstMs))
    const waitMs = counted + intervalMs - now - burstMs
    use.clearAt = waitMs > 0 ? counted : counted + intervalMs
    return Math.max(0, waitMs)
  }

  function refusal({ limit, retryAfterSeconds }: Excess): AccessError {
    onExceeded(limit)
    return limit === 'writes'
      ? tooManyWrites(limits.writes, retryAfterSeconds)
      : tooManyRequests(limits.requestsPerSecond, retryAfterSeconds)
  }
}
