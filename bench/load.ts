import autocannon from 'autocannon'
import { token } from './processes/bridge.ts'
import type { Process } from './processes/start.ts'

/** Requests to be sent in turn, as paths with their query. */
export type Paths = readonly string[]

const headers = { authorization: `Bearer ${token}` }

/** How many requests are under way at a time. */
const connections = 10

/** How a server did under load. */
export interface Throughput {
  /** Requests that were answered 200 in a second. */
  readonly perSecond: number
  /** Microseconds of processor time that the server spent on one, all its threads together. */
  readonly processorTime: number
  /** Milliseconds within which 99 of 100 were answered. */
  readonly p99: number
}

/** Sends GET requests to a process for so many seconds. */
export async function measureThroughput(
  { server, origin }: { readonly server: Process; readonly origin: string },
  paths: Paths,
  seconds: number
): Promise<Throughput> {
  const before = await server.ask<number>('processorTime')
  const result = await autocannon({
    url: origin,
    connections,
    duration: seconds,
    sampleInt: 100,
    headers,
    requests: paths.map((path) => ({ method: 'GET', path }))
  })
  const ok = result.statusCodeStats?.['200']?.count ?? 0
  const { total } = result.requests
  if (ok === 0 || ok < total || result.errors > 0) {
    throw new Error(`${origin}${paths[0]}: ${ok} of ${total} answered 200, ${result.errors} errors`)
  }
  const spent = (await server.ask<number>('processorTime')) - before
  return {
    perSecond: total / result.duration,
    processorTime: spent / total,
    p99: result.latency.p99
  }
}

/** Sends one request and returns its answer's text; anything but `status` is an error. */
export async function request(
  url: string,
  { method = 'GET', body, status = 200 }: { method?: string; body?: unknown; status?: number } = {}
): Promise<string> {
  const answer = await fetch(url, {
    method,
    headers: { ...headers, 'content-type': 'application/scim+json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  const text = await answer.text()
  if (answer.status !== status) throw new Error(`${method} ${url}: ${answer.status} ${text}`)
  return text
}
