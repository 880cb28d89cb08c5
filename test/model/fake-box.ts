import { fold } from '../../src/lib/text.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { BoxRefusedError, BoxUnavailableError } from '../../src/provisioning/errors.ts'
import type {
  BoxGroup,
  BoxGroupFields,
  BoxGroupId,
  BoxMembership,
  BoxMembershipId,
  BoxUser,
  BoxUserFields,
  BoxUserId
} from '../../src/provisioning/model.ts'
import type { BoxAlias, BoxPort } from '../../src/provisioning/box-port.ts'

/** An enterprise in memory, with no rights, limits or failures. */
export interface BoxWorld {
  readonly users: Map<BoxUserId, BoxUser>
  readonly aliases: Map<BoxUserId, BoxAlias[]>
  readonly groups: Map<BoxGroupId, BoxGroup>
  readonly memberships: Map<BoxMembershipId, BoxMembership>
  /** Who is in which group, as `GROUP/USER`. */
  readonly members: Map<string, BoxMembershipId>
  /** Whose the logins and aliases are, folded. */
  readonly addresses: Map<string, BoxUserId>
  lastId: number
}

/** Runs one call: `apply` makes its effect and returns Box's answer. */
export type Passage = <Result>(kind: 'read' | 'write', apply: () => Result) => Promise<Result>

/** Makes an empty enterprise. */
export function createBoxWorld(): BoxWorld {
  return {
    users: new Map(),
    aliases: new Map(),
    groups: new Map(),
    memberships: new Map(),
    members: new Map(),
    addresses: new Map(),
    lastId: 1_000
  }
}

/**
 * The port on an enterprise in memory; it refuses what Box refuses, and has no more than what people,
 * groups and memberships need.
 */
export function createFakeBox(world: BoxWorld, clock: Clock, pass: Passage): BoxPort {
  const { users, aliases, groups, memberships, members, addresses } = world
  const nextId = () => {
    world.lastId += 1
    return String(world.lastId)
  }

  const port: Partial<BoxPort> = {
    getOwnAccount: () =>
      pass('read', () => ({ id: '1' as BoxUserId, login: 'service@example.com' })),
    getUser: (id) => pass('read', () => users.get(id)),
    findUserByLogin: (login) =>
      pass('read', () => [...users.values()].find((user) => same(user.login, login))),
    listUsers: () => pass('read', () => ({ users: [...users.values()], nextMarker: undefined })),
    createUser: (fields) =>
      pass('write', () => {
        assertAddressFree(fields.login ?? '')
        const user = newUser(nextId() as BoxUserId, fields, clock.now())
        users.set(user.id, user)
        addresses.set(fold(user.login), user.id)
        return user
      }),
    updateUser: (id, fields) => pass('write', () => updateUser(id, fields)),
    listAliases: (id) => pass('read', () => aliases.get(id) ?? []),
    addAlias: (id, email) =>
      pass('write', () => {
        const own = (aliases.get(id) ?? []).find((alias) => same(alias.email, email))
        if (own !== undefined) return own
        assertAddressFree(email)
        return putAlias(id, email)
      }),
    removeAlias: (id, aliasId) =>
      pass('write', () => {
        const own = aliases.get(id) ?? []
        for (const alias of own) if (alias.id === aliasId) addresses.delete(fold(alias.email))
        aliases.set(
          id,
          own.filter((alias) => alias.id !== aliasId)
        )
      }),
    getGroup: (id) => pass('read', () => groups.get(id)),
    findGroupByName: (name) =>
      pass('read', () => [...groups.values()].find((group) => same(group.name, name))),
    listGroups: () => pass('read', () => pageOf([...groups.values()])),
    createGroup: (fields) =>
      pass('write', () => {
        assertNameFree(fields.name ?? '')
        const group = newGroup(nextId() as BoxGroupId, fields, clock.now())
        groups.set(group.id, group)
        return group
      }),
    updateGroup: (id, fields) =>
      pass('write', () => {
        const group = groups.get(id)
        if (group === undefined) throw refusal(404, 'not_found')
        if (fields.name !== undefined && !same(fields.name, group.name)) assertNameFree(fields.name)
        const changed = { ...group, ...fields }
        groups.set(id, changed)
        return changed
      }),
    listGroupMemberships: (id) =>
      pass('read', () => pageOf([...memberships.values()].filter(({ groupId }) => groupId === id))),
    findMembership: (groupId, userId) => pass('read', () => membershipOf(groupId, userId)),
    addMembership: (groupId, userId) =>
      pass('write', () => {
        const present = membershipOf(groupId, userId)
        if (present !== undefined) return present
        const id = nextId() as BoxMembershipId
        const membership = { id, userId, groupId, role: 'member' }
        memberships.set(id, membership)
        members.set(`${groupId}/${userId}`, id)
        return membership
      }),
    removeMembership: (id) =>
      pass('write', () => {
        const membership = memberships.get(id)
        memberships.delete(id)
        if (membership !== undefined) members.delete(`${membership.groupId}/${membership.userId}`)
      })
  }
  return port as BoxPort

  function membershipOf(groupId: BoxGroupId, userId: BoxUserId): BoxMembership | undefined {
    const id = members.get(`${groupId}/${userId}`)
    return id === undefined ? undefined : memberships.get(id)
  }

  function putAlias(id: BoxUserId, email: string): BoxAlias {
    const alias = { id: nextId(), email }
    addresses.set(fold(email), id)
    aliases.set(id, [...(aliases.get(id) ?? []), alias])
    return alias
  }

  /** A new login must be an alias of the person; the old one becomes one. */
  function updateUser(id: BoxUserId, fields: BoxUserFields): BoxUser {
    const user = users.get(id)
    if (user === undefined) throw refusal(404, 'not_found')
    const { login } = fields
    if (login !== undefined && !same(login, user.login)) {
      const own = aliases.get(id) ?? []
      const others = own.filter((alias) => !same(alias.email, login))
      if (others.length === own.length) throw refusal(400, 'primary_login_not_an_alias')
      aliases.set(id, others)
      putAlias(id, user.login)
    }
    const changed = { ...user, ...fields }
    users.set(id, changed)
    return changed
  }

  function assertAddressFree(email: string): void {
    if (addresses.has(fold(email))) throw refusal(409, 'user_login_already_used')
  }

  function assertNameFree(name: string): void {
    const isTaken = [...groups.values()].some((group) => same(group.name, name))
    if (isTaken) throw refusal(409, 'conflict')
  }
}

