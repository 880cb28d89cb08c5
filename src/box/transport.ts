import { Agent } from 'undici'
import type { Dispatcher } from 'undici'
import type { Clock, Milliseconds } from '../lib/clock.ts'
import type { JsonValue } from '../lib/json.ts'

/** An HTTP request to Box, complete but for its credentials. */
export interface HttpRequest {
  readonly method: string
  /** Absolute, with its query. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** An HTTP answer of Box, whatever its status. */
export interface HttpAnswer {
  readonly status: number
  /** Names in lower case; the last of repeated headers counts. */
  readonly headers: Readonly<Record<string, string>>
  /** Absent where the body is empty or is no JSON, as in a proxy's error page. */
  readonly body: JsonValue | undefined
}

/** No answer came. Holds neither headers nor bodies, so that it can be logged. */
export class TransportFailure extends Error {
  override readonly name = 'TransportFailure'
  /** False when it is certain that no byte of the request left this machine. */
  readonly departed: boolean

  constructor(reason: string, departed: boolean) {
    super(`Box did not answer: ${reason}`)
    this.departed = departed
  }
}

/** Sends HTTP requests over one keep-alive pool. */
export interface Transport {
  /**
   * Resolves with any complete answer, redirects included, which are never followed. Rejects with
   * `TransportFailure` when none came within `timeout`.
   */
  send(request: HttpRequest, timeout: Milliseconds): Promise<HttpAnswer>
  /** Ends the pool when running requests have settled; may be called again. */
  close(): Promise<void>
  /** Ends the pool at once: running requests fail. */
  abort(): Promise<void>
}

/** Settings of the pool. */
export interface TransportOptions {
  /** The largest number of connections. */
  readonly connections: number
  /** How long connecting may take, TLS included. */
  readonly connectTimeoutMs: Milliseconds
  readonly clock: Clock
}

/** A page of 1,000 users is about 1 MB; more than this is no answer of Box. */
const maxAnswerBytes = 32 * 1024 * 1024

/** Creates a transport. No proxy setting of the environment is read. */
export function createTransport(options: TransportOptions): Transport {
  const agent = new Agent({
    connections: options.connections,
    pipelining: 1,
    allowH2: false,
    maxResponseSize: maxAnswerBytes,
    connect: { timeout: options.connectTimeoutMs },
    // `send` has its own limit, which covers the whole exchange.
    headersTimeout: 0,
    bodyTimeout: 0
  })
  let closing: Promise<void> | undefined
  return {
    send: (request, timeout) => exchange(agent, request, { timeout, clock: options.clock }),
    close() {
      closing ??= agent.close()
      return closing
    },
    abort: () => agent.destroy()
  }
}

/** The course of one exchange, as undici reports it. */
interface Course {
  departed: boolean
  settled: boolean
  status: number
  headers: Record<string, string>
  readonly chunks: Buffer[]
  controller: Dispatcher.DispatchController | undefined
}

function exchange(
  agent: Agent,
  request: HttpRequest,
  limit: { timeout: Milliseconds; clock: Clock }
): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>()
  const timer = new AbortController()
  const course: Course = {
    departed: false,
    settled: false,
    status: 0,
    headers: {},
    chunks: [],
    controller: undefined
  }
  const settle = (finish: () => void): void => {
    if (course.settled) return
    course.settled = true
    timer.abort()
    finish()
  }
  const fail = (reason: string): void =>
    settle(() => reject(new TransportFailure(reason, course.departed)))

  const expire = async (): Promise<void> => {
    try {
      await limit.clock.sleep(limit.timeout, timer.signal)
    } catch {
      return
    }
    fail(`no answer within ${limit.timeout} ms`)
    course.controller?.abort(new Error('timed out'))
  }
  void expire()
  const url = new URL(request.url)
  agent.dispatch(
    {
      origin: url.origin,
      path: url.pathname + url.search,
      method: request.method,
      headers: request.headers,
      body: request.body ?? null
    },
    handler(course, {
      done: () => settle(() => resolve(answerOf(course))),
      failed: (error) => fail(reasonOf(error))
    })
  )
  return promise
}

/**
 * Listens to one exchange. undici calls `onRequestStart` directly before it writes the request, so
 * a request that was aborted before, or never had a connection, has not departed.
 */
function handler(
  course: Course,
  ends: { done: () => void; failed: (error: unknown) => void }
): Dispatcher.DispatchHandler {
  return {
    onRequestStart(controller) {
      course.controller = controller
      if (course.settled) controller.abort(new Error('timed out'))
      else course.departed = true
    },
    onResponseStart(_controller, status, headers) {
      course.status = status
      course.headers = flatten(headers)
    },
    onResponseData(_controller, chunk) {
      course.chunks.push(chunk)
    },
    onResponseEnd: ends.done,
    onResponseError: (_controller, error) => ends.failed(error)
  }
}

function flatten(headers: Readonly<Record<string, string | string[] | undefined>>) {
  const flat: Record<string, string> = Object.create(null) as Record<string, string>
  for (const [name, value] of Object.entries(headers)) {
    const last = Array.isArray(value) ? value.at(-1) : value
    if (last !== undefined) flat[name.toLowerCase()] = last
  }
  return flat
}

function answerOf(course: Course): HttpAnswer {
  const text = Buffer.concat(course.chunks).toString('utf8')
  return { status: course.status, headers: course.headers, body: parse(text) }
}

function parse(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    return undefined
  }
}

/** undici's and Node's error codes are enough to act on; their messages can hold addresses. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && code !== '' ? code : 'the connection failed'
}
