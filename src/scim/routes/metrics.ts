import type { FastifyInstance } from 'fastify'
import type { Authenticate } from '../bearer-tokens.ts'
import { requireToken } from '../plugins/auth.ts'
import { serve } from './endpoint.ts'

/** What monitoring reads. */
export interface MetricsSource {
  /** The media type of the text. */
  readonly contentType: string
  /** Everything as of now. */
  read(): Promise<string>
}

/** Serves `/metrics` in Prometheus' text format, to whoever has a token. */
export function serveMetrics(
  app: FastifyInstance,
  source: MetricsSource,
  authenticate: Authenticate
): void {
  app.register((metrics, _options, done) => {
    requireToken(metrics, authenticate)
    serve(metrics, '/metrics', {
      GET: async (_request, reply) => reply.type(source.contentType).send(await source.read())
    })
    done()
  })
}
