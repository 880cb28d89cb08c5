import type { EpochMs } from '../lib/clock.ts'

/** The named value that holds {@link MonthNote}. */
export const monthKey = 'box-calls'

/** How many calls Box got in a calendar month (UTC), as last written down. */
export type MonthNote = {
  /** E.g. `2026-11`. */
  readonly month: string
  readonly calls: number
  /** `BOX_CALLS_PER_MONTH`; null where there is none. */
  readonly allowance: number | null
  /** The highest share of the allowance, in percent, that was warned about; 0 for none. */
  readonly warned: number
}

/** The named value that holds {@link ProgressNote}. */
export const progressKey = 'membership-progress'

/** How fast acknowledged memberships are carried out, as last written down. */
export type ProgressNote = {
  readonly at: EpochMs
  /** Memberships a minute: what was done in the last one, else what the budget allows. */
  readonly perMinute: number
}

/** Whole seconds until `pending` memberships are carried out at this rate. */
export function secondsLeft(pending: number, perMinute: number): number {
  return Math.ceil((pending * 60) / perMinute)
}
