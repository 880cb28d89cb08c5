import { createPublicKey, verify } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { JWTPayload, ProtectedHeaderParameters } from 'jose'
import type { Clock } from '../lib/clock.ts'
import type { Credentials } from './seed.ts'

/** A public key of the application, as an administrator uploads it to Box. */
export interface PublicKey {
  readonly id: string
  /** PEM. */
  readonly key: string
}

/** What assertions are held against. */
interface AssertionOptions {
  readonly clock: Clock
  readonly credentials: Credentials
  /** Without any, signatures are not looked at. */
  readonly publicKeys: readonly PublicKey[]
}

const GENERAL = 'Grant credentials are invalid'
const TOO_LATE =
  "Current date time must be before the expiration date time listed in the 'exp' claim."
const TOO_EARLY = "The 'exp' claim is too far in the future: at most 60 seconds are allowed."
const NOT_UNIQUE = "Please check the 'jti' claim. A unique 'jti' value is required."

const AUDIENCE = 'https://api.box.com/oauth2/token'

/** Box's names of the algorithms, and Node's. */
const ALGORITHMS: ReadonlyMap<string, string> = new Map([
  ['RS256', 'RSA-SHA256'],
  ['RS384', 'RSA-SHA384'],
  ['RS512', 'RSA-SHA512']
])

/**
 * The check of a JWT that asks for a token of the enterprise's service account
 * (https://developer.box.com/guides/authentication/jwt/without-sdk/).
 */
export class Assertions {
  readonly #options: AssertionOptions
  readonly #used = new Set<string>()

  constructor(options: AssertionOptions) {
    this.#options = options
  }

  /** What is wrong with an assertion, in Box's words; undefined if nothing is. Its `jti` is used up. */
  problemOf(assertion: string): string | undefined {
    const read = readAssertion(assertion)
    if (read === undefined || !this.#isSigned(assertion, read.header)) return GENERAL
    const { claims } = read
    if (!this.#isAboutUs(claims)) return GENERAL
    const now = this.#options.clock.now() / 1000
    if (claims.exp === undefined || claims.exp <= now) return TOO_LATE
    if (claims.exp > now + 60) return TOO_EARLY
    const { jti = '' } = claims
    if (jti.length < 16 || jti.length > 128 || this.#used.has(jti)) return NOT_UNIQUE
    this.#used.add(jti)
    return undefined
  }

  #isAboutUs(claims: JWTPayload): boolean {
    const { clientId, enterpriseId } = this.#options.credentials
    return (
      claims.iss === clientId &&
      claims.sub === enterpriseId &&
      claims.aud === AUDIENCE &&
      claims['box_sub_type'] === 'enterprise'
    )
  }

  /** With several keys, `kid` has to say which; with one it may. */
  #isSigned(assertion: string, { alg, kid }: ProtectedHeaderParameters): boolean {
    const { publicKeys } = this.#options
    if (publicKeys.length === 0) return true
    const algorithm = ALGORITHMS.get(alg ?? '')
    const only = publicKeys.length === 1 ? publicKeys[0] : undefined
    const named = kid === undefined ? only : publicKeys.find(({ id }) => id === kid)
    const [header, payload, signature] = assertion.split('.')
    if (algorithm === undefined || named === undefined || signature === undefined) return false
    const signed = Buffer.from(`${header}.${payload}`)
    const key = createPublicKey(named.key)
    return verify(algorithm, signed, key, Buffer.from(signature, 'base64url'))
  }
}

function readAssertion(
  assertion: string
): { readonly header: ProtectedHeaderParameters; readonly claims: JWTPayload } | undefined {
  try {
    return { header: decodeProtectedHeader(assertion), claims: decodeJwt(assertion) }
  } catch {
    return undefined
  }
}
