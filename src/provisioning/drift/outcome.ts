import type { Milliseconds } from '../../lib/clock.ts'

/** What became of a look at Box. */
export type RefreshOutcome =
  /** The directory shows what Box shows. */
  | 'done'
  /** Something else is deciding about it: look again after this time. */
  | { readonly againAfter: Milliseconds }

/** The journal is at work on it. */
export const whenJournalIsDone: RefreshOutcome = { againAfter: 30_000 }

/** The directory changed during the look. */
export const soonAgain: RefreshOutcome = { againAfter: 1_000 }
