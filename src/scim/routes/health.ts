import type { FastifyInstance } from 'fastify'
import type { Readiness } from '../../provisioning/requests.ts'
import type { Authenticate } from '../access/caller.ts'
import { presentedBy } from '../plugins/auth.ts'
import { serve } from './endpoint.ts'

/** How the bridge is doing, asked when `/readyz` is. */
export type ReadinessSource = () => Readiness | Promise<Readiness>

/** Seconds after which a process that is not ready should be asked again. */
const retryAfterSeconds = 5

/**
 * Serves `/healthz` (the process runs) and `/readyz` (requests can be answered) as plain JSON, for
 * whoever supervises the process: their status needs no token. With one, `/readyz` says more.
 */
export function serveHealth(
  app: FastifyInstance,
  readiness: ReadinessSource,
  authenticate: Authenticate
): void {
  serve(app, '/healthz', {
    GET: async () => ({ status: 'ok' })
  })

  serve(app, '/readyz', {
    async GET(request, reply) {
      const isKnown = request.headers.authorization !== undefined
      if (isKnown) await authenticate(presentedBy(request))
      const state = await readiness()
      if (!state.ready) void reply.code(503).header('retry-after', String(retryAfterSeconds))
      const details = isKnown ? { box: state.box, import: state.import } : {}
      return { status: state.ready ? 'ready' : 'starting', ...details }
    }
  })
}
