import type {
  FastifyBaseLogger,
  FastifyError,
  FastifyInstance,
  FastifyReply,
  FastifyRequest
} from 'fastify'
import type { BoxTrouble, ProvisioningErrorCode } from '../../provisioning/errors.ts'
import {
  BoxRefusedError,
  BoxUnavailableError,
  DeactivatedOnlyError,
  ProvisioningError
} from '../../provisioning/errors.ts'
import type { Denial } from '../../provisioning/denials.ts'
import type { Challenge } from '../access/challenges.ts'
import { errorBody, ScimError } from '../protocol/errors.ts'
import type { ScimType } from '../protocol/errors.ts'
import { AccessError } from '../access/access-error.ts'
import { viaOf } from './auth.ts'
import { discardBody } from './bodies.ts'
import { asScim, mediaTypeAdvice } from './content-type.ts'
import { standingHeaders } from './correlation.ts'

/** How a failure is answered (RFC 7644 §3.12). */
export interface ErrorAnswer {
  readonly status: number
  readonly scimType?: ScimType | undefined
  readonly detail: string
  /** Whole seconds: the `Retry-After` header, which Okta obeys only as an integer. */
  readonly retryAfterSeconds?: number | undefined
  /** The fields of `WWW-Authenticate`. */
  readonly challenge?: Challenge | undefined
}

type Kind = Pick<ErrorAnswer, 'status' | 'scimType'>

const uniqueness: Kind = { status: 409, scimType: 'uniqueness' }
const invalidValue: Kind = { status: 400, scimType: 'invalidValue' }

/**
 * The status and `scimType` of everything that provisioning refuses. 401 and 403 are left to the
 * caller's token: identity providers take them for a bad credential and stop the whole job.
 */
export const provisioningAnswers: Readonly<Record<ProvisioningErrorCode, Kind>> = {
  not_found: { status: 404 },
  login_taken: uniqueness,
  external_id_taken: uniqueness,
  login_taken_outside: uniqueness,
  invite_pending: uniqueness,
  invite_ended: uniqueness,
  login_held_by_leaver: uniqueness,
  group_name_taken: uniqueness,
  protected: { status: 400, scimType: 'mutability' },
  login_missing: invalidValue,
  external_id_missing: invalidValue,
  deprovisioned: { status: 409 },
  role_not_allowed: invalidValue,
  unknown_members: invalidValue,
  invalid_value: invalidValue,
  refused_by_box: invalidValue,
  importing: { status: 503 },
  busy: { status: 503 },
  being_created: { status: 503 },
  being_deleted: { status: 503 },
  fuse_open: { status: 503 },
  version_mismatch: { status: 412 }
}

/** The status of each kind of trouble with Box: the fault is never the caller's. */
export const troubleAnswers: Readonly<Record<BoxTrouble, Kind>> = {
  'rate-limited': { status: 429 },
  unavailable: { status: 503 },
  credentials: { status: 503 }
}

/** Seconds after which asking again makes sense where nobody knows better. */
const defaultRetryAfterSeconds = 30

/** The answer to an error that somebody foresaw; undefined for every other. */
export function answerOf(error: unknown, bodyLimit: number): ErrorAnswer | undefined {
  if (error instanceof ScimError) return error
  if (error instanceof ProvisioningError) return provisioningAnswer(error)
  if (error instanceof BoxUnavailableError) return troubleAnswer(error)
  if (error instanceof BoxRefusedError) return { ...invalidValue, detail: refusalDetail(error) }
  if (error instanceof DeactivatedOnlyError) return deactivatedOnlyAnswer(error, bodyLimit)
  return frameworkAnswer(error, bodyLimit)
}

/**
 * Makes every failure in `app` a SCIM error (RFC 7644 §3.12). `bodyLimit`: bytes, for the 413.
 * `onDenied` is told of every request that is not let in.
 */
export function answerErrors(
  app: FastifyInstance,
  bodyLimit: number,
  onDenied: (denied: Denial) => void
): void {
  app.setErrorHandler(async (error, request, reply) => {
    if (error instanceof AccessError) tellDenied(error, request, onDenied)
    const limit = Math.min(bodyLimit, request.routeOptions.bodyLimit ?? bodyLimit)
    const answer = explainError(error, request, limit)
    if (answer.status === 413) await discardBody(request)
    return describe(reply, answer)
  })
}

