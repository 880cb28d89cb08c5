import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Milliseconds } from '../lib/clock.ts'
import { callerOf, misfortuneOf, pathOf, queryTextOf, requestFacts } from './context.ts'
import type { EmulatorContext } from './context.ts'
import type { DisruptionKind, Misfortune } from './faults.ts'
import {
  badGateway,
  errorBody,
  insufficientScope,
  rateLimited,
  serverError,
  unauthorized,
  unavailable
} from './refusal.ts'
import type { Refusal } from './refusal.ts'
import type { Caller } from './tokens.ts'

const BAD_GATEWAY_PAGE =
  '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n' +
  '<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n'

const RECORD_STATUS = 'recordStatus'

/**
 * What every call to Box passes first and last: it is recorded, gets its request id, and meets the
 * armed faults. `stopping` ends the waiting of delayed calls.
 */
export function installGate(
  app: FastifyInstance,
  context: EmulatorContext,
  stopping: AbortSignal
): void {
  app.decorateRequest(requestFacts.misfortune, null)
  app.decorateRequest(RECORD_STATUS, null)

  /** False when the server closes meanwhile. */
  const waited = async (duration: Milliseconds): Promise<boolean> => {
    if (duration > 0) await context.clock.sleep(duration, stopping).catch(() => undefined)
    return duration === 0 || !stopping.aborted
  }

  app.addHook('onRequest', async (request, reply) => {
    const path = pathOf(request.url)
    request.setDecorator(
      RECORD_STATUS,
      context.calls.add({
        method: request.method,
        path,
        query: queryTextOf(request.url),
        at: context.clock.now()
      })
    )
    const misfortune = context.faults.befall(request.method, path)
    request.setDecorator(requestFacts.misfortune, misfortune)
    reply.header('box-request-id', request.id)
    if (!(await waited(misfortune.delayBefore))) return reset(request, reply)
    return disruptBefore(request, reply, { context, misfortune })
  })

  app.addHook('onSend', async (request, reply, payload: unknown) => {
    const { delayAfter } = misfortuneOf(request)
    if (!(await waited(delayAfter))) request.raw.socket.resetAndDestroy()
    const answer = disruptAfter(request, reply, payload)
    const isReset = request.raw.socket.destroyed
    request.getDecorator<(status: number) => void>(RECORD_STATUS)(isReset ? 0 : reply.statusCode)
    return answer
  })
}

interface BeforeOptions {
  readonly context: EmulatorContext
  readonly misfortune: Misfortune
}

/** Answers, or resets the connection, in place of the handler. */
function disruptBefore(
  request: FastifyRequest,
  reply: FastifyReply,
  { context, misfortune }: BeforeOptions
): FastifyReply | undefined {
  const { disruption } = misfortune
  if (disruption === undefined) return undefined
  if (disruption.kind === 'reset-before') return reset(request, reply)
  if (disruption.kind === 'html-502' && context.guesses.badGatewayBody === 'html') {
    return reply.code(502).type('text/html').send(BAD_GATEWAY_PAGE)
  }
  const refusal = refusalBefore(disruption.kind, disruption.retryAfterSeconds)
  return refusal === undefined ? undefined : sendRefusal(reply, refusal)
}

function reset(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.hijack()
  request.raw.socket.resetAndDestroy()
  return reply
}

function refusalBefore(
  kind: DisruptionKind,
  retryAfterSeconds: number | undefined
): Refusal | undefined {
  switch (kind) {
    case 'rate-limited':
      return rateLimited(retryAfterSeconds ?? 1)
    case 'server-error':
      return serverError()
    case 'html-502':
      return badGateway()
    case 'insufficient-scope':
      return insufficientScope()
    case '503-before':
      return unavailable(retryAfterSeconds)
    case '503-after':
    case 'reset-before':
    case 'reset-after':
      break
  }
  return undefined
}

/** Puts another answer in place of the handler's, or resets the connection. */
function disruptAfter(request: FastifyRequest, reply: FastifyReply, payload: unknown): unknown {
  const { disruption } = misfortuneOf(request)
  if (disruption?.kind === 'reset-after') request.raw.socket.resetAndDestroy()
  if (disruption?.kind !== '503-after') return payload
  const refusal = unavailable(disruption.retryAfterSeconds)
  writeHead(reply, refusal)
  return JSON.stringify(errorBody(refusal, request.id))
}

/** Answers with Box's error object. */
export function sendRefusal(reply: FastifyReply, refusal: Refusal): FastifyReply {
  writeHead(reply, refusal)
  return reply.send(errorBody(refusal, reply.request.id))
}

function writeHead(reply: FastifyReply, refusal: Refusal): void {
  reply.code(refusal.status).type('application/json')
  reply.removeHeader('content-length')
  if (refusal.retryAfterSeconds !== undefined) {
    reply.header('retry-after', String(refusal.retryAfterSeconds))
  }
}

/** Lets a call pass with a valid token and within the rate; 401 and 429 otherwise. */
export function installTokenCheck(app: FastifyInstance, context: EmulatorContext): void {
  app.decorateRequest(requestFacts.caller, null)

  app.addHook('onRequest', async (request, reply) => {
    const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
    const caller = token === undefined ? undefined : context.tokens.find(token)
    if (caller === undefined) return sendUnauthorized(reply, context, token !== undefined)
    request.setDecorator<Caller>(requestFacts.caller, caller)
    return undefined
  })

  app.addHook('onRequest', async (request) => {
    const retryAfter = context.rateWindow.take(callerOf(request).clientId)
    if (retryAfter !== undefined) throw rateLimited(retryAfter)
  })
}

function sendUnauthorized(
  reply: FastifyReply,
  { guesses }: EmulatorContext,
  hasToken: boolean
): FastifyReply {
  const invalid =
    ', error="invalid_token", error_description="The access token provided is invalid."'
  reply.header('www-authenticate', `Bearer realm="Service"${hasToken ? invalid : ''}`)
  return guesses.unauthorizedBody === 'empty'
    ? reply.code(401).send()
    : sendRefusal(reply, unauthorized())
}
