import type { FastifyInstance } from 'fastify'
import { securityHeaders } from './security-headers.ts'

/** What every answer carries, whoever makes it: the router, a route or the HTTP parser. */
export function standingHeaders(correlationId: string, demo: boolean): Record<string, string> {
  return demo
    ? { 'x-correlation-id': correlationId, 'x-box-bridge': 'demo', ...securityHeaders }
    : { 'x-correlation-id': correlationId, ...securityHeaders }
}

/**
 * Names every request: its id is made here, never taken from outside, so that a caller cannot forge
 * another request's trail, and is returned as `X-Correlation-Id`.
 */
export function nameRequests(app: FastifyInstance, { demo }: { readonly demo: boolean }): void {
  app.addHook('onRequest', (request, reply, done) => {
    void reply.headers(standingHeaders(request.id, demo))
    done()
  })
}
