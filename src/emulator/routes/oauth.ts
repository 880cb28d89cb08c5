import type { FastifyInstance, FastifyReply } from 'fastify'
import { misfortuneOf } from '../context.ts'
import type { EmulatorContext } from '../context.ts'
import { sendRefusal } from '../gate.ts'
import { Refusal } from '../refusal.ts'

const JWT_GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/** An OAuth error answer (RFC 6749 §5.2); not Box's usual error object. */
class GrantError extends Error {
  override readonly name = 'GrantError'
  readonly code: string

  constructor(code: string, description: string) {
    super(description)
    this.code = code
  }
}

/** `/oauth2/token` and `/oauth2/revoke` (https://developer.box.com/guides/authentication/). */
export function registerOAuthRoutes(app: FastifyInstance, context: EmulatorContext): void {
  // By this header a client whose clock is wrong can find out by how much.
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('date', new Date(context.clock.now()).toUTCString())
  })

  app.post('/token', (request, reply) => {
    const form = formOf(request.body)
    try {
      checkGrant(context, form)
    } catch (error) {
      if (error instanceof GrantError) return sendGrantError(reply, error, context)
      throw error
    }
    const lifetime = misfortuneOf(request).tokenSeconds ?? context.tokenLifetimeSeconds
    const { clientId } = context.credentials
    return reply.header('cache-control', 'no-store').send({
      access_token: context.tokens.issue({ clientId }, lifetime),
      expires_in: lifetime,
      restricted_to: [],
      token_type: 'bearer'
    })
  })

  app.post('/revoke', (request, reply) => {
    const form = formOf(request.body)
    if (!knowsClient(context, form)) {
      return sendGrantError(reply, invalidGrant(), context)
    }
    context.tokens.revoke(form.get('token') ?? '')
    return reply.code(200).send()
  })
}

const formOf = (body: unknown): URLSearchParams =>
  body instanceof URLSearchParams ? body : new URLSearchParams()

function sendGrantError(
  reply: FastifyReply,
  { code, message }: GrantError,
  { guesses }: EmulatorContext
): FastifyReply {
  return guesses.grantErrorBody === 'error'
    ? sendRefusal(reply, new Refusal({ status: 400, code, message }))
    : reply.code(400).send({ error: code, error_description: message })
}

const invalidGrant = (description = 'Grant credentials are invalid') =>
  new GrantError('invalid_grant', description)

function knowsClient({ credentials }: EmulatorContext, form: URLSearchParams): boolean {
  return (
    form.get('client_id') === credentials.clientId &&
    form.get('client_secret') === credentials.clientSecret
  )
}

/** Throws a `GrantError` unless the form asks for a token of the enterprise's service account. */
function checkGrant(context: EmulatorContext, form: URLSearchParams): void {
  const grantType = form.get('grant_type')
  if (grantType !== 'client_credentials' && grantType !== JWT_GRANT) {
    throw new GrantError(
      'unsupported_grant_type',
      'Invalid grant_type parameter or parameter missing'
    )
  }
  if (!knowsClient(context, form)) throw invalidGrant()
  if (!context.isAuthorised) {
    throw new GrantError('unauthorized_client', 'This app is not authorized by the enterprise')
  }
  if (grantType === JWT_GRANT) {
    const problem = context.assertions.problemOf(form.get('assertion') ?? '')
    if (problem !== undefined) throw invalidGrant(problem)
  } else {
    const forEnterprise = form.get('box_subject_type') === 'enterprise'
    const isOurs = form.get('box_subject_id') === context.credentials.enterpriseId
    if (!forEnterprise || !isOurs) throw invalidGrant()
  }
}
