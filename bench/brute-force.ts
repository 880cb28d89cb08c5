import { fileURLToPath } from 'node:url'
import { measureThroughput, type Throughput } from './load.ts'
import { userId } from './population.ts'
import type { Attack, AttackResult } from './processes/attacker.ts'
import { start } from './processes/start.ts'
import { onStage } from './stage.ts'
import { ratioOf, spreadOf } from './statistics.ts'
import { rateText, ratioText, type Row } from './table.ts'

const people = 1_000
const rounds = 9
const seconds = 4

/** How many connections the attacker uses; valid clients have ten. */
const connections = 100

/** Until the address is told to wait, and the code of refusals is warm. */
const warmUpSeconds = 5

/** What valid clients must be left with while somebody tries tokens. */
const targets = { throughput: 0.9, p99: 1.5, processorTime: 1.1 } as const

/** One a second on each connection, and what a new address may try at once. */
const mostTries = connections + 10

/** Measures valid clients alone and beside somebody who tries tokens as fast as they can, in turn. */
export async function measureBruteForce(): Promise<readonly Row[]> {
  return onStage(
    { people, groups: [1], callsPerMinute: 1_000_000, budget: '10000' },
    async ({ bridge }) => {
      const { origin, pathname } = new URL(bridge.baseUrl)
      const paths = Array.from({ length: 500 }, (_, n) => `${pathname}/Users/${userId(n)}`)
      const attacker = start(fileURLToPath(new URL('processes/attacker.ts', import.meta.url)))
      const attack = async (duration: number): Promise<() => Promise<AttackResult>> => {
        const options: Attack = {
          origin,
          path: `${pathname}/Users`,
          connections,
          seconds: duration
        }
        await attacker.ask('begin', options)
        return () => attacker.ask<AttackResult>('result')
      }
      const serve = (duration: number) =>
        measureThroughput({ server: bridge, origin }, paths, duration)
      try {
        const ending = await attack(warmUpSeconds)
        await serve(warmUpSeconds)
        await ending()
        const alone: Throughput[] = []
        const besides: Throughput[] = []
        const tries: AttackResult[] = []
        for (let round = 0; round < rounds; round += 1) {
          alone.push(await serve(seconds))
          const ended = await attack(seconds)
          besides.push(await serve(seconds))
          tries.push(await ended())
        }
        return rowsOf(alone, besides, tries)
      } finally {
        await attacker.stop()
      }
    }
  )
}

function rowsOf(
  alone: readonly Throughput[],
  besides: readonly Throughput[],
  tries: readonly AttackResult[]
): readonly Row[] {
  const rates = besides.map(({ perSecond }) => perSecond)
  const undisturbed = alone.map(({ perSecond }) => perSecond)
  const share = ratioOf(rates, undisturbed)
  const p99 = besides.map((round) => round.p99)
  const p99Alone = alone.map((round) => round.p99)
  const growth = ratioOf(p99, p99Alone)
  const times = besides.map(({ processorTime }) => processorTime)
  const timesAlone = alone.map(({ processorTime }) => processorTime)
  const cost = ratioOf(times, timesAlone)
  const tried = spreadOf(tries.map(({ perSecond }) => perSecond))
  const accepted = tries.flatMap(({ statuses }) =>
    Object.keys(statuses).filter((status) => status !== '401' && status !== '429')
  )
  return [
    {
      figure: `GET user by id while ${connections} connections try tokens ÷ alone`,
      measured: rateText(spreadOf(rates).median),
      baseline: rateText(spreadOf(undisturbed).median),
      result: ratioText(share),
      target: `≥ ${targets.throughput.toFixed(2)}`,
      verdict: share.median >= targets.throughput ? 'met' : 'missed'
    },
    {
      figure: 'the same, p99',
      measured: `${spreadOf(p99).median.toFixed(0)} ms`,
      baseline: `${spreadOf(p99Alone).median.toFixed(0)} ms`,
      result: ratioText(growth),
      target: `≤ ${targets.p99.toFixed(1)}`,
      verdict: growth.median <= targets.p99 ? 'met' : 'missed'
    },
    {
      figure: 'processor time of the bridge for one of those reads, tries included ÷ alone',
      measured: `${spreadOf(times).median.toFixed(0)} µs`,
      baseline: `${spreadOf(timesAlone).median.toFixed(0)} µs`,
      result: ratioText(cost),
      target: `≤ ${targets.processorTime.toFixed(2)}`,
      verdict: cost.median <= targets.processorTime ? 'met' : 'missed'
    },
    {
      figure: `tokens tried, ${connections} connections`,
      measured: rateText(tried.median),
      baseline: '–',
      result: `${rateText(tried.least)}–${rateText(tried.most)}`,
      target: `≤ ${mostTries}/s`,
      verdict: tried.most <= mostTries ? 'met' : 'missed',
      isHard: true
    },
    {
      figure: 'tries answered otherwise than 401 or 429',
      measured: String(accepted.length),
      baseline: '–',
      result: String(accepted.length),
      target: '0',
      verdict: accepted.length === 0 ? 'met' : 'missed',
      isHard: true
    }
  ]
}
