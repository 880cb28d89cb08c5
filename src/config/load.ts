import type { JsonValue } from '../lib/json.ts'
import { driftClasses } from './config.ts'
import type { BoxCredentials, Config } from './config.ts'
import { ConfigError } from './config-error.ts'
import type { ConfigProblem } from './config-error.ts'
import { parseFuse } from './fuse.ts'
import { readIssuers } from './issuers.ts'
import { settings } from './reference.ts'
import { chooseMode, crossProblems, isDryRun, jwtCredentials } from './rules.ts'
import type { ModeChoice } from './rules.ts'
import { splitList, validateValues } from './schema.ts'
import type { ConfigValues } from './schema.ts'
import { readMappingAt, readMappingFile } from './mapping-file.ts'
import { gather } from './sources.ts'
import type { Environment, Given, ReadFile } from './sources.ts'

const byKey = new Map(settings.map((setting) => [setting.key, setting]))

const databaseKey = 'DATABASE_URL'

const demoDefaults = [
  [databaseKey, 'file:data/demo.db'],
  ['LOGIN_DOMAIN', 'example.com']
] as const

const dryRunDefaults = [[databaseKey, 'file:data/dry-run.db']] as const

/**
 * Loads and checks the configuration: the environment, and the JSON file that `CONFIG_FILE` names.
 *
 * @throws ConfigError that names every problem at once.
 */
export function loadConfig(env: Environment, readFile: ReadFile): Config {
  const given = gather(env, readFile)
  const choice = chooseMode(env, given)
  const { values, wrong } = validateValues(
    new Map([
      ...defaultsOf(choice, given),
      ...[...given.values].map(([key, { value }]) => [key, plain(value)] as const)
    ])
  )
  const jwt = jwtCredentials(given, readFile)
  const mappingFile = readMappingFile(given, readFile)
  const problems = [
    ...given.problems,
    ...wrong.map((key) => refusedValue(key, given)),
    ...crossProblems(choice, given).filter(({ key }) => !wrong.includes(key)),
    ...[jwt, mappingFile].filter(isProblem)
  ]
  if (values === undefined || isProblem(jwt) || isProblem(mappingFile) || problems.length > 0) {
    throw new ConfigError(problems)
  }
  if (choice.mode === 'demo') {
    return deepFreeze({ mode: 'demo', ...settingsOf(values), mappingFile })
  }
  return deepFreeze({
    mode: 'box',
    ...settingsOf(values),
    mappingFile,
    boxApiUrl: withoutSlash(values.BOX_API_URL),
    boxCredentials: jwt ?? clientCredentials(values)
  })
}

/**
 * Loads no more than where the directory is, for commands that work on the database: they need no Box
 * credentials, and other keys are not checked.
 *
 * @throws ConfigError that names every problem with `CONFIG_FILE` and `DATABASE_URL`.
 */
export function loadDatabaseUrl(env: Environment, readFile: ReadFile): string {
  return loadKeys(gather(env, readFile), env, [databaseKey]).DATABASE_URL
}

/** What a mapping depends on; for commands that show what it does. */
export type MappingConfig = Pick<
  Config,
  'loginDomain' | 'allowCoadmin' | 'association' | 'userKind' | 'onDeactivate' | 'mappingFile'
>

/**
 * Loads no more than what a mapping depends on. `path` names a mapping file to take instead of the
 * configured one.
 *
 * @throws ConfigError that names every problem with the keys about mapping.
 */
export function loadMappingConfig(
  env: Environment,
  readFile: ReadFile,
  path: string | undefined
): MappingConfig {
  const given = gather(env, readFile)
  const keys = [
    'LOGIN_DOMAIN',
    'ALLOW_COADMIN',
    'ASSOCIATION',
    'USER_KIND',
    'ON_DEACTIVATE',
    'MAPPING_FILE'
  ]
  const { loginDomain, allowCoadmin, association, userKind, onDeactivate } = settingsOf(
    loadKeys(given, env, keys)
  )
  const mappingFile =
    path === undefined ? readMappingFile(given, readFile) : readMappingAt(path, readFile)
  if (isProblem(mappingFile)) throw new ConfigError([mappingFile])
  return { loginDomain, allowCoadmin, association, userKind, onDeactivate, mappingFile }
}

/** The values of these keys; every other one has its default, whatever was given. */
function loadKeys(given: Given, env: Environment, keys: readonly string[]): ConfigValues {
  const wanted = new Set(keys)
  const sources = new Set(['CONFIG_FILE', ...keys.flatMap((key) => [key, `${key}_FILE`])])
  const found = [...given.values].filter(([key]) => wanted.has(key))
  const { values, wrong } = validateValues(
    new Map([
      ...defaultsOf(chooseMode(env, given), given),
      ...found.map(([key, { value }]) => [key, value] as const)
    ])
  )
  const problems = [
    ...given.problems.filter(({ key }) => sources.has(key)),
    ...wrong.map((key) => refusedValue(key, given))
  ]
  if (values === undefined || problems.length > 0) throw new ConfigError(problems)
  return values
}

