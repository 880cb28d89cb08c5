import type { Clock, EpochMs, Milliseconds } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Random } from '../lib/random.ts'
import { BoxUnavailableError } from '../provisioning/errors.ts'
import type { BoxTrouble } from '../provisioning/errors.ts'
import type { BoxCall } from '../provisioning/box-port.ts'
import { codeOf, failure, judge, requestIdOf, unavailable } from './errors.ts'
import type { Failure, Verdict } from './errors.ts'
import type { Pacing } from './pacing.ts'
import type { Tokens } from './token.ts'
import { TransportFailure } from './transport.ts'
import type { HttpAnswer, HttpRequest, Transport } from './transport.ts'

/**
 * Whether sending a request twice leaves Box as sending it once does: `harmless` for reads, for
 * updates to the same values and for removals; `never` for whatever creates or moves something.
 */
export type Repeat = 'harmless' | 'never'

/** How a request is to be sent. */
export interface Manner {
  readonly repeat: Repeat
  /**
   * True for what Box works at for minutes before it answers: it may take that long, over a
   * connection of its own, and holds up no other call meanwhile.
   */
  readonly longRunning?: boolean
}

/** How the last exchange with Box went. */
export interface BoxHealth {
  readonly ok: boolean
  /** When it became so. */
  readonly since: EpochMs
  readonly trouble?: BoxTrouble
}

/** Sends requests to Box: paced, authorised, repeated where that is harmless. */
export interface Exchange {
  /** Resolves with a 2xx answer; rejects with `BoxRefusedError` or `BoxUnavailableError`. */
  send(request: HttpRequest, manner: Manner, call: BoxCall): Promise<HttpAnswer>
  health(): BoxHealth
  /** Ends all waiting between attempts. */
  close(): void
}

/** One HTTP exchange with Box's API, for whoever counts them. */
export interface CallFacts {
  /** Method and path pattern, e.g. `PUT /users/:id`. */
  readonly operation: string
  readonly outcome: 'answered' | 'refused' | 'no-answer' | BoxTrouble
  readonly durationMs: Milliseconds
}

/** What an exchange is made of. */
export interface ExchangeParts {
  readonly transport: Transport
  /** For long-running requests. */
  readonly patientTransport: Transport
  readonly tokens: Tokens
  readonly pacing: Pacing
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Whether nothing but reads may be sent; default false. */
  readonly readOnly?: boolean | undefined
  /** The longest time for one attempt, from connecting to the last byte. */
  readonly requestTimeoutMs: Milliseconds
  /** Is told of every HTTP exchange with the API, token requests aside. */
  readonly onCall?: ((call: CallFacts) => void) | undefined
  /** Is told when Box gets into trouble, or into another kind of it. */
  readonly onTrouble?: ((trouble: BoxTrouble) => void) | undefined
}

/** Box answers after ten minutes at the latest, done or not. */
const longRunTimeoutMs: Milliseconds = 660_000

/** Attempts at a call that keeps failing, the first one included. A pause asked for by Box is none. */
const maxAttempts = 3

/** The mean wait before the second attempt; it doubles for each later one. */
const firstBackoff: Milliseconds = 500

/** Methods and paths without the ids in them: few enough to count and to compare. */
function operationOf(request: Pick<HttpRequest, 'method' | 'url'>): string {
  const path = new URL(request.url).pathname.replace(/^.*?\/2\.0(?=\/)/, '')
  return `${request.method} ${path.replaceAll(/\/\d+(?=\/|$)/g, '/:id')}`
}

/** What happened so far in one call. */
interface Progress {
  attempts: number
  /** Attempts that failed for no reason that Box gave. */
  failures: number
  renewedToken: boolean
  /** `unknown` from the first attempt on that may have changed something in Box. */
  effect: 'none' | 'unknown'
}

