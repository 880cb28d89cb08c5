import { isJsonObject, parseJson } from '../lib/json.ts'
import type { JsonObject, JsonValue } from '../lib/json.ts'
import type { ConfigProblem } from './config-error.ts'
import { settings } from './reference.ts'

/** The environment: `process.env`, or a record like it. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Reads a whole text file, or throws. */
export type ReadFile = (path: string) => string

/** A value and where it came from. */
interface GivenValue {
  readonly value: JsonValue
  /** The value for people, or a word about its origin where it came from a secret file. */
  readonly shown: string
}

/** What was given, by key, and what was wrong with it. */
export interface Given {
  readonly values: ReadonlyMap<string, GivenValue>
  /** Keys that somebody meant to set, unreadable ones included. */
  readonly mentioned: ReadonlySet<string>
  readonly problems: readonly ConfigProblem[]
}

/** Set by the container image; no configuration, but a BOX_ name. */
export const containerMarker = 'BOX_BRIDGE_CONTAINER'

const fileSuffix = '_FILE'
const knownKeys = new Set(settings.map(({ key }) => key))
const isKnown = (name: string) =>
  knownKeys.has(name) ||
  (name.endsWith(fileSuffix) && knownKeys.has(name.slice(0, -fileSuffix.length)))

/**
 * Collects what was given: the environment first, then the JSON file that `CONFIG_FILE` names. In
 * either, `NAME_FILE` names a file that holds the value of `NAME`. Empty texts count as unset.
 */
export function gather(env: Environment, readFile: ReadFile): Given {
  const problems: ConfigProblem[] = []
  const layers = [
    environmentLayer(env, problems),
    fileLayer(env['CONFIG_FILE'], readFile, problems)
  ]
  const values = new Map<string, GivenValue>()
  const mentioned = new Set<string>()
  for (const { key } of settings) {
    const layer = layers.find((names) => names.has(key) || names.has(key + fileSuffix))
    if (layer === undefined) continue
    mentioned.add(key)
    const found = valueOf(key, layer, readFile)
    if ('reason' in found) problems.push(found)
    else values.set(key, found)
  }
  return { values, mentioned, problems }
}

type Layer = ReadonlyMap<string, JsonValue>

const isSet = (value: JsonValue | undefined) =>
  value !== undefined && value !== null && value !== ''

/** Names that begin with BOX_ are the bridge's own: a misspelt one must not start the demo. */
function environmentLayer(env: Environment, problems: ConfigProblem[]): Layer {
  const layer = new Map<string, JsonValue>()
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || !isSet(value)) continue
    if (isKnown(name)) layer.set(name, value)
    else if (name.startsWith('BOX_') && name !== containerMarker) problems.push(unknownKey(name))
  }
  return layer
}

function fileLayer(path: string | undefined, readFile: ReadFile, problems: ConfigProblem[]): Layer {
  const layer = new Map<string, JsonValue>()
  if (path === undefined || path === '') return layer
  const content = readObject(path, readFile)
  if ('problem' in content) {
    problems.push(content.problem)
    return layer
  }
  for (const [name, value] of Object.entries(content.object)) {
    if (!isKnown(name)) problems.push(unknownKey(name))
    else if (isSet(value)) layer.set(name, value)
  }
  return layer
}

function readObject(
  path: string,
  readFile: ReadFile
): { readonly object: JsonObject } | { readonly problem: ConfigProblem } {
  const allowed = 'the path of a readable file that holds one JSON object'
  const refuse = (reason: string) => ({
    problem: {
      key: 'CONFIG_FILE',
      given: path,
      reason,
      allowed,
      advice: 'Mend the file or its path.'
    }
  })
  const text = attempt(() => readFile(path))
  if ('failure' in text) return refuse(`cannot be read (${text.failure})`)
  const parsed = parseJson(text.result)
  return isJsonObject(parsed) ? { object: parsed } : refuse('is no JSON object')
}

function valueOf(key: string, layer: Layer, readFile: ReadFile): GivenValue | ConfigProblem {
  const value = layer.get(key)
  const pointer = layer.get(key + fileSuffix)
  if (pointer === undefined) return { value: value ?? null, shown: display(value ?? null) }
  if (value === undefined) return readSecret(key, pointer, readFile)
  return {
    key,
    reason: `is given twice, as ${key} and as ${key + fileSuffix}`,
    allowed: 'one of the two',
    advice: 'Unset one of them.'
  }
}

function readSecret(
  key: string,
  pointer: JsonValue,
  readFile: ReadFile
): GivenValue | ConfigProblem {
  const shown = display(pointer)
  const refuse = (reason: string): ConfigProblem => ({
    key: key + fileSuffix,
    given: shown,
    reason,
    allowed: `the path of a readable file that holds the value of ${key}`,
    advice: 'Mend the path, the file or its permissions.'
  })
  if (typeof pointer !== 'string') return refuse('is no path')
  const text = attempt(() => readFile(pointer))
  if ('failure' in text) return refuse(`cannot be read (${text.failure})`)
  const value = text.result.replace(/\r?\n$/, '')
  return value === ''
    ? refuse('names an empty file')
    : { value, shown: `the content of ${pointer}` }
}

/** The outcome of reading; only the error's code is kept, because its message may quote content. */
export function attempt(
  read: () => string
): { readonly result: string } | { readonly failure: string } {
  try {
    return { result: read() }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    return { failure: typeof code === 'string' ? code : 'unknown error' }
  }
}

/** A value on one line. Passwords inside URLs (RFC 3986 §3.2.1) are left out. */
function display(value: JsonValue): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return `"${text.replaceAll(/\/\/\S*@/g, '//[redacted]@').replaceAll(/[\r\n]+/g, ' ')}"`
}

function unknownKey(key: string): ConfigProblem {
  return {
    key,
    reason: 'is no key of this program',
    allowed: 'the keys of docs/configuration.md',
    advice: 'Correct its spelling or remove it.'
  }
}
