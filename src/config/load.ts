import type { BoxCredentials, Config } from './config.ts'
import { ConfigError } from './config-error.ts'
import type { ConfigProblem } from './config-error.ts'
import { parseFuse } from './fuse.ts'
import { settings } from './reference.ts'
import { chooseMode, crossProblems, jwtCredentials } from './rules.ts'
import type { ModeChoice } from './rules.ts'
import { splitTokens, validateValues } from './schema.ts'
import type { ConfigValues } from './schema.ts'
import { gather } from './sources.ts'
import type { Environment, Given, ReadFile } from './sources.ts'

const byKey = new Map(settings.map((setting) => [setting.key, setting]))

const databaseKey = 'DATABASE_URL'

/** The keys that decide where the directory is. */
const databaseSources = new Set([databaseKey, `${databaseKey}_FILE`, 'CONFIG_FILE'])

const demoDefaults = [
  [databaseKey, 'file:data/demo.db'],
  ['LOGIN_DOMAIN', 'example.com']
] as const

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
      ...defaultsOf(choice),
      ...[...given.values].map(([key, { value }]) => [key, value] as const)
    ])
  )
  const jwt = jwtCredentials(given, readFile)
  const problems = [
    ...given.problems,
    ...wrong.map((key) => refusedValue(key, given)),
    ...crossProblems(choice, given).filter(({ key }) => !wrong.includes(key)),
    ...(isProblem(jwt) ? [jwt] : [])
  ]
  if (values === undefined || isProblem(jwt) || problems.length > 0) throw new ConfigError(problems)
  if (choice.mode === 'demo') return deepFreeze({ mode: 'demo', ...settingsOf(values) })
  return deepFreeze({
    mode: 'box',
    ...settingsOf(values),
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
  const given = gather(env, readFile)
  const defaults = defaultsOf(chooseMode(env, given))
  const found = given.values.get(databaseKey)
  const { values, wrong } = validateValues(
    found === undefined ? defaults : new Map([...defaults, [databaseKey, found.value]])
  )
  const problems = [
    ...given.problems.filter(({ key }) => databaseSources.has(key)),
    ...wrong.map((key) => refusedValue(key, given))
  ]
  if (values === undefined || problems.length > 0) throw new ConfigError(problems)
  return values.DATABASE_URL
}

function defaultsOf({ mode }: ModeChoice): ReadonlyMap<string, unknown> {
  return new Map<string, unknown>([
    ...settings.flatMap((setting): [string, unknown][] =>
      setting.default === undefined ? [] : [[setting.key, setting.default]]
    ),
    ...(mode === 'demo' ? demoDefaults : [])
  ])
}

function isProblem(found: BoxCredentials | ConfigProblem | undefined): found is ConfigProblem {
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
    reason: setting?.available === false ? 'is not available in this version' : 'is not allowed',
    allowed: setting?.allowed ?? 'nothing',
    advice: setting?.available === false ? `Unset ${key}.` : `Correct ${key}.`
  }
}

function settingsOf(values: ConfigValues) {
  return {
    host: values.HOST,
    port: values.PORT,
    publicUrl: values.PUBLIC_URL === undefined ? undefined : withoutSlash(values.PUBLIC_URL),
    scimTokens: values.SCIM_TOKEN === undefined ? [] : splitTokens(values.SCIM_TOKEN),
    databaseUrl: values.DATABASE_URL,
    boxCallsPerMinute: values.BOX_CALLS_PER_MINUTE,
    requestBudgetMs: values.REQUEST_BUDGET_SECONDS * 1000,
    association: values.ASSOCIATION,
    onExisting: values.ON_EXISTING,
    loginDomain: values.LOGIN_DOMAIN,
    userKind: values.USER_KIND,
    onDeactivate: values.ON_DEACTIVATE,
    onDelete: values.ON_DELETE,
    onGroupDelete: values.ON_GROUP_DELETE,
    onLoginConflict: values.ON_LOGIN_CONFLICT,
    allowCoadmin: values.ALLOW_COADMIN,
    strictMembers: values.STRICT_MEMBERS,
    fuse: parseFuse(values.FUSE),
    fuseMembers: parseFuse(values.FUSE_MEMBERS),
    logLevel: values.LOG_LEVEL
  }
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
