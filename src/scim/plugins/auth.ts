import type { FastifyInstance, FastifyRequest } from 'fastify'
import { rightMissing } from '../access/access-error.ts'
import type { Authenticate, Caller, Right } from '../access/caller.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The name of the caller's token; '' until the token was accepted. */
    actor: string
    /** How the caller was known; '' until then. */
    via: string
  }

  interface FastifyContextConfig {
    /** What the caller must be allowed to do. */
    rights?: readonly Right[]
  }
}

/** Gives every request an `actor` and a `via`, which {@link requireToken} fills in. */
export function prepareActor(app: FastifyInstance): void {
  app.decorateRequest('actor', '')
  app.decorateRequest('via', '')
}

/**
 * Lets nobody past without a token: one rule for everything in `app`, unknown paths included, so
 * that a stranger does not learn what exists. A route that needs rights is closed to tokens without.
 */
export function requireToken(app: FastifyInstance, authenticate: Authenticate): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const admit = ({ actor, via, rights }: Caller) => {
      request.actor = actor
      request.via = via
      const missing = request.routeOptions.config.rights?.find((right) => !rights.has(right))
      done(missing === undefined ? undefined : rightMissing(missing))
    }
    try {
      const found = authenticate(presentedBy(request))
      if (found instanceof Promise) found.then(admit, done)
      else admit(found)
    } catch (error) {
      done(error as Error)
    }
  })
}

/** What a request presents of its sender. */
export function presentedBy(request: FastifyRequest) {
  return { authorization: request.headers.authorization, address: request.ip }
}
