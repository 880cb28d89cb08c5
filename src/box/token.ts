import type { Clock, EpochMs, Milliseconds } from '../lib/clock.ts'
import { BoxUnavailableError } from '../provisioning/errors.ts'
import { numberAt, textAt } from './decode.ts'
import { failure, unavailable } from './errors.ts'
import type { JsonValue } from '../lib/json.ts'

/** The access token of the bridge, shared by all callers. */
export interface Tokens {
  /**
   * A token that is good now. Rejects with `BoxUnavailableError` without effect when none can be had
   * before `deadline`. However many callers ask, one token request is under way.
   */
  get(deadline: EpochMs): Promise<string>
  /** Box refused this token: unless a newer one is here already, the next caller gets a new one. */
  discard(token: string): void
}

/** Settings of the token keeper. */
export interface TokensOptions {
  /** Asks Box for a token: the token endpoint's answer, or a rejection with `BoxUnavailableError`. */
  readonly request: () => Promise<JsonValue | undefined>
  readonly clock: Clock
}

/** A token is renewed this long before its end, or in the last tenth of a life shorter than 50 min. */
const renewBefore: Milliseconds = 300_000

/** For this long after a refusal Box is not asked again, so that calls do not flood its endpoint. */
const pauseAfterRefusal: Milliseconds = 2000

/** After a failed renewal ahead of expiry, the old token is used for this long before the next try. */
const pauseAfterFailedRenewal: Milliseconds = 10_000

/** Timers cannot be set for longer than 24 days, deadlines can be later. */
const longestWait: Milliseconds = 3_600_000

/** Seconds that a token of Box lasts where the answer does not say so. */
const usualLife = 3600

interface Held {
  readonly value: string
  readonly renewAt: EpochMs
  readonly expiresAt: EpochMs
}

/** Creates a token keeper, which asks Box at the first `get`. */
export function createTokens(options: TokensOptions): Tokens {
  const { clock } = options
  let held: Held | undefined
  let running: Promise<string> | undefined
  let refusal: { readonly error: BoxUnavailableError; readonly until: EpochMs } | undefined

  async function request(): Promise<string> {
    const asked = clock.now()
    try {
      held = read(await options.request(), asked)
      refusal = undefined
      return held.value
    } catch (error) {
      if (error instanceof BoxUnavailableError && error.trouble === 'credentials') {
        refusal = { error, until: clock.now() + pauseAfterRefusal }
      }
      if (held !== undefined) {
        held = { ...held, renewAt: clock.now() + pauseAfterFailedRenewal }
      }
      throw error
    } finally {
      running = undefined
    }
  }

  function renew(): Promise<string> {
    running ??= request()
    return running
  }

  return {
    async get(deadline) {
      const now = clock.now()
      if (held !== undefined && now < held.expiresAt) {
        // The old token is still good: nobody waits for its successor, and a failure can wait too.
        if (now >= held.renewAt) renew().catch(() => undefined)
        return held.value
      }
      if (refusal !== undefined && now < refusal.until) throw refusal.error
      return within(renew(), deadline, clock)
    },
    discard(token) {
      if (held?.value === token) held = undefined
    }
  }
}

function read(body: JsonValue | undefined, asked: EpochMs): Held {
  const life = (numberAt(body, 'expires_in') || usualLife) * 1000
  return {
    value: textAt(body, 'access_token'),
    renewAt: asked + life - Math.min(renewBefore, life / 10),
    expiresAt: asked + life
  }
}

async function within(work: Promise<string>, deadline: EpochMs, clock: Clock): Promise<string> {
  const timer = new AbortController()
  const wait = Math.min(longestWait, Math.max(0, deadline - clock.now()))
  const late = clock.sleep(wait, timer.signal).then(() => {
    throw unavailable(failure('unavailable', 'The Box token endpoint did not answer in time'))
  })
  try {
    return await Promise.race([work, late])
  } finally {
    timer.abort()
    // Whichever lost the race may still reject, which concerns nobody any more.
    late.catch(() => undefined)
    work.catch(() => undefined)
  }
}
