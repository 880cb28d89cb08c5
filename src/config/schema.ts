import { Ajv } from 'ajv'
import type { ErrorObject } from 'ajv'
import { isNetwork } from '../lib/networks.ts'
import type { LeaverConfig, LogLevel } from './config.ts'
import { fuseOff, parseFuse } from './fuse.ts'
import { isIssuerList } from './issuers.ts'
import { isLoopback } from './loopback.ts'
import { settings } from './reference.ts'

/** The values after validation, by key, numbers and booleans converted. */
export interface ConfigValues {
  readonly HOST: string
  readonly PORT: number
  readonly PUBLIC_URL?: string
  readonly SCIM_TOKEN?: string
  readonly OIDC_ISSUERS?: string
  readonly BASIC_AUTH: boolean
  readonly TRUST_PROXY?: string
  readonly CALLER_RATE_PER_SECOND: number
  readonly CALLER_WRITES: number
  readonly DATABASE_URL: string
  readonly DRY_RUN: boolean
  readonly BOX_API_URL: string
  readonly BOX_CLIENT_ID?: string
  readonly BOX_CLIENT_SECRET?: string
  readonly BOX_ENTERPRISE_ID?: string
  readonly BOX_JWT_CONFIG_FILE?: string
  readonly BOX_CALLS_PER_MINUTE: number
  readonly BOX_CALLS_PER_MONTH?: number
  readonly BOX_EVENTS_POLL_SECONDS: number
  readonly RECONCILE_HOURS: number
  readonly DRIFT_RESTORE?: string
  readonly REQUEST_BUDGET_SECONDS: number
  readonly ASSOCIATION: 'login' | 'external_app_user_id'
  readonly ON_EXISTING: 'link' | 'conflict'
  readonly LOGIN_DOMAIN?: string
  readonly USER_KIND: 'managed' | 'app'
  readonly ON_DEACTIVATE: 'inactive' | 'cannot_delete_edit' | 'cannot_delete_edit_upload'
  readonly ON_DELETE: LeaverConfig['onDelete']
  readonly TRANSFER_TO?: string
  readonly DELETE_AFTER_DAYS: number
  readonly DELETE_FORCE: boolean
  readonly END_SESSIONS: boolean
  readonly ON_GROUP_DELETE: 'empty' | 'delete'
  readonly ON_LOGIN_CONFLICT: 'reject' | 'invite'
  readonly ALLOW_COADMIN: boolean
  readonly STRICT_MEMBERS: boolean
  readonly MAPPING_FILE?: string
  readonly PROTECTED_LOGINS?: string
  readonly PROTECTED_GROUPS?: string
  readonly FUSE: string
  readonly FUSE_MEMBERS: string
  readonly LOG_LEVEL: LogLevel
  readonly LOG_PERSONAL_DATA: boolean
  readonly AUDIT_VALUES: 'ids' | 'all'
  readonly AUDIT_RETENTION_DAYS: number
  readonly ALERT_WEBHOOK_URL?: string
  readonly ALERT_WEBHOOK_SECRET?: string
}

const fewestTokenCharacters = 16

/** The items of a list with commas; spaces around them do not count. */
export function splitList(list: string): readonly string[] {
  return list.split(',').map((item) => item.trim())
}

/** Any character that may stand in a header, without spaces: RFC 6750 §2.1 is narrower, clients are not. */
const isToken = (token: string) =>
  token.length >= fewestTokenCharacters && /^[\u0021-\u007e]+$/.test(token)

function isBaseUrl(value: string): boolean {
  const url = URL.parse(value)
  if (url === null || !/^https?:$/.test(url.protocol)) return false
  return !/[?#]/.test(value) && url.username === '' && url.password === ''
}

/** Alerts tell who keeps access: nobody on the way may read them. */
function isWebhookUrl(value: string): boolean {
  const url = URL.parse(value)
  if (url === null || url.username !== '' || url.password !== '') return false
  const isLocal = isLoopback(url.hostname.replaceAll(/[[\]]/g, ''))
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLocal)
}

const label = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?'
const domain = new RegExp(`^(?=.{1,253}$)${label}(?:\\.${label})+$`)
const host = /^[A-Za-z0-9._:-]+$/

const ajv = new Ajv({
  allErrors: true,
  coerceTypes: true,
  formats: {
    'base-url': isBaseUrl,
    domain,
    fuse: (text: string) => text === fuseOff || parseFuse(text) !== undefined,
    host,
    'login-list': (list: string) =>
      splitList(list).every((login) => /^[^\s@]+@[^\s@]+$/.test(login)),
    'token-list': (list: string) => splitList(list).every(isToken),
    'network-list': (list: string) => splitList(list).every(isNetwork),
    'issuer-list': isIssuerList,
    'webhook-url': isWebhookUrl
  }
})

/** The JSON Schema of the whole configuration. */
const schema = {
  type: 'object',
  properties: Object.fromEntries(settings.map(({ key, schema }) => [key, schema])),
  required: settings.filter((setting) => setting.default !== undefined).map(({ key }) => key)
}

const validate = ajv.compile<ConfigValues>(schema)

/** What validation found. */
export interface Validation {
  /** Absent where anything is wrong. */
  readonly values: ConfigValues | undefined
  /** The keys whose values are not allowed. */
  readonly wrong: readonly string[]
}

/** Validates raw values, defaults filled in already; texts are converted where numbers are wanted. */
export function validateValues(raw: ReadonlyMap<string, unknown>): Validation {
  const candidate: unknown = Object.fromEntries(raw)
  if (validate(candidate)) return { values: candidate, wrong: [] }
  return { values: undefined, wrong: [...new Set((validate.errors ?? []).map(keyOf))] }
}

function keyOf(error: ErrorObject): string {
  return error.instancePath.split('/')[1] ?? ''
}
