import type { FastifyInstance, FastifyRequest } from 'fastify'
import { rightMissing } from '../access/access-error.ts'
import type { Authenticate, Caller, Right } from '../access/caller.ts'
import type { CountRequest } from './caller-limits.ts'

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
 * What each caller asks is counted.
 */
export function requireToken(
  app: FastifyInstance,
  authenticate: Authenticate,
  count: CountRequest
): void {
  app.addHook('onRequest', (request, reply, done) => {
    const admit = (caller: Caller) => {
      const { actor, via, rights } = caller
      request.actor = actor
      request.via = via
      const excess = count(caller, request, reply)
      if (excess !== undefined) return done(excess)
      const missing = request.routeOptions.config.rights?.find((right) => !rights.has(right))
      return done(missing === undefined ? undefined : rightMissing(missing))
    }
    try {
      const found = authenticate(presentedBy(request))
      // Who went away meanwhile is not counted: nothing would tell any more when that ends.
      if (found instanceof Promise)
        found.then((caller) => reply.raw.destroyed || admit(caller), done)
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

/** How the sender was known, for the audit; a managed token by HTTP Basic is one caller all the same. */
export function viaOf({ via, headers }: FastifyRequest): string {
  return via === 'token' && /^\s*basic\s/i.test(headers.authorization ?? '') ? 'basic' : via
}
