import type { EpochMs, Milliseconds } from '../lib/clock.ts'
import { isJsonObject } from '../lib/json.ts'
import type { JsonValue } from '../lib/json.ts'
import { BoxRefusedError, BoxUnavailableError } from '../provisioning/errors.ts'
import type { BoxTrouble } from '../provisioning/errors.ts'
import { textAt } from './decode.ts'
import type { HttpAnswer } from './transport.ts'

/** When to ask again where Box did not say: seconds. */
const retryAfterSeconds: Readonly<Record<BoxTrouble, number>> = {
  'rate-limited': 1,
  unavailable: 10,
  // Somebody has to act in the Box Admin Console first.
  credentials: 60
}

/** The longest pause that an answer can impose on the bridge. */
const maxPause: Milliseconds = 3_600_000

/** An attempt that did not get what it asked for, and was not refused. */
export interface Failure {
  readonly trouble: BoxTrouble
  /** What this attempt may have done in Box. */
  readonly effect: 'none' | 'unknown'
  /** What an operator should read; holds no secret and nothing of the request's body. */
  readonly message: string
  /** How long Box asked everybody to wait; 0 where it did not. */
  readonly pause: Milliseconds
  /** True for a 401: the token may have expired, a fresh one may do. */
  readonly staleToken: boolean
}

/** What an exchange with Box came to. */
export type Verdict =
  | { readonly kind: 'answered'; readonly answer: HttpAnswer }
  | { readonly kind: 'refused'; readonly error: BoxRefusedError }
  | { readonly kind: 'failed'; readonly failure: Failure }

/** What is asked, as far as it matters for judging the answer. */
export interface Asked {
  readonly method: string
  /** Method and path pattern, e.g. `PUT /users/:id`. */
  readonly operation: string
}

/** A failure that changed nothing in Box, with defaults for what it does not mention. */
export function failure(
  trouble: BoxTrouble,
  message: string,
  more: Partial<Pick<Failure, 'effect' | 'pause' | 'staleToken'>> = {}
): Failure {
  return { trouble, message, effect: 'none', pause: 0, staleToken: false, ...more }
}

/** The error to throw for a failure after which no further attempt is made. */
export function unavailable(
  last: Failure,
  effect: 'none' | 'unknown' = last.effect
): BoxUnavailableError {
  return new BoxUnavailableError(last.message, {
    trouble: last.trouble,
    effect,
    retryAfterSeconds: Math.max(last.pause / 1000, retryAfterSeconds[last.trouble])
  })
}

/**
 * Judges an answer of the API by Box's list of common errors. A 5xx to a write may have been applied
 * all the same, which that list says of 503.
 */
export function judge(asked: Asked, answer: HttpAnswer, now: EpochMs): Verdict {
  const { status } = answer
  if (isSuccess(status)) return { kind: 'answered', answer }
  const about = `${asked.operation}: ${describe(answer)}`
  if (status === 401) {
    return failed(
      failure('credentials', `Box refused the token for ${about}`, { staleToken: true })
    )
  }
  if (status === 429) {
    const pause = retryAfter(answer, now) ?? 1000
    return failed(failure('rate-limited', `Box limits the rate of calls, ${about}`, { pause }))
  }
  if (status === 403 && isAboutTheBridge(asked, answer)) {
    return failed(failure('credentials', `Box refused the bridge itself for ${about}`))
  }
  if (isRefusal(status)) {
    return { kind: 'refused', error: refused(asked, answer) }
  }
  const effect = asked.method === 'GET' ? 'none' : 'unknown'
  const pause = retryAfter(answer, now) ?? 0
  return failed(failure('unavailable', `Box failed at ${about}`, { effect, pause }))
}

