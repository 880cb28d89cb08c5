import type { Clock, Milliseconds } from '../lib/clock.ts'
import { runConcurrently } from '../lib/concurrency.ts'
import type { Logger } from '../lib/logger.ts'
import type { Drive } from '../provisioning/drive.ts'
import { BoxUnavailableError } from '../provisioning/errors.ts'
import type { JournalEntry } from '../provisioning/operations.ts'
import type { Directory } from '../provisioning/ports.ts'
import { reasonOf } from './reason.ts'

/** Works what requests left open in the journal. */
export interface JournalWorker {
  /** Works until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>
  /** Has the journal looked at now rather than at the next turn. */
  wake(): void
}

/** What a worker works, and how much time each entry has. */
interface Share {
  readonly due: 'due' | 'dueLeavers'
  readonly entryMs: Milliseconds
  readonly concurrency: number
}

/** Everything that is soon done. */
const promptly: Share = { due: 'due', entryMs: 60_000, concurrency: 8 }

/** What follows a DELETE: Box answers a transfer within ten minutes, and runs one at a time. */
export const leaversShare: Share = { due: 'dueLeavers', entryMs: 11 * 60_000, concurrency: 1 }

/** How often the journal is looked at when nobody calls. */
const turnMs = 1_000

/** How long an entry rests after a failure that says nothing better. */
const restMs = 30_000

/**
 * How many entries are read at a time, removals first. A removal that is decided meanwhile waits for the
 * end of the turn, so turns are short.
 */
const batch = 64

/** Creates a journal worker. `share`: default everything that is soon done. */
export function createJournalWorker(dependencies: {
  readonly directory: Directory
  readonly drive: Drive
  /** Entries that requests are working at present. */
  readonly inWork: ReadonlySet<number>
  readonly clock: Clock
  readonly log: Logger
  readonly share?: Share
}): JournalWorker {
  const { directory, drive, inWork, clock, log, share = promptly } = dependencies
  let alarm = new AbortController()

  return {
    async run(signal) {
      signal.addEventListener('abort', () => alarm.abort(), { once: true })
      while (!signal.aborted) {
        const isMoreDue = await turn(signal).catch((error: unknown) => {
          // Whatever it is, removals must go on being driven.
          log.error({ err: error }, 'the journal could not be worked: trying again')
          return false
        })
        if (isMoreDue) continue
        await clock.sleep(turnMs, alarm.signal).catch(() => undefined)
        if (!signal.aborted) alarm = new AbortController()
      }
    },

    wake() {
      alarm.abort()
    }
  }

  /** Resolves to true where there is more to do at once: a rest would leave turns at Box unused. */
  async function turn(signal: AbortSignal): Promise<boolean> {
    // Those of a large request must not take the places of all others.
    const due = await directory.journal[share.due](clock.now(), batch, [...inWork])
    let worked = 0
    await runConcurrently(due, share.concurrency, async (entry) => {
      if (!signal.aborted && (await work(entry))) worked += 1
    })
    return due.length === batch && worked > 0
  }

  /** Resolves to true where something came of it. */
  async function work(entry: JournalEntry): Promise<boolean> {
    try {
      return await drive(entry, clock.now() + share.entryMs)
    } catch (error) {
      const isTrouble = error instanceof BoxUnavailableError
      const wait = isTrouble ? error.retryAfterSeconds * 1000 : restMs
      // Ids only: Box's messages may name people.
      const fields = { entry: entry.id, operation: entry.operation.kind, reason: reasonOf(error) }
      if (isTrouble) log.info(fields, 'an open change waits for Box')
      else log.error(fields, 'an open change failed')
      await postpone(entry.id, wait)
      return false
    }
  }

  async function postpone(id: number, wait: number): Promise<void> {
    const notBefore = clock.now() + wait
    await directory.transaction(async (tx) => {
      const entry = await tx.journal.get(id)
      if (entry !== undefined && entry.notBefore < notBefore)
        await tx.updateJournal([id], { notBefore })
    })
  }
}
