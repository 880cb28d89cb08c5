import { runConcurrently } from '../lib/concurrency.ts'
import { inTurns } from '../lib/turns.ts'
import type { Dependencies } from './dependencies.ts'
import { BoxRefusedError, BoxUnavailableError, ProvisioningError } from './errors.ts'
import { decideDissolution, removeEverybody, type Dissolution } from './group-dissolution.ts'
import {
  assertKnownMembers,
  decideMemberships,
  type RemovalStanding
} from './membership-decision.ts'
import { foundNotDone, type MembershipWork } from './membership-work.ts'
import type { BoxGroupId, BoxUserId } from './model.ts'
import { isOpen, isRemoval, mayHaveReachedBox, type JournalEntry } from './operations.ts'
import type { DirectoryTransaction } from './ports.ts'
import { assertVersion } from './precondition.ts'
import { assertMembersChangeable, memberWorkOf } from './protection.ts'
import { fuseOpen, groupNotFound } from './refusals.ts'
import type { MemberChange, RequestContext } from './requests.ts'
import type { Trail } from './trail.ts'

/** The use cases about memberships. */
export interface Memberships {
  /** Throws `unknown_members` where STRICT_MEMBERS is on and the changes add people who are not here. */
  assertKnown(changes: readonly MemberChange[]): Promise<void>
  /**
   * Changes a group's members: journals everything in one transaction, which is also where the
   * group's version is compared with `condition`, then works it until the request's deadline. What is
   * left then is acknowledged and driven on in the background. Throws where Box refuses a membership
   * or is not there; removals are driven on even then. Throws `fuse_open` after everything else is
   * done where the fuse holds the removals.
   */
  change(
    groupId: BoxGroupId,
    changes: readonly MemberChange[],
    trail: Trail,
    condition?: Condition
  ): Promise<void>
  /** Adds the first members of a group: they are acknowledged even where Box is in trouble. */
  begin(groupId: BoxGroupId, members: readonly string[], trail: Trail): Promise<void>
  /**
   * Hides a group and removes everybody from it, group admins and people whom only Box knows
   * included; like {@link Memberships.change}. The fuse holds all of it or nothing.
   */
  dissolve(groupId: BoxGroupId, trail: Trail, condition: Condition): Promise<void>
  /** Carries out a held {@link Memberships.dissolve} that a person has released. */
  dissolveReleased(id: number, trail: Trail): Promise<void>
  /** Removes a person from all groups and waits until Box has done it. */
  leaveAll(userId: BoxUserId, trail: Trail): Promise<void>
  /** Takes back an addition that was neither sent nor promised, unless a request works at it. */
  withdrawAbandoned(entry: JournalEntry): Promise<void>
}

type Condition = Pick<RequestContext, 'ifMatch'>

/** How a request's memberships went as far as its deadline allowed. */
interface Outcome {
  /** Why work was left: no turn before the deadline, or trouble with Box. */
  readonly trouble: BoxUnavailableError | undefined
  readonly refusals: readonly BoxRefusedError[]
}

/** What becomes of work that cannot be carried out before the answer. */
interface Policy {
  /** Whether the rest is promised to the client and driven on; else it is taken back. */
  readonly promises: (trouble: BoxUnavailableError) => boolean
  /** Whether a refused membership fails the request; else it is left out, with a note. */
  readonly failsOnRefusal: boolean
}

/** Only where the budget leaves no turn before the deadline is the rest a promise. */
const promiseWhenLate: Policy = {
  promises: ({ trouble, effect }) => trouble === 'rate-limited' && effect === 'none',
  failsOnRefusal: true
}

const promiseAlways: Policy = { promises: () => true, failsOnRefusal: false }

const promiseNever: Policy = { promises: () => false, failsOnRefusal: true }

/** Stands in the log where a group cannot be deleted. */
const groupStays = 'Box refuses to delete a group: its members are removed instead'

/** How many memberships of one request are worked at a time. */
const concurrency = 8