/** Judges an answer of the token endpoint (RFC 6749 §5.2), which changes nothing in the enterprise. */
export function judgeToken(answer: HttpAnswer, now: EpochMs): Failure | undefined {
  const { status, body } = answer
  if (isSuccess(status)) {
    if (textAt(body, 'access_token') !== '') return undefined
    return failure('unavailable', 'The answer of the Box token endpoint holds no token')
  }
  const reason = [
    textAt(body, 'error') || textAt(body, 'code'),
    textAt(body, 'error_description') || textAt(body, 'message')
  ]
  const about = plain([String(status), ...reason].filter((part) => part !== '').join(' '))
  if (status === 429) {
    const pause = retryAfter(answer, now) ?? 1000
    return failure('rate-limited', `Box limits the rate of token requests: ${about}`, { pause })
  }
  if (isRefusal(status)) {
    return failure('credentials', `Box refused the credentials of the bridge: ${about}`)
  }
  const pause = retryAfter(answer, now) ?? 0
  return failure('unavailable', `The Box token endpoint failed: ${about}`, { pause })
}

/** Box's error code, or '' where the answer has none. */
export function codeOf(answer: HttpAnswer): string {
  return plain(textAt(answer.body, 'code') || textAt(answer.body, 'error')).slice(0, 100)
}

/** Box's request id: in the body of errors and in a header of every answer. */
export function requestIdOf(answer: HttpAnswer): string {
  const id = textAt(answer.body, 'request_id') || (answer.headers['box-request-id'] ?? '')
  return plain(id).slice(0, 100)
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

/** 408 comes from something between the bridge and Box. */
function isRefusal(status: number): boolean {
  return status >= 400 && status < 500 && status !== 408
}

function failed(failure: Failure): Verdict {
  return { kind: 'failed', failure }
}

/**
 * Tells whether a 403 is about the app's scopes, authorisation or network address rather than about
 * one object. A list of the enterprise, or the bridge's own account, is closed to nobody else. Events
 * need a scope that nothing else does.
 */
function isAboutTheBridge(asked: Asked, answer: HttpAnswer): boolean {
  if (asked.operation === 'GET /events') return false
  const code = codeOf(answer)
  if (code === 'insufficient_scope' || code === 'access_from_location_blocked') return true
  if ((answer.headers['www-authenticate'] ?? '').includes('insufficient_scope')) return true
  return asked.method === 'GET' && !asked.operation.includes(':id')
}

function refused(asked: Asked, answer: HttpAnswer): BoxRefusedError {
  return new BoxRefusedError({
    status: answer.status,
    code: codeOf(answer),
    message: `Box refused ${asked.operation}: ${describe(answer)}`,
    requestId: requestIdOf(answer)
  })
}

/** Status, code, message and the details of `context_info`, on one line. */
function describe(answer: HttpAnswer): string {
  const parts = [String(answer.status), codeOf(answer), textAt(answer.body, 'message')]
  const details = detailsOf(answer.body)
  const text = parts.filter((part) => part !== '').join(' ')
  return plain(details === '' ? text : `${text} (${details})`)
}

/** `context_info.errors` is a list; one object instead of it has been seen. */
function detailsOf(body: JsonValue | undefined): string {
  const info = isJsonObject(body) ? body['context_info'] : undefined
  const errors = isJsonObject(info) ? info['errors'] : undefined
  const list: readonly JsonValue[] = Array.isArray(errors) ? errors : errors ? [errors] : []
  return list
    .map((entry) => [textAt(entry, 'name'), textAt(entry, 'message') || textAt(entry, 'reason')])
    .map((parts) => parts.filter((part) => part !== '').join(': '))
    .filter((part) => part !== '')
    .join('; ')
}

/** Text of a foreign server for logs and error details: one line, of bounded length, no token. */
function plain(text: string): string {
  return text
    .replaceAll(/\p{Cc}+/gu, ' ')
    .replaceAll(/Bearer\s+\S+/gi, 'Bearer [redacted]')
    .slice(0, 500)
}

/** `Retry-After` in either of its forms (RFC 9110 §10.2.3), at least a second and at most an hour. */
function retryAfter(answer: HttpAnswer, now: EpochMs): Milliseconds | undefined {
  const text = (answer.headers['retry-after'] ?? '').trim()
  if (text === '') return undefined
  const wait = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now
  return Number.isNaN(wait) ? undefined : Math.min(maxPause, Math.max(1000, wait))
}
