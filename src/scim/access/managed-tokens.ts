import { digest } from '../../lib/digest.ts'
import type { AccessToken } from '../../provisioning/access.ts'
import { networksOf } from '../../lib/networks.ts'
import type { Networks } from '../../lib/networks.ts'
import type { Check } from './authenticator.ts'
import { rightsOf } from './caller.ts'
import type { Caller } from './caller.ts'

/** Where the tokens of the directory are looked up. */
export interface KnownTokens {
  /** The token with this digest that may be used now. */
  find(digest: string): AccessToken | undefined
  /** Is told of every use. */
  noteUse(token: AccessToken): void
}

interface Prepared {
  readonly caller: Caller
  /** Undefined: from anywhere. */
  readonly networks: Networks | undefined
}

/**
 * Checks the tokens that are made with `box-scim token`. They are looked up by their hash, so that
 * the time it takes tells nothing about them. With `basic`, HTTP Basic with a token's name as user and
 * the token as password is accepted too.
 */
export function createManagedTokenCheck(book: KnownTokens, { basic }: { basic: boolean }): Check {
  const prepared = new WeakMap<AccessToken, Prepared>()
  return ({ name, secret }, address) => {
    const token = book.find(digest(secret))
    if (token === undefined) return undefined
    if (name !== undefined && (!basic || name !== token.name)) return undefined
    const known = prepared.get(token) ?? prepare(token)
    prepared.set(token, known)
    if (known.networks?.includes(address) === false) return undefined
    book.noteUse(token)
    return known.caller
  }
}

function prepare({ name, scopes, networks }: AccessToken): Prepared {
  return {
    caller: { actor: name, via: 'token', rights: rightsOf(scopes) },
    networks: networks.length === 0 ? undefined : networksOf(networks)
  }
}