function tellDenied(
  { status }: AccessError,
  request: FastifyRequest,
  onDenied: (denied: Denial) => void
): void {
  // 503: the issuer's keys cannot be read, which is nobody's fault.
  if (status !== 401 && status !== 403 && status !== 429) return
  const { id: correlationId, actor, ip: source, method } = request
  const via = viaOf(request)
  const route = request.routeOptions.url ?? 'none'
  onDenied({ correlationId, actor, via, source, method, route, status })
}

/** The answer to any error; one that nobody foresaw is logged. `bodyLimit`: bytes, for the 413. */
export function explainError(
  error: unknown,
  request: FastifyRequest,
  bodyLimit: number
): ErrorAnswer {
  return answerOf(error, bodyLimit) ?? unexpected(error, request.id, request.log)
}

/**
 * Answers what Fastify refuses before it knows the route: no hook has run, so the standing headers
 * are set here.
 */
export function answerFrameworkErrors(demo: boolean, bodyLimit: number) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    const answer = explainError(error, request, bodyLimit)
    const { id: correlationId, method } = request
    request.log.info({ correlationId, method, status: answer.status }, 'unroutable request')
    void reply.headers(standingHeaders(request.id, demo)).send(describe(reply, answer))
  }
}

/** Gives the reply the status of `answer` and the headers that it asks for; returns its body. */
function describe(reply: FastifyReply, answer: ErrorAnswer): string {
  void reply.code(answer.status)
  if (answer.challenge !== undefined) void reply.header('www-authenticate', answer.challenge)
  if (answer.retryAfterSeconds !== undefined) {
    void reply.header('retry-after', String(answer.retryAfterSeconds))
  }
  return asScim(reply, JSON.stringify(errorBody(answer)))
}

function provisioningAnswer(error: ProvisioningError): ErrorAnswer {
  const kind = provisioningAnswers[error.code]
  const retryAfterSeconds =
    error.retryAfterSeconds ?? (kind.status === 503 ? defaultRetryAfterSeconds : undefined)
  return { ...kind, detail: error.message, retryAfterSeconds }
}

function troubleAnswer(error: BoxUnavailableError): ErrorAnswer {
  return {
    ...troubleAnswers[error.trouble],
    detail: error.message,
    retryAfterSeconds: error.retryAfterSeconds
  }
}

function refusalDetail(error: BoxRefusedError): string {
  const request = error.requestId === '' ? '' : `, Box request id ${error.requestId}`
  return `Box refused the change: ${error.message} (${error.code}${request})`
}

function deactivatedOnlyAnswer(
  error: DeactivatedOnlyError,
  bodyLimit: number
): ErrorAnswer | undefined {
  const answer = answerOf(error.cause, bodyLimit)
  return answer === undefined ? undefined : { ...described(answer), detail: error.message }
}

function described({ status, scimType, retryAfterSeconds }: ErrorAnswer) {
  return { status, scimType, retryAfterSeconds }
}

/**
 * Fastify's own errors: the request as HTTP was wrong, or took too long.
 * See https://fastify.dev/docs/latest/Reference/Errors/
 */
function frameworkAnswer(error: unknown, bodyLimit: number): ErrorAnswer | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return { status: 413, detail: `The body is larger than the limit of ${bodyLimit} bytes.` }
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return { status: 415, detail: mediaTypeAdvice }
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return invalidSyntax('The body is not JSON that this server accepts.')
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return invalidSyntax('The body is not as long as its Content-Length says.')
    case 'FST_ERR_BAD_URL':
      return { status: 400, detail: 'The URL is not validly percent-encoded.' }
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return { status: 404, detail: 'There is no such resource.' }
    case 'FST_ERR_HANDLER_TIMEOUT':
      return {
        status: 503,
        detail: 'The request took too long; whether it had an effect is not known.',
        retryAfterSeconds: defaultRetryAfterSeconds
      }
    default:
      return undefined
  }
}

function invalidSyntax(detail: string): ErrorAnswer {
  return { status: 400, scimType: 'invalidSyntax', detail }
}

/** Logs what nobody foresaw, and tells the caller nothing but where to find it in the log. */
function unexpected(error: unknown, correlationId: string, log: FastifyBaseLogger): ErrorAnswer {
  log.error({ correlationId, err: error }, 'request failed unexpectedly')
  return {
    status: 500,
    detail: `The server failed unexpectedly. Its log explains it under ${correlationId}.`
  }
}
