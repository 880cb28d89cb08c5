import type { Clock } from '../../src/lib/clock.ts'
import { nextTurn } from '../../src/lib/turns.ts'

/** A clock for simulations: it leaps to the next sleeper's time whenever nobody works. */
export interface LeapingClock extends Clock {
  /** Leaps until the promise settles, and passes on its result. */
  during<Result>(work: Promise<Result>): Promise<Result>
  /** Stands still until the work, which may take turns of the event loop, has ended. */
  standing<Result>(work: () => Promise<Result>): Promise<Result>
}

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

/** Creates a clock that stands still while nobody runs it. */
export function createLeapingClock(): LeapingClock {
  let now = Date.UTC(2026, 0, 1)
  const sleepers = new Set<Sleeper>()
  let working = 0

  return {
    now: () => now,
    sleep(duration, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const leave = (settle: () => void) => {
        sleepers.delete(sleeper)
        signal?.removeEventListener('abort', abort)
        settle()
      }
      const sleeper = { at: now + duration, wake: () => leave(resolve) }
      const abort = () => leave(() => reject(signal?.reason as Error))
      sleepers.add(sleeper)
      signal?.addEventListener('abort', abort, { once: true })
      if (signal?.aborted === true) abort()
      return promise
    },
    async during(work) {
      const over = new AbortController()
      const end = () => over.abort()
      work.then(end, end)
      while (!over.signal.aborted) {
        await nextTurn()
        if (working === 0) leap()
      }
      return work
    },
    async standing(work) {
      working += 1
      try {
        return await work()
      } finally {
        working -= 1
      }
    }
  }

  function leap(): void {
    const next = Math.min(...[...sleepers].map(({ at }) => at))
    if (next === Infinity) return
    now = Math.max(now, next)
    for (const { at, wake } of sleepers) if (at <= now) wake()
  }
}
