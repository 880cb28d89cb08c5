import { hash, timingSafeEqual } from 'node:crypto'

/** Who a token belongs to. */
interface Caller {
  /** The name of the caller's token, for logs and the audit. */
  readonly actor: string
}

/** Tells who sends this `Authorization` header; undefined for nobody the server knows. */
export type Authenticate = (authorizationHeader: string | undefined) => Caller | undefined

/** `Bearer` in any letter case and one token without blanks (RFC 6750 §2.1, RFC 9110 §11.1). */
const bearerCredentials = /^bearer +([^\s]+)$/i

/**
 * Checks bearer tokens against `tokens`; the callers are named `token-1`, `token-2` … in their
 * order. The time it takes tells nothing about the tokens: hashes of one length are compared in
 * constant time, and every one is compared whatever the ones before it said.
 */
export function createTokenCheck(tokens: readonly string[]): Authenticate {
  const known = tokens.map((token, index) => ({
    caller: { actor: `token-${index + 1}` },
    digested: digest(token)
  }))
  return (header) => {
    const presented = bearerToken(header)
    if (presented === undefined) return undefined
    const digested = digest(presented)
    return known.reduce<Caller | undefined>(
      (found, token) => (timingSafeEqual(token.digested, digested) ? token.caller : found),
      undefined
    )
  }
}

/** The token of an `Authorization` header; undefined where the header holds no bearer token. */
export function bearerToken(header: string | undefined): string | undefined {
  return bearerCredentials.exec(header?.trim() ?? '')?.[1]
}

function digest(token: string): Buffer {
  return hash('sha256', token, 'buffer')
}
