import type { Bridge } from './processes/bridge.ts'
import type { Process } from './processes/start.ts'
import { measureThroughput, request } from './load.ts'
import type { Paths, Throughput } from './load.ts'
import { loginOf, userId } from './population.ts'
import { ratioOf, spreadOf } from './statistics.ts'
import { rateText, ratioText } from './table.ts'
import type { Row } from './table.ts'

/** Whom the requests go to. */
export interface Servers {
  readonly baseline: Process
  readonly small: Bridge
  readonly large: Bridge
  /** The least that answers such reads, on the large directory. */
  readonly least: Process
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

/**
 * How long each kind of request is sent before it is measured. Its processor time falls for as long:
 * code becomes machine code, and a bridge runs for weeks.
 */
const warmUpSeconds = 5

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
  const shares: Row[] = []
  const limits: Row[] = []
  const times: Row[] = []
  const growth: Row[] = []
  for (const read of reads) {
    const { baseline, large, small, least } = await measureRead(read, servers, sizes, effort)
    shares.push(
      shareRow(`${read.figure} ÷ bare Fastify sending the same bytes`, read.target, large, baseline)
    )
    limits.push(
      limitRow(`${read.figure} ÷ the least server with the same duties`, large, least),
      limitRow(`${read.figure}: that least server ÷ bare Fastify`, least, baseline)
    )
    times.push(timeRow(`${read.figure}: processor time of one request`, large, baseline))
    growth.push(shareRow(`${read.figure}: at 100,000 users ÷ at 1,000`, growthTarget, large, small))
  }
  return [...shares, ...limits, ...times, ...growth]
}

/** The rounds of one server. */
type Rounds = readonly Throughput[]

async function measureRead(
  { paths }: Read,
  { baseline, large, small, least }: Servers,
  sizes: { readonly small: number; readonly large: number },
  { rounds, seconds }: Effort
): Promise<Readonly<Record<keyof Servers, Rounds>>> {
  const { pathname, origin } = new URL(large.baseUrl)
  const below = (path: string) => pathname + path
  const ofLarge = paths(sizes.large).map(below)
  const ofSmall = paths(sizes.small).map(below)
  await baseline.ask('send', await request(`${origin}${ofLarge[0]}`))
  const bare = { server: baseline, origin: await baseline.ask<string>('url') }
  const leastServer = { server: least, origin: await least.ask<string>('url') }
  const measured = {
    baseline: (time: number) => measureThroughput(bare, ofLarge, time),
    large: (time: number) => measureThroughput({ server: large, origin }, ofLarge, time),
    least: (time: number) => measureThroughput(leastServer, ofLarge, time),
    small: (time: number) =>
      measureThroughput({ server: small, origin: new URL(small.baseUrl).origin }, ofSmall, time)
  }
  const done: Record<keyof Servers, Throughput[]> = {
    baseline: [],
    least: [],
    large: [],
    small: []
  }
  for (const run of Object.values(measured)) await run(warmUpSeconds)
  for (let round = 0; round < rounds; round += 1) {
    done.baseline.push(await measured.baseline(seconds))
    done.least.push(await measured.least(seconds))
    done.large.push(await measured.large(seconds))
    done.small.push(await measured.small(seconds))
  }
  return done
}

const reported = { target: 'reported', verdict: 'reported' } as const

/** A share that has no target: it says how far a target is out of reach. */
function limitRow(figure: string, measured: Rounds, baseline: Rounds): Row {
  return { ...shareRow(figure, 0, measured, baseline), ...reported }
}

function shareRow(figure: string, target: number, measured: Rounds, baseline: Rounds): Row {
  const rates = measured.map(({ perSecond }) => perSecond)
  const compared = baseline.map(({ perSecond }) => perSecond)
  const share = ratioOf(rates, compared)
  return {
    figure,
    measured: rateText(spreadOf(rates).median),
    baseline: rateText(spreadOf(compared).median),
    result: ratioText(share),
    target: `≥ ${target.toFixed(2)}`,
    verdict: share.median >= target ? 'met' : 'missed'
  }
}

/** What other work on the machine changes least: the server's own time, and bare Fastify's part of it. */
function timeRow(figure: string, measured: Rounds, baseline: Rounds): Row {
  const times = measured.map(({ processorTime }) => processorTime)
  const compared = baseline.map(({ processorTime }) => processorTime)
  return {
    figure,
    measured: `${spreadOf(times).median.toFixed(0)} µs`,
    baseline: `${spreadOf(compared).median.toFixed(0)} µs`,
    result: ratioText(ratioOf(compared, times)),
    ...reported
  }
}
