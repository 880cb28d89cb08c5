import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { CryptoKey, JWK } from 'jose'
import type { Test } from 'tap'

/** An OIDC issuer on a port of its own. */
export interface Issuer {
  readonly url: string
  /** Signs a token as it is asked to, by default a good one for `audience` and `client`. */
  sign(
    claims?: Readonly<Record<string, unknown>>,
    header?: { readonly kid?: string; readonly typ?: string; readonly jku?: string }
  ): Promise<string>
  /** Takes a new key and publishes it; with `forget` the old ones are published no longer. */
  rotate(options?: { readonly forget: boolean }): Promise<string>
  /** The public keys, as they are published. */
  readonly published: JWK[]
  /** What the server answers instead: a status. */
  failWith: number | undefined
  /** How often the keys were read. */
  reads: number
  /** How often it was asked for anything. */
  requests: number
}

/** Whom the tokens are for and who asks, unless a test says otherwise. */
export const audience = 'api://box-scim'
export const client = 'client-of-the-idp'

/** Starts an issuer; it ends with the test. */
export async function startIssuer(t: Test): Promise<Issuer> {
  let key: CryptoKey | undefined
  let kid = ''
  const issuer: Issuer = {
    url: '',
    published: [],
    failWith: undefined,
    reads: 0,
    requests: 0,
    async rotate({ forget } = { forget: false }) {
      const pair = await generateKeyPair('RS256', { extractable: true })
      kid = `key-${issuer.reads}-${issuer.published.length}-${kid}`
      key = pair.privateKey
      if (forget) issuer.published.length = 0
      issuer.published.push({ ...(await exportJWK(pair.publicKey)), kid, alg: 'RS256', use: 'sig' })
      return kid
    },
    async sign(claims = {}, header = {}) {
      if (key === undefined) throw new TypeError('There is no key yet')
      const now = Math.floor(Date.now() / 1000)
      const usual = { iss: issuer.url, aud: audience, azp: client, iat: now, exp: now + 3600 }
      return new SignJWT({ ...usual, ...claims })
        .setProtectedHeader({ alg: 'RS256', kid, ...header })
        .sign(key)
    }
  }
  const server = createServer((request, response) => {
    issuer.requests += 1
    if (issuer.failWith !== undefined) {
      response.writeHead(issuer.failWith).end()
      return
    }
    const isKeys = request.url === '/keys'
    if (isKeys) issuer.reads += 1
    const body = isKeys
      ? { keys: issuer.published }
      : { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  Object.assign(issuer, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
  await issuer.rotate()
  return issuer
}