function defaultsOf({ mode }: ModeChoice, given: Given): ReadonlyMap<string, unknown> {
  return new Map<string, unknown>([
    ...settings.flatMap((setting): [string, unknown][] =>
      setting.default === undefined ? [] : [[setting.key, setting.default]]
    ),
    ...(mode === 'demo' ? demoDefaults : []),
    ...(isDryRun(given) ? dryRunDefaults : [])
  ])
}

/** What the configuration file writes as a list is the text of that list in the environment. */
function plain(value: JsonValue): JsonValue {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value
}

function isProblem(found: object | undefined): found is ConfigProblem {
  return found !== undefined && 'reason' in found
}

/** The rules have seen to it that all three are there. */
function clientCredentials(values: ConfigValues): BoxCredentials {
  return {
    kind: 'client-credentials',
    clientId: values.BOX_CLIENT_ID ?? '',
    clientSecret: values.BOX_CLIENT_SECRET ?? '',
    enterpriseId: values.BOX_ENTERPRISE_ID ?? ''
  }
}

function refusedValue(key: string, { values }: Given): ConfigProblem {
  const setting = byKey.get(key)
  const shown = setting?.secret === true ? undefined : values.get(key)?.shown
  return {
    key,
    ...(shown === undefined ? {} : { given: shown }),
    reason: 'is not allowed',
    allowed: setting?.allowed ?? 'nothing',
    advice: `Correct ${key}.`
  }
}

function settingsOf(values: ConfigValues) {
  return {
    host: values.HOST,
    port: values.PORT,
    publicUrl: values.PUBLIC_URL === undefined ? undefined : withoutSlash(values.PUBLIC_URL),
    scimTokens: listOf(values.SCIM_TOKEN),
    oidcIssuers: values.OIDC_ISSUERS === undefined ? [] : readIssuers(values.OIDC_ISSUERS),
    basicAuth: values.BASIC_AUTH,
    trustedProxies: listOf(values.TRUST_PROXY),
    callerLimits: {
      requestsPerSecond: values.CALLER_RATE_PER_SECOND,
      writes: values.CALLER_WRITES
    },
    databaseUrl: values.DATABASE_URL,
    dryRun: values.DRY_RUN,
    boxCallsPerMinute: values.BOX_CALLS_PER_MINUTE,
    boxCallsPerMonth: values.BOX_CALLS_PER_MONTH,
    boxEventsPollMs: values.BOX_EVENTS_POLL_SECONDS * 1000,
    reconcileMs: values.RECONCILE_HOURS * 3_600_000,
    driftRestore: driftClasses.filter((name) =>
      splitList(values.DRIFT_RESTORE ?? '').includes(name)
    ),
    requestBudgetMs: values.REQUEST_BUDGET_SECONDS * 1000,
    association: values.ASSOCIATION,
    onExisting: values.ON_EXISTING,
    loginDomain: values.LOGIN_DOMAIN,
    userKind: values.USER_KIND,
    onDeactivate: values.ON_DEACTIVATE,
    leavers: {
      onDelete: values.ON_DELETE,
      transferTo: values.TRANSFER_TO,
      graceMs: values.DELETE_AFTER_DAYS * 86_400_000,
      force: values.DELETE_FORCE,
      endSessions: values.END_SESSIONS
    },
    onGroupDelete: values.ON_GROUP_DELETE,
    onLoginConflict: values.ON_LOGIN_CONFLICT,
    allowCoadmin: values.ALLOW_COADMIN,
    strictMembers: values.STRICT_MEMBERS,
    protectedLogins: listOf(values.PROTECTED_LOGINS),
    protectedGroups: listOf(values.PROTECTED_GROUPS),
    fuse: parseFuse(values.FUSE),
    fuseMembers: parseFuse(values.FUSE_MEMBERS),
    logLevel: values.LOG_LEVEL,
    logPersonalData: values.LOG_PERSONAL_DATA,
    auditValues: values.AUDIT_VALUES,
    auditRetentionMs: values.AUDIT_RETENTION_DAYS * 86_400_000,
    alertWebhook: webhookOf(values)
  }
}

/** The rules have seen to it that both are there or neither. */
function webhookOf({ ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_SECRET: secret }: ConfigValues) {
  return url === undefined || secret === undefined ? undefined : { url, secret }
}

function listOf(list: string | undefined): readonly string[] {
  return list === undefined ? [] : splitList(list)
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '')
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null) deepFreeze(inner)
  }
  return Object.freeze(value)
}
