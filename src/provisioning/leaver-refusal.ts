import type { EpochMs, Milliseconds } from '../lib/clock.ts'
import type { BoxOperation } from './operations.ts'
import type { JournalUpdate } from './ports.ts'

/** What follows a deactivation or a DELETE. */
export type LeaverOperation = Extract<BoxOperation, { readonly refusals: number }>

const dayMs: Milliseconds = 86_400_000

/** How often it is asked of Box before it is given up. */
const mostRefusals = 7

/**
 * What becomes of an entry that cannot be carried out: an admin may mend the reason, so it is tried
 * again once a day, and given up in the end.
 */
export function refusedOnce(
  operation: LeaverOperation,
  outcome: string,
  now: EpochMs
): JournalUpdate {
  const refusals = operation.refusals + 1
  const counted = { operation: { ...operation, refusals }, outcome }
  return refusals < mostRefusals
    ? { ...counted, state: 'decided', sentAt: undefined, notBefore: now + dayMs }
    : { ...counted, state: 'refused' }
}
