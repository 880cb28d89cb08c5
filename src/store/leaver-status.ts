import { sql } from 'kysely'
import type { EpochMs } from '../lib/clock.ts'
import type { JournalState } from '../provisioning/operations.ts'
import type { Connection } from './dialect.ts'
import { isOpen } from './journal.ts'

/** What is still to follow deactivations and DELETEs. */
export interface LeaverStatus {
  /** People whose grace period goes on. */
  readonly waiting: number
  /** When the first of them is over. */
  readonly nextAt: EpochMs | null
  /** What is under way. */
  readonly open: number
  /** What cannot be done, oldest first. */
  readonly refused: readonly RefusedLeaver[]
}

/** A step that Box refuses, or that cannot be asked of it; it names nobody but by id. */
interface RefusedLeaver {
  readonly id: number
  /** E.g. `delete-user`. */
  readonly operation: string
  readonly userId: string
  readonly reason: string
  readonly refusals: number
  /** When it is tried again; null where it is given up. */
  readonly againAt: EpochMs | null
}

interface LeaverRow extends Omit<RefusedLeaver, 'againAt'> {
  readonly state: JournalState
  readonly at: EpochMs
}

/** Reads it. */
export function leaversOf(connection: Connection, now: EpochMs): LeaverStatus {
  const query = sql<LeaverRow>`select journal.id, operation ->> '$.kind' as operation,
      operation ->> '$.userId' as "userId", coalesce(outcome, '') as reason, state,
      operation ->> '$.refusals' as refusals, not_before as at
    from journal join users on users.id = operation ->> '$.userId'
    where subject glob 'leaver:*' and tombstone = 1 and (${isOpen} or state = 'refused')
      or subject glob 'sessions:*' and ${isOpen}
    order by journal.id`
  const rows = connection.run(query.compile(connection.db))
  const begun = rows.filter(({ refusals }) => refusals === 0)
  const waiting = begun.filter(({ at }) => at > now).map(({ at }) => at)
  return {
    waiting: waiting.length,
    nextAt: waiting.length === 0 ? null : Math.min(...waiting),
    open: begun.length - waiting.length,
    refused: rows.filter(({ refusals }) => refusals > 0).map(refusedOf)
  }
}

function refusedOf({ state, at, ...refused }: LeaverRow): RefusedLeaver {
  return { ...refused, againAt: state === 'refused' ? null : at }
}