/** Creates the use cases about memberships. `onAcknowledged` is told of work left to the background. */
export function createMemberships(
  dependencies: Dependencies,
  single: MembershipWork,
  onAcknowledged: () => void
): Memberships {
  const { admit, clock, directory, inWork, log, mirror, settings } = dependencies

  return {
    async assertKnown(changes) {
      if (settings.strictMembers) await assertKnownMembers(directory.users, changes)
    },

    async change(groupId, changes, trail, condition = {}) {
      const { entries, isHeld } = await directory.transaction(async (tx) => {
        const group = await assertGroup(tx, groupId, condition)
        const decided = await decideMemberships(tx, changes, contextOf(groupId, trail, 'ask'))
        assertMembersChangeable(group, memberWorkOf(decided), dependencies)
        return claimed(decided)
      })
      await workInline(entries, trail, promiseWhenLate)
      if (isHeld) throw fuseOpen('memberships')
    },

    async begin(groupId, members, trail) {
      const changes = [{ kind: 'add', ids: members } as const]
      const { entries } = await directory.transaction(async (tx) => {
        const group = await assertGroup(tx, groupId, {})
        const decided = await decideMemberships(tx, changes, contextOf(groupId, trail, 'ask'))
        assertMembersChangeable(group, memberWorkOf(decided), dependencies)
        return claimed(decided)
      })
      await workInline(entries, trail, promiseAlways)
    },

    async dissolve(groupId, trail, condition) {
      const decided = await directory.transaction(async (tx) => {
        const group = await assertGroup(tx, groupId, condition)
        assertMembersChangeable(group, { changes: true, removes: true }, dependencies)
        return decideDissolution(tx, group, contextOf(groupId, trail, 'ask'))
      })
      if (decided === undefined) throw fuseOpen('memberships')
      await workDissolution(decided, trail)
    },

    async dissolveReleased(id, trail) {
      const decided = await directory.transaction(async (tx) => {
        const entry = await tx.journal.get(id)
        if (entry === undefined || !isOpen(entry) || !('groupId' in entry.operation))
          return undefined
        const group = await tx.groups.get(entry.operation.groupId)
        await tx.updateJournal([id], { state: 'confirmed', outcome: 'done' })
        if (group === undefined || group.tombstone) return undefined
        return decideDissolution(tx, group, contextOf(group.id, trail, 'free'))
      })
      if (decided !== undefined) await workDissolution(decided, trail)
    },

    async leaveAll(userId, trail) {
      const entries = await directory.transaction(async (tx) => {
        const decided: JournalEntry[] = []
        for (const row of await tx.memberships.ofUser(userId)) {
          // Coming back without the old groups is no leaving: the fuse has no part in it.
          const context = contextOf(row.groupId, trail, 'free')
          decided.push(...(await removeEverybody(tx, [row], context)))
        }
        return decided
      })
      await workInline(entries, trail, promiseNever)
    },

    async withdrawAbandoned({ id }) {
      await directory.transaction(async (tx) => {
        // Transactions run one after the other: a request either has claimed it, or finds it gone.
        if (!inWork.has(id)) await withdrawIn(tx, await stillOpen(tx, [{ id }]))
      })
    }
  }

  /**
   * Marks entries as a request's in the transaction that decides them, so that the background does not
   * withdraw what a retry has just joined.
   */
  function claimed<Decided extends { readonly entries: readonly JournalEntry[] }>(
    decided: Decided
  ): Decided {
    for (const { id } of decided.entries) inWork.add(id)
    return decided
  }

  function contextOf(groupId: BoxGroupId, trail: Trail, standing: RemovalStanding) {
    return { groupId, settings, mirror, trail, now: clock.now(), admit, standing }
  }

  async function workDissolution(decided: Dissolution, trail: Trail): Promise<void> {
    const { deletion, known, sweep } = decided
    if (deletion !== undefined && (await deleteInline(deletion, trail))) return
    const outcome = await settleAll(known, trail, promiseWhenLate)
    const found = await sweepInline(sweep, trail)
    await workInline(found, trail, promiseWhenLate)
    throwFailure(outcome, promiseWhenLate)
  }

  /** False where Box refuses it, so that everybody must leave the group one by one. */
  async function deleteInline(entry: JournalEntry, trail: Trail): Promise<boolean> {
    try {
      await single.deleteGroup(entry.id, trail)
    } catch (error) {
      if (error instanceof BoxRefusedError) {
        const { status, code, requestId } = error
        trail.notes.push(`Box refuses to delete the group (${status} ${code}): it is emptied`)
        log.error({ subject: entry.subject, status, code, requestId }, groupStays)
        return false
      }
      const isPromised = error instanceof BoxUnavailableError && promiseWhenLate.promises(error)
      if (!isPromised) throw error
      await acknowledge([entry])
    }
    return true
  }

  async function sweepInline(
    entries: readonly JournalEntry[],
    trail: Trail
  ): Promise<readonly JournalEntry[]> {
    try {
      return (await Promise.all(entries.map(({ id }) => single.sweep(id, trail)))).flat()
    } catch (error) {
      const isPromised = error instanceof BoxUnavailableError && promiseWhenLate.promises(error)
      if (!isPromised) throw error
      await acknowledge(entries)
      return []
    }
  }

  /** Works the entries and throws where they were not all carried out or promised. */
  async function workInline(
    entries: readonly JournalEntry[],
    trail: Trail,
    policy: Policy
  ): Promise<void> {
    throwFailure(await settleAll(entries, trail, policy), policy)
  }

  /** Removals first; the first trouble with Box stops the rest, which is then promised or taken back. */
  async function settleAll(
    entries: readonly JournalEntry[],
    trail: Trail,
    policy: Policy
  ): Promise<Outcome> {
    const removals = entries.filter(({ operation }) => isRemoval(operation))
    const additions = entries.filter(({ operation }) => !isRemoval(operation))
    const ordered = [...removals, ...additions]
    for (const { id } of ordered) inWork.add(id)
    try {
      const outcome = await workAll(ordered, trail)
      const { trouble } = outcome
      if (trouble === undefined) return outcome
      const fails = policy.failsOnRefusal && outcome.refusals.length > 0
      if (policy.promises(trouble) && !fails) await acknowledge(ordered)
      else await withdraw(own(ordered, trail))
      return outcome
    } catch (error) {
      await withdraw(own(ordered, trail))
      throw error
    } finally {
      for (const { id } of ordered) inWork.delete(id)
    }
  }

  async function workAll(entries: readonly JournalEntry[], trail: Trail): Promise<Outcome> {
    const refusals: BoxRefusedError[] = []
    let trouble: BoxUnavailableError | undefined
    await runConcurrently(entries, concurrency, async (entry) => {
      if (trouble !== undefined) return
      try {
        const state = await workLooking(entry, trail)
        if (state === 'refused') throw await closedMeanwhile(entry.id)
        if (state === 'cancelled' && own([entry], trail).length === 0) trouble ??= takenBack()
      } catch (error) {
        if (error instanceof BoxRefusedError) refusals.push(error)
        else if (error instanceof BoxUnavailableError) trouble ??= error
        else throw error
      }
    })
    return { trouble, refusals }
  }

  /** Another request, or a look after a crash, has closed the entry that this request had joined. */
  async function closedMeanwhile(id: number): Promise<Error> {
    const outcome = (await directory.journal.get(id))?.outcome ?? ''
    return outcome === foundNotDone ? takenBack() : refusedMeanwhile(outcome)
  }

  /** One lost answer is no reason to fail: look at once, and add again only where Box has nothing. */
  async function workLooking(entry: JournalEntry, trail: Trail) {
    const lane = isRemoval(entry.operation) ? 'removal' : 'client'
    try {
      return await single.work(entry.id, trail, lane)
    } catch (error) {
      if (!(error instanceof BoxUnavailableError) || error.effect === 'none') throw error
      return single.work(entry.id, trail, lane)
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

  async function withdraw(entries: readonly JournalEntry[]): Promise<void> {
    await directory.transaction(async (tx) => withdrawIn(tx, await stillOpen(tx, entries)))
  }

  /** SCIM does not show those that may have reached Box until somebody has looked. */
  async function withdrawIn(
    tx: DirectoryTransaction,
    entries: readonly JournalEntry[]
  ): Promise<void> {
    for await (const batch of inTurns(entries)) {
      for (const entry of batch) {
        const { id, operation, state, acknowledged } = entry
        if (operation.kind !== 'add-membership' || state === 'sent' || acknowledged) continue
        const { groupId, userId } = operation
        if (mayHaveReachedBox(entry)) {
          await tx.updateJournal([id], { state: 'unknown' })
          const row = await tx.memberships.get(groupId, userId)
          if (row !== undefined) await tx.putMemberships([{ ...row, intended: false }])
        } else {
          await tx.updateJournal([id], { state: 'cancelled', outcome: 'not sent' })
          await tx.deleteMembership(groupId, userId)
        }
        await tx.touchGroup(groupId, clock.now())
      }
    }
  }
}

/** What an earlier request still has open is that request's to take back. */
function own(entries: readonly JournalEntry[], { context }: Trail): readonly JournalEntry[] {
  return entries.filter(({ correlationId }) => correlationId === context.correlationId)
}

function throwFailure({ trouble, refusals }: Outcome, policy: Policy): void {
  if (trouble !== undefined && !policy.promises(trouble)) throw trouble
  if (refusals[0] !== undefined && policy.failsOnRefusal) {
    throw membershipsRefused(refusals[0], refusals.length)
  }
}

async function stillOpen(
  tx: DirectoryTransaction,
  entries: readonly Pick<JournalEntry, 'id'>[]
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

async function assertGroup(tx: DirectoryTransaction, id: BoxGroupId, condition: Condition) {
  const group = await tx.groups.get(id)
  if (group === undefined || group.tombstone) throw groupNotFound(id)
  assertVersion(group, condition)
  return group
}

/** The request that this one had joined gave up. */
function takenBack(): BoxUnavailableError {
  return new BoxUnavailableError('Another request about the same membership was given up.', {
    trouble: 'unavailable',
    effect: 'none',
    retryAfterSeconds: 1
  })
}

function refusedMeanwhile(outcome: string): BoxRefusedError {
  const [status = '', code = '', requestId = ''] = outcome.split(' ')
  const message = 'Box refused the same change for another request'
  return new BoxRefusedError({ status: Number(status), code, message, requestId })
}

function membershipsRefused(first: BoxRefusedError, count: number): ProvisioningError {
  const reason = `${first.message} (${first.code}, request id ${first.requestId})`
  return new ProvisioningError(
    'refused_by_box',
    `Box refused ${count} membership change(s); the others were carried out as far as there was time. ` +
      `First refusal: ${reason}.`,
    { cause: first }
  )
}
