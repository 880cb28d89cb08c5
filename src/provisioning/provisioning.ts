import { createCarryOutUserWork } from './carry-out.ts'
import type { Dependencies } from './dependencies.ts'
import { createDrive, type Drive } from './drive.ts'
import { createRefresh, type Refresh } from './drift/refresh.ts'
import { createAdmit } from './fuse.ts'
import { createGroupCreation } from './group-creation.ts'
import { createSettleGroup } from './group-settlement.ts'
import { createUpdateGroup } from './group-update.ts'
import { createGroups } from './groups.ts'
import { createAdmitDeactivation, createExpireHeld, type ExpireHeld } from './held.ts'
import { createRunJournaled } from './journaled.ts'
import { createWorkLeaver } from './leavers.ts'
import { createMembershipWork } from './membership-work.ts'
import { createMemberships } from './memberships.ts'
import type { ConnectService, GroupService, ResourceService, UserService } from './requests.ts'
import { createUserAssociation } from './user-association.ts'
import { createUserClaims } from './user-claim.ts'
import { createUserCreation } from './user-creation.ts'
import { createUserInvitation } from './user-invitation.ts'
import { createSettleUser } from './user-settlement.ts'
import { createUsers } from './users.ts'

/** What should happen, ready to be asked. */
export interface Provisioning {
  readonly users: UserService
  readonly connections: ConnectService
  readonly groups: GroupService
  readonly resources: ResourceService
  /** Works an open journal entry; for the journal worker. */
  readonly drive: Drive
  /** The journal entries that requests are working at present. */
  readonly inWork: ReadonlySet<number>
  /** Reads again in Box what a hint is about; for the hint worker. */
  readonly refresh: Refresh
  /** Drops removals that the fuse held for too long; to be called from time to time. */
  readonly expireHeld: ExpireHeld
}

/** Joins the use cases. `onAcknowledged` is told of work that is left to the journal worker. */
export function createProvisioning(
  ports: Omit<Dependencies, 'runJournaled' | 'inWork' | 'admit' | 'admitDeactivation'>,
  onAcknowledged: () => void
): Provisioning {
  const admit = createAdmit(ports)
  const admitDeactivation = createAdmitDeactivation({ ...ports, admit })
  const tracked = { ...ports, admit, admitDeactivation, inWork: new Set<number>() }
  const dependencies: Dependencies = { ...tracked, runJournaled: createRunJournaled(tracked) }
  const membershipWork = createMembershipWork(dependencies)
  const memberships = createMemberships(dependencies, membershipWork, onAcknowledged)
  const settleUser = createSettleUser(dependencies)
  const carryOut = createCarryOutUserWork(dependencies, settleUser)
  const userParts = { settle: settleUser, carryOut, memberships }
  const association = createUserAssociation(dependencies)
  const claims = createUserClaims(dependencies, userParts)
  const invitation = createUserInvitation(dependencies)
  const creationParts = { ...userParts, association, claims, invitation }
  const userCreation = createUserCreation(dependencies, creationParts)
  const settleGroup = createSettleGroup(dependencies)
  const update = createUpdateGroup(dependencies, settleGroup)
  const groupCreation = createGroupCreation(dependencies, update)
  const groupParts = { settle: settleGroup, update, creation: groupCreation, memberships }
  const creations = { userCreation, groupCreation }
  const settlements = { settleUser, settleGroup }
  const workLeaver = createWorkLeaver(dependencies)
  const works = { memberships, membershipWork, workLeaver }
  const driveParts = { ...creations, ...settlements, ...works, carryOut }
  const userUseCases = { settle: settleUser, carryOut, creation: userCreation, association }
  const users = createUsers(dependencies, userUseCases)
  return {
    users,
    connections: users,
    groups: createGroups(dependencies, groupParts),
    resources: {
      async search(request) {
        ports.assertImported()
        return ports.directory.resources.search(request)
      }
    },
    drive: createDrive(dependencies, driveParts),
    inWork: tracked.inWork,
    refresh: createRefresh(dependencies, { carryOut, update, onAcknowledged }),
    expireHeld: createExpireHeld(dependencies)
  }
}
