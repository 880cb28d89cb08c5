import type { AccessScope } from '../lib/access-scopes.ts'
import type { Clock, EpochMs } from '../lib/clock.ts'
import { digest } from '../lib/digest.ts'
import type { Random } from '../lib/random.ts'
import { isLive, type AccessToken } from './access.ts'
import type { AuditEntry, Directory } from './ports.ts'
import { operatorActor } from './trail.ts'

/** What a new token shall be. */
export interface TokenRequest {
  readonly name: string
  readonly scopes: readonly AccessScope[]
  /** CIDR blocks; empty: from anywhere. */
  readonly networks: readonly string[]
  /** Undefined: it does not expire. */
  readonly expiresAt: EpochMs | undefined
}

/** What the making and the end of tokens work with. */
export interface TokenDependencies {
  readonly directory: Directory
  readonly clock: Clock
  readonly random: Random
}

/** Recognisable for whoever finds one where it should not be. */
const prefix = 'bsb_'

/** Names are shown in logs and in the audit, and are user names in HTTP Basic, which has no colon there. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** A token that cannot be made or found; the message says why. */
class TokenError extends Error {
  override readonly name = 'TokenError'
}

/**
 * Makes a token and resolves to it: this is the only time it can be seen, since the directory keeps
 * its hash.
 *
 * @throws TokenError Where the name cannot be used.
 */
export async function makeToken(
  { directory, clock, random }: TokenDependencies,
  request: TokenRequest
): Promise<string> {
  if (!namePattern.test(request.name)) {
    throw new TokenError(
      'A token needs a name of 1 to 64 letters, digits, dots, dashes and underscores.'
    )
  }
  const secret = prefix + random.secret(32)
  await directory.transaction(async (tx) => {
    const namesake = (await tx.tokens.list()).find(
      ({ name, revokedAt }) => name === request.name && revokedAt === undefined
    )
    if (namesake !== undefined) {
      throw new TokenError(
        `There is a token named ${request.name} already: revoke it or choose another name.`
      )
    }
    const createdAt = clock.now()
    await tx.addToken({ ...request, digest: digest(secret), createdAt })
    await tx.audit(auditOf('token.create', request.name, { random, at: createdAt }))
  })
  return secret
}

/**
 * Ends a token at once, wherever it is in use.
 *
 * @throws TokenError Where no token of that name is left to revoke.
 */
export async function revokeToken(
  { directory, clock, random }: TokenDependencies,
  name: string
): Promise<void> {
  await directory.transaction(async (tx) => {
    const token = (await tx.tokens.list()).find(
      (one) => one.name === name && one.revokedAt === undefined
    )
    if (token === undefined) throw new TokenError(`There is no token named ${name} to revoke.`)
    const at = clock.now()
    await tx.updateToken(token.id, { revokedAt: at })
    await tx.audit(auditOf('token.revoke', name, { random, at }))
  })
}

/** A token for people: without its digest. */
export type ShownToken = Omit<AccessToken, 'digest'> & {
  readonly state: 'live' | 'expired' | 'revoked'
}

/** All tokens that the directory knows, oldest first. */
export async function showTokens(
  directory: Directory,
  now: EpochMs
): Promise<readonly ShownToken[]> {
  const tokens = await directory.tokens.list()
  return tokens.map((token) => ({
    id: token.id,
    name: token.name,
    state: stateOf(token, now),
    scopes: token.scopes,
    networks: token.networks,
    createdAt: token.createdAt,
    expiresAt: token.expiresAt,
    revokedAt: token.revokedAt,
    lastUsedAt: token.lastUsedAt
  }))
}

function stateOf(
  token: Pick<AccessToken, 'expiresAt' | 'revokedAt'>,
  now: EpochMs
): ShownToken['state'] {
  if (token.revokedAt !== undefined) return 'revoked'
  return isLive(token, now) ? 'live' : 'expired'
}

function auditOf(
  action: string,
  name: string,
  { random, at }: { readonly random: Random; readonly at: EpochMs }
): AuditEntry {
  return {
    at,
    correlationId: random.uuid(),
    actor: operatorActor,
    action,
    target: `token:${name}`,
    plan: [],
    calls: [],
    outcome: 'done',
    notes: []
  }
}
