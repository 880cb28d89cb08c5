import type { EpochMs } from '../lib/clock.ts'
import { isActive } from './mapping/user-resource.ts'
import type { BoxUserId, UserRecord } from './model.ts'
import {
  leaverSubject,
  mayHaveReachedBox,
  newEntry,
  sessionsSubject,
  type BoxOperation,
  type JournalEntry,
  type NewJournalEntry
} from './operations.ts'
import type { DirectoryReads, DirectoryTransaction } from './ports.ts'
import { beingDeleted } from './refusals.ts'
import type { ProvisioningSettings } from './settings.ts'

/** A person before and after a change. */
interface Change {
  readonly before: UserRecord
  readonly after: UserRecord
}

/**
 * Journals what is to follow a deactivation or a DELETE, and cancels it where the person comes back.
 * Call it in the transaction that records the person.
 */
export async function keepLeaverWork(
  tx: DirectoryTransaction,
  { before, after }: Change,
  { settings, correlationId, now }: WorkContext
): Promise<void> {
  const context = { settings, correlationId, now }
  if (before.tombstone && !after.tombstone) await cancel(tx, leaverSubject(after.id))
  if (!before.tombstone && after.tombstone) await beginLeaving(tx, after.id, context)
  const [wasIn, isIn] = [isActive(before, settings), isActive(after, settings)]
  if (!wasIn && isIn) await cancel(tx, sessionsSubject(after.id))
  if (wasIn && !isIn && after.deactivatedByBridge && settings.leavers.endSessions) {
    await tx.appendJournal([promised({ kind: 'end-sessions', userId: after.id }, context)])
  }
}

/** Who asked for it, when, and under which policy. */
export interface WorkContext {
  readonly settings: ProvisioningSettings
  readonly correlationId: string
  readonly now: EpochMs
}

/** The deletion of somebody's account, to be worked at once. */
export function deletionOf(userId: BoxUserId, context: WorkContext): NewJournalEntry {
  return promised({ kind: 'delete-user', userId }, context)
}

/** Ends what is still to be done about somebody who is gone from Box. */
export async function closeLeaverWork(tx: DirectoryTransaction, id: BoxUserId): Promise<void> {
  const change = { state: 'refused', outcome: 'gone from Box' } as const
  for (const subject of [leaverSubject(id), sessionsSubject(id)]) {
    await tx.updateJournal(idsOf(await tx.journal.openFor(subject)), change)
  }
}

/** Throws where the deletion of somebody's account is under way: it cannot be taken back. */
export async function assertNotBeingDeleted(
  { journal }: Pick<DirectoryReads, 'journal'>,
  id: BoxUserId
): Promise<void> {
  const open = await journal.openFor(leaverSubject(id))
  if (open.some(isDeletionSent)) throw beingDeleted(id)
}

function isDeletionSent(entry: JournalEntry): boolean {
  return entry.operation.kind === 'delete-user' && mayHaveReachedBox(entry)
}

/** The note for the audit of a deactivation; empty where nothing is hidden. */
export function hiddenContentNote({ before, after }: Change): readonly string[] {
  const [was, is] = [before.snapshot.status, after.snapshot.status]
  return was !== 'inactive' && is === 'inactive'
    ? ['content owned by the person is now hidden from collaborators']
    : []
}

async function beginLeaving(
  tx: DirectoryTransaction,
  userId: BoxUserId,
  context: WorkContext
): Promise<void> {
  const { onDelete, graceMs } = context.settings.leavers
  if (onDelete === 'deactivate') return
  const kind = onDelete === 'transfer' ? 'transfer-content' : 'delete-user'
  await tx.appendJournal([promised({ kind, userId }, context, graceMs)])
}

function promised(
  operation: Omit<Extract<BoxOperation, { readonly refusals: number }>, 'refusals'>,
  { correlationId, now }: WorkContext,
  graceMs = 0
): NewJournalEntry {
  const whole = { ...operation, refusals: 0 } as BoxOperation
  return { ...newEntry(whole, correlationId, now, now + graceMs), acknowledged: true }
}

/** What is on its way at this moment ends by itself, and finds that the person is back. */
async function cancel(tx: DirectoryTransaction, subject: string): Promise<void> {
  const open = await tx.journal.openFor(subject)
  const resting = open.filter(({ state }) => state !== 'sent')
  await tx.updateJournal(idsOf(resting), { state: 'cancelled', outcome: 'came back' })
}

function idsOf(entries: readonly JournalEntry[]): readonly number[] {
  return entries.map(({ id }) => id)
}
