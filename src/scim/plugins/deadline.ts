import { errorCodes } from 'fastify'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Clock, EpochMs, Milliseconds } from '../../lib/clock.ts'
import type { RequestContext } from '../../provisioning/requests.ts'
import type { AskedRequest } from '../../provisioning/audit.ts'
import { viaOf } from './auth.ts'
import { askedAttributes } from '../protocol/asked-attributes.ts'
import { parseIfMatch } from '../protocol/entity-tags.ts'
import type { ResourceType } from '../protocol/schemas.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** When the answer is wanted. */
    deadline: EpochMs
  }
}

/**
 * How much longer than its budget a request may take before the server answers 503 in its place.
 * Only a use case that ignores its deadline ever gets there.
 */
export const graceMs: Milliseconds = 5_000

/** Gives every request the deadline `budget` after its arrival. */
export function setDeadlines(app: FastifyInstance, clock: Clock, budget: Milliseconds): void {
  app.decorateRequest('deadline', 0)
  app.addHook('onRequest', (request, _reply, done) => {
    request.deadline = clock.now() + budget
    done()
  })
}

/**
 * Answers 503 in place of a write that nobody answered in time. Reads have no timer: they never wait
 * for Box. Fastify's own `handlerTimeout` ends with the arrival of a body, before the handler begins.
 */
export function limitWrites(app: FastifyInstance, limit: Milliseconds): void {
  app.addHook('preHandler', (request, reply, done) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const timer = setTimeout(() => {
        // An answer that a client takes slowly is no longer waited for.
        if (!reply.sent && !reply.raw.headersSent)
          reply.send(new errorCodes.FST_ERR_HANDLER_TIMEOUT())
      }, limit)
      reply.raw.once('close', () => clearTimeout(timer))
    }
    done()
  })
}

/**
 * What the use cases need to know about a request for a resource of this type, `If-Match` included
 * (RFC 7644 §3.14).
 */
export function contextOf(request: FastifyRequest, type: ResourceType): RequestContext {
  return {
    correlationId: request.id,
    actor: request.actor,
    asked: askedOf(request, type),
    deadline: request.deadline,
    ifMatch: parseIfMatch(request.headers['if-match'])
  }
}

/** What a request asks for, for the audit; `asked`: what a part of a bulk request asks for. */
export function askedOf(
  request: FastifyRequest,
  type: ResourceType,
  asked: { readonly method: string; readonly body: unknown } = request
): AskedRequest {
  const { method, body } = asked
  return {
    method,
    route: request.routeOptions.url ?? 'none',
    via: viaOf(request),
    source: request.ip,
    attributes: () => askedAttributes(body, type)
  }
}
