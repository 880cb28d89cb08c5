import type { FastifyInstance } from 'fastify'
import type { Readiness } from '../../provisioning/requests.ts'
import { serve } from './endpoint.ts'

/** How the bridge is doing, asked when `/readyz` is. */
export type ReadinessSource = () => Readiness | Promise<Readiness>

/** Seconds after which a process that is not ready should be asked again. */
const retryAfterSeconds = 5

/**
 * Serves `/healthz` (the process runs) and `/readyz` (requests can be answered) as plain JSON, for
 * whoever supervises the process: no token, and nothing in them that would need one.
 */
export function serveHealth(app: FastifyInstance, readiness: ReadinessSource): void {
  serve(app, '/healthz', {
    GET: async () => ({ status: 'ok' })
  })

  serve(app, '/readyz', {
    async GET(_request, reply) {
      const state = await readiness()
      if (!state.ready) void reply.code(503).header('retry-after', String(retryAfterSeconds))
      return {
        status: state.ready ? 'ready' : 'starting',
        box: state.box,
        import: state.import
      }
    }
  })
}
