import { decideMemberships } from '../membership-decision.ts'
import type { Dependencies } from '../dependencies.ts'
import type { BoxGroupId, BoxMembership, BoxUserId, MembershipRow } from '../model.ts'
import { membershipSubject } from '../operations.ts'
import type { DirectoryTransaction } from '../ports.ts'
import { createTrail, type Trail } from '../trail.ts'
import { reportDrift } from './report.ts'

/** A membership as the directory had it before Box was asked, and as Box shows it. */
export interface SeenMembership {
  readonly groupId: BoxGroupId
  readonly userId: BoxUserId
  readonly before: MembershipRow | undefined
  readonly found: BoxMembership | undefined
}

/**
 * Records a membership as Box shows it, and decides to restore it where DRIFT_RESTORE says so.
 * `busy`: the directory or the journal have gone on since Box was asked, and nothing is recorded.
 */
export type RecordSeenMembership = (
  tx: DirectoryTransaction,
  seen: SeenMembership,
  trail: Trail
) => Promise<'same' | 'recorded' | 'restoring' | 'busy'>

/** Tells whether Box shows the membership as the directory has it. */
export function isAsKnown({ before, found }: Pick<SeenMembership, 'before' | 'found'>): boolean {
  if (found === undefined) return before === undefined
  return before?.intended === true && before.boxId === found.id && before.role === found.role
}

/** Creates {@link RecordSeenMembership}. */
export function createRecordSeenMembership(
  dependencies: Pick<Dependencies, 'admit' | 'clock' | 'mirror' | 'settings' | 'signals'>
): RecordSeenMembership {
  const { clock, mirror, settings, signals, admit } = dependencies

  return async (tx, seen, trail) => {
    const { groupId, userId, before, found } = seen
    if (isAsKnown(seen)) return 'same'
    const open = await tx.journal.openFor(membershipSubject(groupId, userId))
    const current = await tx.memberships.get(groupId, userId)
    if (open.length > 0 || !isSameRow(before, current)) return 'busy'
    const now = clock.now()
    if (found === undefined) {
      await tx.deleteMembership(groupId, userId)
    } else {
      const row = { groupId, userId, intended: true, boxId: found.id, role: found.role }
      await tx.putMemberships([row])
    }
    const wasMember = before?.intended === true
    const isMember = found !== undefined
    if (wasMember !== isMember) await tx.touchGroup(groupId, now)
    const difference = { kind: 'memberships', notes: [noteOf(wasMember, isMember)] } as const
    await reportDrift(tx, membershipSubject(groupId, userId), difference, { trail, now, signals })
    if (wasMember === isMember || !(await restores(tx, groupId))) return 'recorded'
    await restore(tx, seen, trail)
    signals.driftRestored('memberships')
    return 'restoring'
  }

  async function restores(tx: DirectoryTransaction, groupId: BoxGroupId): Promise<boolean> {
    if (!settings.restores.includes('memberships')) return false
    const group = await tx.groups.get(groupId)
    return group !== undefined && group.linked && !group.tombstone
  }

  /** The journal worker drives it on, as if a client had been told. */
  async function restore(
    tx: DirectoryTransaction,
    { groupId, userId, found }: SeenMembership,
    { context }: Trail
  ): Promise<void> {
    const trail = createTrail('drift.restore', context)
    const now = clock.now()
    const change = { kind: found === undefined ? 'add' : 'remove', ids: [userId] } as const
    const decided = { groupId, settings, mirror, trail, now, admit, standing: 'ask' } as const
    const { entries } = await decideMemberships(tx, [change], decided)
    await tx.updateJournal(
      entries.map(({ id }) => id),
      { acknowledged: true }
    )
    trail.operations.push(...entries.map(({ operation }) => operation))
    await tx.audit(trail.audit(membershipSubject(groupId, userId), 'done', now))
  }
}

function isSameRow(left: MembershipRow | undefined, right: MembershipRow | undefined): boolean {
  return (
    left?.boxId === right?.boxId && left?.intended === right?.intended && left?.role === right?.role
  )
}

function noteOf(wasMember: boolean, isMember: boolean): string {
  if (wasMember === isMember) return 'changed in Box: role'
  return isMember ? 'added in Box' : 'removed in Box'
}
