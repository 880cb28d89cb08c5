/** The fields of `WWW-Authenticate`, one for each scheme that is accepted (RFC 9110 §11.6.1). */
export type Challenge = readonly string[]

/** What a refused caller is asked for. */
export interface Challenges {
  /** Where no token was sent: no code, which would be of no use (RFC 6750 §3.1). */
  readonly nothingSent: Challenge
  /** Where a token was sent that is not accepted. */
  readonly invalidToken: Challenge
}

const bearer = 'Bearer realm="box-scim-bridge"'

/** Texts are read as UTF-8 (RFC 7617 §2.1). */
const basicScheme = 'Basic realm="box-scim-bridge", charset="UTF-8"'

/** The challenges of a server that takes bearer tokens and, with `basic`, HTTP Basic too. */
export function challengesFor({ basic }: { readonly basic: boolean }): Challenges {
  const others = basic ? [basicScheme] : []
  return {
    nothingSent: [bearer, ...others],
    invalidToken: [`${bearer}, error="invalid_token"`, ...others]
  }
}

/** The challenge to a good token that is not for this (RFC 6750 §3.1). */
export const insufficientScope: Challenge = [`${bearer}, error="insufficient_scope"`]
