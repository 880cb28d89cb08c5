import * as fc from 'fast-check'
import t from 'tap'
import { createPacing } from '../../src/box/pacing.ts'
import type { Pacing } from '../../src/box/pacing.ts'
import { BoxUnavailableError } from '../../src/provisioning/errors.ts'
import type { Lane } from '../../src/provisioning/box-port.ts'
import { rejection } from './support/client.ts'
import { createFakeClock } from './support/clocks.ts'
import type { FakeClock } from './support/clocks.ts'

const lanes: readonly Lane[] = ['removal', 'client', 'membership', 'background']

interface Turn {
  readonly lane: Lane
  readonly at: number
}

function start(
  options: { callsPerMinute?: number; concurrency?: number; maxWaiting?: number } = {}
) {
  const clock = createFakeClock()
  const began = clock.now()
  const pacing = createPacing({ callsPerMinute: 60, concurrency: 1000, clock, ...options })
  const turns: Turn[] = []
  /** Asks for turns; calls take no time. */
  const ask = (lane: Lane, count: number, deadline = Infinity): void => {
    for (let i = 0; i < count; i++) {
      pacing.enter(lane, deadline).then(
        (leave) => {
          turns.push({ lane, at: clock.now() - began })
          leave()
          return undefined
        },
        () => undefined
      )
    }
  }
  return { clock, pacing, turns, ask }
}

/** Uses up what a fresh budget has saved. */
async function drain(pacing: Pacing, clock: FakeClock): Promise<void> {
  const leave = await pacing.enter('client', Infinity)
  leave()
  await clock.advance(0)
}

t.test('calls are spread evenly over the minute', async (t) => {
  const { clock, turns, ask } = start({ callsPerMinute: 60 })
  ask('client', 5)
  await clock.advance(10_000)
  t.same(
    turns.map((turn) => turn.at),
    [0, 1000, 2000, 3000, 4000]
  )
})

t.test('a pause saves up for one second of calls and no more', async (t) => {
  const { clock, turns, ask } = start({ callsPerMinute: 600 })
  await clock.advance(3_600_000)
  ask('client', 12)
  await clock.advance(250)
  t.equal(turns.filter((turn) => turn.at === 3_600_000).length, 10)
  t.equal(turns.length, 12)
})

t.test('no more calls run at a time than allowed, and leaving twice counts once', async (t) => {
  const { clock, pacing } = start({ callsPerMinute: 60_000, concurrency: 2 })
  const leaves: (() => void)[] = []
  for (let i = 0; i < 5; i++) {
    void pacing.enter('client', Infinity).then((leave) => leaves.push(leave))
  }
  await clock.advance(10_000)
  t.equal(leaves.length, 2)
  leaves[0]?.()
  leaves[0]?.()
  await clock.advance(10_000)
  t.equal(leaves.length, 3)
  t.equal(clock.sleepers(), 0, 'nothing to wake up for while all places are taken')
})

t.test('lanes have their turns by importance', async (t) => {
  const { clock, pacing, turns, ask } = start()
  await drain(pacing, clock)
  ask('background', 1)
  ask('membership', 1)
  ask('client', 2)
  ask('removal', 2)
  await clock.advance(10_000)
  t.same(
    turns.map((turn) => turn.lane),
    ['removal', 'removal', 'client', 'client', 'membership', 'background']
  )
})

t.test('memberships have a fifth and the background a fiftieth under load', async (t) => {
  const { clock, pacing, turns, ask } = start({ callsPerMinute: 6000 })
  await drain(pacing, clock)
  ask('membership', 500)
  ask('background', 500)
  ask('client', 1500)
  ask('removal', 1500)
  await clock.advance(10_010)
  // What a fresh budget has saved went to those who asked first.
  const later = turns.filter((turn) => turn.at > 0)
  const share = (lane: Lane): number => later.filter((turn) => turn.lane === lane).length
  t.equal(later.length, 1001)
  t.same([share('removal'), share('membership'), share('background')], [781, 200, 20])
  t.equal(share('client'), 0, 'removals come first')
})

t.test('an idle lane saves nothing up', async (t) => {
  const { clock, pacing, turns, ask } = start({ callsPerMinute: 6000 })
  await drain(pacing, clock)
  ask('client', 1000)
  await clock.advance(2000)
  ask('membership', 100)
  await clock.advance(1000)
  const since = turns.filter((turn) => turn.at >= 2000)
  t.equal(since.filter((turn) => turn.lane === 'membership').length, 20)
})

t.test('who cannot have a turn in time is refused at once', async (t) => {
  const { clock, pacing, ask } = start()
  await drain(pacing, clock)
  ask('client', 30)
  const work = pacing.enter('client', clock.now() + 25_000)
  const error = await rejection(work, BoxUnavailableError)
  t.match(error, { trouble: 'rate-limited', effect: 'none', retryAfterSeconds: 31 })
  t.equal(pacing.depth().client, 30)
})

t.test('a more important lane is not refused because of a less important queue', async (t) => {
  const { clock, pacing, turns, ask } = start()
  await drain(pacing, clock)
  ask('background', 100)
  ask('removal', 1, clock.now() + 5000)
  await clock.advance(2000)
  t.same(turns[0], { lane: 'removal', at: 1000 })
})

t.test('a lane with a share is not refused because of more important queues', async (t) => {
  const { clock, pacing, turns, ask } = start()
  await drain(pacing, clock)
  ask('removal', 1000)
  ask('membership', 1, clock.now() + 6000)
  await clock.advance(10_000)
  t.equal(turns.filter((turn) => turn.lane === 'membership').length, 1)
})

