import type { FastifyInstance } from 'fastify'
import type { Authenticate } from '../bearer-tokens.ts'
import { ScimError } from '../protocol/errors.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The name of the caller's token; '' until the token was accepted. */
    actor: string
  }
}

/** Gives every request an `actor`, which {@link requireToken} fills in. */
export function prepareActor(app: FastifyInstance): void {
  app.decorateRequest('actor', '')
}

/**
 * Lets nobody past without a token: one rule for everything in `app`, unknown paths included, so
 * that a stranger does not learn what exists.
 */
export function requireToken(app: FastifyInstance, authenticate: Authenticate): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const caller = authenticate(request.headers.authorization)
    if (caller === undefined) {
      done(refusal(request.headers.authorization))
      return
    }
    request.actor = caller.actor
    done()
  })
}

function refusal(header: string | undefined): ScimError {
  return new ScimError(
    401,
    header === undefined
      ? 'A bearer token is needed: send the header "Authorization: Bearer <token>".'
      : 'The bearer token is not known to this server.'
  )
}
