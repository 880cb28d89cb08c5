import type { Milliseconds } from '../lib/clock.ts'
import { dropHeld, holdRemovals } from './held.ts'
import { decideMemberships, type DecisionContext } from './membership-decision.ts'
import type { BoxUserId, GroupRecord } from './model.ts'
import { groupMembersSubject, newEntry, type JournalEntry } from './operations.ts'
import type { DirectoryTransaction } from './ports.ts'
import { writeGroup } from './write-group.ts'

/** The decided removal of everybody from a group. */
export interface Dissolution {
  /** What deletes the group in Box and thereby does everything else; undefined where it is kept. */
  readonly deletion: JournalEntry | undefined
  readonly known: readonly JournalEntry[]
  /** What finds the members whom only Box knows. */
  readonly sweep: readonly JournalEntry[]
}

/**
 * Hides a group and decides the removal of everybody from it. Resolves to undefined where the fuse
 * holds it, as a whole: the group stays as it is.
 */
export async function decideDissolution(
  tx: DirectoryTransaction,
  group: GroupRecord,
  context: DecisionContext
): Promise<Dissolution | undefined> {
  const { groupId, admit, trail, now } = context
  const rows = await tx.memberships.ofGroup(groupId)
  const count = rows.filter(({ intended }) => intended).length
  const standing =
    context.standing === 'ask' ? await admit(tx, 'memberships', count, trail) : context.standing
  if (standing === 'refused') {
    await holdRemovals(tx, [{ kind: 'dissolve-group', groupId }], trail, now)
    return undefined
  }
  await dropHeld(tx, await tx.journal.heldFor(groupMembersSubject(groupId)))
  await writeGroup(tx, group, { tombstone: true }, context)
  const deletion = await decideDeletion(tx, context)
  const known = await removeEverybody(tx, rows, { ...context, standing })
  const sweep = await decideSweep(tx, context)
  if (deletion !== undefined) {
    const ids = [...known, ...sweep].map(({ id }) => id)
    await tx.updateJournal(ids, { notBefore: now + deletionFirstMs })
  }
  return { deletion, known, sweep }
}

/**
 * How long the removal of single members waits for the deletion of their group, which makes it needless:
 * where Box does not delete the group, everybody leaves it nevertheless.
 */
const deletionFirstMs: Milliseconds = 10 * 60_000

async function decideDeletion(
  tx: DirectoryTransaction,
  { groupId, settings, trail, now }: DecisionContext
): Promise<JournalEntry | undefined> {
  if (settings.onGroupDelete === 'empty') return undefined
  const operation = { kind: 'delete-group', groupId } as const
  const entries = [newEntry(operation, trail.context.correlationId, now)]
  const [deletion] = await tx.appendJournal(entries)
  return deletion
}

/** Decides the removal of these members. */
export async function removeEverybody(
  tx: DirectoryTransaction,
  rows: readonly { readonly userId: BoxUserId }[],
  context: DecisionContext
): Promise<readonly JournalEntry[]> {
  const everybody = { kind: 'remove', ids: rows.map(({ userId }) => userId) } as const
  return (await decideMemberships(tx, [everybody], context)).entries
}

/** Somebody may have put people into the group in Box a moment ago: they must not keep what it gives. */
async function decideSweep(
  tx: DirectoryTransaction,
  { groupId, trail, now }: DecisionContext
): Promise<readonly JournalEntry[]> {
  const operation = { kind: 'sweep-group', groupId } as const
  return tx.appendJournal([newEntry(operation, trail.context.correlationId, now)])
}
