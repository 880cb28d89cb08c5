import { setTimeout as wait } from 'node:timers/promises'
import type { RecordedCall } from '../src/emulator/call-log.ts'
import { patchOf } from './blocks.ts'
import { request } from './load.ts'
import { groupId, userId } from './population.ts'
import { onStage } from './stage.ts'
import type { Stage } from './stage.ts'
import { percentileOf } from './statistics.ts'
import type { Row } from './table.ts'

const members = 10_000
const callsPerMinute = 1_000
const membersUrl = (base: string) => `${base}/Groups/${groupId(0)}`

/** How long reads are timed at rest, and how long after the answer to the PATCH. */
const restMs = 15_000
const workMs = 30_000

/** Milliseconds from the answer to one read to the next read. */
const pauseMs = 10

/** Adds 10,000 members with one request, and reads meanwhile. */
export function measureBulk(): Promise<readonly Row[]> {
  const enterprise = { people: members, groups: [0], callsPerMinute, budget: '900' }
  return onStage(enterprise, async (stage) => {
    const { baseUrl } = stage.bridge
    const people = Array.from({ length: members }, (_, n) => ({ value: userId(n) }))
    await readsUntil(baseUrl, wait(2_000))
    const rest = await readsUntil(baseUrl, wait(restMs))

    const begun = performance.now()
    const answered = send(baseUrl, 'add', people)
      .then(() => performance.now())
      .then((end) => (end - begun) / 1_000)
    const during = await readsUntil(
      baseUrl,
      answered.then(() => wait(workMs))
    )
    const answeredAfter = await answered
    const shown = await countShown(baseUrl)
    const removed = await takeBack(stage, people.slice(members / 2))
    const ratio = percentileOf(during, 0.99) / percentileOf(rest, 0.99)
    const left = await countShown(baseUrl)
    return [
      row('PATCH of 10,000 members answered', `${answeredAfter.toFixed(1)} s`, '≤ 30 s', {
        isMet: answeredAfter <= 30,
        baseline: '–'
      }),
      row(
        'GET user by id, p99: during the work ÷ at rest',
        `${percentileOf(during, 0.99).toFixed(1)} ms`,
        '≤ 3',
        {
          isMet: ratio <= 3,
          baseline: `${percentileOf(rest, 0.99).toFixed(1)} ms`,
          result: `${ratio.toFixed(2)} (${during.length} and ${rest.length} reads)`
        }
      ),
      {
        ...row('members acknowledged and not shown', String(members - shown), '0', {
          isMet: shown === members,
          baseline: '–'
        }),
        isHard: true
      },
      {
        ...row(
          'calls for 5,000 who were removed before they were added',
          String(removed.calls),
          '0',
          {
            isMet: removed.calls === 0 && left === members / 2,
            baseline: '–',
            result: `answered in ${removed.seconds.toFixed(1)} s, ${left} members left`
          }
        ),
        isHard: true
      }
    ]
  })
}

async function send(
  base: string,
  op: 'add' | 'remove',
  people: readonly { readonly value: string }[]
): Promise<void> {
  await request(membersUrl(base), { method: 'PATCH', body: patchOf(op, people), status: 204 })
}

/** Removes members whose addition waits; counts the calls to Box that take anybody out. */
async function takeBack({ bridge, box }: Stage, people: readonly { readonly value: string }[]) {
  const begun = performance.now()
  await send(bridge.baseUrl, 'remove', people)
  const seconds = (performance.now() - begun) / 1_000
  const calls = await box.ask<readonly RecordedCall[]>('calls')
  return { seconds, calls: calls.filter(({ method }) => method === 'DELETE').length }
}

async function countShown(base: string): Promise<number> {
  const group = JSON.parse(await request(membersUrl(base))) as { readonly members?: unknown[] }
  return group.members?.length ?? 0
}

/** Reads one person after the other until `end`; resolves to the milliseconds of each read. */
async function readsUntil(base: string, end: Promise<unknown>): Promise<readonly number[]> {
  const times: number[] = []
  const over = new AbortController()
  const stop = () => over.abort()
  const ended = end.finally(stop)
  for (let n = 0; !over.signal.aborted; n += 1) {
    const begin = performance.now()
    await request(`${base}/Users/${userId((n * 37) % members)}`)
    times.push(performance.now() - begin)
    await wait(pauseMs)
  }
  await ended
  return times
}

function row(
  figure: string,
  measured: string,
  target: string,
  more: { readonly isMet: boolean; readonly baseline: string; readonly result?: string }
): Row {
  const { isMet, baseline, result = measured } = more
  return { figure, measured, baseline, result, target, verdict: isMet ? 'met' : 'missed' }
}
