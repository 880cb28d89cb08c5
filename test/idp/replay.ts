import { request as send, type IncomingHttpHeaders } from 'node:http'
import { isJsonObject, type JsonValue } from '../../src/lib/json.ts'
import type { Exchange, ExchangeFile, ExpectedResponse } from './exchange-file.ts'
import { differences, exactDifferences } from './matcher.ts'

/** Whom a run is replayed against. */
export interface ReplayTarget {
  /** The SCIM base, without a trailing slash; known to the run as `{{baseUrl}}`. */
  readonly baseUrl: string
  /** Known to the run as `{{token}}`. */
  readonly token: string
  /** The number of calls that Box has answered so far, token requests aside. */
  boxCalls(): number
  /** Is told of each exchange in turn. */
  readonly onExchange?: (name: string, failures: readonly Failure[]) => void
}

/** Something in an exchange that was not as it should be. */
export interface Failure {
  readonly exchange: string
  readonly message: string
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

type Memory = Map<string, string>

/** Sends a run's requests in order, each after the answer to the one before, and judges every answer. */
export async function replay(file: ExchangeFile, target: ReplayTarget): Promise<Failure[]> {
  const memory: Memory = new Map([
    ['baseUrl', target.baseUrl],
    ['token', target.token]
  ])
  const failures: Failure[] = []
  for (const exchange of file.exchanges) {
    const messages = await attempt(exchange, { file, target, memory })
    const found = messages.map((message) => ({ exchange: exchange.name, message }))
    target.onExchange?.(exchange.name, found)
    failures.push(...found)
  }
  return failures
}

interface Run {
  readonly file: ExchangeFile
  readonly target: ReplayTarget
  readonly memory: Memory
}

async function attempt(exchange: Exchange, { file, target, memory }: Run): Promise<string[]> {
  const before = target.boxCalls()
  try {
    const answer = await exchangeOne(exchange, { file, target, memory })
    const body = parse(answer.text)
    const forgotten = remember(exchange.remember ?? {}, body, memory)
    const cost = target.boxCalls() - before
    return [
      ...forgotten,
      ...judge(fill(exchange.response, memory), answer, body),
      ...(cost === exchange.boxCalls
        ? []
        : [`cost ${cost} Box calls instead of ${exchange.boxCalls}`])
    ]
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
}

/**
 * Sends the request with `node:http`, because `fetch` would encode a quotation mark in the query,
 * fold `//` or `..` and add headers, and the point is to send what the client sends.
 */
function exchangeOne(exchange: Exchange, { file, target, memory }: Run): Promise<Answer> {
  const { method, path, body, headers } = fill(exchange.request, memory)
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  const merged = new Map(
    Object.entries({ ...file.headers, ...(text === undefined ? {} : file.bodyHeaders) }).map(
      ([name, value]) => [name.toLowerCase(), fill(value, memory)]
    )
  )
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (value === null) merged.delete(name.toLowerCase())
    else merged.set(name.toLowerCase(), value)
  }
  const base = new URL(target.baseUrl)
  return new Promise((resolve, reject) => {
    const outgoing = send({
      host: base.hostname,
      port: base.port,
      method,
      path: base.pathname + path,
      headers: { ...Object.fromEntries(merged), ...lengthOf(text) }
    })
    outgoing.on('error', reject)
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('error', reject)
      incoming.on('end', () => {
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text: Buffer.concat(chunks).toString('utf8')
        })
      })
    })
    outgoing.end(text)
  })
}

function lengthOf(text: string | undefined) {
  return text === undefined ? {} : { 'content-length': Buffer.byteLength(text) }
}

/** Puts remembered values in place of `{{name}}`, in keys as well as in values. */
function fill<T>(template: T, memory: Memory): T {
  const text = JSON.stringify(template).replaceAll(/\{\{(\w+)\}\}/gu, (_, name: string) => {
    const value = memory.get(name)
    if (value === undefined) throw new Error(`nothing is remembered as {{${name}}}`)
    return JSON.stringify(value).slice(1, -1)
  })
  return JSON.parse(text) as T
}

function parse(text: string): JsonValue | undefined {
  if (text === '') return undefined
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    throw new Error(`the answer is no JSON: ${text.slice(0, 200)}`)
  }
}

function remember(
  names: Readonly<Record<string, string>>,
  body: JsonValue | undefined,
  memory: Memory
): string[] {
  return Object.entries(names).flatMap(([name, pointer]) => {
    const value = pointed(body, pointer)
    if (typeof value !== 'string') return [`${pointer}: no text to remember as {{${name}}}`]
    memory.set(name, value)
    return []
  })
}

/** The value at a JSON Pointer (RFC 6901). */
function pointed(body: JsonValue | undefined, pointer: string): JsonValue | undefined {
  let value = body
  for (const step of pointer.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
    if (Array.isArray(value)) value = (value as readonly JsonValue[])[Number(key)]
    else if (isJsonObject(value) && Object.hasOwn(value, key)) value = value[key]
    else return undefined
  }
  return value
}

function judge(expected: ExpectedResponse, answer: Answer, body: JsonValue | undefined): string[] {
  const statuses = [expected.status].flat()
  return [
    ...(statuses.includes(answer.status)
      ? []
      : [
          `status ${answer.status} instead of ${statuses.join(' or ')}: ${answer.text.slice(0, 500)}`
        ]),
    ...mediaTypeProblems(answer),
    ...Object.entries(expected.headers ?? {}).flatMap(([name, value]) =>
      differences(value, headerOf(answer.headers, name), `header ${name}`)
    ),
    ...(expected.body === undefined ? [] : differences(expected.body, body)),
    ...(expected.bodyIs === undefined ? [] : exactDifferences(expected.bodyIs, body))
  ]
}

function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

/** Every body is SCIM's own media type (RFC 7644 §3.8), errors included; a 204 has no body. */
function mediaTypeProblems({ status, headers, text }: Answer): string[] {
  if (status === 204) return text === '' ? [] : ['a 204 has a body']
  const type = headers['content-type'] ?? 'nothing'
  return /^application\/scim\+json(;|$)/u.test(type) ? [] : [`media type ${type}`]
}
