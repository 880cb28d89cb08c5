import type { FastifyInstance } from 'fastify'
import type { Authenticate } from '../access/caller.ts'
import { requireToken } from '../plugins/auth.ts'
import type { CountRequest } from '../plugins/caller-limits.ts'
import { serve } from './endpoint.ts'
import type { Handler } from './endpoint.ts'

/** What monitoring reads. */
export interface MetricsSource {
  /** The media type of the text. */
  readonly contentType: string
  /** Everything as of now. */
  read(): Promise<string>
}

/** Serves `/metrics` in Prometheus' text format, to whoever has a token with the scope for it. */
export function serveMetrics(
  app: FastifyInstance,
  source: MetricsSource,
  authenticate: Authenticate,
  count: CountRequest
): void {
  const read: Handler = async (_request, reply) => {
    void reply.type(source.contentType)
    return source.read()
  }
  app.register((metrics, _options, done) => {
    requireToken(metrics, authenticate, count)
    serve(metrics, '/metrics', { GET: read }, { rights: () => ['metrics'] })
    done()
  })
}
