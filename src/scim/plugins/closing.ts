import type { FastifyInstance } from 'fastify'

/**
 * While `app` closes, connections end once they have no request left. Closing itself ends only those
 * that are idle at that moment; one that a client keeps open afterwards would hold up the process.
 */
export function endConnections(app: FastifyInstance): void {
  let isClosing = false
  app.addHook('preClose', (done) => {
    isClosing = true
    done()
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    // Only after this answer is the connection idle, unless the next request has arrived on it.
    if (isClosing) {
      reply.raw.once('finish', () => setImmediate(() => app.server.closeIdleConnections()))
    }
    done()
  })
}
