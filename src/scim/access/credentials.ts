/** What an `Authorization` header holds. */
export interface Credentials {
  /** The user name of HTTP Basic; undefined for a bearer token. */
  readonly name: string | undefined
  readonly secret: string
}

/** `Bearer` in any letter case and one token without blanks (RFC 6750 §2.1, RFC 9110 §11.1). */
const bearer = /^bearer +([^\s]+)$/i

/** `Basic` and base64 (RFC 7617 §2). */
const basic = /^basic +([a-z0-9+/]+={0,2})$/i

/** Tells whether the header holds a bearer token, be it one that could not be one. */
export function bringsBearerToken(header: string): boolean {
  return /^\s*bearer +\S/i.test(header)
}

/** Reads the header; undefined where it holds neither a bearer token nor Basic credentials. */
export function parseCredentials(header: string): Credentials | undefined {
  const text = header.trim()
  const token = bearer.exec(text)?.[1]
  if (token !== undefined) return { name: undefined, secret: token }
  const encoded = basic.exec(text)?.[1]
  return encoded === undefined ? undefined : parsePair(encoded)
}

function parsePair(encoded: string): Credentials | undefined {
  const pair = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  if (colon === -1) return undefined
  return { name: pair.slice(0, colon), secret: pair.slice(colon + 1) }
}
