import { isJsonObject, parseJson } from '../lib/json.ts'
import type { BoxCredentials } from './config.ts'
import type { ConfigProblem } from './config-error.ts'
import { leaverProblems } from './leaver-rules.ts'
import { isLoopback } from './loopback.ts'
import { attempt, containerMarker } from './sources.ts'
import type { Environment, Given, ReadFile } from './sources.ts'

const clientCredentialKeys = ['BOX_CLIENT_ID', 'BOX_CLIENT_SECRET', 'BOX_ENTERPRISE_ID'] as const
const jwtKey = 'BOX_JWT_CONFIG_FILE'

/** Whether the demo runs, and why not where it does not. */
export interface ModeChoice {
  readonly mode: 'demo' | 'box'
  /** Why the demo is out of the question; empty in the demo. */
  readonly because: string
}

/** The demo runs only where nothing at all speaks for a real Box enterprise. */
export function chooseMode(env: Environment, given: Given): ModeChoice {
  const boxKey = [...given.mentioned, ...given.problems.map(({ key }) => key)].find((key) =>
    key.startsWith('BOX_')
  )
  if (boxKey !== undefined) return { mode: 'box', because: `${boxKey} is set` }
  if (env['NODE_ENV'] === 'production') return { mode: 'box', because: 'NODE_ENV is production' }
  if (env[containerMarker] === '1') return { mode: 'box', because: 'this is the container image' }
  return { mode: 'demo', because: '' }
}

/** The rules that concern several keys at once. */
export function crossProblems(choice: ModeChoice, given: Given): readonly ConfigProblem[] {
  const ofMode = choice.mode === 'demo' ? demoProblems(given) : credentialProblems(choice, given)
  return [
    ...ofMode,
    ...leaverProblems(given),
    ...webhookProblems(given),
    ...associationProblems(given)
  ]
}

/** Box makes up the logins of app users, so that nobody could be found by theirs. */
function associationProblems({ values }: Given): readonly ConfigProblem[] {
  const association = values.get('ASSOCIATION')
  const needed = 'external_app_user_id'
  if (values.get('USER_KIND')?.value !== 'app' || association?.value === needed) return []
  return [
    {
      key: 'ASSOCIATION',
      ...(association === undefined ? {} : { given: association.shown }),
      reason: 'app users have no login that they could be found by',
      allowed: `\`${needed}\` where USER_KIND is \`app\``,
      advice: `Set ASSOCIATION to ${needed}, or unset USER_KIND.`
    }
  ]
}

/** An alert that is not signed could be anybody's. */
function webhookProblems({ mentioned }: Given): readonly ConfigProblem[] {
  const pair = ['ALERT_WEBHOOK_URL', 'ALERT_WEBHOOK_SECRET'] as const
  const missing = pair.filter((key) => !mentioned.has(key))
  if (missing.length !== 1) return []
  return missing.map((key) => ({
    key,
    reason: 'is missing',
    allowed: 'both or neither of ALERT_WEBHOOK_URL and ALERT_WEBHOOK_SECRET',
    advice: `Set ${key}, or unset the other one.`
  }))
}

/** Tells whether a dry run is asked for. */
export function isDryRun({ values }: Given): boolean {
  const value = values.get('DRY_RUN')?.value
  return value === true || value === 'true'
}

function demoProblems(given: Given): readonly ConfigProblem[] {
  return [...hostProblems(given), ...(isDryRun(given) ? [dryDemo] : [])]
}

const dryDemo: ConfigProblem = {
  key: 'DRY_RUN',
  given: '"true"',
  reason: 'is of no use in the demo, which has no Box to be left alone',
  allowed: '`true` together with the BOX_ keys of a Box enterprise',
  advice: 'Set the BOX_ keys, or unset DRY_RUN.'
}

function hostProblems({ values }: Given): readonly ConfigProblem[] {
  const host = values.get('HOST')
  if (host === undefined || (typeof host.value === 'string' && isLoopback(host.value))) return []
  return [
    {
      key: 'HOST',
      given: host.shown,
      reason: 'the demo listens on this machine only',
      allowed: 'a loopback address such as 127.0.0.1',
      advice: 'Unset HOST, or set the BOX_ keys for a real Box enterprise.'
    }
  ]
}

function credentialProblems(choice: ModeChoice, { mentioned }: Given): readonly ConfigProblem[] {
  const some = clientCredentialKeys.filter((key) => mentioned.has(key))
  if (mentioned.has(jwtKey)) return some.length === 0 ? [] : [bothKinds(some)]
  return clientCredentialKeys
    .filter((key) => !mentioned.has(key))
    .map((key) => ({
      key,
      reason: `is missing, and the demo does not start because ${choice.because}`,
      allowed: `${clientCredentialKeys.join(', ')} together, or ${jwtKey} alone`,
      advice: `Set ${key}, or unset every BOX_ key outside production to start the demo.`
    }))
}

function bothKinds(keys: readonly string[]): ConfigProblem {
  return {
    key: jwtKey,
    reason: `is given beside ${keys.join(', ')}: two kinds of credentials`,
    allowed: `${clientCredentialKeys.join(', ')} together, or ${jwtKey} alone`,
    advice: 'Unset one kind.'
  }
}

/** The credentials in the given JWT configuration file, or what is wrong with it; undefined without one. */
export function jwtCredentials(
  { values }: Given,
  readFile: ReadFile
): BoxCredentials | ConfigProblem | undefined {
  const path = values.get(jwtKey)?.value
  return typeof path === 'string' ? readJwtConfig(path, readFile) : undefined
}

const jwtTexts = [
  ['boxAppSettings', 'clientID'],
  ['boxAppSettings', 'clientSecret'],
  ['boxAppSettings', 'appAuth', 'publicKeyID'],
  ['boxAppSettings', 'appAuth', 'privateKey'],
  ['boxAppSettings', 'appAuth', 'passphrase'],
  ['enterpriseID']
] as const

/** Checks the file against its published form (https://developer.box.com/guides/authentication/jwt/jwt-setup/). */
function readJwtConfig(path: string, readFile: ReadFile): BoxCredentials | ConfigProblem {
  const refuse = (reason: string): ConfigProblem => ({
    key: jwtKey,
    given: `"${path}"`,
    reason,
    allowed: "the path of Box's JWT configuration file (JSON)",
    advice:
      'Download the file again in the Box Developer Console: Configuration, App Settings as JSON.'
  })
  const text = attempt(() => readFile(path))
  if ('failure' in text) return refuse(`cannot be read (${text.failure})`)
  const parsed = parseJson(text.result)
  const missing = jwtTexts.filter((steps) => textAt(parsed, steps) === undefined)
  if (missing.length > 0) {
    return refuse(`lacks ${missing.map((steps) => steps.join('.')).join(', ')}`)
  }
  return {
    kind: 'jwt',
    config: text.result,
    enterpriseId: textAt(parsed, ['enterpriseID']) ?? ''
  }
}

function textAt(value: unknown, steps: readonly string[]): string | undefined {
  let at = value
  for (const step of steps) at = isJsonObject(at) && Object.hasOwn(at, step) ? at[step] : undefined
  return typeof at === 'string' && at !== '' ? at : undefined
}
