import { accessScopes } from '../lib/access-scopes.ts'
import { isNetwork } from '../lib/networks.ts'
import { isJsonArray, isJsonObject, parseJson } from '../lib/json.ts'
import type { JsonObject, JsonValue } from '../lib/json.ts'
import type { OidcIssuer } from './config.ts'

/** What is allowed for `OIDC_ISSUERS`, for people. */
export const issuersAllowed =
  'a JSON list of `{"issuer", "audience", "clients", "scopes"?, "networks"?, "jwksUrl"?}`: https URLs, at least one client id each'

/** JSON Schema of `OIDC_ISSUERS`, whose value is the text of a JSON list. */
export const issuerListSchema: JsonObject = { type: 'string', format: 'issuer-list' }

/**
 * The audience of the tokens that Microsoft Entra ID sends for an app whose secret is left blank: every
 * app of a tenant gets the same, so that it tells nobody apart.
 * See https://learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups
 */
const sharedAudience = '8adf8e6e-67b2-4cf2-a259-e3dc5476c621'

const keys = new Set(['issuer', 'audience', 'clients', 'scopes', 'networks', 'jwksUrl'])

/** Tells whether the text is a JSON list of issuers, each named once. */
export function isIssuerList(text: string): boolean {
  const entries = entriesOf(text)
  if (entries?.every(isIssuer) !== true) return false
  return new Set(readIssuers(text).map(({ issuer }) => issuer)).size === entries.length
}

/** Reads what {@link isIssuerList} has accepted. Without scopes a client may do everything in SCIM. */
export function readIssuers(text: string): readonly OidcIssuer[] {
  const entries = JSON.parse(text) as readonly (Needed & Partial<OidcIssuer>)[]
  return entries.map(({ issuer, audience, clients, scopes, networks, jwksUrl }) => ({
    issuer,
    audience,
    clients,
    scopes: scopes ?? ['users', 'groups'],
    networks: networks ?? [],
    jwksUrl
  }))
}

type Needed = Pick<OidcIssuer, 'issuer' | 'audience' | 'clients'>

function entriesOf(text: string): readonly JsonValue[] | undefined {
  const parsed = parseJson(text) as JsonValue | undefined
  return isJsonArray(parsed) ? parsed : undefined
}

function isIssuer(entry: JsonValue): boolean {
  if (!isJsonObject(entry)) return false
  const { issuer, audience, clients, jwksUrl } = entry
  const isComplete =
    isSafeUrl(issuer) && isText(audience) && audience !== sharedAudience && isTexts(clients, 1)
  const isPlain = Object.keys(entry).every((key) => keys.has(key))
  return (
    isComplete && isPlain && hasSoundLimits(entry) && (jwksUrl === undefined || isSafeUrl(jwksUrl))
  )
}

function hasSoundLimits({ scopes: asked = ['users'], networks = [] }: JsonObject): boolean {
  const areScopes =
    isTexts(asked, 1) && asked.every((scope) => accessScopes.some((one) => one === scope))
  return areScopes && isTexts(networks, 0) && networks.every(isNetwork)
}

/** Keys that somebody could change on their way are no keys: https, or this machine. */
function isSafeUrl(value: JsonValue | undefined): value is string {
  const url = typeof value === 'string' ? URL.parse(value) : null
  if (url === null || url.username !== '' || url.hash !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && url.hostname === '127.0.0.1')
}

function isText(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && value !== ''
}

function isTexts(value: JsonValue | undefined, least: number): value is readonly string[] {
  return isJsonArray(value) && value.length >= least && value.every(isText)
}
