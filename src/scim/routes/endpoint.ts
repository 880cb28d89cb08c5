import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ResourceTypeName } from '../../provisioning/query.ts'
import type { Right } from '../access/caller.ts'
import type { AnswerBody } from '../plugins/content-type.ts'
import { ScimError } from '../protocol/errors.ts'

/** The methods that an endpoint may answer; HEAD comes with GET (RFC 9110 §9.3.2). */
type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** Answers one request. */
export type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<AnswerBody | object>

/** What answers each method that a path has. */
export type Handlers = Readonly<Partial<Record<Method, Handler>>>

/** What is particular about a path. */
export interface ServeOptions {
  /** Bytes, where it is lower than that of all requests. */
  readonly bodyLimit?: number
  /** What a caller must be allowed to do; default nothing beyond being known. */
  readonly rights?: (method: Method) => readonly Right[]
}

/**
 * Serves `path` with one handler per method and refuses every other method with 405 and `Allow`,
 * before a body is read.
 */
export function serve(
  app: FastifyInstance,
  path: string,
  handlers: Handlers,
  { rights = () => [], ...options }: ServeOptions = {}
): void {
  const entries = Object.entries(handlers) as [Method, Handler][]
  for (const [method, handler] of entries) {
    app.route({ ...options, method, url: path, handler, config: { rights: rights(method) } })
  }
  const allowed = entries.flatMap(([method]) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  const allow = allowed.join(', ')
  refuse(app, path, {
    methods: app.supportedMethods.filter((method) => !allowed.includes(method)),
    headers: { allow },
    error: () => new ScimError(405, `This endpoint answers ${allow} only.`)
  })
}

const rightNames = { User: 'users', Group: 'groups' } as const

/** What reading these kinds of resources asks for, whatever the method. */
export function readRights(...types: readonly ResourceTypeName[]): ServeOptions['rights'] & {} {
  return () => types.map((type): Right => `${rightNames[type]}:read`)
}

/** What writing these kinds of resources asks for, and reading them by GET. */
export function writeRights(...types: readonly ResourceTypeName[]): ServeOptions['rights'] & {} {
  return (method) =>
    types.map((type): Right => `${rightNames[type]}:${method === 'GET' ? 'read' : 'write'}`)
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