/** The error for a call that Box was not asked, or whose answer is not known. */
export function lost(trouble: 'unavailable' | 'rate-limited', effect: 'none' | 'unknown'): Error {
  return new BoxUnavailableError('The fake fails', { trouble, effect, retryAfterSeconds: 2 })
}

function refusal(status: number, code: string): BoxRefusedError {
  return new BoxRefusedError({ status, code, message: 'The fake refuses', requestId: 'r' })
}

function same(left: string, right: string): boolean {
  return fold(left) === fold(right)
}

function pageOf<Entry>(entries: readonly Entry[]) {
  return { entries, nextOffset: undefined, truncated: false }
}

function newUser(id: BoxUserId, fields: BoxUserFields, now: number): BoxUser {
  const at = new Date(now).toISOString()
  return {
    id,
    login: '',
    name: '',
    status: 'active',
    role: 'user',
    language: 'en',
    timezone: 'Europe/Berlin',
    spaceAmount: 0,
    spaceUsed: 0,
    maxUploadSize: 0,
    jobTitle: '',
    phone: '',
    address: '',
    externalAppUserId: '',
    trackingCodes: [],
    notificationEmail: null,
    isSyncEnabled: true,
    canSeeManagedUsers: true,
    isExternalCollabRestricted: false,
    isExemptFromDeviceLimits: false,
    isExemptFromLoginVerification: false,
    createdAt: at,
    modifiedAt: at,
    isPlatformAccessOnly: false,
    avatarUrl: '',
    hostname: '',
    enterpriseName: 'Example',
    myTags: [],
    ...fields
  }
}

function newGroup(id: BoxGroupId, fields: BoxGroupFields, now: number): BoxGroup {
  const at = new Date(now).toISOString()
  return {
    id,
    name: '',
    externalSyncIdentifier: '',
    description: '',
    provenance: '',
    invitabilityLevel: '',
    memberViewabilityLevel: '',
    groupType: 'managed_group',
    createdAt: at,
    modifiedAt: at,
    ...fields
  }
}
