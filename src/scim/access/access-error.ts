import { ScimError } from '../protocol/errors.ts'
import type { Right } from './caller.ts'
import { insufficientScope } from './challenges.ts'
import type { Challenge } from './challenges.ts'

/** A request that is refused because of who sends it, before anything of it is read. */
export class AccessError extends ScimError {
  /** What `WWW-Authenticate` says; undefined: nothing. */
  readonly challenge: Challenge | undefined
  /** Whole seconds, where waiting helps. */
  readonly retryAfterSeconds: number | undefined

  constructor(
    status: 401 | 403 | 429 | 503,
    detail: string,
    facts: { challenge?: Challenge; retryAfterSeconds?: number }
  ) {
    super(status, detail)
    this.challenge = facts.challenge
    this.retryAfterSeconds = facts.retryAfterSeconds
  }
}

/** Nothing was presented, or in a way that is not accepted. */
export function credentialsNeeded(challenge: Challenge): AccessError {
  return new AccessError(
    401,
    'A bearer token is needed: send the header "Authorization: Bearer <token>".',
    { challenge }
  )
}

/** The token is not accepted; what is wrong with it stays unsaid. */
export function tokenNotAccepted(challenge: Challenge): AccessError {
  return new AccessError(401, 'The bearer token is not accepted by this server.', { challenge })
}

/** User name and password are not accepted; which of them was wrong stays unsaid. */
export function passwordNotAccepted(challenge: Challenge): AccessError {
  return new AccessError(401, 'User name and password are not accepted by this server.', {
    challenge
  })
}

/** Too many failures from one source. */
export function tooManyFailures(retryAfterSeconds: number): AccessError {
  return new AccessError(
    429,
    'Too many requests with tokens that are not accepted came from this address.',
    { retryAfterSeconds }
  )
}

/** The caller has asked too much lately. */
export function tooManyRequests(limit: number, retryAfterSeconds: number): AccessError {
  return new AccessError(
    429,
    `This token may ask ${limit} times a second: nothing was changed. Ask again in ${retryAfterSeconds} seconds.`,
    { retryAfterSeconds }
  )
}

/** The caller has too many writes under way. */
export function tooManyWrites(limit: number, retryAfterSeconds: number): AccessError {
  return new AccessError(
    429,
    `This token may have ${limit} writes under way: nothing was changed. Ask again in ${retryAfterSeconds} seconds.`,
    { retryAfterSeconds }
  )
}

/** The issuer of a token cannot be asked for its keys. */
export function issuerUnreachable(): AccessError {
  return new AccessError(
    503,
    "The keys of the token's issuer cannot be read now, so that the token cannot be checked.",
    { retryAfterSeconds: 30 }
  )
}

/** The token is good, and not for this (RFC 6750 §3.1). */
export function rightMissing(right: Right): AccessError {
  return new AccessError(
    403,
    `The token does not permit this: it lacks the right ${right}. Give it the scope it needs.`,
    { challenge: insufficientScope }
  )
}
