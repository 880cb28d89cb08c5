import type { FastifyInstance } from 'fastify'
import type { Milliseconds } from '../../lib/clock.ts'

/** How often connections are looked at while the server closes. */
const lookMs: Milliseconds = 50

/**
 * While `app` closes, connections end once they have no request left. Closing itself ends only those
 * that are idle at that moment; one that a client keeps open afterwards would hold up the process.
 */
export function endConnections(app: FastifyInstance): void {
  const { server } = app
  app.addHook('preClose', (done) => {
    if (server.listening) {
      const timer = setInterval(() => server.closeIdleConnections(), lookMs)
      server.once('close', () => clearInterval(timer))
    }
    done()
  })
}
