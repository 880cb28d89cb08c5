import { AdminError, assertFreeAddress } from './admin-error.ts'
import { onlySent } from './body-reader.ts'
import type { EmulatorContext } from './context.ts'
import { actorOf } from './enterprise.ts'
import type { NewGroup, NewUser } from './newcomers.ts'
import type { Actor } from './event-log.ts'
import { createEnterpriseAdmin } from './enterprise-admin.ts'
import type { EnterpriseAdmin } from './enterprise-admin.ts'
import type { GroupRecord, MemberRole, UserRecord } from './records.ts'
import type { HiddenUserFacts, SettableUserFields } from './seed.ts'

/** What an administrator may change about a user, a login included, and which application made them. */
export type AdminUserChanges = Partial<SettableUserFields> & OwnedFacts

type OwnedFacts = HiddenUserFacts & Pick<NewUser, 'createdBy'>

/**
 * Changes as a person makes them in Box's Admin Console, past the client and past the rights of its
 * service account. Users are named by id or login, groups by id or name. All throw an `AdminError`
 * where something is unknown or taken.
 */
export interface Admin extends EnterpriseAdmin {
  /** Adds a user whom no application created; returns the id. */
  createUser(user: NewUser): string
  /**
   * Changes fields, status, role, login, or what Box does not tell. A login that is an alias of the
   * user changes places with it; any other leaves no alias behind.
   */
  updateUser(user: string, changes: AdminUserChanges): void
  /** Adds a confirmed alias; returns its id. */
  addAlias(user: string, email: string): string
  /** Deletes a user whatever is owned. */
  deleteUser(user: string): void
  /** Adds a group; returns the id. */
  createGroup(group: NewGroup): string
  /** Changes a group, the name included. */
  updateGroup(group: string, changes: Partial<NewGroup>): void
  /** Deletes a group and its memberships. */
  deleteGroup(group: string): void
  /** Puts a user into a group, or changes the role there; returns the membership's id. */
  putMember(group: string, user: string, role?: MemberRole): string
  /** Takes a user out of a group. */
  removeMember(group: string, user: string): void
}

/** The administrator of whatever enterprise the context holds at the time. */
export function createAdmin(context: EmulatorContext): Admin {
  const user = (name: string): UserRecord => {
    const { users, serviceAccount } = context.enterprise
    const found = users.get(name) ?? users.byLogin(name)
    if (found === undefined || found.id === serviceAccount.id) {
      throw new AdminError(404, `There is no user ${name}`)
    }
    return found
  }
  const group = (name: string): GroupRecord => {
    const found = context.enterprise.groups.get(name) ?? context.enterprise.groups.byName(name)
    if (found === undefined) throw new AdminError(404, `There is no group ${name}`)
    return found
  }

  /** What an administrator does, events say of an administrator. */
  const deed =
    <Args extends readonly unknown[], Result>(work: (...args: Args) => Result) =>
    (...args: Args): Result =>
      context.enterprise.events.by(adminOf(context), () => work(...args))

  return {
    ...createEnterpriseAdmin(context),
    createUser: deed((created: NewUser) => {
      assertFreeAddress(context, created.login, undefined)
      return context.enterprise.createUser({ emailConfirmed: true, ...created }).id
    }),
    updateUser: deed((name: string, changes: AdminUserChanges) =>
      updateUser(context, user(name), changes)
    ),
    addAlias: deed((name: string, email: string) => {
      const found = user(name)
      assertFreeAddress(context, email, undefined)
      return context.enterprise.addAlias(found, email, true).id
    }),
    deleteUser: deed((name: string) => context.enterprise.deleteUser(user(name))),
    createGroup: deed((created: NewGroup) => {
      assertFreeName(context, created.name, undefined)
      return context.enterprise.createGroup(created).id
    }),
    updateGroup: deed((name: string, changes: Partial<NewGroup>) => {
      const found = group(name)
      if (changes.name !== undefined) assertFreeName(context, changes.name, found)
      context.enterprise.changeGroup(found, changes)
    }),
    deleteGroup: deed((name: string) => context.enterprise.deleteGroup(group(name))),
    putMember: deed((groupName: string, userName: string, role: MemberRole = 'member') =>
      putMember(context, { group: group(groupName), user: user(userName), role })
    ),
    removeMember: deed((groupName: string, userName: string) => {
      const { enterprise } = context
      const membership = enterprise.memberships.find(group(groupName).id, user(userName).id)
      if (membership === undefined) {
        throw new AdminError(404, `${userName} is not in ${groupName}`)
      }
      enterprise.removeMember(membership)
    })
  }
}

/** The primary admin, or the unknown person whom Box names where it knows nobody. */
function adminOf({ enterprise }: EmulatorContext): Actor {
  const admin = enterprise.users.sorted.find(({ fields }) => fields.role === 'admin')
  return admin === undefined ? { id: '2', name: 'Unknown User', login: '' } : actorOf(admin)
}

function updateUser(context: EmulatorContext, user: UserRecord, changes: AdminUserChanges): void {
  const {
    ownsContent,
    retained,
    emailConfirmed,
    barred,
    transferMs,
    concealed,
    createdBy,
    ...fields
  } = changes
  const facts = { ownsContent, retained, emailConfirmed, barred, transferMs, concealed, createdBy }
  const changed = context.enterprise.changeUser(withLogin(context, user, fields.login), fields)
  context.enterprise.changeHiddenFacts(changed, onlySent<OwnedFacts>(facts))
}

/** The user, with the alias that is to be the login in its place already. */
function withLogin(
  context: EmulatorContext,
  user: UserRecord,
  login: string | undefined
): UserRecord {
  if (login === undefined) return user
  if (context.enterprise.users.byAlias(login)?.id === user.id) {
    return context.enterprise.promoteAlias(user, login)
  }
  assertFreeAddress(context, login, user)
  return user
}

function putMember(
  { enterprise }: EmulatorContext,
  wanted: { readonly group: GroupRecord; readonly user: UserRecord; readonly role: MemberRole }
): string {
  const { role } = wanted
  const present = enterprise.memberships.find(wanted.group.id, wanted.user.id)
  if (present !== undefined) return enterprise.changeMembership(present, { role }).id
  return enterprise.addMember({
    userId: wanted.user.id,
    groupId: wanted.group.id,
    role,
    configurable_permissions: null
  }).id
}

function assertFreeName(
  { enterprise }: EmulatorContext,
  name: string,
  own: GroupRecord | undefined
): void {
  const namesake = enterprise.groups.byName(name)
  if (namesake !== undefined && namesake.id !== own?.id) {
    throw new AdminError(409, `There is a group ${name} already`)
  }
}
