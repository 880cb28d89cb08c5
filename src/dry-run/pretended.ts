import { fold } from '../lib/text.ts'
import type { BoxAlias, BoxInvite } from '../provisioning/box-port.ts'
import { dryIdOf, type DryWrite, type DryWriteEntry } from '../provisioning/dry-run/writes.ts'
import type {
  BoxGroup,
  BoxGroupFields,
  BoxGroupId,
  BoxMembership,
  BoxMembershipId,
  BoxUser,
  BoxUserId
} from '../provisioning/model.ts'

/** What a dry run pretends about one person; a person who would have been created has `created`. */
interface PretendedUser {
  readonly created?: BoxUser
  readonly changes: Partial<BoxUser>
  readonly deleted: boolean
  /** Aliases that only the dry run knows. */
  readonly aliases: readonly BoxAlias[]
  /** Ids of aliases that Box still has. */
  readonly withoutAliases: ReadonlySet<string>
}

/** What a dry run pretends about one group. */
interface PretendedGroup {
  readonly created?: BoxGroup
  readonly changes: Partial<BoxGroup>
  readonly deleted: boolean
}

/**
 * What Box would hold by now if a dry run had written: the writes laid over what Box shows. It says
 * nothing of people, groups and memberships that the dry run did not touch.
 */
export interface Pretended {
  /** Adds one write; in the order of their ids. */
  apply(entry: DryWriteEntry): void
  /** Whether the dry run would have created this person or group, deleted since or not. */
  hasCreated(id: BoxUserId | BoxGroupId): boolean
  /** Tells whether a person whom Box may have would have been deleted. */
  isUserDeleted(id: BoxUserId): boolean
  /** The same of a group. */
  isGroupDeleted(id: BoxGroupId): boolean
  /** An invitation that would have been sent. */
  invite(id: string): BoxInvite | undefined
  /** A person as Box would show them, given how Box does; undefined: not at all. */
  user(id: BoxUserId, inBox: BoxUser | undefined): BoxUser | undefined
  /** Everybody who would have been created and not deleted. */
  createdUsers(): readonly BoxUser[]
  /** Those whose login would have become this one. */
  usersByLogin(login: string): readonly BoxUserId[]
  /** Those whose external id would have become this one. */
  usersByExternalId(externalAppUserId: string): readonly BoxUserId[]
  /** Tells whether an address would be an alias that Box does not know. */
  hasAlias(address: string): boolean
  /** A person's aliases as Box would show them. */
  aliases(id: BoxUserId, inBox: readonly BoxAlias[]): readonly BoxAlias[]
  /** A group as Box would show it; like {@link Pretended.user}. */
  group(id: BoxGroupId, inBox: BoxGroup | undefined): BoxGroup | undefined
  /** All groups that would have been created and not deleted. */
  createdGroups(): readonly BoxGroup[]
  /** Those whose name would have become this one. */
  groupsByName(name: string): readonly BoxGroupId[]
  /** A membership that would have been added. */
  membership(groupId: BoxGroupId, userId: BoxUserId): BoxMembership | undefined
  /** The same by its id. */
  membershipById(id: BoxMembershipId): BoxMembership | undefined
  /** All that would have been added to a group. */
  addedTo(groupId: BoxGroupId): readonly BoxMembership[]
  /** Tells whether Box would still show a membership that it shows. */
  stillHas(membership: BoxMembership): boolean
}

const untouched: PretendedUser = {
  changes: {},
  deleted: false,
  aliases: [],
  withoutAliases: new Set()
}

const untouchedGroup: PretendedGroup = { changes: {}, deleted: false }

