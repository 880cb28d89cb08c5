import type { EpochMs } from '../lib/clock.ts'
import { fold } from '../lib/text.ts'
import type { Dependencies } from './dependencies.ts'
import { closeLeaverWork, hiddenContentNote, keepLeaverWork } from './leaver-work.ts'
import { keepLeftovers } from './leftover-aliases.ts'
import { sameField } from './mapping/compare.ts'
import type { BoxUser, BoxUserFields, BoxUserId, UserRecord } from './model.ts'
import { isRemoval, userSubject, type JournalEntry } from './operations.ts'
import { changeUser } from './records.ts'
import type { BoxAlias, Lane } from './box-port.ts'
import type { DirectoryTransaction } from './ports.ts'
import { touchGroupsOf } from './touch-groups.ts'
import type { Trail } from './trail.ts'
import { userChangesAfter, type UserOperation } from './user-operations.ts'

/** A person about whom nothing is unknown any more. */
export interface SettledUser {
  /** Undefined where Box does not have the person any more. */
  readonly record: UserRecord | undefined
  /** Deactivations and removals of aliases that were decided and are still to be carried out. */
  readonly pending: readonly JournalEntry[]
}

/** Finds out what became of the operations about a person whose outcome is unknown, by looking. */
export type SettleUser = (record: UserRecord, trail: Trail, lane: Lane) => Promise<SettledUser>

type UserEntry = JournalEntry & { readonly operation: UserOperation }

/** Creates {@link SettleUser}; call it under the person's lock. */
export function createSettleUser(dependencies: Dependencies): SettleUser {
  const { box, clock, directory, settings } = dependencies

  return async (record, trail, lane) => {
    const entries = await directory.journal.openFor(userSubject(record.id))
    const unknown = entries.filter(isUserEntry).filter(({ state }) => state !== 'decided')
    if (unknown.length === 0) return { record, pending: entries.filter(isPending) }
    const call = trail.call(lane)
    const snapshot = await box.getUser(record.id, call)
    if (snapshot === undefined) return forget(record, entries, trail)
    const aliases = unknown.some(isAboutAlias) ? await box.listAliases(record.id, call) : []
    const settled = await apply(record, unknown, { snapshot, aliases }, trail)
    return { record: settled, pending: await pending() }

    async function pending() {
      const open = await directory.journal.openFor(userSubject(record.id))
      return open.filter(isPending)
    }
  }

  async function apply(
    record: UserRecord,
    entries: readonly UserEntry[],
    seen: { readonly snapshot: BoxUser; readonly aliases: readonly BoxAlias[] },
    trail: Trail
  ): Promise<UserRecord> {
    const now = clock.now()
    let settled = record
    return directory.transaction(async (tx) => {
      for (const { id, operation } of entries) {
        const isFound = isDone(operation, seen)
        trail.notes.push(`${operation.kind} found ${isFound ? 'done' : 'not done'}`)
        if (isFound) {
          const changes = userChangesAfter(settled, operation, seen.snapshot)
          settled = changeUser(settled, changes, settings, now)
          await tx.updateJournal([id], { state: 'confirmed', outcome: 'found done' })
        } else if (isRemoval(operation)) {
          await tx.updateJournal([id], { state: 'decided', notBefore: now, sentAt: undefined })
        } else {
          await tx.updateJournal([id], { state: 'refused', outcome: 'found not done' })
        }
      }
      settled = changeUser(settled, { snapshot: seen.snapshot }, settings, now)
      await tx.putUser(settled)
      const change = { before: record, after: settled }
      const { correlationId } = trail.context
      await keepLeftovers(tx, change, correlationId, now)
      await keepLeaverWork(tx, change, { settings, correlationId, now })
      trail.notes.push(...hiddenContentNote(change))
      return settled
    })
  }

  async function forget(
    record: UserRecord,
    entries: readonly JournalEntry[],
    trail: Trail
  ): Promise<SettledUser> {
    await directory.transaction(async (tx) => {
      await forgetUser(tx, record.id, entries, clock.now())
      await tx.audit(trail.audit(userSubject(record.id), 'gone_from_box', clock.now()))
    })
    return { record: undefined, pending: [] }
  }
}

/** Takes somebody who is gone from Box out of the directory, with what was still to be done. */
export async function forgetUser(
  tx: DirectoryTransaction,
  id: BoxUserId,
  entries: readonly JournalEntry[],
  now: EpochMs
): Promise<void> {
  const ids = entries.map((entry) => entry.id)
  await tx.updateJournal(ids, { state: 'refused', outcome: 'gone from Box' })
  await closeLeaverWork(tx, id)
  await touchGroupsOf(tx, id, now)
  await tx.deleteUser(id)
}

function isUserEntry(entry: JournalEntry): entry is UserEntry {
  return entry.subject.startsWith('user:')
}

function isPending({ state, operation }: JournalEntry): boolean {
  return state === 'decided' && (isRemoval(operation) || operation.kind === 'remove-alias')
}

function isAboutAlias({ operation }: UserEntry): boolean {
  return operation.kind === 'add-alias' || operation.kind === 'remove-alias'
}

/** Tells whether what was seen of a person is what the operation leads to. */
export function isDone(
  operation: UserOperation,
  seen: { readonly snapshot: BoxUser; readonly aliases: readonly Pick<BoxAlias, 'email'>[] }
): boolean {
  const hasAlias = (address: string) =>
    seen.aliases.some(({ email }) => fold(email) === fold(address))
  switch (operation.kind) {
    case 'deactivate-user':
      return seen.snapshot.status === operation.status
    case 'update-user':
      return (Object.keys(operation.fields) as (keyof BoxUserFields)[]).every((field) =>
        sameField(field, operation.fields[field], seen.snapshot[field])
      )
    case 'add-alias':
      return hasAlias(operation.email)
    case 'remove-alias':
      return !hasAlias(operation.email)
  }
}
