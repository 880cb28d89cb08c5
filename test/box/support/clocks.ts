import { setImmediate as turn } from 'node:timers/promises'
import type { Clock, EpochMs, Milliseconds } from '../../../src/lib/clock.ts'

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** Moves time on, waking sleepers in their order. */
  advance(duration: Milliseconds): Promise<void>
  /** The number of sleepers. */
  sleepers(): number
  /** The longest time for which anybody has asked to sleep. */
  longestSleep(): Milliseconds
  /** Sets the clock back, as a time service does; sleepers do not notice. */
  setBack(duration: Milliseconds): Promise<void>
}

interface Sleeper {
  at: EpochMs
  readonly wake: () => void
}

/** Lets everything run that is ready to run. */
async function settle(): Promise<void> {
  await turn()
  await turn()
}

export function createFakeClock(start: EpochMs = 1_800_000_000_000): FakeClock {
  let now = start
  let longest = 0
  const sleepers = new Set<Sleeper>()
  const next = (until: EpochMs) =>
    [...sleepers].filter((s) => s.at <= until).toSorted((a, b) => a.at - b.at)[0]
  return {
    now: () => now,
    sleep(duration, signal) {
      longest = Math.max(longest, duration)
      return sleepUntil(sleepers, now + duration, signal)
    },
    sleepers: () => sleepers.size,
    longestSleep: () => longest,
    async setBack(duration) {
      await settle()
      for (const sleeper of sleepers) sleeper.at -= duration
      now -= duration
    },
    async advance(duration) {
      const until = now + duration
      await settle()
      for (let sleeper = next(until); sleeper !== undefined; sleeper = next(until)) {
        now = Math.max(now, sleeper.at)
        sleeper.wake()
        await settle()
      }
      now = until
    }
  }
}

/** A clock on which waiting takes no time, and which remembers how long was waited. */
export interface SkippingClock extends Clock {
  readonly waits: Milliseconds[]
  /** Longer sleeps are taken for time-outs, which never end by themselves. */
  limit: Milliseconds
  /** Moves time on without waking anybody. */
  skip(duration: Milliseconds): void
}

/** Sleeps up to 15 seconds, unless a test sets another limit, end at once and move the time on. */
export function createSkippingClock(): SkippingClock {
  let now = 1_800_000_000_000
  const waits: Milliseconds[] = []
  const clock: SkippingClock = {
    waits,
    limit: 15_000,
    now: () => now,
    skip: (duration) => {
      now += duration
    },
    async sleep(duration, signal) {
      if (duration > clock.limit) return sleepUntil(new Set(), Infinity, signal)
      await turn(undefined, signal === undefined ? {} : { signal })
      waits.push(duration)
      now += duration
      return undefined
    }
  }
  return clock
}

function sleepUntil(sleepers: Set<Sleeper>, at: EpochMs, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      sleepers.delete(sleeper)
      reject(new DOMException('Aborted', 'AbortError'))
    }
    const sleeper: Sleeper = {
      at,
      wake: () => {
        sleepers.delete(sleeper)
        signal?.removeEventListener('abort', aborted)
        resolve()
      }
    }
    if (signal?.aborted === true) {
      reject(new DOMException('Aborted', 'AbortError'))
      return
    }
    sleepers.add(sleeper)
    signal?.addEventListener('abort', aborted, { once: true })
  })
}
