import type { EpochMs } from '../lib/clock.ts'
import { createRunAudited, type RunAudited } from './audited.ts'
import type { CarryOutUserWork } from './carry-out.ts'
import type { Dependencies } from './dependencies.ts'
import type { GroupCreation } from './group-creation.ts'
import type { SettleGroup } from './group-settlement.ts'
import type { Memberships } from './memberships.ts'
import type { BoxGroupId, BoxUserId } from './model.ts'
import { restMs } from './journaled.ts'
import {
  groupSubject,
  isRemoval,
  userSubject,
  type BoxOperation,
  type JournalEntry
} from './operations.ts'
import { createTrail, type Trail } from './trail.ts'
import type { UserCreation } from './user-creation.ts'
import type { SettleUser } from './user-settlement.ts'

/**
 * Works one open journal entry that no request is working: removals and acknowledged memberships are
 * driven to their end; anything else is looked up, recorded as Box shows it, and left to the IdP's
 * retry. Throws where Box is not there or refuses.
 */
export type Drive = (entry: JournalEntry, deadline: EpochMs) => Promise<void>

/** What driving works with. */
export interface DriveParts {
  readonly settleUser: SettleUser
  readonly settleGroup: SettleGroup
  readonly carryOut: CarryOutUserWork
  readonly userCreation: UserCreation
  readonly groupCreation: GroupCreation
  readonly memberships: Memberships
}

/** The name under which the bridge's own work stands in the audit. */
const bridgeActor = 'bridge'

/**
 * Creates {@link Drive}. Entries that were decided or sent since `startedAt`, when this process
 * began, and that are not acknowledged belong to a request that is still running: they are left alone.
 */
export function createDrive(
  dependencies: Dependencies,
  parts: DriveParts,
  startedAt: EpochMs
): Drive {
  const { clock, directory, locks } = dependencies
  const audited: RunAudited = createRunAudited(dependencies, { onSuccess: true, onTrouble: false })

  return async (entry, deadline) => {
    const { correlationId, operation, sentAt = 0 } = entry
    if (entry.state === 'sent' && sentAt >= startedAt) return
    // Cut off by the end of an earlier process: Box may still be applying it.
    if (isLeftToRetry(entry) && entry.state === 'sent' && sentAt + restMs > clock.now()) {
      return rest(entry.id, sentAt + restMs)
    }
    const trail = createTrail(`bridge.${operation.kind}`, {
      correlationId,
      actor: bridgeActor,
      deadline
    })
    await audited(trail, entry.subject, () => work(entry, operation, trail))
  }

  async function rest(id: number, notBefore: EpochMs): Promise<void> {
    await directory.transaction((tx) => tx.updateJournal([id], { notBefore }))
  }

  async function work(entry: JournalEntry, operation: BoxOperation, trail: Trail): Promise<void> {
    switch (operation.kind) {
      case 'create-user':
        return parts.userCreation.look(operation.fields.login ?? '', trail)
      case 'create-group':
        return parts.groupCreation.look(operation.fields.name ?? '', trail)
      case 'update-user':
      case 'add-alias':
      case 'remove-alias':
      case 'deactivate-user':
        return workUser(operation.userId, trail)
      case 'update-group':
        return lookAtGroup(operation.groupId, trail)
      case 'remove-membership':
        return parts.memberships.work(entry.id, trail, 'removal')
      case 'add-membership':
        return workAddition(entry, trail)
    }
  }

  /** Looks at what is unknown about a person and carries out a deactivation that is still open. */
  async function workUser(id: BoxUserId, trail: Trail): Promise<void> {
    await locks.run(userSubject(id), async () => {
      const found = await directory.users.get(id)
      if (found === undefined) return
      const { record, pending } = await parts.settleUser(found, trail, 'removal')
      const last = pending.at(-1)
      if (record === undefined || last?.operation.kind !== 'deactivate-user') return
      const operations = [last.operation]
      const final = { shadow: record.shadow }
      await parts.carryOut({ record, operations, replaces: pending, final }, trail)
    })
  }

  async function lookAtGroup(id: BoxGroupId, trail: Trail): Promise<void> {
    await locks.run(groupSubject(id), async () => {
      const record = await directory.groups.get(id)
      if (record !== undefined) await parts.settleGroup(record, trail, 'background')
    })
  }

  async function workAddition(entry: JournalEntry, trail: Trail): Promise<void> {
    if (entry.acknowledged) return parts.memberships.work(entry.id, trail, 'membership')
    if (entry.state !== 'decided') return parts.memberships.look(entry.id, trail, 'background')
    if (entry.decidedAt < startedAt) await parts.memberships.withdraw([entry])
  }
}

/** What nobody was promised and takes no access away is looked at only. */
function isLeftToRetry({ operation, acknowledged }: JournalEntry): boolean {
  return !isRemoval(operation) && !acknowledged
}
