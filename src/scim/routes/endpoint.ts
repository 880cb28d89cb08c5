import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ScimError } from '../protocol/errors.ts'

/** The methods that an endpoint may answer; HEAD comes with GET (RFC 9110 §9.3.2). */
type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** Answers one request. */
export type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

/**
 * Serves `path` with one handler per method and refuses every other method with 405 and `Allow`,
 * before a body is read. `bodyLimit`: bytes, where it is lower than that of all requests.
 */
export function serve(
  app: FastifyInstance,
  path: string,
  handlers: Readonly<Partial<Record<Method, Handler>>>,
  options: { readonly bodyLimit?: number } = {}
): void {
  const entries = Object.entries(handlers)
  for (const [method, handler] of entries) app.route({ ...options, method, url: path, handler })
  const allowed = entries.flatMap(([method]) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  const allow = allowed.join(', ')
  refuse(app, path, {
    methods: app.supportedMethods.filter((method) => !allowed.includes(method)),
    headers: { allow },
    error: () => new ScimError(405, `This endpoint answers ${allow} only.`)
  })
}

/** Refuses `path` with 501 whatever the method (RFC 7644 §3.12). */
export function refuseUnsupported(app: FastifyInstance, path: string, detail: string): void {
  refuse(app, path, {
    methods: app.supportedMethods,
    headers: {},
    error: () => new ScimError(501, detail)
  })
}

interface Refusal {
  readonly methods: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  readonly error: () => ScimError
}

function refuse(app: FastifyInstance, path: string, refusal: Refusal): void {
  app.route({
    method: [...refusal.methods],
    url: path,
    exposeHeadRoute: false,
    onRequest: (_request, reply, done) => {
      void reply.headers(refusal.headers)
      done(refusal.error())
    },
    handler: () => {
      throw refusal.error()
    }
  })
}
