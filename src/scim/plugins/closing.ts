import type { FastifyInstance } from 'fastify'

/**
 * While `app` closes, every answer ends its connection (RFC 9112 §9.6): closing ends the connections
 * that are idle at that moment, and one that a client keeps open afterwards would hold up the process.
 */
export function endConnections(app: FastifyInstance): void {
  let isClosing = false
  app.addHook('preClose', (done) => {
    isClosing = true
    done()
  })
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (isClosing) void reply.header('connection', 'close')
    done(null, payload)
  })
}
