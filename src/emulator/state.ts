import type { Enterprise } from './enterprise.ts'
import type { GroupFields, InviteRecord, UserFields, UserRecord } from './records.ts'

/** A user as a reader of the state wants it: Box's fields without times and links. */
interface UserState extends Omit<
  UserFields,
  'created_at' | 'modified_at' | 'avatar_url' | 'enterprise' | 'hostname' | 'my_tags' | 'login'
> {
  readonly id: string
  /** Alias addresses in the order in which they came. */
  readonly aliases: readonly string[]
  readonly ownsContent: boolean
}

/** A transfer of content as a reader of the state wants it. */
interface TransferState {
  /** Ids of users. */
  readonly from: string
  readonly to: string
  /** The new folder's name. */
  readonly folder: string
  readonly done: boolean
}

/** An invite as a reader of the state wants it. */
interface InviteState extends Pick<InviteRecord, 'id' | 'status'> {
  readonly login: string
}

/** A group as a reader of the state wants it. */
interface GroupState extends Omit<GroupFields, 'created_at' | 'modified_at' | 'name'> {
  readonly id: string
  /** Logins of all members, the group's admins included, in alphabetical order. */
  readonly members: readonly string[]
  /** Logins of the group's admins, in alphabetical order. */
  readonly admins: readonly string[]
}

/** The whole enterprise as plain data. */
export interface EnterpriseState {
  readonly enterprise: { readonly id: string; readonly name: string }
  readonly serviceAccount: { readonly id: string; readonly login: string }
  /** Users by login, the service account not among them. */
  readonly users: Readonly<Record<string, UserState>>
  /** Groups by name. */
  readonly groups: Readonly<Record<string, GroupState>>
  /** Oldest first, like the next ones. */
  readonly transfers: readonly TransferState[]
  readonly invites: readonly InviteState[]
  /** Whose sessions were ended, by the user's id, and when last. */
  readonly sessionEnds: Readonly<Record<string, string>>
}

/** Describes the enterprise as it is now. */
export function describeEnterprise(enterprise: Enterprise): EnterpriseState {
  const { info, serviceAccount } = enterprise
  const users = enterprise.users.sorted.filter(({ id }) => id !== serviceAccount.id)
  return {
    enterprise: { id: info.id, name: info.name },
    serviceAccount: { id: serviceAccount.id, login: serviceAccount.fields.login },
    // Object.fromEntries defines own properties, so that no name can reach a prototype.
    users: Object.fromEntries(users.map((user) => [user.fields.login, describeUser(user)])),
    groups: Object.fromEntries(
      enterprise.groups.sorted.map(({ id, fields }) => {
        const { created_at: _created, modified_at: _modified, name, ...others } = fields
        return [name, { id, ...others, ...describeMembers(enterprise, id) }]
      })
    ),
    transfers: enterprise.transfers.all.map(({ fromId, toId, folder, done }) => ({
      from: fromId,
      to: toId,
      folder: folder.name,
      done
    })),
    invites: enterprise.invites.all.map(({ id, status, invited }) => ({
      id,
      status,
      login: invited.login
    })),
    sessionEnds: Object.fromEntries(enterprise.sessionEnds)
  }
}

function describeUser(user: UserRecord): UserState {
  const {
    created_at: _created,
    modified_at: _modified,
    avatar_url: _avatar,
    enterprise: _enterprise,
    hostname: _hostname,
    my_tags: _tags,
    login: _login,
    ...others
  } = user.fields
  const aliases = [...user.aliases.values()].map(({ email }) => email)
  return { id: user.id, ...others, aliases, ownsContent: user.ownsContent }
}

function describeMembers(
  enterprise: Enterprise,
  groupId: string
): Pick<GroupState, 'members' | 'admins'> {
  const memberships = enterprise.memberships.ofGroup(groupId).map(({ userId, role }) => ({
    login: enterprise.users.get(userId)?.fields.login ?? userId,
    role
  }))
  return {
    members: memberships.map(({ login }) => login).toSorted(),
    admins: memberships
      .filter(({ role }) => role === 'admin')
      .map(({ login }) => login)
      .toSorted()
  }
}