/** Creates it, without any write yet. */
export function createPretended(): Pretended {
  const users = new Map<BoxUserId, PretendedUser>()
  const logins = createIndex<BoxUserId>()
  const externalIds = createIndex<BoxUserId>()
  const aliases = createIndex<BoxUserId>()
  const groups = new Map<BoxGroupId, PretendedGroup>()
  const names = createIndex<BoxGroupId>()
  const added = new Map<BoxGroupId, Map<BoxUserId, BoxMembership>>()
  const memberships = new Map<BoxMembershipId, BoxMembership>()
  const removed = new Set<BoxMembershipId>()
  const invites = new Map<string, BoxInvite>()

  return {
    apply(entry) {
      const { write } = entry
      if ('email' in write) applyToAliases(write, dryIdOf(entry))
      else if ('membershipId' in write || write.kind === 'add-membership') {
        applyToMemberships(write, dryIdOf(entry) as BoxMembershipId)
      } else if ('groupId' in write || write.kind === 'create-group') applyToGroups(write, entry)
      else applyToUsers(write, entry)
    },
    hasCreated: (id) =>
      users.get(id as BoxUserId)?.created !== undefined ||
      groups.get(id as BoxGroupId)?.created !== undefined,
    isUserDeleted,
    isGroupDeleted,
    invite: (id) => invites.get(id),
    user,
    createdUsers: () => shownOf(users.keys(), (id) => user(id, undefined)),
    usersByLogin: (login) => logins.find(fold(login)),
    usersByExternalId: (externalAppUserId) => externalIds.find(externalAppUserId),
    hasAlias: (address) => aliases.find(fold(address)).length > 0,
    aliases(id, inBox) {
      const known = users.get(id) ?? untouched
      const login = known.changes.login ?? known.created?.login
      const kept = inBox.filter(
        (alias) =>
          !known.withoutAliases.has(alias.id) &&
          (login === undefined || fold(alias.email) !== fold(login))
      )
      return [...kept, ...known.aliases]
    },
    group,
    createdGroups: () => shownOf(groups.keys(), (id) => group(id, undefined)),
    groupsByName: (name) => names.find(fold(name)),
    membership: (groupId, userId) => present(added.get(groupId)?.get(userId)),
    membershipById: (id) => present(memberships.get(id)),
    addedTo: (groupId) => [...(added.get(groupId)?.values() ?? [])].filter(present),
    stillHas: (membership) => !removed.has(membership.id) && present(membership) !== undefined
  }

  function isUserDeleted(id: BoxUserId): boolean {
    return users.get(id)?.deleted === true
  }

  function isGroupDeleted(id: BoxGroupId): boolean {
    return groups.get(id)?.deleted === true
  }

  function user(id: BoxUserId, inBox: BoxUser | undefined): BoxUser | undefined {
    const known = users.get(id)
    if (known === undefined) return inBox
    const base = known.created ?? inBox
    return base === undefined || known.deleted ? undefined : { ...base, ...known.changes }
  }

  function group(id: BoxGroupId, inBox: BoxGroup | undefined): BoxGroup | undefined {
    const known = groups.get(id)
    if (known === undefined) return inBox
    const base = known.created ?? inBox
    return base === undefined || known.deleted ? undefined : { ...base, ...known.changes }
  }

  /** Memberships go with the person and with the group. */
  function present(membership: BoxMembership | undefined): BoxMembership | undefined {
    if (membership === undefined) return undefined
    const { groupId, userId } = membership
    return isUserDeleted(userId) || isGroupDeleted(groupId) ? undefined : membership
  }

  function putUser(id: BoxUserId, next: PretendedUser): void {
    users.set(id, next)
    const { login, externalAppUserId } = { ...next.created, ...next.changes }
    logins.put(id, next.deleted || login === undefined ? [] : [fold(login)])
    externalIds.put(id, next.deleted || !externalAppUserId ? [] : [externalAppUserId])
    aliases.put(id, next.deleted ? [] : next.aliases.map(({ email }) => fold(email)))
  }

  function applyToUsers(
    write: Exclude<DryWrite, { readonly groupId: unknown } | { readonly email: unknown }>,
    entry: DryWriteEntry
  ): void {
    switch (write.kind) {
      case 'create-user': {
        const created = newUser(entry, write)
        putUser(created.id, { ...untouched, created })
        return
      }
      case 'update-user': {
        const known = users.get(write.userId) ?? untouched
        const next = withNewLogin(known, write, dryIdOf(entry))
        const changes = { ...next.changes, ...write.fields, modifiedAt: timeOf(entry) }
        putUser(write.userId, { ...next, changes })
        return
      }
      case 'delete-user':
        putUser(write.userId, { ...(users.get(write.userId) ?? untouched), deleted: true })
        return
      case 'transfer-content': {
        const known = users.get(write.userId) ?? untouched
        putUser(write.userId, { ...known, changes: { ...known.changes, spaceUsed: 0 } })
        return
      }
      case 'invite': {
        const id = dryIdOf(entry)
        invites.set(id, { id, login: write.login, status: 'pending' })
        return
      }
      case 'create-group':
      case 'end-sessions':
    }
  }

  function applyToAliases(write: Extract<DryWrite, { readonly email: unknown }>, id: string): void {
    const known = users.get(write.userId) ?? untouched
    if (write.kind === 'add-alias') {
      putUser(write.userId, { ...known, aliases: [...known.aliases, { id, email: write.email }] })
    } else {
      putUser(write.userId, withoutAlias(known, write.aliasId))
    }
  }

  function putGroup(id: BoxGroupId, next: PretendedGroup): void {
    groups.set(id, next)
    const name = next.changes.name ?? next.created?.name
    names.put(id, next.deleted || name === undefined ? [] : [fold(name)])
  }

  function applyToGroups(
    write: Extract<DryWrite, { kind: 'create-group' | 'update-group' | 'delete-group' }>,
    entry: DryWriteEntry
  ): void {
    if (write.kind === 'create-group') {
      const created = newGroup(entry, write.fields)
      putGroup(created.id, { ...untouchedGroup, created })
      return
    }
    const known = groups.get(write.groupId) ?? untouchedGroup
    if (write.kind === 'delete-group') return putGroup(write.groupId, { ...known, deleted: true })
    const changes = { ...known.changes, ...write.fields, modifiedAt: timeOf(entry) }
    putGroup(write.groupId, { ...known, changes })
  }

  function applyToMemberships(
    write: Extract<DryWrite, { kind: 'add-membership' | 'remove-membership' }>,
    id: BoxMembershipId
  ): void {
    const { groupId, userId } = write
    const members = added.get(groupId) ?? new Map<BoxUserId, BoxMembership>()
    added.set(groupId, members)
    if (write.kind === 'add-membership') {
      const membership = { id, groupId, userId, role: 'member' }
      members.set(userId, membership)
      memberships.set(id, membership)
    } else if (!memberships.delete(write.membershipId)) {
      removed.add(write.membershipId)
    } else {
      members.delete(userId)
    }
  }
}

