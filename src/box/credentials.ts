import { createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { BoxCcgAuth, CcgConfig } from 'box-typescript-sdk-gen/box/ccgAuth.generated'
import { BoxJwtAuth, JwtConfig } from 'box-typescript-sdk-gen/box/jwtAuth.generated'
import { AuthorizationManager } from 'box-typescript-sdk-gen/managers/authorization.generated'
import type { NetworkSession } from 'box-typescript-sdk-gen/networking/network.generated'
import type { AccessToken } from 'box-typescript-sdk-gen/schemas/accessToken.generated'
import { SignJWT } from 'jose'
import { isJsonObject } from '../lib/json.ts'
import type { JsonValue } from '../lib/json.ts'
import type { Random } from '../lib/random.ts'
import type { BoxTime } from './box-time.ts'
import { textAt } from './decode.ts'

/** How the bridge proves to Box who it is: as a service account of the enterprise. */
export type BoxCredentials =
  | {
      readonly kind: 'client-credentials'
      readonly clientId: string
      readonly clientSecret: string
      readonly enterpriseId: string
    }
  | {
      readonly kind: 'jwt'
      /** The text of the JSON file that the Box Developer Console generates for a key pair. */
      readonly config: string
    }

/** What an assertion is made with. */
interface AssertionTools {
  readonly time: Pick<BoxTime, 'now'>
  readonly random: Random
}

/** The enterprise that the credentials belong to. */
export function enterpriseIdOf(credentials: BoxCredentials): string {
  return credentials.kind === 'jwt'
    ? textAt(parse(credentials.config), 'enterpriseID')
    : credentials.enterpriseId
}

/** Asks Box for an access token through an SDK session. */
export type TokenRequest = (session: NetworkSession) => Promise<unknown>

/**
 * Prepares the token request for the given credentials.
 *
 * @throws Error naming what is wrong with a JWT configuration, without its content.
 */
export function createTokenRequest(
  credentials: BoxCredentials,
  tools: AssertionTools
): TokenRequest {
  if (credentials.kind === 'client-credentials') {
    const { clientId, clientSecret, enterpriseId } = credentials
    const auth = new BoxCcgAuth({ config: new CcgConfig({ clientId, clientSecret, enterpriseId }) })
    return (session) => auth.refreshToken(session)
  }
  const { config, key } = readJwtConfig(credentials.config)
  const auth = new KeyIdJwtAuth(config, key, tools)
  return (session) => auth.refreshToken(session)
}

/** What Box demands whatever the API's base address is. */
const audience = 'https://api.box.com/oauth2/token'

/** Seconds an assertion is valid; Box allows 60. */
const assertionLife = 45

/**
 * The SDK's JWT grant with the key's id in the assertion's header, which the SDK leaves out: without
 * it Box cannot tell which of an app's key pairs has signed.
 */
class KeyIdJwtAuth extends BoxJwtAuth {
  readonly #key: KeyObject
  readonly #tools: AssertionTools

  constructor(config: JwtConfig, key: KeyObject, tools: AssertionTools) {
    super({ config })
    this.#key = key
    this.#tools = tools
  }

  override async refreshToken(networkSession: NetworkSession): Promise<AccessToken> {
    const { clientId, clientSecret } = this.config
    const manager = new AuthorizationManager({ networkSession })
    return manager.requestAccessToken({
      grantType: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      clientId,
      clientSecret,
      assertion: await this.#assertion()
    })
  }

  #assertion(): Promise<string> {
    const now = Math.floor(this.#tools.time.now() / 1000)
    return new SignJWT({ box_sub_type: this.subjectType })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: this.config.jwtKeyId })
      .setIssuer(this.config.clientId)
      .setSubject(this.subjectId ?? '')
      .setAudience(audience)
      .setJti(this.#tools.random.uuid())
      .setIssuedAt(now)
      .setExpirationTime(now + assertionLife)
      .sign(this.#key)
  }
}

function readJwtConfig(text: string): { config: JwtConfig; key: KeyObject } {
  const file = parse(text)
  const app = at(file, 'boxAppSettings')
  const appAuth = at(app, 'appAuth')
  const values = {
    clientId: textAt(app, 'clientID'),
    clientSecret: textAt(app, 'clientSecret'),
    jwtKeyId: textAt(appAuth, 'publicKeyID'),
    privateKey: textAt(appAuth, 'privateKey'),
    enterpriseId: textAt(file, 'enterpriseID')
  }
  const missing = Object.entries(values).filter(([, value]) => value === '')
  if (missing.length > 0) {
    throw invalid(`it has no ${missing.map(([name]) => configNames.get(name)).join(', no ')}`)
  }
  // A key that is not encrypted needs no passphrase.
  const privateKeyPassphrase = textAt(appAuth, 'passphrase')
  return {
    config: new JwtConfig({ ...values, privateKeyPassphrase }),
    key: readKey(values.privateKey, privateKeyPassphrase)
  }
}

const configNames: ReadonlyMap<string, string> = new Map([
  ['clientId', 'boxAppSettings.clientID'],
  ['clientSecret', 'boxAppSettings.clientSecret'],
  ['jwtKeyId', 'boxAppSettings.appAuth.publicKeyID'],
  ['privateKey', 'boxAppSettings.appAuth.privateKey'],
  ['enterpriseId', 'enterpriseID']
])

function readKey(pem: string, passphrase: string): KeyObject {
  try {
    return createPrivateKey(passphrase === '' ? pem : { key: pem, passphrase })
  } catch {
    // OpenSSL's own words help nobody, and the cause could quote the key.
    throw invalid('its private key cannot be read with its passphrase')
  }
}

function parse(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    // The parser's message quotes the text, which holds the secrets.
    throw invalid('it is not JSON')
  }
}

function at(value: JsonValue | undefined, key: string): JsonValue | undefined {
  return isJsonObject(value) ? value[key] : undefined
}

function invalid(problem: string): Error {
  return new Error(`The Box JWT configuration cannot be used: ${problem}`)
}
