import type { Bridge } from './processes/bridge.ts'
import type { Process } from './processes/start.ts'
import { request, requestsPerSecond } from './load.ts'
import type { Paths } from './load.ts'
import { loginOf, userId } from './population.ts'
import { ratioOf, spreadOf } from './statistics.ts'
import { rateText, ratioText } from './table.ts'
import type { Row } from './table.ts'

/** Whom the requests go to. */
export interface Servers {
  readonly baseline: Process
  readonly small: Bridge
  readonly large: Bridge
}

/** How long and how often. */
export interface Effort {
  readonly rounds: number
  readonly seconds: number
}

/** A read that is measured. */
interface Read {
  readonly figure: string
  readonly target: number
  /** For a directory of so many people. */
  readonly paths: (people: number) => Paths
}

/** How many different requests a measurement sends. */
const variety = 500

const various = (people: number, path: (n: number) => string): Paths =>
  Array.from({ length: variety }, (_, index) => path(Math.floor((index * people) / variety)))

const filterOf = (text: string) => `/Users?filter=${encodeURIComponent(text)}`

const reads: readonly Read[] = [
  {
    figure: 'GET user by id',
    target: 0.7,
    paths: (people) => various(people, (n) => `/Users/${userId(n)}`)
  },
  {
    figure: 'filter=userName eq, hit',
    target: 0.6,
    paths: (people) => various(people, (n) => filterOf(`userName eq "${loginOf(n)}"`))
  },
  {
    figure: 'filter=userName eq, miss',
    target: 0.6,
    paths: (people) => various(people, (n) => filterOf(`userName eq "nobody${n}@example.com"`))
  },
  { figure: 'list of 100 users', target: 0.6, paths: () => ['/Users?startIndex=1&count=100'] }
]

/** The least that a figure at 100,000 users may be of the same at 1,000. */
const growthTarget = 0.85

/** Measures every read at both sizes beside bare Fastify that sends the same bytes, round by round. */
export async function measureReads(
  servers: Servers,
  sizes: { readonly small: number; readonly large: number },
  effort: Effort
): Promise<readonly Row[]> {
  const origin = await servers.baseline.ask<string>('url')
  const scim = new URL(servers.large.baseUrl).pathname
  const rows: Row[] = []
  const growth: Row[] = []
  for (const { figure, target, paths } of reads) {
    const large = paths(sizes.large).map((path) => scim + path)
    const small = paths(sizes.small).map((path) => scim + path)
    await servers.baseline.ask(
      'send',
      await request(new URL(large[0] ?? '', servers.large.baseUrl).href)
    )
    const measure = {
      baseline: (seconds: number) => requestsPerSecond(origin, large, seconds),
      large: (seconds: number) =>
        requestsPerSecond(new URL(servers.large.baseUrl).origin, large, seconds),
      small: (seconds: number) =>
        requestsPerSecond(new URL(servers.small.baseUrl).origin, small, seconds)
    }
    const rates: Record<keyof typeof measure, number[]> = { baseline: [], large: [], small: [] }
    for (const run of Object.values(measure)) await run(1)
    for (let round = 0; round < effort.rounds; round += 1) {
      for (const [name, run] of Object.entries(measure)) {
        rates[name as keyof typeof measure].push(await run(effort.seconds))
      }
    }
    const shown = rateText(spreadOf(rates.large).median)
    const share = ratioOf(rates.large, rates.baseline)
    rows.push({
      figure: `${figure} ÷ bare Fastify sending the same bytes`,
      measured: shown,
      baseline: rateText(spreadOf(rates.baseline).median),
      result: ratioText(share),
      target: `≥ ${target.toFixed(2)}`,
      verdict: share.median >= target ? 'met' : 'missed'
    })
    const grown = ratioOf(rates.large, rates.small)
    growth.push({
      figure: `${figure}: at 100,000 users ÷ at 1,000`,
      measured: shown,
      baseline: rateText(spreadOf(rates.small).median),
      result: ratioText(grown),
      target: `≥ ${growthTarget}`,
      verdict: grown.median >= growthTarget ? 'met' : 'missed'
    })
  }
  return [...rows, ...growth]
}
