import type { EpochMs } from '../lib/clock.ts'
import { fold } from '../lib/text.ts'
import { restMs } from './journaled.ts'
import type { UserRecord } from './model.ts'
import { newEntry, userSubject, type BoxOperation, type JournalEntry } from './operations.ts'
import { leftoverAliases } from './plan/user-plan.ts'
import type { DirectoryReads, DirectoryTransaction } from './ports.ts'

type AliasRemoval = Extract<BoxOperation, { readonly kind: 'remove-alias' }>

/**
 * Sees to it that the journal holds the removal of every alias that a change of the login adds or leaves:
 * whatever ends the change between its steps, no alias stays. Call it in the transaction that records
 * the person.
 */
export async function keepLeftovers(
  tx: DirectoryTransaction,
  { before, after }: { readonly before: UserRecord; readonly after: UserRecord },
  correlationId: string,
  now: EpochMs
): Promise<void> {
  if (before.aliases.length + after.aliases.length === 0) return
  const open = await removalsOf(tx, after)
  const isOpen = (email: string) => open.some(({ operation }) => isAbout(operation, email))
  const missing = (leftoverAliases(after) as readonly AliasRemoval[])
    .filter(({ email }) => !isOpen(email))
    .map((operation) => newEntry(operation, correlationId, now, now + restMs))
  if (missing.length > 0) await tx.appendJournal(missing)
  const isTaken = ({ operation }: JournalEntry) => isAbout(operation, after.snapshot.login)
  await tx.updateJournal(
    open.filter(isTaken).map(({ id }) => id),
    { state: 'cancelled', outcome: 'replaced' }
  )
}

/** The open entry that removes this alias, for a step that does so. */
export async function openRemovalOf(
  reads: Pick<DirectoryReads, 'journal'>,
  { userId, email }: Omit<AliasRemoval, 'kind'>
): Promise<JournalEntry | undefined> {
  const open = await removalsOf(reads, { id: userId })
  return open.find(({ operation }) => isAbout(operation, email))
}

async function removalsOf(
  { journal }: Pick<DirectoryReads, 'journal'>,
  { id }: Pick<UserRecord, 'id'>
): Promise<readonly JournalEntry[]> {
  const open = await journal.openFor(userSubject(id))
  return open.filter(({ operation }) => operation.kind === 'remove-alias')
}

function isAbout(operation: BoxOperation, email: string): boolean {
  return operation.kind === 'remove-alias' && fold(operation.email) === fold(email)
}
