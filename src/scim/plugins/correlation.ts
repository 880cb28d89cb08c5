import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Logger } from 'pino'

/** What every answer carries, whoever makes it: the router, a route or the HTTP parser. */
export function standingHeaders(correlationId: string, demo: boolean): Record<string, string> {
  return { 'x-correlation-id': correlationId, ...(demo ? { 'x-box-bridge': 'demo' } : {}) }
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
  { demo, log }: { readonly demo: boolean; readonly log: Logger }
): void {
  app.addHook('onRequest', (request, reply, done) => {
    void reply.headers(standingHeaders(request.id, demo))
    done()
  })
  app.addHook('onResponse', (_request, reply, done) => {
    log.info(requestFacts(reply), 'request answered')
    done()
  })
}

/**
 * What the log says about a request. The route is the pattern, not the URL: ids, filters and bodies
 * are personal data.
 */
function requestFacts(reply: FastifyReply): object {
  const { request } = reply
  return {
    correlationId: request.id,
    method: request.method,
    route: request.routeOptions.url ?? 'none',
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime),
    actor: request.actor
  }
}
