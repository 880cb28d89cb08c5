import type { EpochMs } from '../lib/clock.ts'
import type { BoxUserId } from './model.ts'
import type { DirectoryTransaction } from './ports.ts'

/**
 * Moves the versions of a person's groups on: somebody who appears or disappears changes their
 * members without a change of the memberships. Call it while the memberships are still there.
 */
export async function touchGroupsOf(
  tx: DirectoryTransaction,
  userId: BoxUserId,
  now: EpochMs
): Promise<void> {
  for (const { groupId, intended } of await tx.memberships.ofUser(userId)) {
    if (intended) await tx.touchGroup(groupId, now)
  }
}
