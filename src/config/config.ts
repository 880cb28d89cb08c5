import type { AccessScope } from '../lib/access-scopes.ts'
import type { Milliseconds } from '../lib/clock.ts'
import type { JsonValue } from '../lib/json.ts'

/** How the bridge proves to Box who it is. */
export type BoxCredentials =
  /** Client credentials grant (https://developer.box.com/guides/authentication/client-credentials/). */
  | {
      readonly kind: 'client-credentials'
      readonly clientId: string
      readonly clientSecret: string
      readonly enterpriseId: string
    }
  /** Box's JWT configuration file, read and checked (https://developer.box.com/guides/authentication/jwt/). */
  | { readonly kind: 'jwt'; readonly config: string; readonly enterpriseId: string }

/** An OIDC issuer whose JWT access tokens are accepted. */
export interface OidcIssuer {
  /** As it stands in the tokens' `iss`. */
  readonly issuer: string
  /** What the tokens' `aud` must hold. */
  readonly audience: string
  /** The client ids that may ask; at least one. */
  readonly clients: readonly string[]
  readonly scopes: readonly AccessScope[]
  /** CIDR blocks that its tokens may be used from; empty: from anywhere. */
  readonly networks: readonly string[]
  /** Where its keys are; undefined: as its OpenID configuration says. */
  readonly jwksUrl: string | undefined
}

/** The levels of the log, as pino names them. */
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'

/** What can be set again when somebody changed it in Box. */
export const driftClasses = ['users', 'access', 'groups', 'memberships'] as const

/** How many removals pass within a window: the larger of a number and a share. */
export interface FuseConfig {
  readonly most: number
  readonly percent: number
  readonly windowMs: Milliseconds
}

/** What becomes of people who leave. */
export interface LeaverConfig {
  /** What follows the deactivation of a DELETE. */
  readonly onDelete: 'deactivate' | 'transfer' | 'delete'
  /** A Box user id, a login, `manager` or `service`. */
  readonly transferTo: string | undefined
  /** How long that waits. */
  readonly graceMs: Milliseconds
  /** Whether a deletion destroys content. */
  readonly force: boolean
  /** Whether a deactivation ends the sessions of the person. */
  readonly endSessions: boolean
}

/** How much one token or client may ask; 0: as much as it likes. */
export interface CallerLimits {
  /** On average over ten seconds. */
  readonly requestsPerSecond: number
  /** Writes that are not answered yet, removals aside. */
  readonly writes: number
}

/** Where alerts are sent. */
export interface AlertWebhook {
  readonly url: string
  readonly secret: string
}

/** What both modes share. Frozen, complete, checked: nothing else reads the environment. */
interface Settings {
  readonly host: string
  /** 0 lets the system choose a free port. */
  readonly port: number
  /** Base of every `meta.location`, without a slash at its end; undefined: taken from the request. */
  readonly publicUrl: string | undefined
  /** Plain bearer tokens; the demo makes one where there is none. */
  readonly scimTokens: readonly string[]
  /** Whose JWT access tokens are accepted. */
  readonly oidcIssuers: readonly OidcIssuer[]
  /** Whether HTTP Basic is accepted for the tokens of the directory. */
  readonly basicAuth: boolean
  /** The proxies whose `X-Forwarded-*` headers are believed, as CIDR blocks. */
  readonly trustedProxies: readonly string[]
  readonly callerLimits: CallerLimits
  /** `file:PATH` or `file::memory:`. */
  readonly databaseUrl: string
  /** Whether Box is only read, and what would be written is kept as a plan. */
  readonly dryRun: boolean
  /** One budget for all calls to Box. */
  readonly boxCallsPerMinute: number
  /** What a calendar month has, to be warned about. */
  readonly boxCallsPerMonth: number | undefined
  /** The time between polls of Box's events; 0: they are not followed. */
  readonly boxEventsPollMs: Milliseconds
  /** How long after one reconcile the next begins; 0: never. */
  readonly reconcileMs: Milliseconds
  /** What is set again when somebody changed it in Box. */
  readonly driftRestore: readonly (typeof driftClasses)[number][]
  /** How long a write waits for its turn and for Box. */
  readonly requestBudgetMs: Milliseconds
  /** How a person is matched with a Box user. */
  readonly association: 'login' | 'external_app_user_id'
  /** What POST does for a Box user or group that SCIM does not know yet. */
  readonly onExisting: 'link' | 'conflict'
  /** Completes a userName that is no e-mail address. */
  readonly loginDomain: string | undefined
  /** Which Box users SCIM is about. */
  readonly userKind: 'managed' | 'app'
  /** The Box status that `active: false` becomes. */
  readonly onDeactivate: 'inactive' | 'cannot_delete_edit' | 'cannot_delete_edit_upload'
  /** What follows a deactivation or a DELETE. */
  readonly leavers: LeaverConfig
  readonly onGroupDelete: 'empty' | 'delete'
  /** What a POST does for a login that is owned outside the enterprise. */
  readonly onLoginConflict: 'reject' | 'invite'
  /** Whether a role may make somebody a co-admin. */
  readonly allowCoadmin: boolean
  /** Whether unknown member ids refuse the request. */
  readonly strictMembers: boolean
  /** The mapping file, read; undefined: the default mapping. */
  readonly mappingFile: MappingFileText | undefined
  /** Logins of people whom SCIM never changes. */
  readonly protectedLogins: readonly string[]
  /** Names or ids of groups that SCIM never changes. */
  readonly protectedGroups: readonly string[]
  /** How many people may lose access within a window; undefined: any number. */
  readonly fuse: FuseConfig | undefined
  /** The same for memberships. */
  readonly fuseMembers: FuseConfig | undefined
  readonly logLevel: LogLevel
  /** Whether lines of the log about a person name the login. */
  readonly logPersonalData: boolean
  /** Which values the audit keeps. */
  readonly auditValues: 'ids' | 'all'
  /** How long the audit keeps entries; 0: for ever. */
  readonly auditRetentionMs: Milliseconds
  /** Where alerts are sent besides the log, and what they are signed with. */
  readonly alertWebhook: AlertWebhook | undefined
}

/** A mapping file that was read: JSON, and nothing more is known of it. */
export interface MappingFileText {
  /** Its path. */
  readonly name: string
  readonly content: JsonValue
}

/** The configuration of the demo, which runs on its own emulator of Box. */
interface DemoConfig extends Settings {
  readonly mode: 'demo'
}

/** The configuration for a real Box enterprise. */
interface BoxConfig extends Settings {
  readonly mode: 'box'
  /** Base of the API and of the token endpoint, without a slash at its end. */
  readonly boxApiUrl: string
  readonly boxCredentials: BoxCredentials
}

/** Everything that can be configured. */
export type Config = DemoConfig | BoxConfig
