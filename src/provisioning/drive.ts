import type { EpochMs } from '../lib/clock.ts'
import { bridgeActor } from './audit.ts'
import { createRunAudited, type RunAudited } from './audited.ts'
import type { CarryOutUserWork } from './carry-out.ts'
import type { Dependencies } from './dependencies.ts'
import type { GroupCreation } from './group-creation.ts'
import type { SettleGroup } from './group-settlement.ts'
import { restMs } from './journaled.ts'
import type { WorkLeaver } from './leavers.ts'
import type { MembershipWork } from './membership-work.ts'
import type { Memberships } from './memberships.ts'
import type { BoxGroupId, BoxUserId } from './model.ts'
import {
  groupSubject,
  isRemoval,
  isUserCreation,
  mayHaveReachedBox,
  userSubject,
  type BoxOperation,
  type JournalEntry
} from './operations.ts'
import { leftoverAliases } from './plan/user-plan.ts'
import { createTrail, type Trail } from './trail.ts'
import type { UserCreation } from './user-creation.ts'
import type { UserOperation } from './user-operations.ts'
import type { SettleUser } from './user-settlement.ts'

/**
 * Works one open journal entry that no request is working: removals and acknowledged memberships are
 * driven to their end; anything else is looked up, recorded as Box shows it, and left to the IdP's
 * retry. Resolves to false where it is not the time for it. Throws where Box is not there or refuses.
 */
export type Drive = (entry: JournalEntry, deadline: EpochMs) => Promise<boolean>

/** What driving works with. */
export interface DriveParts {
  readonly settleUser: SettleUser
  readonly settleGroup: SettleGroup
  readonly carryOut: CarryOutUserWork
  readonly userCreation: UserCreation
  readonly groupCreation: GroupCreation
  readonly memberships: Memberships
  readonly membershipWork: MembershipWork
  readonly workLeaver: WorkLeaver
}

/** Creates {@link Drive}. Entries that a request of this process is working are left alone. */
export function createDrive(dependencies: Dependencies, parts: DriveParts): Drive {
  const { clock, directory, inWork, locks, signals } = dependencies
  const audited: RunAudited = createRunAudited(dependencies, { onTrouble: false })

  return async (entry, deadline) => {
    const { correlationId, operation, sentAt = 0 } = entry
    if (inWork.has(entry.id)) return false
    // Cut off by the end of an earlier process: Box may still be applying it.
    if (isLeftToRetry(entry) && entry.state === 'sent' && sentAt + restMs > clock.now()) {
      await rest(entry.id, sentAt + restMs)
      return false
    }
    const trail = createTrail(`bridge.${operation.kind}`, {
      correlationId,
      actor: bridgeActor,
      deadline
    })
    await audited(trail, entry.subject, () => work(entry, operation, trail))
    return true
  }

  async function rest(id: number, notBefore: EpochMs): Promise<void> {
    await directory.transaction((tx) => tx.updateJournal([id], { notBefore }))
  }

  async function work(entry: JournalEntry, operation: BoxOperation, trail: Trail): Promise<void> {
    if ('refusals' in operation) return parts.workLeaver(entry, trail)
    if (isUserCreation(operation) || operation.kind === 'invite-user') {
      return parts.userCreation.look(entry.subject, trail)
    }
    switch (operation.kind) {
      case 'create-group':
        return parts.groupCreation.look(operation.fields.name ?? '', trail)
      case 'update-group':
        return lookAtGroup(operation.groupId, entry, trail)
      case 'sweep-group':
      case 'delete-group':
      case 'dissolve-group':
      case 'remove-membership':
      case 'add-membership':
        return workMembership(entry, trail)
      default:
        return workUser(operation.userId, entry, trail)
    }
  }

  /**
   * Looks at what is unknown about a person, then carries out a deactivation that is still open and
   * takes away what an unfinished change of the login left behind.
   */
  async function workUser(id: BoxUserId, entry: JournalEntry, trail: Trail): Promise<void> {
    await locks.run(userSubject(id), async () => {
      const found = await directory.users.get(id)
      if (found === undefined) return close(entry)
      const lane = isRemoval(entry.operation) ? 'removal' : 'background'
      const { record, pending } = await parts.settleUser(found, trail, lane)
      if (record === undefined) return
      const deactivation = pending.findLast(({ operation }) => isRemoval(operation))?.operation
      const operations = [deactivation, ...leftoverAliases(record)].filter(
        (operation) => operation !== undefined
      ) as readonly UserOperation[]
      const final = { shadow: record.shadow }
      await parts.carryOut({ record, operations, replaces: pending, final }, trail)
    })
  }

  async function lookAtGroup(id: BoxGroupId, entry: JournalEntry, trail: Trail): Promise<void> {
    await locks.run(groupSubject(id), async () => {
      const record = await directory.groups.get(id)
      if (record === undefined) return close(entry)
      await parts.settleGroup(record, trail, 'background')
    })
  }

  /** What it is about is gone: there is nothing left to do. */
  async function close({ id }: JournalEntry): Promise<void> {
    const change = { state: 'cancelled', outcome: 'gone from the directory' } as const
    await directory.transaction((tx) => tx.updateJournal([id], change))
  }

  async function workMembership(entry: JournalEntry, trail: Trail): Promise<void> {
    const { membershipWork, memberships } = parts
    const { id, operation, acknowledged } = entry
    if (operation.kind === 'delete-group') await membershipWork.deleteGroup(id, trail)
    else if (operation.kind === 'sweep-group') await membershipWork.sweep(id, trail)
    else if (operation.kind === 'dissolve-group') await memberships.dissolveReleased(id, trail)
    else if (isRemoval(operation) || acknowledged) {
      await membershipWork.work(id, trail, isRemoval(operation) ? 'removal' : 'membership')
      if (acknowledged) signals.membershipSettled()
    } else if (mayHaveReachedBox(entry)) await membershipWork.look(id, trail, 'background')
    else await memberships.withdrawAbandoned(entry)
  }
}

/** What nobody was promised and takes no access away is looked at only. */
function isLeftToRetry({ operation, acknowledged }: JournalEntry): boolean {
  return !isRemoval(operation) && !acknowledged
}
