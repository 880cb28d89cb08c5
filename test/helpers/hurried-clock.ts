import type { Clock, Milliseconds } from '../../src/lib/clock.ts'
import { until } from './until.ts'

/** A clock that runs ahead of the machine's, so that rests of a minute pass within a test. */
export interface HurriedClock extends Clock {
  /** Moves the time on; who has slept long enough then wakes. */
  skip(duration: Milliseconds): void
}

/**
 * Creates a clock that runs `speed` times as fast as the machine's, default 10. Time-outs stay much
 * longer than what they guard, and work that waits for something real still takes its time.
 */
export function createHurriedClock(speed = 10): HurriedClock {
  const start = Date.now()
  const begin = performance.now()
  const sleepers = new Set<() => void>()
  let skipped = 0
  const now = () => Math.round(start + (performance.now() - begin) * speed + skipped)

  return {
    now,

    sleep(duration, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const at = now() + duration
      let timer: NodeJS.Timeout | undefined
      const look = () => {
        clearTimeout(timer)
        if (now() < at) timer = setTimeout(look, Math.ceil((at - now()) / speed))
        else leave(resolve)
      }
      const abort = () => leave(() => reject(signal?.reason as Error))
      const leave = (settle: () => void) => {
        clearTimeout(timer)
        sleepers.delete(look)
        signal?.removeEventListener('abort', abort)
        settle()
      }
      sleepers.add(look)
      signal?.addEventListener('abort', abort, { once: true })
      if (signal?.aborted === true) abort()
      else look()
      return promise
    },

    skip(duration) {
      skipped += duration
      for (const look of sleepers) look()
    }
  }
}

/** Lets the clock's time pass until the condition holds. */
export async function passTime(
  clock: HurriedClock,
  what: string,
  condition: () => boolean | Promise<boolean>
): Promise<void> {
  await until(what, async () => {
    if (await condition()) return true
    // Less than what a call to Box may take.
    clock.skip(15_000)
    return false
  })
}