/** Creates an exchange. */
export function createExchange(parts: ExchangeParts): Exchange {
  const { transport, tokens, pacing, clock, random, log } = parts
  const closing = new AbortController()
  let health: BoxHealth = { ok: true, since: clock.now() }

  function note(trouble: BoxTrouble | undefined): void {
    if (health.trouble === trouble) return
    const since = clock.now()
    health = trouble === undefined ? { ok: true, since } : { ok: false, since, trouble }
    if (trouble !== undefined) parts.onTrouble?.(trouble)
  }

  /** One turn, one token, one HTTP exchange. */
  async function attempt(
    request: HttpRequest,
    { longRunning = false, call }: Manner & { readonly call: BoxCall },
    progress: Progress
  ): Promise<Verdict> {
    const place = progress.attempts > 0 ? 'first' : 'last'
    const leave = await pacing.enter(call.lane, call.deadline, place)
    progress.attempts += 1
    try {
      const token = await tokens.get(call.deadline)
      // A turn was due for beginning it; no place is kept while Box works at it.
      if (longRunning) leave()
      const verdict = await ask({ request, token, longRunning }, call)
      const stale = verdict.kind === 'failed' && verdict.failure.staleToken
      if (stale && !progress.renewedToken) tokens.discard(token)
      return verdict
    } catch (error) {
      // The token keeper's errors; nothing was sent to the API.
      if (!(error instanceof BoxUnavailableError)) throw error
      const pause = error.trouble === 'rate-limited' ? error.retryAfterSeconds * 1000 : 0
      return { kind: 'failed', failure: failure(error.trouble, error.message, { pause }) }
    } finally {
      leave()
    }
  }

  async function ask(
    { request, token, longRunning }: { request: HttpRequest; token: string; longRunning: boolean },
    call: BoxCall
  ): Promise<Verdict> {
    const operation = operationOf(request)
    const headers = { ...request.headers, authorization: `Bearer ${token}` }
    const [line, limit] = longRunning
      ? [parts.patientTransport, longRunTimeoutMs]
      : [transport, parts.requestTimeoutMs]
    const timeout = Math.min(limit, call.deadline - clock.now())
    if (timeout <= 0) return { kind: 'failed', failure: failure('unavailable', 'No time is left') }
    const begun = clock.now()
    const tell = (outcome: CallFacts['outcome']) =>
      parts.onCall?.({ operation, outcome, durationMs: clock.now() - begun })
    try {
      const answer = await line.send({ ...request, headers }, timeout)
      const facts = {
        operation,
        status: answer.status,
        code: codeOf(answer),
        requestId: requestIdOf(answer)
      }
      call.record?.(facts)
      log.debug(facts, 'Box answered')
      const verdict = judge({ method: request.method, operation }, answer, clock.now())
      tell(verdict.kind === 'failed' ? verdict.failure.trouble : verdict.kind)
      return verdict
    } catch (error) {
      if (!(error instanceof TransportFailure)) throw error
      call.record?.({ operation, status: 0, code: '', requestId: '' })
      tell('no-answer')
      const effect = error.departed && request.method !== 'GET' ? 'unknown' : 'none'
      return { kind: 'failed', failure: failure('unavailable', error.message, { effect }) }
    }
  }

  /** Decides whether to try again, waits if so, and throws if not. */
  async function recover(
    failure: Failure,
    progress: Progress,
    { repeat, call }: { repeat: Repeat; call: BoxCall }
  ): Promise<void> {
    if (failure.pause > 0) pacing.pause(failure.pause)
    if (failure.staleToken && !progress.renewedToken) {
      progress.renewedToken = true
      return
    }
    note(failure.trouble)
    if (failure.effect === 'unknown') progress.effect = 'unknown'
    const { trouble, message } = failure
    log.warn({ trouble, effect: progress.effect, failures: progress.failures + 1 }, message)
    if (trouble === 'rate-limited') return
    progress.failures += 1
    const repeatable =
      trouble === 'unavailable' && (repeat === 'harmless' || failure.effect === 'none')
    const wait = firstBackoff * 2 ** (progress.failures - 1) * (0.5 + random.fraction())
    const late = clock.now() + Math.max(wait, failure.pause) >= call.deadline
    if (!repeatable || late || progress.failures >= maxAttempts) {
      throw unavailable(failure, progress.effect)
    }
    await clock.sleep(wait, closing.signal).catch(() => {
      throw unavailable(failure, progress.effect)
    })
  }

  /**
   * A turn that never came changes nothing, but an earlier attempt of the same call may have; and where
   * Box was in trouble until then, that is what the caller waited for, not the budget.
   */
  function explained(error: unknown, { effect, failures }: Progress, call: BoxCall): unknown {
    if (!(error instanceof BoxUnavailableError) || error.trouble !== 'rate-limited') return error
    const outage = failures > 0 || effect === 'unknown' ? 'unavailable' : lateFor(call)
    if (outage === undefined) return error
    const { message, retryAfterSeconds } = error
    return new BoxUnavailableError(message, { trouble: outage, effect, retryAfterSeconds })
  }

  /** The trouble that kept a removal waiting, behind something else about the same person, too long. */
  function lateFor({ lane, deadline }: BoxCall): BoxTrouble | undefined {
    const isLate = lane === 'removal' && clock.now() >= deadline
    return isLate && health.trouble !== 'rate-limited' ? health.trouble : undefined
  }

  return {
    async send(request, manner, call) {
      if (parts.readOnly === true && request.method !== 'GET') {
        throw new TypeError(`${request.method} was to be sent to a Box that is only read`)
      }
      const progress: Progress = { attempts: 0, failures: 0, renewedToken: false, effect: 'none' }
      for (;;) {
        const verdict = await attempt(request, { ...manner, call }, progress).catch(
          (error: unknown) => {
            throw explained(error, progress, call)
          }
        )
        if (verdict.kind === 'failed') {
          await recover(verdict.failure, progress, { repeat: manner.repeat, call })
          continue
        }
        note(undefined)
        if (verdict.kind === 'refused') throw verdict.error
        return verdict.answer
      }
    },
    health: () => health,
    close: () => closing.abort()
  }
}
