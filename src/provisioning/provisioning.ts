import type { EpochMs } from '../lib/clock.ts'
import { createCarryOutUserWork } from './carry-out.ts'
import type { Dependencies } from './dependencies.ts'
import { createDrive, type Drive } from './drive.ts'
import { createGroupCreation } from './group-creation.ts'
import { createSettleGroup } from './group-settlement.ts'
import { createUpdateGroup } from './group-update.ts'
import { createGroups } from './groups.ts'
import { createRunJournaled } from './journaled.ts'
import { createMemberships } from './memberships.ts'
import type { GroupService, ResourceService, UserService } from './requests.ts'
import { createUserCreation } from './user-creation.ts'
import { createSettleUser } from './user-settlement.ts'
import { createUsers } from './users.ts'

/** What should happen, ready to be asked. */
export interface Provisioning {
  readonly users: UserService
  readonly groups: GroupService
  readonly resources: ResourceService
  /** Works an open journal entry; for the journal worker. */
  readonly drive: Drive
}

/** What {@link createProvisioning} is told besides the parts it works with. */
export interface ProvisioningEvents {
  /** When this process began: what the journal holds from before is nobody's running request. */
  readonly startedAt: EpochMs
  /** Called when acknowledged work is left to the journal worker. */
  readonly onAcknowledged: () => void
}

/** Joins the use cases. */
export function createProvisioning(
  ports: Omit<Dependencies, 'runJournaled'>,
  events: ProvisioningEvents
): Provisioning {
  const runJournaled = createRunJournaled(ports.directory, ports.clock)
  const dependencies: Dependencies = { ...ports, runJournaled }
  const memberships = createMemberships(dependencies, events.onAcknowledged)
  const settleUser = createSettleUser(dependencies)
  const carryOut = createCarryOutUserWork(dependencies, settleUser)
  const userParts = { settle: settleUser, carryOut, memberships }
  const userCreation = createUserCreation(dependencies, userParts)
  const settleGroup = createSettleGroup(dependencies)
  const update = createUpdateGroup(dependencies, settleGroup)
  const groupCreation = createGroupCreation(dependencies, update)
  const groupParts = { settle: settleGroup, update, creation: groupCreation, memberships }
  const driveParts = { settleUser, settleGroup, carryOut, userCreation, groupCreation, memberships }
  return {
    users: createUsers(dependencies, { settle: settleUser, carryOut, creation: userCreation }),
    groups: createGroups(dependencies, groupParts),
    resources: {
      async search(request) {
        ports.assertImported()
        return ports.directory.resources.search(request)
      }
    },
    drive: createDrive(dependencies, driveParts, events.startedAt)
  }
}
