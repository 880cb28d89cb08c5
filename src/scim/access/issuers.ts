import { createRemoteJWKSet, decodeJwt, errors, jwtVerify } from 'jose'
import type { JWTPayload, JWTVerifyGetKey } from 'jose'
import type { AccessScope } from '../../lib/access-scopes.ts'
import type { Clock, EpochMs, Milliseconds } from '../../lib/clock.ts'
import { networksOf } from '../../lib/networks.ts'
import { issuerUnreachable } from './access-error.ts'
import type { Check } from './authenticator.ts'
import { rightsOf } from './caller.ts'
import type { Caller } from './caller.ts'

/** An OIDC issuer whose access tokens are accepted. */
export interface TrustedIssuer {
  /** As it stands in the tokens' `iss`. */
  readonly issuer: string
  /** What the tokens' `aud` must hold. */
  readonly audience: string
  /** The client ids that may ask; at least one. */
  readonly clients: readonly string[]
  readonly scopes: readonly AccessScope[]
  /** CIDR blocks that its tokens may be used from; empty: from anywhere. */
  readonly networks: readonly string[]
  /** Where its keys are; undefined: as its OpenID configuration says. */
  readonly jwksUrl: string | undefined
}

/** How issuers are asked. */
export interface Asking {
  readonly clock: Clock
  /** How soon the keys are read again for a key that is not known; default 30 s. */
  readonly cooldownMs?: Milliseconds
}

/** Asymmetric ones only: an issuer's public key must never be taken for a shared secret (RFC 8725 §3.1). */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'EdDSA']

/** Clocks may differ by this much. */
const clockToleranceSeconds = 30

/** How long an issuer may take to answer. */
const fetchTimeoutMs = 5_000

/** So that made-up key ids do not make the bridge ask for keys all the time. */
const defaultCooldownMs: Milliseconds = 30_000

/** How long an OpenID configuration that could not be read is left alone. */
const discoveryRestMs = 10_000

/** The claims in which issuers name the client: RFC 9068 §2.2, OpenID Connect, Entra ID v1, Okta. */
const clientClaims = ['client_id', 'azp', 'appid', 'cid'] as const

/**
 * Checks JWT access tokens (RFC 9068) of the issuers. The issuer, its audience and the client must all
 * be known: an audience alone is shared by every application of some issuers. Keys are cached, and
 * read again where a token names one that is not known.
 */
export function createIssuerCheck(issuers: readonly TrustedIssuer[], asking: Asking): Check {
  const verifiers = new Map(
    issuers.map((issuer) => [issuer.issuer, createVerifier(issuer, asking)])
  )
  return ({ name, secret }, address) => {
    if (name !== undefined) return undefined
    return verifiers.get(issuerOf(secret) ?? '')?.(secret, address)
  }
}

/** The issuer that a token claims to be from; nothing is believed yet. */
function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}

function createVerifier(trusted: TrustedIssuer, asking: Asking) {
  const { issuer, audience } = trusted
  const networks = trusted.networks.length === 0 ? undefined : networksOf(trusted.networks)
  const rights = rightsOf(trusted.scopes)
  // One object for each client, by which what it asks is counted.
  const callers = new Map(
    trusted.clients.map((client): [string, Caller] => [
      client,
      { actor: `client:${client}`, rights }
    ])
  )
  const keys = createKeys(trusted, asking)

  return async (token: string, address: string): Promise<Caller | undefined> => {
    if (networks?.includes(address) === false) return undefined
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms,
        clockTolerance: clockToleranceSeconds,
        currentDate: new Date(asking.clock.now()),
        requiredClaims: ['exp']
      })
      return callers.get(clientOf(payload) ?? '')
    } catch (error) {
      if (isAboutToken(error)) return undefined
      throw issuerUnreachable()
    }
  }
}

/** The client, where every claim that names one names the same. */
function clientOf(payload: JWTPayload): string | undefined {
  const named = clientClaims.map((claim) => payload[claim]).filter((value) => value !== undefined)
  const [client] = named
  const isOne = named.every((value) => value === client)
  return typeof client === 'string' && isOne ? client : undefined
}

/** Everything else is about reaching the issuer, which no client can mend. */
function isAboutToken(error: unknown): boolean {
  return (
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSTimeout) &&
    !(error instanceof errors.JWKSInvalid) &&
    error.code !== errors.JOSEError.code
  )
}

/**
 * The issuer's keys, found through its OpenID configuration when they are first needed. Where that
 * fails it is tried again after a while, and not for every token that somebody makes up.
 */
function createKeys(
  { issuer, jwksUrl }: TrustedIssuer,
  { clock, cooldownMs = defaultCooldownMs }: Asking
): JWTVerifyGetKey {
  let keys: Promise<JWTVerifyGetKey> | undefined
  let foundAt: EpochMs = 0
  const find = async () => {
    const url = jwksUrl ?? (await discover(issuer))
    return createRemoteJWKSet(new URL(url), {
      timeoutDuration: fetchTimeoutMs,
      cooldownDuration: cooldownMs
    })
  }
  const begin = () => {
    foundAt = clock.now()
    return find()
  }
  return async (header, token) => {
    keys ??= begin()
    const found = await keys.catch((error: unknown) => {
      if (clock.now() >= foundAt + discoveryRestMs) keys = undefined
      throw error
    })
    return found(header, token)
  }
}

/** OpenID Connect Discovery 1.0 §4. The keys must lie with the issuer, unless `jwksUrl` says otherwise. */
async function discover(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const signal = AbortSignal.timeout(fetchTimeoutMs)
  const answer = await fetch(url, { redirect: 'error', signal })
  const document = (await answer.json()) as {
    readonly issuer?: unknown
    readonly jwks_uri?: unknown
  }
  const { issuer: named, jwks_uri: keysUrl } = document
  const isSound =
    answer.ok &&
    named === issuer &&
    typeof keysUrl === 'string' &&
    new URL(keysUrl).origin === new URL(issuer).origin
  if (!isSound) throw new Error('The OpenID configuration of the issuer cannot be used')
  return keysUrl
}
