import type { FastifyInstance, FastifyRequest } from 'fastify'
import { rightMissing } from '../access/access-error.ts'
import type { Authenticate, Caller, Right } from '../access/caller.ts'
import type { CountRequest } from './caller-limits.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The name of the caller's token; '' until the token was accepted. */
    actor: string
  }

  interface FastifyContextConfig {
    /** What the caller must be allowed to do. */
    rights?: readonly Right[]
  }
}

/** Gives every request an `actor`, which {@link requireToken} fills in. */
export function prepareActor(app: FastifyInstance): void {
  app.decorateRequest('actor', '')
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
      const { actor, rights } = caller
      request.actor = actor
      const excess = count(caller, request, reply)
      if (excess !== undefined) return done(excess)
      const missing = request.routeOptions.config.rights?.find((right) => !rights.has(right))
      return done(missing === undefined ? undefined : rightMissing(missing))
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
