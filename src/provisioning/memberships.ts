import { runConcurrently } from '../lib/concurrency.ts'
import { inTurns } from '../lib/turns.ts'
import type { Dependencies } from './dependencies.ts'
import { BoxRefusedError, BoxUnavailableError, ProvisioningError } from './errors.ts'
import { decideMemberships } from './membership-decision.ts'
import type { BoxGroupId, BoxMembership, BoxMembershipId, BoxUserId } from './model.ts'
import { isRemoval, type BoxOperation, type JournalEntry } from './operations.ts'
import type { BoxCall, DirectoryTransaction, Lane } from './ports.ts'
import type { MemberChange } from './requests.ts'
import type { Trail } from './trail.ts'

type MembershipOperation = Extract<
  BoxOperation,
  { readonly kind: 'add-membership' | 'remove-membership' }
>

/** The use cases about memberships. */
export interface Memberships {
  /**
   * Changes a group's members: journals everything in one transaction, then works it until the
   * request's deadline. What is left then is acknowledged and driven on in the background. Throws
   * where Box refuses a membership or is not there; removals are driven on even then.
   */
  change(groupId: BoxGroupId, changes: readonly MemberChange[], trail: Trail): Promise<void>
  /** Removes everybody from a group, group admins included; like {@link Memberships.change}. */
  empty(groupId: BoxGroupId, trail: Trail): Promise<void>
  /** Removes a person from all groups and waits until Box has done it. */
  leaveAll(userId: BoxUserId, trail: Trail): Promise<void>
  /** Works one open entry under its lock; an entry that is settled meanwhile is left alone. */
  work(id: number, trail: Trail, lane: Lane): Promise<void>
  /** Finds out what became of an addition that nobody was promised, and records what Box shows. */
  look(id: number, trail: Trail, lane: Lane): Promise<void>
  /** Takes back additions that were neither sent nor promised. */
  withdraw(entries: readonly JournalEntry[]): Promise<void>
}

/** How many memberships of one request are worked at a time. */
const concurrency = 8

