import type { Clock, EpochMs } from '../../lib/clock.ts'
import type { Alerts } from '../alerts.ts'
import { deletionsKey, type DirectoryTransaction } from '../ports.ts'
import type { RefreshOutcome } from './outcome.ts'

/** How many people and groups were taken out because Box does not have them any more. */
export interface Deletions {
  /** When this day of counting began. */
  readonly since: EpochMs
  readonly users: number
  readonly groups: number
  /** When there were too many; nothing more is taken out until the day is over. */
  readonly stoppedAt: EpochMs | null
  /** How many more a person has accepted for this day. */
  readonly accepted?: Readonly<Record<'users' | 'groups', number>>
}

/** Lets only so much disappear in a day: a reduced authorisation of the Box app looks like deletions. */
export interface DeletionGuard {
  /** Counts one more, in the transaction that takes it out; false: it must stay. */
  admits(tx: DirectoryTransaction, kind: 'users' | 'groups'): Promise<boolean>
}

const dayMs = 24 * 60 * 60_000

/** How long a hint rests that must not be followed. */
export const untilAllowed: RefreshOutcome = { againAfter: 60 * 60_000 }

/**
 * Tells whether more is missing than can pass for everyday work: more than 2 % of what there is, and
 * more than 10.
 */
export function isTooMuch(missing: number, total: number): boolean {
  return missing > 10 && missing > total / 50
}

/** A day of counting that begins. */
export function freshDay(now: EpochMs): Deletions {
  return { since: now, users: 0, groups: 0, stoppedAt: null }
}

/** The day that is being counted; undefined where it is over or nothing was counted. */
export function dayOf(counted: Deletions | undefined, now: EpochMs): Deletions | undefined {
  return counted !== undefined && now < counted.since + dayMs ? counted : undefined
}

/** Creates the guard. */
export function createDeletionGuard({
  clock,
  alerts
}: {
  readonly clock: Clock
  readonly alerts: Alerts
}): DeletionGuard {
  return {
    async admits(tx, kind) {
      const now = clock.now()
      const counted = (await tx.state.get(deletionsKey)) as Deletions | undefined
      const day = dayOf(counted, now) ?? freshDay(now)
      const taken = day[kind] + 1
      const total = (await tx[kind].count()) + day[kind]
      if (!isTooMuch(taken - (day.accepted?.[kind] ?? 0), total)) {
        await tx.putState(deletionsKey, { ...day, [kind]: taken })
        return true
      }
      if (day.stoppedAt === null) {
        const facts = { kind, taken: day[kind], of: total }
        alerts.raise('deletions-stopped', { subject: 'box', ...facts })
        await tx.putState(deletionsKey, { ...day, stoppedAt: now })
      }
      return false
    }
  }
}
