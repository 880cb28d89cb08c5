import type { Clock } from '../lib/clock.ts'
import { fold } from '../lib/text.ts'
import { EventLog } from './event-log.ts'
import type { Actor } from './event-log.ts'
import { groupSource, membershipSource, userSource } from './event-source.ts'
import { GroupTable } from './group-table.ts'
import type { Guesses } from './guesses.ts'
import { InviteTable } from './invite-table.ts'
import { MembershipTable } from './membership-table.ts'
import type {
  AliasRecord,
  ForeignAccount,
  GroupFields,
  GroupRecord,
  MembershipRecord,
  UserFields,
  UserRecord
} from './records.ts'
import type { HiddenUserFacts, Seed, SettableUserFields } from './seed.ts'
import { NEW_USER } from './newcomers.ts'
import type { NewGroup, NewMembership, NewUser } from './newcomers.ts'
import { createTimestamps } from './timestamps.ts'
import { TransferTable } from './transfer-table.ts'
import { UserTable } from './user-table.ts'

/** What an enterprise needs to come into being. */
export interface EnterpriseOptions {
  readonly id: string
  readonly clock: Clock
  readonly guesses: Guesses
  /** How many events are kept at most. */
  readonly eventLimit: number
}

const DEFAULT_FIRST_IDS = {
  users: 30_000_001,
  groups: 20_000_001,
  memberships: 40_000_001,
  aliases: 50_000_001
}

/** The ids of what no seed holds begin here. */
const FIRST_INVITE_ID = 60_000_001
const FIRST_FOLDER_ID = 70_000_001

/** What a user who owns content uses unless something else is said. */
const SOME_SPACE = 1_048_576

const counter = (first: number): (() => string) => {
  let next = first
  return () => String(next++)
}

/** The pretended enterprise: its data and how they hang together, without anybody's rights. */
export class Enterprise {
  readonly info: UserFields['enterprise']
  readonly trackingCodes: ReadonlySet<string>
  /** How many users the licence is for. */
  seats: number
  readonly users: UserTable
  readonly groups: GroupTable
  readonly memberships = new MembershipTable()
  /** What happened; nothing until the seed is in. */
  readonly events: EventLog
  readonly invites: InviteTable
  readonly transfers: TransferTable
  /** When the sessions of a user were ended last, by the user's id. */
  readonly sessionEnds = new Map<string, string>()
  /** The account that an application acts as; Box creates it with the application. */
  readonly serviceAccount: UserRecord
  #domains: ReadonlySet<string> = new Set()
  readonly #foreign = new Map<string, ForeignAccount>()
  readonly #foreignById = new Map<string, ForeignAccount>()
  readonly #clock: Clock
  readonly #guesses: Guesses
  readonly #timeZone: string
  readonly #timestamp: (at: number) => string
  readonly #nextUserId: () => string
  readonly #nextGroupId: () => string
  readonly #nextMembershipId: () => string
  readonly #nextAliasId: () => string

  constructor(seed: Seed, options: EnterpriseOptions) {
    const { guesses } = options
    const firstIds = seed.firstIds ?? DEFAULT_FIRST_IDS
    this.#clock = options.clock
    this.#guesses = guesses
    this.#timeZone = seed.enterprise.timeZone
    this.#timestamp = createTimestamps(seed.enterprise.timeZone)
    this.events = new EventLog({
      clock: options.clock,
      stamp: this.#timestamp,
      limit: options.eventLimit
    })
    this.#nextUserId = counter(firstIds.users)
    this.#nextGroupId = counter(firstIds.groups)
    this.#nextMembershipId = counter(firstIds.memberships)
    this.#nextAliasId = counter(firstIds.aliases)
    this.info = { type: 'enterprise', id: options.id, name: seed.enterprise.name }
    this.setDomains(seed.enterprise.domains)
    this.trackingCodes = new Set(seed.enterprise.trackingCodes)
    this.seats = seed.enterprise.seats ?? Number.POSITIVE_INFINITY
    this.invites = new InviteTable(counter(FIRST_INVITE_ID), () => this.stamp())
    this.transfers = new TransferTable(this, {
      nextFolderId: counter(FIRST_FOLDER_ID),
      clock: options.clock,
      guesses
    })
    this.users = new UserTable(guesses.userOrder)
    this.groups = new GroupTable({
      order: guesses.groupOrder,
      nameIgnoresCase: guesses.groupNameIgnoresCase
    })
    this.serviceAccount = this.createUser({
      login: `AutomationUser_${options.id}_bridge@boxdevedition.com`,
      name: 'SCIM bridge'
    })
  }

  /** The present time in Box's notation. */
  stamp(): string {
    return this.#timestamp(this.#clock.now())
  }

  /** Tells whether `address` is in one of the enterprise's verified domains. */
  ownsDomainOf(address: string): boolean {
    return this.#domains.has(fold(address.slice(address.lastIndexOf('@') + 1)))
  }