/** Creates the use cases about memberships. `onAcknowledged` is told of work left to the background. */
export function createMemberships(
  dependencies: Dependencies,
  onAcknowledged: () => void
): Memberships {
  const { box, clock, directory, locks, mirror, runJournaled, settings } = dependencies

  return {
    change,

    async empty(groupId, trail) {
      const rows = await directory.memberships.ofGroup(groupId)
      await change(groupId, [{ kind: 'remove', ids: rows.map(({ userId }) => userId) }], trail)
    },

    async leaveAll(userId, trail) {
      const rows = await directory.memberships.ofUser(userId)
      const entries = await directory.transaction(async (tx) => {
        const change: MemberChange = { kind: 'remove', ids: [userId] }
        const context = { settings, mirror, trail, now: clock.now() }
        const decided: JournalEntry[] = []
        for (const { groupId } of rows) {
          decided.push(...(await decideMemberships(tx, [change], { ...context, groupId })))
        }
        return decided
      })
      const late = await workInline(entries, trail)
      if (late !== undefined) throw late
    },

    work,
    look,
    withdraw
  }

  async function change(
    groupId: BoxGroupId,
    changes: readonly MemberChange[],
    trail: Trail
  ): Promise<void> {
    const entries = await directory.transaction((tx) =>
      decideMemberships(tx, changes, { groupId, settings, mirror, trail, now: clock.now() })
    )
    const late = await workInline(entries, trail)
    if (late !== undefined) await acknowledge(entries)
  }

  /**
   * Removals first; the first trouble with Box stops the rest and is thrown, except that no turn was
   * left before the deadline: that is returned, and the caller says what becomes of the open entries.
   */
  async function workInline(
    entries: readonly JournalEntry[],
    trail: Trail
  ): Promise<BoxUnavailableError | undefined> {
    const ordered = [
      ...entries.filter(isRemovalEntry),
      ...entries.filter((e) => !isRemovalEntry(e))
    ]
    const refusals: BoxRefusedError[] = []
    let trouble: BoxUnavailableError | undefined
    await runConcurrently(ordered, concurrency, async (entry) => {
      if (trouble !== undefined) return
      try {
        await workLooking(entry, trail)
      } catch (error) {
        if (error instanceof BoxRefusedError) refusals.push(error)
        else if (error instanceof BoxUnavailableError) trouble ??= error
        else throw error
      }
    })
    const isLate = trouble?.trouble === 'rate-limited' && trouble.effect === 'none'
    if (trouble !== undefined && !isLate) {
      await withdraw(ordered)
      throw trouble
    }
    if (refusals[0] !== undefined) throw membershipsRefused(refusals[0], refusals.length)
    return trouble
  }

  /** One lost answer is no reason to fail: look at once, and add again only where Box has nothing. */
  async function workLooking(entry: JournalEntry, trail: Trail): Promise<void> {
    const lane = isRemoval(entry.operation) ? 'removal' : 'client'
    try {
      await work(entry.id, trail, lane)
    } catch (error) {
      if (!(error instanceof BoxUnavailableError) || error.effect === 'none') throw error
      await work(entry.id, trail, lane)
    }
  }

  /** The client is told that these will be done: the bridge drives them to their end. */
  async function acknowledge(entries: readonly JournalEntry[]): Promise<void> {
    await directory.transaction(async (tx) => {
      const open = await stillOpen(tx, entries)
      await tx.updateJournal(
        open.map(({ id }) => id),
        { acknowledged: true }
      )
    })
    onAcknowledged()
  }

  /** The client is told that these were not done: unsent additions are taken back. */
  async function withdraw(entries: readonly JournalEntry[]): Promise<void> {
    await directory.transaction(async (tx) => {
      for await (const batch of inTurns(await stillOpen(tx, entries))) {
        for (const { id, operation, state, acknowledged } of batch) {
          if (operation.kind !== 'add-membership' || state !== 'decided' || acknowledged) continue
          await tx.updateJournal([id], { state: 'cancelled', outcome: 'not sent' })
          await tx.deleteMembership(operation.groupId, operation.userId)
          await tx.touchGroup(operation.groupId, clock.now())
        }
      }
    })
  }

  async function work(id: number, trail: Trail, lane: Lane): Promise<void> {
    const found = await directory.journal.get(id)
    if (found === undefined || !isOpen(found)) return
    await locks.run(found.subject, async () => {
      const entry = await directory.journal.get(id)
      if (entry === undefined || !isOpen(entry)) return
      const operation = entry.operation as MembershipOperation
      const row = await directory.memberships.get(operation.groupId, operation.userId)
      const isWanted = operation.kind === 'add-membership'
      if ((row?.intended ?? false) !== isWanted) return close(entry, 'cancelled', 'contradicted')
      if (isWanted && row?.boxId !== undefined) return close(entry, 'confirmed', 'found done')
      await (isWanted ? add(entry, trail, lane) : remove(entry, row?.boxId, trail, lane))
    })
  }

  async function look(id: number, trail: Trail, lane: Lane): Promise<void> {
    const found = await directory.journal.get(id)
    if (found === undefined || !isOpen(found)) return
    await locks.run(found.subject, async () => {
      const entry = await directory.journal.get(id)
      if (entry === undefined || !isOpen(entry)) return
      const { groupId, userId } = entry.operation as MembershipOperation
      const membership = await box.findMembership(groupId, userId, trail.call(lane))
      await directory.transaction(async (tx) => {
        if (membership === undefined) await tx.deleteMembership(groupId, userId)
        else {
          const row = { groupId, userId, intended: true, role: membership.role }
          await tx.putMemberships([{ ...row, boxId: membership.id }])
        }
        await tx.touchGroup(groupId, clock.now())
        const isDone = membership !== undefined
        const outcome = isDone ? 'found done' : 'found not done'
        await tx.updateJournal([id], { state: isDone ? 'confirmed' : 'refused', outcome })
      })
    })
  }

  async function close(
    entry: JournalEntry,
    state: 'cancelled' | 'confirmed',
    outcome: string
  ): Promise<void> {
    await directory.transaction((tx) => tx.updateJournal([entry.id], { state, outcome }))
  }

  async function add(entry: JournalEntry, trail: Trail, lane: Lane): Promise<void> {
    const { groupId, userId } = entry.operation as MembershipOperation
    const wasSent = entry.state !== 'decided'
    const send = async (call: BoxCall): Promise<BoxMembership> => {
      const present = wasSent ? await box.findMembership(groupId, userId, call) : undefined
      return present ?? box.addMembership(groupId, userId, call)
    }
    try {
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
        }
      })
    } catch (error) {
      if (error instanceof BoxRefusedError) await dropRefused(groupId, userId, trail)
      throw error
    }
  }

  /** What Box refuses leaves SCIM's reads. */
  async function dropRefused(groupId: BoxGroupId, userId: BoxUserId, trail: Trail): Promise<void> {
    trail.notes.push(`membership of user ${userId} in group ${groupId} refused by Box`)
    await directory.transaction(async (tx) => {
      await tx.deleteMembership(groupId, userId)
      await tx.touchGroup(groupId, clock.now())
    })
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

async function stillOpen(
  tx: DirectoryTransaction,
  entries: readonly JournalEntry[]
): Promise<readonly JournalEntry[]> {
  const open: JournalEntry[] = []
  for await (const batch of inTurns(entries)) {
    for (const { id } of batch) {
      const entry = await tx.journal.get(id)
      if (entry !== undefined && isOpen(entry)) open.push(entry)
    }
  }
  return open
}

function isRemovalEntry({ operation }: JournalEntry): boolean {
  return isRemoval(operation)
}

function isOpen({ state }: JournalEntry): boolean {
  return state === 'decided' || state === 'sent' || state === 'unknown'
}

function membershipsRefused(first: BoxRefusedError, count: number): ProvisioningError {
  return new ProvisioningError(
    'refused_by_box',
    `Box refused ${count} membership change(s); the others were carried out. First refusal: ` +
      `${first.message} (${first.code}, request id ${first.requestId}).`,
    { cause: first }
  )
}
