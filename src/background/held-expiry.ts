import type { Clock, Milliseconds } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { ExpireHeld } from '../provisioning/held.ts'

/** Drops, from time to time, what a fuse has held for too long. */
export interface HeldExpiry {
  /** Works until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>
}

const periodMs: Milliseconds = 60_000

/** Creates the expiry. */
export function createHeldExpiry(dependencies: {
  readonly expireHeld: ExpireHeld
  readonly clock: Clock
  readonly log: Logger
}): HeldExpiry {
  const { expireHeld, clock, log } = dependencies
  return {
    async run(signal) {
      while (!signal.aborted) {
        await expireHeld().catch((error: unknown) => {
          log.error({ err: error }, 'held removals could not be dropped: trying again')
        })
        await clock.sleep(periodMs, signal).catch(() => undefined)
      }
    }
  }
}
