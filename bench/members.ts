import { patchOf } from './blocks.ts'
import { request } from './load.ts'
import { groupId, userId } from './population.ts'
import type { Bridge } from './processes/bridge.ts'
import { ratioOf, spreadOf } from './statistics.ts'
import { ratioText } from './table.ts'
import type { Row } from './table.ts'

const target = 1.5

/** How many changes make one round. */
const perRound = 20

/** Adds and removes one member in a group of 100 and in one of 50,000, in turn. */
export async function measureMembers(bridge: Bridge, rounds: number): Promise<Row> {
  const small: number[] = []
  const large: number[] = []
  for (let round = 0; round < rounds + 1; round += 1) {
    const times: [number[], number[]] = [[], []]
    for (let change = 0; change < perRound; change += 1) {
      const members = [{ value: userId(90_000 + round * perRound + change) }]
      for (const op of ['add', 'remove'] as const) {
        for (const [position, list] of times.entries()) {
          const begin = performance.now()
          const url = `${bridge.baseUrl}/Groups/${groupId(position)}`
          await request(url, { method: 'PATCH', body: patchOf(op, members), status: 204 })
          list.push(performance.now() - begin)
        }
      }
    }
    if (round === 0) continue
    small.push(spreadOf(times[0]).median)
    large.push(spreadOf(times[1]).median)
  }
  const ratio = ratioOf(large, small)
  return {
    figure: 'add or remove one member: in a group of 50,000 ÷ in one of 100',
    measured: `${spreadOf(large).median.toFixed(1)} ms`,
    baseline: `${spreadOf(small).median.toFixed(1)} ms`,
    result: ratioText(ratio),
    target: `≤ ${target}`,
    verdict: ratio.median <= target ? 'met' : 'missed'
  }
}