t.test('who waits in vain is refused when the deadline comes', async (t) => {
  const { clock, pacing } = start({ callsPerMinute: 60_000, concurrency: 1 })
  await pacing.enter('client', Infinity)
  const refused = rejection(pacing.enter('client', clock.now() + 3000), BoxUnavailableError)
  await clock.advance(2999)
  t.equal(pacing.depth().client, 1)
  await clock.advance(1)
  t.match(await refused, { trouble: 'rate-limited', effect: 'none' })
  t.equal(pacing.depth().client, 0)
  t.equal(clock.sleepers(), 0)
})

t.test('a pause holds everybody and turns away who cannot wait that long', async (t) => {
  const { clock, pacing, turns, ask } = start({ callsPerMinute: 60 })
  await drain(pacing, clock)
  ask('removal', 1)
  const impatient = rejection(pacing.enter('client', clock.now() + 20_000), BoxUnavailableError)
  pacing.pause(30_000)
  pacing.pause(5000)
  t.match(await impatient, { trouble: 'rate-limited', effect: 'none', retryAfterSeconds: 31 })
  const newcomer = pacing.enter('removal', clock.now() + 29_000)
  t.match(await rejection(newcomer, BoxUnavailableError), { retryAfterSeconds: 31 })
  await clock.advance(29_999)
  t.equal(turns.length, 0)
  await clock.advance(1)
  t.equal(turns.length, 1)
})

t.test('who comes again stands first in its lane', async (t) => {
  const { clock, pacing } = start()
  await drain(pacing, clock)
  const order: string[] = []
  const enter = (name: string, place?: 'first' | 'last'): void => {
    void pacing.enter('client', Infinity, place).then((leave) => {
      order.push(name)
      leave()
      return undefined
    })
  }
  for (let i = 0; i < 30; i++) enter(`waiting ${i}`)
  enter('again', 'first')
  const hurried = pacing.enter('client', clock.now() + 5000, 'first').then((leave) => {
    order.push('hurried')
    return leave()
  })
  await clock.advance(3000)
  await hurried
  t.same(order, ['hurried', 'again', 'waiting 0'])
})

t.test('a clock that is set back stops nothing', async (t) => {
  const { clock, pacing, turns, ask } = start({ callsPerMinute: 60 })
  await drain(pacing, clock)
  pacing.pause(2000)
  await clock.setBack(3_600_000)
  ask('client', 3)
  await clock.advance(5000)
  t.equal(turns.length, 3)
})

t.test('a deadline later than a timer can be set for', async (t) => {
  const { clock, pacing } = start({ callsPerMinute: 60_000, concurrency: 1 })
  await pacing.enter('client', Infinity)
  const waiting = rejection(pacing.enter('client', clock.now() + 2 ** 40), BoxUnavailableError)
  await clock.advance(0)
  t.equal(clock.sleepers(), 1)
  t.equal(clock.longestSleep() < 2 ** 31, true)
  pacing.close()
  await waiting
})

t.test('the queue is bounded for each lane', async (t) => {
  const { clock, pacing, ask } = start({ maxWaiting: 2 })
  await drain(pacing, clock)
  ask('membership', 2)
  const third = pacing.enter('membership', Infinity)
  t.match(await rejection(third, BoxUnavailableError), { trouble: 'rate-limited' })
  ask('removal', 1)
  t.same(pacing.depth(), { removal: 1, client: 0, membership: 2, background: 0 })
})

t.test('closing turns everybody away and leaves no timer', async (t) => {
  const { clock, pacing } = start()
  await drain(pacing, clock)
  const waiting = rejection(pacing.enter('client', Infinity), BoxUnavailableError)
  t.equal(clock.sleepers(), 1)
  pacing.close()
  t.match(await waiting, { trouble: 'unavailable', effect: 'none' })
  t.match(await rejection(pacing.enter('removal', Infinity), BoxUnavailableError), {
    trouble: 'unavailable'
  })
  await clock.advance(0)
  t.equal(clock.sleepers(), 0)
})

t.test(
  'whatever is asked, the rate is kept, nobody is forgotten and no deadline is passed',
  async () => {
    const asks = fc.array(
      fc.record({
        after: fc.integer({ min: 0, max: 3000 }),
        lane: fc.constantFrom(...lanes),
        patience: fc.integer({ min: 0, max: 20_000 }),
        takes: fc.integer({ min: 0, max: 3000 }),
        pause: fc.option(fc.integer({ min: 1000, max: 5000 }), { freq: 20 })
      }),
      { maxLength: 60, size: 'max' }
    )
    await fc.assert(
      fc.asyncProperty(asks, fc.integer({ min: 30, max: 600 }), async (list, callsPerMinute) => {
        const clock = createFakeClock()
        const pacing = createPacing({ callsPerMinute, concurrency: 3, clock })
        const admitted: number[] = []
        let settled = 0
        let running = 0
        let broken = false
        for (const ask of list) {
          await clock.advance(ask.after)
          if (ask.pause !== null) pacing.pause(ask.pause)
          const deadline = clock.now() + ask.patience
          void pacing.enter(ask.lane, deadline).then(
            async (leave) => {
              if (clock.now() >= deadline) throw new Error('admitted after the deadline')
              running += 1
              if (running > 3) throw new Error('too many at a time')
              admitted.push(clock.now())
              await clock.sleep(ask.takes)
              running -= 1
              settled += 1
              leave()
              return undefined
            },
            () => {
              settled += 1
            }
          )
        }
        await clock.advance(200_000)
        const second = Math.max(1, Math.round(callsPerMinute / 60))
        const tooMany = admitted.some((from) => {
          const inMinute = admitted.filter((at) => at >= from && at < from + 60_000)
          return inMinute.length > callsPerMinute + second
        })
        return !broken && !tooMany && settled === list.length && clock.sleepers() === 0
      }),
      { seed: 20_261_122, numRuns: 60 }
    )
  }
)
