import { ScimError } from '../protocol/errors.ts'
import type { Right } from './caller.ts'

/** A request that is refused because of who sends it, before anything of it is read. */
export class AccessError extends ScimError {
  /** What the `WWW-Authenticate` header adds to each scheme, e.g. `error="invalid_token"` (RFC 6750 §3). */
  readonly challenge: string | undefined
  /** Whole seconds, where waiting helps. */
  readonly retryAfterSeconds: number | undefined

  constructor(
    status: 401 | 403 | 429 | 503,
    detail: string,
    facts: { challenge?: string; retryAfterSeconds?: number } = {}
  ) {
    super(status, detail)
    this.challenge = facts.challenge
    this.retryAfterSeconds = facts.retryAfterSeconds
  }
}

/** Nothing was presented. */
export function credentialsNeeded(): AccessError {
  return new AccessError(
    401,
    'A bearer token is needed: send the header "Authorization: Bearer <token>".'
  )
}

/** What was presented is not accepted; which part of it was wrong stays unsaid. */
export function notAccepted(): AccessError {
  return new AccessError(401, 'The bearer token is not accepted by this server.', {
    challenge: 'error="invalid_token"'
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
    { challenge: 'error="insufficient_scope"' }
  )
}
