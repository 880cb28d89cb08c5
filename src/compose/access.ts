import type { TokenBook } from '../background/token-book.ts'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import type { Check } from '../scim/access/authenticator.ts'
import { createIssuerCheck } from '../scim/access/issuers.ts'
import { createManagedTokenCheck } from '../scim/access/managed-tokens.ts'
import { createPlainTokenCheck } from '../scim/access/plain-tokens.ts'

/** A bridge that nobody can sign in to would only seem to be there. */
export function assertSomebodyMayCall(config: Config, book: TokenBook): void {
  const isOpen =
    config.mode === 'demo' || config.scimTokens.length > 0 || config.oidcIssuers.length > 0
  if (isOpen || book.live().length > 0) return
  throw new Error(
    'Nobody could sign in: make a token with `box-scim token create NAME`, or set SCIM_TOKEN or OIDC_ISSUERS.'
  )
}

/** All ways of knowing a caller; `demoToken` is the only plain token of the demo. */
export function waysIn(
  config: Config,
  demoToken: string | undefined,
  { book, clock }: { readonly book: TokenBook; readonly clock: Clock }
): readonly Check[] {
  return [
    createPlainTokenCheck(demoToken === undefined ? config.scimTokens : [demoToken]),
    createManagedTokenCheck(book, { basic: config.basicAuth }),
    createIssuerCheck(config.oidcIssuers, { clock })
  ]
}
