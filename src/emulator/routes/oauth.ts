import { decodeJwt } from 'jose'
import type { JWTPayload } from 'jose'
import type { FastifyInstance } from 'fastify'
import { misfortuneOf } from '../context.ts'
import type { EmulatorContext } from '../context.ts'

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
  const usedJwtIds = new Set<string>()

  app.post('/token', (request, reply) => {
    const form = formOf(request.body)
    try {
      checkGrant(context, form, usedJwtIds)
    } catch (error) {
      if (error instanceof GrantError) return reply.code(400).send(oauthError(error))
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
      return reply.code(400).send(oauthError(invalidGrant()))
    }
    context.tokens.revoke(form.get('token') ?? '')
    return reply.code(200).send()
  })
}

const formOf = (body: unknown): URLSearchParams =>
  body instanceof URLSearchParams ? body : new URLSearchParams()

const oauthError = (error: GrantError) => ({
  error: error.code,
  error_description: error.message
})

const invalidGrant = (description = 'Grant credentials are invalid') =>
  new GrantError('invalid_grant', description)

function knowsClient({ credentials }: EmulatorContext, form: URLSearchParams): boolean {
  return (
    form.get('client_id') === credentials.clientId &&
    form.get('client_secret') === credentials.clientSecret
  )
}

/** Throws a `GrantError` unless the form asks for a token of the enterprise's service account. */
function checkGrant(
  context: EmulatorContext,
  form: URLSearchParams,
  usedJwtIds: Set<string>
): void {
  const grantType = form.get('grant_type')
  if (grantType !== 'client_credentials' && grantType !== JWT_GRANT) {
    throw new GrantError(
      'unsupported_grant_type',
      'Invalid grant_type parameter or parameter missing'
    )
  }
  if (!knowsClient(context, form)) throw invalidGrant()
  if (grantType === JWT_GRANT) checkAssertion(context, form.get('assertion') ?? '', usedJwtIds)
  else {
    const forEnterprise = form.get('box_subject_type') === 'enterprise'
    const isOurs = form.get('box_subject_id') === context.credentials.enterpriseId
    if (!forEnterprise || !isOurs) throw invalidGrant()
  }
}

/**
 * Checks what an assertion claims, whatever its signature: there is no key to check it with. Box
 * describes the claims at https://developer.box.com/guides/authentication/jwt/without-sdk/.
 */
function checkAssertion(
  { clock, credentials }: EmulatorContext,
  assertion: string,
  usedJwtIds: Set<string>
): void {
  const claims = readClaims(assertion)
  const isOurs =
    claims.iss === credentials.clientId &&
    claims.sub === credentials.enterpriseId &&
    claims['box_sub_type'] === 'enterprise'
  if (!isOurs) throw invalidGrant()
  if (claims.exp === undefined || claims.exp * 1000 <= clock.now()) {
    throw invalidGrant(
      "Current date time must be before the expiration date time listed in the 'exp' claim."
    )
  }
  if (claims.jti === undefined || claims.jti.length < 16 || usedJwtIds.has(claims.jti)) {
    throw invalidGrant("Please check the 'jti' claim. A unique 'jti' value is required.")
  }
  usedJwtIds.add(claims.jti)
}

function readClaims(assertion: string): JWTPayload {
  try {
    return decodeJwt(assertion)
  } catch {
    throw invalidGrant()
  }
}
