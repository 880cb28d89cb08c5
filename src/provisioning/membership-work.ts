import { inTurns } from '../lib/turns.ts'
import type { Dependencies } from './dependencies.ts'
import { BoxRefusedError } from './errors.ts'
import type { BoxGroupId, BoxMembership, BoxMembershipId, BoxUserId } from './model.ts'
import { EntryClosedError } from './journaled.ts'
import {
  groupMembersSubject,
  isOpen,
  isRemoval,
  mayHaveReachedBox,
  membershipSubject,
  newEntry,
  type BoxOperation,
  type JournalEntry
} from './operations.ts'
import type { BoxCall, Lane } from './box-port.ts'
import type { DirectoryTransaction } from './ports.ts'
import type { Trail } from './trail.ts'

/** Works single memberships, each under its own lock, so that one never waits for another. */
export interface MembershipWork {
  /**
   * Carries out one open entry and resolves to the state in which it is left; one that was settled
   * meanwhile is left alone. Throws what Box throws.
   */
  work(id: number, trail: Trail, lane: Lane): Promise<JournalEntry['state']>
  /**
   * Carries out an open `sweep-group`: finds the members whom only Box knows and decides their
   * removal. Resolves to the new entries; none where it was done meanwhile.
   */
  sweep(id: number, trail: Trail): Promise<readonly JournalEntry[]>
  /** Carries out an open `delete-group`, which settles everything about its members. */
  deleteGroup(id: number, trail: Trail): Promise<void>
  /** Finds out what became of an addition that nobody was promised, and records what Box shows. */
  look(id: number, trail: Trail, lane: Lane): Promise<void>
}

/** The outcome of an entry that a look showed not to have been carried out. */
export const foundNotDone = 'found not done'

type MembershipOperation = Extract<
  BoxOperation,
  { readonly kind: 'add-membership' | 'remove-membership' }
>

