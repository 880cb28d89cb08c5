import type { Clock, EpochMs, Milliseconds } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { monthKey, type MonthNote } from '../provisioning/notes.ts'
import type { Directory } from '../provisioning/ports.ts'

/** Counts the calls to Box by calendar month (UTC). */
export interface MonthCount {
  /** One more call has left for Box. */
  count(): void
  /** The calls of the current month. */
  calls(): number
  /** Writes the count down each minute until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>
  /** Writes down what was not yet. */
  flush(): Promise<void>
}

/** How often the count is written down: what a crash can lose. */
const writeMs: Milliseconds = 60_000

/** The shares of the allowance that are warned about, in percent. */
const warnedShares = [100, 80] as const

/**
 * Creates the count, which goes on from what was written down. `allowance`: the calls that a month
 * has; without one nothing is warned about.
 */
export async function createMonthCount(parts: {
  readonly directory: Directory
  readonly clock: Clock
  readonly log: Logger
  readonly allowance: number | undefined
}): Promise<MonthCount> {
  const { directory, clock, log, allowance = null } = parts
  const written = (await directory.state.get(monthKey)) as MonthNote | undefined
  let note = current({ ...(written ?? emptyNote), allowance })
  let isWritten = written?.allowance === allowance && note.month === written.month

  function current(last: MonthNote): MonthNote {
    const month = monthOf(clock.now())
    return month === last.month ? last : { month, calls: 0, allowance, warned: 0 }
  }

  function warn(): void {
    if (allowance === null) return
    const share = warnedShares.find((share) => note.calls * 100 >= allowance * share)
    if (share === undefined || share <= note.warned) return
    note = { ...note, warned: share }
    const { month, calls } = note
    log.warn({ month, calls, allowance }, `${share} % of BOX_CALLS_PER_MONTH are used`)
  }

  async function flush(): Promise<void> {
    if (isWritten) return
    isWritten = true
    const now = note
    try {
      await directory.transaction((tx) => tx.putState(monthKey, now))
    } catch (error) {
      isWritten = false
      throw error
    }
  }

  return {
    count() {
      const last = current(note)
      note = { ...last, calls: last.calls + 1 }
      isWritten = false
      warn()
    },
    calls: () => current(note).calls,
    async run(signal) {
      while (!signal.aborted) {
        await flush().catch((error: unknown) => {
          log.error({ err: error }, 'the count of calls to Box could not be written down')
        })
        await clock.sleep(writeMs, signal).catch(() => undefined)
      }
    },
    flush
  }
}

const emptyNote: MonthNote = { month: '', calls: 0, allowance: null, warned: 0 }

function monthOf(at: EpochMs): string {
  return new Date(at).toISOString().slice(0, 7)
}