/** Box makes the old login an alias; the new one, which was an alias, is none any more. */
function withNewLogin(
  known: PretendedUser,
  { fields, before }: Extract<DryWrite, { kind: 'update-user' }>,
  id: string
): PretendedUser {
  const { login } = fields
  if (login === undefined || before.login === undefined) return known
  if (fold(login) === fold(before.login)) return known
  const kept = known.aliases.filter(({ email }) => fold(email) !== fold(login))
  return { ...known, aliases: [...kept, { id, email: before.login }] }
}

function withoutAlias(known: PretendedUser, aliasId: string): PretendedUser {
  return {
    ...known,
    aliases: known.aliases.filter(({ id }) => id !== aliasId),
    withoutAliases: new Set([...known.withoutAliases, aliasId])
  }
}

/** Which things have a key, and no longer those that they had before. */
function createIndex<Id>() {
  const byKey = new Map<string, Set<Id>>()
  const keysOf = new Map<Id, readonly string[]>()
  return {
    put(id: Id, keys: readonly string[]): void {
      for (const key of keysOf.get(id) ?? []) byKey.get(key)?.delete(id)
      keysOf.set(id, keys)
      for (const key of keys) byKey.set(key, (byKey.get(key) ?? new Set()).add(id))
    },
    find: (key: string): readonly Id[] => [...(byKey.get(key) ?? [])]
  }
}

function shownOf<Id, Shown>(
  ids: Iterable<Id>,
  show: (id: Id) => Shown | undefined
): readonly Shown[] {
  return [...ids].flatMap((id) => show(id) ?? [])
}

function timeOf({ at }: DryWriteEntry): string {
  return new Date(at).toISOString()
}

/** What Box fills in by itself is not known: it is left empty. */
function newUser(
  entry: DryWriteEntry,
  { fields, isAppUser, application = '' }: Extract<DryWrite, { readonly kind: 'create-user' }>
): BoxUser {
  const id = dryIdOf(entry) as BoxUserId
  return {
    login: '',
    name: '',
    status: 'active',
    role: 'user',
    language: '',
    timezone: '',
    spaceAmount: 0,
    jobTitle: '',
    phone: '',
    address: '',
    externalAppUserId: '',
    trackingCodes: [],
    notificationEmail: null,
    isSyncEnabled: false,
    canSeeManagedUsers: false,
    isExternalCollabRestricted: false,
    isExemptFromDeviceLimits: false,
    isExemptFromLoginVerification: false,
    ...fields,
    ...(isAppUser ? { login: `AppUser_${application}_${id}@boxdevedition.com` } : {}),
    id,
    spaceUsed: 0,
    maxUploadSize: 0,
    createdAt: timeOf(entry),
    modifiedAt: timeOf(entry),
    isPlatformAccessOnly: isAppUser,
    avatarUrl: '',
    hostname: '',
    enterpriseName: '',
    myTags: []
  }
}

function newGroup(entry: DryWriteEntry, fields: BoxGroupFields): BoxGroup {
  return {
    name: '',
    externalSyncIdentifier: '',
    description: '',
    provenance: '',
    invitabilityLevel: '',
    memberViewabilityLevel: '',
    ...fields,
    id: dryIdOf(entry) as BoxGroupId,
    groupType: 'managed_group',
    createdAt: timeOf(entry),
    modifiedAt: timeOf(entry)
  }
}