/** Creates {@link MembershipWork}. */
export function createMembershipWork(dependencies: Dependencies): MembershipWork {
  const { alerts, box, clock, directory, inWork, locks, runJournaled, signals } = dependencies

  return {
    async work(id, trail, lane) {
      const state = await underLock(id, async (entry) => {
        const { groupId, userId, kind } = entry.operation as MembershipOperation
        const row = await directory.memberships.get(groupId, userId)
        const isWanted = kind === 'add-membership'
        if ((row?.intended ?? false) !== isWanted) return close(entry, 'cancelled', 'contradicted')
        if (isWanted && row?.boxId !== undefined) return close(entry, 'confirmed', 'found done')
        await (isWanted ? add(entry, trail, lane) : remove(entry, row?.boxId, trail, lane))
        return 'confirmed'
      })
      return state ?? (await directory.journal.get(id))?.state ?? 'cancelled'
    },

    async sweep(id, trail) {
      const decided = await underLock(id, (entry) => sweep(entry, trail))
      return decided ?? []
    },

    async deleteGroup(id, trail) {
      await underLock(id, (entry) => deleteGroup(entry, trail))
    },

    async look(id, trail, lane) {
      await underLock(id, async (entry) => {
        const { groupId, userId } = entry.operation as MembershipOperation
        const membership = await box.findMembership(groupId, userId, trail.call(lane))
        await directory.transaction((tx) => recordFound(tx, entry, membership))
        trail.notes.push(`membership found ${membership === undefined ? 'not done' : 'done'}`)
      })
    }
  }

  /** Runs `work` where the entry is still open once the lock is held. */
  async function underLock<Result>(
    id: number,
    work: (entry: JournalEntry) => Promise<Result>
  ): Promise<Result | undefined> {
    const found = await directory.journal.get(id)
    if (found === undefined || !isOpen(found)) return undefined
    return locks.run(found.subject, async () => {
      const entry = await directory.journal.get(id)
      if (entry === undefined || !isOpen(entry)) return undefined
      return work(entry).catch((error: unknown) => {
        if (error instanceof EntryClosedError) return undefined
        throw error
      })
    })
  }

  async function sweep(entry: JournalEntry, trail: Trail): Promise<readonly JournalEntry[]> {
    const { operation } = entry
    if (operation.kind !== 'sweep-group') return []
    const { groupId } = operation
    let decided: readonly JournalEntry[] = []
    await runJournaled({
      operation,
      entry,
      lane: 'removal',
      trail,
      send: (call) => listMembers(groupId, call),
      settle: async (tx, found) => {
        const rows = await tx.memberships.ofGroup(groupId)
        const known = new Set(rows.map(({ userId }) => userId))
        const unknown = found.filter(({ userId }) => !known.has(userId))
        decided = await removeFound(tx, unknown, trail)
      }
    })
    return decided
  }

  async function deleteGroup(entry: JournalEntry, trail: Trail): Promise<void> {
    const { operation } = entry
    if (operation.kind !== 'delete-group') return
    await runJournaled({
      operation,
      entry,
      lane: 'removal',
      trail,
      send: (call) => box.deleteGroup(operation.groupId, call),
      settle: (tx) => forgetGroup(tx, operation.groupId),
      // Everybody leaves the group one by one then.
      afterRefusal: ({ status, code, requestId }) => ({
        state: 'refused',
        outcome: `${status} ${code} ${requestId}`
      })
    })
  }

  async function listMembers(
    groupId: BoxGroupId,
    call: BoxCall
  ): Promise<readonly BoxMembership[]> {
    const found: BoxMembership[] = []
    for (let offset: number | undefined = 0; offset !== undefined;) {
      const page = await box.listGroupMemberships(groupId, offset, call)
      found.push(...page.entries)
      offset = page.nextOffset
    }
    return found
  }

  async function removeFound(
    tx: DirectoryTransaction,
    found: readonly BoxMembership[],
    trail: Trail
  ): Promise<readonly JournalEntry[]> {
    const now = clock.now()
    await tx.putMemberships(
      found.map(({ id, userId, groupId, role }) => {
        return { groupId, userId, intended: false, boxId: id, role }
      })
    )
    return tx.appendJournal(
      found.map(({ userId, groupId }) => {
        const operation = { kind: 'remove-membership', groupId, userId } as const
        return newEntry(operation, trail.context.correlationId, now)
      })
    )
  }

  async function close(
    entry: JournalEntry,
    state: 'cancelled' | 'confirmed',
    outcome: string
  ): Promise<JournalEntry['state']> {
    await directory.transaction((tx) => tx.updateJournal([entry.id], { state, outcome }))
    return state
  }

  async function recordFound(
    tx: DirectoryTransaction,
    entry: JournalEntry,
    membership: BoxMembership | undefined
  ): Promise<void> {
    const { groupId, userId } = entry.operation as MembershipOperation
    const current = await tx.journal.get(entry.id)
    // A request that came while Box was asked has decided anew or joined, and looks for itself.
    if (current === undefined || !isOpen(current) || inWork.has(entry.id)) return
    if (membership === undefined) {
      await tx.deleteMembership(groupId, userId)
    } else {
      // A removal may have been decided meanwhile: it finds its membership and stays intended.
      const open = await tx.journal.openFor(entry.subject)
      const intended = !open.some(({ operation }) => isRemoval(operation))
      const row = { groupId, userId, intended, role: membership.role }
      await tx.putMemberships([{ ...row, boxId: membership.id }])
    }
    await tx.touchGroup(groupId, clock.now())
    const isDone = membership !== undefined
    await tx.updateJournal([entry.id], {
      state: isDone ? 'confirmed' : 'refused',
      outcome: isDone ? 'found done' : foundNotDone
    })
  }

  async function add(entry: JournalEntry, trail: Trail, lane: Lane): Promise<void> {
    const { groupId, userId } = entry.operation as MembershipOperation
    const wasSent = mayHaveReachedBox(entry)
    const send = async (call: BoxCall): Promise<BoxMembership> => {
      const present = wasSent ? await box.findMembership(groupId, userId, call) : undefined
      return present ?? box.addMembership(groupId, userId, call)
    }
    let wasPromised = false
    await runJournaled({
      operation: entry.operation,
      entry,
      lane,
      trail,
      send,
      settle: async (tx, { id, role }) => {
        // A removal may have been decided while the call was under way: its intent stays.
        const current = await tx.memberships.get(groupId, userId)
        const intended = current?.intended ?? false
        await tx.putMemberships([{ groupId, userId, intended, boxId: id, role }])
      },
      refused: async (tx) => {
        wasPromised = (await tx.journal.get(entry.id))?.acknowledged === true
        await dropRefused(tx, groupId, userId, trail)
      }
    }).catch((error: unknown) => {
      if (wasPromised) report(entry, error)
      throw error
    })
  }

  /** What Box refuses leaves SCIM's reads. */
  async function dropRefused(
    tx: DirectoryTransaction,
    groupId: BoxGroupId,
    userId: BoxUserId,
    trail: Trail
  ): Promise<void> {
    trail.notes.push(`membership of user ${userId} in group ${groupId} refused by Box`)
    await tx.deleteMembership(groupId, userId)
    await tx.touchGroup(groupId, clock.now())
  }

  /** The client believes that it was done, and nobody else will say that it was not. */
  function report({ subject, correlationId }: JournalEntry, error: unknown): void {
    const { status, code, requestId } = error instanceof BoxRefusedError ? error : unexplained
    const facts = { subject, correlationId, status, code, requestId }
    alerts.raise('membership-refused', facts)
    signals.membershipRefused()
  }

  async function remove(
    entry: JournalEntry,
    boxId: BoxMembershipId | undefined,
    trail: Trail,
    lane: Lane
  ): Promise<void> {
    const { groupId, userId } = entry.operation as MembershipOperation
    await runJournaled({
      operation: entry.operation,
      entry,
      lane,
      trail,
      send: async (call) => {
        const id = boxId ?? (await box.findMembership(groupId, userId, call))?.id
        if (id !== undefined) await box.removeMembership(id, call)
      },
      settle: async (tx) => {
        const current = await tx.memberships.get(groupId, userId)
        if (current === undefined) return
        // Wanted again while the call was under way: the addition that follows finds a clean row.
        if (current.intended) await tx.putMemberships([{ ...current, boxId: undefined }])
        else await tx.deleteMembership(groupId, userId)
      }
    })
  }
}

const unexplained = { status: 0, code: '', requestId: '' } as const

/** Takes a group that is gone from Box out of the directory, with what was still to be done to its members. */
async function forgetGroup(tx: DirectoryTransaction, groupId: BoxGroupId): Promise<void> {
  const rows = await tx.memberships.ofGroup(groupId)
  const subjects = rows.map(({ userId }) => membershipSubject(groupId, userId))
  for await (const batch of inTurns([groupMembersSubject(groupId), ...subjects])) {
    for (const subject of batch) {
      const ids = (await tx.journal.openFor(subject)).map(({ id }) => id)
      await tx.updateJournal(ids, { state: 'confirmed', outcome: 'gone with the group' })
    }
  }
  await tx.deleteGroup(groupId)
}
