import type { AccessScope } from '../lib/access-scopes.ts'
import type { EpochMs } from '../lib/clock.ts'

/** A bearer token that the directory knows; never the token itself. */
export interface AccessToken {
  readonly id: number
  /** Unique among the tokens that are not revoked. */
  readonly name: string
  /** The token's SHA-256, in hexadecimal. */
  readonly digest: string
  readonly scopes: readonly AccessScope[]
  /** CIDR blocks that it may be used from; empty: from anywhere. */
  readonly networks: readonly string[]
  readonly createdAt: EpochMs
  readonly expiresAt: EpochMs | undefined
  readonly revokedAt: EpochMs | undefined
  /** When it was last used, to the minute. */
  readonly lastUsedAt: EpochMs | undefined
}

/** A token that is about to be kept. */
export type NewAccessToken = Pick<
  AccessToken,
  'name' | 'digest' | 'scopes' | 'networks' | 'createdAt' | 'expiresAt'
>

/** Tells whether the token may be used at this time. */
export function isLive(
  { expiresAt, revokedAt }: Pick<AccessToken, 'expiresAt' | 'revokedAt'>,
  now: EpochMs
): boolean {
  return revokedAt === undefined && (expiresAt === undefined || now < expiresAt)
}
