import type { Clock, Milliseconds } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { progressKey, secondsLeft } from '../provisioning/notes.ts'
import type { Directory } from '../provisioning/ports.ts'

/** Follows the memberships that clients were told will be done. */
export interface MembershipProgress {
  /** One of them is done. */
  settled(): void
  /** Seconds that `pending` of them will still take. */
  readonly secondsLeft: (pending: number) => number
  /** Tells the log once a minute, while there are any, until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>
}

/** How often the log is told. */
const periodMs: Milliseconds = 60_000

/** Creates the progress. `callsPerMinute`: the budget, which is the rate until one is seen. */
export function createMembershipProgress(parts: {
  readonly directory: Directory
  readonly clock: Clock
  readonly log: Logger
  readonly callsPerMinute: number
}): MembershipProgress {
  const { directory, clock, log, callsPerMinute } = parts
  let done = 0
  let perMinute = callsPerMinute
  let wasPending = false

  async function look(): Promise<void> {
    const { pendingMemberships: pending } = await directory.journal.open()
    const doneLastMinute = done
    done = 0
    perMinute = doneLastMinute > 0 ? doneLastMinute : callsPerMinute
    if (pending > 0) {
      const facts = { pending, doneLastMinute, secondsLeft: secondsLeft(pending, perMinute) }
      log.info(facts, 'acknowledged memberships are being carried out')
      const note = { at: clock.now(), perMinute }
      await directory.transaction((tx) => tx.putState(progressKey, note))
    } else if (wasPending) {
      log.info({ doneLastMinute }, 'all acknowledged memberships are carried out')
    }
    wasPending = pending > 0
  }

  return {
    settled() {
      done += 1
    },
    secondsLeft: (pending) => secondsLeft(pending, perMinute),
    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(periodMs, signal).catch(() => undefined)
        if (signal.aborted) return
        await look().catch((error: unknown) => {
          log.error({ err: error }, 'the progress of memberships could not be looked up')
        })
      }
    }
  }
}
