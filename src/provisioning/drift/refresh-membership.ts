import type { Dependencies } from '../dependencies.ts'
import type { BoxGroupId, BoxMembership, BoxUserId } from '../model.ts'
import { membershipSubject } from '../operations.ts'
import type { Trail } from '../trail.ts'
import type { RecordSeenMembership } from './membership-seen.ts'
import { soonAgain, whenJournalIsDone, type RefreshOutcome } from './outcome.ts'
import type { RefreshGroup } from './refresh-group.ts'
import type { RefreshUser } from './refresh-user.ts'

/** Reads one membership in Box and records what has changed. Throws where Box cannot be asked. */
export type RefreshMembership = (
  groupId: BoxGroupId,
  userId: BoxUserId,
  trail: Trail
) => Promise<RefreshOutcome>

/** What {@link createRefreshMembership} works with. */
export interface RefreshMembershipParts {
  readonly refreshUser: RefreshUser
  readonly refreshGroup: RefreshGroup
  readonly record: RecordSeenMembership
  /** Is told of work that is left to the journal worker. */
  readonly onAcknowledged: () => void
}

/** Creates {@link RefreshMembership}. */
export function createRefreshMembership(
  dependencies: Dependencies,
  parts: RefreshMembershipParts
): RefreshMembership {
  const { box, clock, directory, locks } = dependencies

  return async (groupId, userId, trail) => {
    // Before the lock is taken: others take a person's lock and then a membership's.
    const missing = await know(groupId, userId, trail)
    if (missing !== undefined) return missing
    const subject = membershipSubject(groupId, userId)
    return locks.run(subject, async () => {
      const open = await directory.journal.openFor(subject)
      if (open.length > 0) return whenJournalIsDone
      const before = await directory.memberships.get(groupId, userId)
      const found = await box.findMembership(groupId, userId, trail.call('background'))
      if (found === undefined && before !== undefined && !(await isThere(userId, trail))) {
        return noteUser(userId)
      }
      return record({ groupId, userId, before, found }, trail)
    })
  }

  /** Sees to it that group and person are in the directory; resolves to what is wrong otherwise. */
  async function know(
    groupId: BoxGroupId,
    userId: BoxUserId,
    trail: Trail
  ): Promise<RefreshOutcome | undefined> {
    if ((await directory.groups.get(groupId)) === undefined) {
      const outcome = await parts.refreshGroup(groupId, trail)
      // A group that appears has all its members read.
      return outcome
    }
    if ((await directory.users.get(userId)) !== undefined) return undefined
    const outcome = await parts.refreshUser(userId, trail)
    if (outcome !== 'done') return outcome
    return (await directory.users.get(userId)) === undefined ? 'done' : undefined
  }

  /** Box answers in one way that somebody is in no group and that there is nobody. */
  async function isThere(userId: BoxUserId, trail: Trail): Promise<boolean> {
    return (await box.getUser(userId, trail.call('background'))) !== undefined
  }

  async function noteUser(userId: BoxUserId): Promise<RefreshOutcome> {
    const now = clock.now()
    await directory.transaction((tx) => tx.noteHints([{ kind: 'user', userId }], 'bridge', now))
    return 'done'
  }

  async function record(
    seen: {
      readonly groupId: BoxGroupId
      readonly userId: BoxUserId
      readonly before: Parameters<RecordSeenMembership>[1]['before']
      readonly found: BoxMembership | undefined
    },
    trail: Trail
  ): Promise<RefreshOutcome> {
    const outcome = await directory.transaction((tx) => parts.record(tx, seen, trail))
    if (outcome === 'restoring') parts.onAcknowledged()
    return outcome === 'busy' ? soonAgain : 'done'
  }
}
