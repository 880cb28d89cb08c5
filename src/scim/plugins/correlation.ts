import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Logger } from 'pino'
import type { Milliseconds } from '../../lib/clock.ts'
import { securityHeaders } from './security-headers.ts'

/** A request that was answered. */
export interface AnsweredRequest {
  readonly method: string
  /** The pattern of the route, never the URL. */
  readonly route: string
  readonly status: number
  readonly durationMs: Milliseconds
}

/** What every answer carries, whoever makes it: the router, a route or the HTTP parser. */
export function standingHeaders(correlationId: string, demo: boolean): Record<string, string> {
  return demo
    ? { 'x-correlation-id': correlationId, 'x-box-bridge': 'demo', ...securityHeaders }
    : { 'x-correlation-id': correlationId, ...securityHeaders }
}

/**
 * Names every request: its id is made here, never taken from outside, so that a caller cannot forge
 * another request's trail, and is returned as `X-Correlation-Id`.
 *
 * The lines about answered requests go straight to `log`: they hold nothing that would have to be
 * cut out, and looking for it would cost more than writing them.
 */
export function nameRequests(
  app: FastifyInstance,
  options: {
    readonly demo: boolean
    readonly log: Logger
    readonly onAnswered: (request: AnsweredRequest) => void
  }
): void {
  const { demo, log, onAnswered } = options
  app.addHook('onRequest', (request, reply, done) => {
    void reply.headers(standingHeaders(request.id, demo))
    done()
  })
  app.addHook('onResponse', (_request, reply, done) => {
    const facts = answeredRequest(reply)
    log.info(requestFacts(reply, facts), 'request answered')
    onAnswered(facts)
    done()
  })
}

/**
 * What may be counted and logged about a request. The route is the pattern, not the URL: ids, filters
 * and bodies are personal data.
 */
function answeredRequest(reply: FastifyReply): AnsweredRequest {
  const { request } = reply
  return {
    method: request.method,
    route: request.routeOptions.url ?? 'none',
    status: reply.statusCode,
    durationMs: reply.elapsedTime
  }
}

/** What the log says about a request. */
function requestFacts(
  { request }: FastifyReply,
  { method, route, status, durationMs }: AnsweredRequest
): object {
  const ms = Math.round(durationMs)
  return { correlationId: request.id, method, route, status, ms, actor: request.actor }
}
