import type { JournalEntry } from './operations.ts'

/** How far Box's clock and ours may differ. */
const clockToleranceMs = 5 * 60_000

/**
 * Tells whether something that Box has was created by an attempt of ours whose answer was lost: it
 * was created at the time of the attempt or later. `createdAt` is Box's RFC 3339 text.
 */
export function isFromAttempt(createdAt: string, { sentAt }: JournalEntry): boolean {
  return sentAt !== undefined && Date.parse(createdAt) >= sentAt - clockToleranceMs
}