  /** Tells whether an address of a verified domain is nobody's. */
  isFreeInDomains(address: string): boolean {
    const owner =
      this.users.byLogin(address) ?? this.users.byAlias(address) ?? this.foreignByLogin(address)
    return owner === undefined && this.ownsDomainOf(address)
  }

  /** Replaces the verified e-mail domains. */
  setDomains(domains: readonly string[]): void {
    this.#domains = new Set(domains.map(fold))
  }

  /** The account outside the enterprise that has this address. */
  foreignByLogin(login: string): ForeignAccount | undefined {
    return this.#foreign.get(fold(login))
  }

  /** The account outside the enterprise with this id. */
  foreign(id: string): ForeignAccount | undefined {
    return this.#foreignById.get(id)
  }

  /** Adds an account outside the enterprise. */
  addForeign(account: Omit<ForeignAccount, 'id'>): ForeignAccount {
    const added = { ...account, id: this.#nextUserId() }
    this.#foreign.set(fold(added.login), added)
    this.#foreignById.set(added.id, added)
    return added
  }

  /** Removes an account outside the enterprise, which frees its address. */
  removeForeign(account: ForeignAccount): void {
    this.#foreign.delete(fold(account.login))
    this.#foreignById.delete(account.id)
  }

  /** Makes an account outside the enterprise a user of it, under the same id. */
  admit(account: ForeignAccount): UserRecord {
    this.removeForeign(account)
    const { id, login, name } = account
    const user = this.#addUser(id, { login, name, emailConfirmed: true })
    if (this.#guesses.acceptedInviteIsNewUser) this.#recordUser('NEW_USER', user)
    this.#recordUser('MASTER_INVITE_ACCEPT', user)
    return user
  }

  /** Adds a user; the login must be free. */
  createUser(created: NewUser): UserRecord {
    const user = this.#addUser(this.#nextUserId(), created)
    this.#recordUser('NEW_USER', user)
    return user
  }

  #addUser(id: string, created: NewUser): UserRecord {
    const { createdBy, listDelayMs, ...described } = created
    const { ownsContent, retained, emailConfirmed, barred, transferMs, concealed, ...settings } =
      described
    const now = this.stamp()
    const user: UserRecord = {
      id,
      fields: {
        ...NEW_USER,
        timezone: this.#timeZone,
        ...(ownsContent === true && { space_used: SOME_SPACE }),
        ...settings,
        created_at: now,
        modified_at: now,
        avatar_url: `https://app.box.com/api/avatar/large/${id}`,
        enterprise: this.info,
        my_tags: [],
        hostname: 'https://app.box.com/'
      },
      foldedLogin: fold(created.login),
      foldedName: fold(created.name),
      aliases: new Map(),
      createdBy,
      ownsContent: ownsContent ?? false,
      retained: retained ?? false,
      emailConfirmed: emailConfirmed ?? false,
      concealed: concealed ?? false,
      barred: barred ?? false,
      transferMs: transferMs ?? 0,
      listedFrom: this.#clock.now() + (listDelayMs ?? 0)
    }
    this.users.put(user)
    return user
  }

  /** Changes a user's fields; a new login must be free, and leaves no alias behind. */
  changeUser(user: UserRecord, changes: Partial<SettableUserFields>): UserRecord {
    const fields = { ...user.fields, ...changes, modified_at: this.stamp() }
    const changed = this.#put({
      ...user,
      fields,
      foldedLogin: fold(fields.login),
      foldedName: fold(fields.name)
    })
    const { role, ...others } = changes
    if (role !== undefined && role !== user.fields.role) {
      this.#recordUser('CHANGE_ADMIN_ROLE', changed)
    }
    if (differs(user.fields, others)) this.#recordUser('EDIT_USER', changed)
    return changed
  }

  /** Changes what Box knows about a user and does not tell. */
  changeHiddenFacts(
    user: UserRecord,
    facts: HiddenUserFacts & Pick<NewUser, 'createdBy'>
  ): UserRecord {
    const { ownsContent } = facts
    const changed = this.#put({ ...user, ...facts })
    if (ownsContent === undefined || ownsContent === user.ownsContent) return changed
    const { fields } = changed
    return this.#put({
      ...changed,
      fields: { ...fields, space_used: ownsContent ? fields.space_used || SOME_SPACE : 0 }
    })
  }

  /** Makes an alias the primary login; the old login becomes a confirmed alias. */
  promoteAlias(user: UserRecord, login: string): UserRecord {
    const aliases = [...user.aliases].filter(([, alias]) => fold(alias.email) !== fold(login))
    const former = { id: this.#nextAliasId(), email: user.fields.login, is_confirmed: true }
    const withAliases = { ...user, aliases: new Map([...aliases, [former.id, former]]) }
    const changed = this.changeUser(this.#put(withAliases), { login })
    this.#recordUser('EMAIL_ALIAS_PRIMARY', changed)
    return changed
  }

  /** Removes a user and the memberships. */
  deleteUser(user: UserRecord): void {
    this.memberships.deleteUser(user.id)
    this.users.delete(user.id)
    this.#recordUser('DELETE_USER', user)
  }

  /** Adds an alias; the address must be free. */
  addAlias(user: UserRecord, email: string, confirmed: boolean): AliasRecord {
    const alias = { id: this.#nextAliasId(), email, is_confirmed: confirmed }
    this.#put({ ...user, aliases: new Map([...user.aliases, [alias.id, alias]]) })
    if (confirmed) this.#recordUser('EMAIL_ALIAS_CONFIRM', user)
    return alias
  }

  /** Removes an alias. */
  removeAlias(user: UserRecord, aliasId: string): void {
    const aliases = new Map(user.aliases)
    aliases.delete(aliasId)
    this.#put({ ...user, aliases })
    this.#recordUser('EMAIL_ALIAS_REMOVE', user)
  }

  /** Adds a group; the name must be free. */
  createGroup(created: NewGroup): GroupRecord {
    const { listDelayMs, ...settings } = created
    const now = this.stamp()
    const group: GroupRecord = {
      id: this.#nextGroupId(),
      fields: {
        group_type: 'managed_group',
        provenance: '',
        external_sync_identifier: '',
        description: '',
        invitability_level: 'admins_and_members',
        member_viewability_level: 'admins_and_members',
        permissions: { can_invite_as_collaborator: true },
        ...settings,
        created_at: now,
        modified_at: now
      },
      listedFrom: this.#clock.now() + (listDelayMs ?? 0)
    }
    this.groups.put(group)
    this.#recordGroup('GROUP_CREATION', group)
    return group
  }

  /** Changes a group's fields; a new name must be free. */
  changeGroup(group: GroupRecord, changes: Partial<GroupFields>): GroupRecord {
    const changed = { ...group, fields: { ...group.fields, ...changes, modified_at: this.stamp() } }
    this.groups.put(changed)
    if (differs(group.fields, changes)) this.#recordGroup('GROUP_EDITED', changed)
    return changed
  }

  /** Removes a group and its memberships. */
  deleteGroup(group: GroupRecord): void {
    this.memberships.deleteGroup(group.id)
    this.groups.delete(group.id)
    this.#recordGroup('GROUP_DELETION', group)
  }

  /** Adds a user to a group; the user must not be in it. */
  addMember(created: NewMembership): MembershipRecord {
    const now = this.stamp()
    const membership = {
      ...created,
      id: this.#nextMembershipId(),
      created_at: now,
      modified_at: now
    }
    this.memberships.put(membership)
    this.#recordMembership('GROUP_ADD_USER', membership)
    if (membership.role === 'admin') this.#recordMembership('GROUP_ADMIN_CREATED', membership)
    return membership
  }

  /** Changes the role of a member or a group admin's permissions. */
  changeMembership(
    membership: MembershipRecord,
    changes: Partial<Pick<MembershipRecord, 'role' | 'configurable_permissions'>>
  ): MembershipRecord {
    const changed = { ...membership, ...changes, modified_at: this.stamp() }
    this.memberships.put(changed)
    if (differs(membership, changes))
      this.#recordMembership(adminEvent(membership, changed), changed)
    return changed
  }

  /** Takes a user out of a group. */
  removeMember(membership: MembershipRecord): void {
    this.memberships.delete(membership.id)
    this.#recordMembership('GROUP_REMOVE_USER', membership)
  }

  #recordUser(type: string, user: UserRecord): void {
    this.events.record(type, userSource(user, this.#guesses))
  }

  #recordGroup(type: string, group: GroupRecord): void {
    this.events.record(type, groupSource(group, this.#guesses))
  }

  #recordMembership(type: string, membership: MembershipRecord): void {
    const ends = {
      user: this.users.get(membership.userId),
      group: this.groups.get(membership.groupId)
    }
    this.events.record(type, membershipSource(membership, ends, this.#guesses))
  }

  #put(user: UserRecord): UserRecord {
    this.users.put(user)
    return user
  }
}

/** A user as the events name somebody who did something. */
export function actorOf({ id, fields }: UserRecord): Actor {
  return { id, name: fields.name, login: fields.login }
}

function differs<Thing extends object>(before: Thing, changes: Partial<Thing>): boolean {
  return JSON.stringify({ ...before, ...changes }) !== JSON.stringify(before)
}

/** Events know of group admins; nothing else about a membership changes. */
function adminEvent(before: MembershipRecord, after: MembershipRecord): string {
  if (before.role === after.role) return 'GROUP_ADMIN_PERMISSIONS_UPDATED'
  return after.role === 'admin' ? 'GROUP_ADMIN_CREATED' : 'GROUP_ADMIN_DELETED'
}
