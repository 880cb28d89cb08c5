import type { JsonObject } from '../lib/json.ts'

/** One entry of `context_info.errors`: what is wrong with which (internally named) parameter. */
export interface RefusalDetail {
  readonly reason: 'invalid_parameter' | 'missing_parameter'
  readonly name: string
  readonly message: string
}

/** What a refusal is made of. */
interface RefusalParts {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly details?: readonly RefusalDetail[]
  readonly retryAfterSeconds?: number | undefined
}

/** An answer of Box that says no; thrown by the rules and written by the error handler. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  readonly code: string
  readonly details: readonly RefusalDetail[]
  /** Becomes the `retry-after` header. */
  readonly retryAfterSeconds: number | undefined

  constructor(parts: RefusalParts) {
    super(parts.message)
    this.status = parts.status
    this.code = parts.code
    this.details = parts.details ?? []
    this.retryAfterSeconds = parts.retryAfterSeconds
  }
}

/**
 * The error object of the Box API, its keys in the order in which Box writes them
 * (https://developer.box.com/guides/api-calls/permissions-and-errors/common-errors/).
 */
export function errorBody(refusal: Refusal, requestId: string): JsonObject {
  const errors = refusal.details.map((detail) => ({ ...detail }))
  return {
    type: 'error',
    status: refusal.status,
    code: refusal.code,
    ...(errors.length > 0 && { context_info: { errors } }),
    help_url: 'http://developers.box.com/docs/#errors',
    message: refusal.message,
    request_id: requestId
  }
}

/** A detail about a value that Box does not accept. */
export function invalidParameter(name: string, value: unknown): RefusalDetail {
  const shown = typeof value === 'string' ? value : JSON.stringify(value)
  return { reason: 'invalid_parameter', name, message: `Invalid value '${shown}'.` }
}

/** A detail about a value that is required and absent. */
export function missingParameter(name: string): RefusalDetail {
  return { reason: 'missing_parameter', name, message: `'${name}' is required.` }
}

/** 400 `bad_request`. */
export function badRequest(...details: readonly RefusalDetail[]): Refusal {
  return new Refusal({ status: 400, code: 'bad_request', message: 'Bad Request', details })
}

/** 400 with one of the codes for paging parameters: `invalid_limit`, `invalid_offset`. */
export function badPaging(name: 'limit' | 'offset', value: string): Refusal {
  const message = `Invalid value '${value}' for '${name}'`
  return new Refusal({ status: 400, code: `invalid_${name}`, message })
}

/** 400 `bad_request` whose message is the reason. */
export function badRequestBecause(message: string): Refusal {
  return new Refusal({ status: 400, code: 'bad_request', message })
}

/** 400 `invalid_parameter`, which the reference names for a malformed notification e-mail. */
export function badParameter(detail: RefusalDetail): Refusal {
  const message = 'Invalid parameter'
  return new Refusal({ status: 400, code: 'invalid_parameter', message, details: [detail] })
}

/** 401 `unauthorized`. */
export function unauthorized(): Refusal {
  return new Refusal({ status: 401, code: 'unauthorized', message: 'Unauthorized' })
}

/** 403: the token's user may not do this. */
export function accessDenied(): Refusal {
  const code = 'access_denied_insufficient_permissions'
  return new Refusal({ status: 403, code, message: 'Access denied - insufficient permission' })
}

/** The answer to deleting somebody whose content is under a retention policy. */
export function retained(): Refusal {
  return forbidden(
    'User cannot be deleted due to retention policies. Please transfer user content first'
  )
}

/** 403 `forbidden_by_policy`: an information barrier. */
export function forbiddenByPolicy(): Refusal {
  const message = 'Forbidden by policy'
  return new Refusal({ status: 403, code: 'forbidden_by_policy', message })
}

/** 403: the application lacks a scope, or was not authorised again after it got it. */
export function insufficientScope(): Refusal {
  const message = 'The request requires higher privileges than provided by the access token.'
  return new Refusal({ status: 403, code: 'insufficient_scope', message })
}

/** 403 `forbidden` for a reason in words. */
export function forbidden(message: string): Refusal {
  return new Refusal({ status: 403, code: 'forbidden', message })
}

/** 404 `not_found`. */
export function notFound(...details: readonly RefusalDetail[]): Refusal {
  return new Refusal({ status: 404, code: 'not_found', message: 'Not Found', details })
}

/** 405: a verb the resource does not have, or an id that is no number. */
export function methodNotAllowed(): Refusal {
  return new Refusal({ status: 405, code: 'method_not_allowed', message: 'Method Not Allowed' })
}

/** 409 `user_login_already_used`: some Box account, anywhere, has this address. */
export function loginTaken(...details: readonly RefusalDetail[]): Refusal {
  const message = 'User with the specified login already exists'
  return new Refusal({ status: 409, code: 'user_login_already_used', message, details })
}

/** 409 `conflict`; `name` is the internal name of the parameter that must be unique. */
export function conflict(name?: string): Refusal {
  const message = 'A resource with this value already exists'
  const details =
    name === undefined ? [] : ([{ reason: 'invalid_parameter', name, message }] as const)
  return new Refusal({ status: 409, code: 'conflict', message, details })
}

/** 409: other work on the same content is in progress. */
export function blockedForNow(): Refusal {
  const message = 'The operation is blocked by another ongoing operation'
  return new Refusal({ status: 409, code: 'operation_blocked_temporary', message })
}

/** 409 `conflict` for a user who cannot be deleted because of owned content. */
export function ownsContent(): Refusal {
  const message = 'User still owns content'
  return new Refusal({ status: 409, code: 'conflict', message })
}

/** 429 `rate_limit_exceeded` with `retry-after`. */
export function rateLimited(retryAfterSeconds: number): Refusal {
  const message = 'Request rate limit exceeded, please try again later'
  return new Refusal({ status: 429, code: 'rate_limit_exceeded', message, retryAfterSeconds })
}

/** 500 `internal_server_error`. */
export function serverError(): Refusal {
  const message = 'Internal Server Error'
  return new Refusal({ status: 500, code: 'internal_server_error', message })
}

/** 502 `bad_gateway`. */
export function badGateway(): Refusal {
  return new Refusal({ status: 502, code: 'bad_gateway', message: 'Bad Gateway' })
}

/** 503 `unavailable`. */
export function unavailable(retryAfterSeconds?: number): Refusal {
  const message = 'Service Unavailable'
  return new Refusal({ status: 503, code: 'unavailable', message, retryAfterSeconds })
}
