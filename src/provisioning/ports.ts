import type { EpochMs } from '../lib/clock.ts'
import type { JsonValue } from '../lib/json.ts'
import type { AccessToken, NewAccessToken } from './access.ts'
import type { Hint, HintSource, NotedHint } from './hints.ts'
import type {
  BoxGroup,
  BoxGroupFields,
  BoxGroupId,
  BoxMembership,
  BoxMembershipId,
  BoxUser,
  BoxUserFields,
  BoxUserId,
  GroupRecord,
  MembershipRow,
  MixedResource,
  RelatedResource,
  StoredResource,
  UserRecord
} from './model.ts'
import type {
  BoxOperation,
  JournalEntry,
  JournalState,
  NewJournalEntry,
  OpenState
} from './operations.ts'
import type { MixedSearchRequest, SearchPage, SearchRequest } from './query.ts'

/** How important a Box call is, most important first. */
export type Lane = 'removal' | 'client' | 'membership' | 'background'

/** One call that was made to Box, for the audit. */
export interface BoxCallRecord {
  /** Method and path pattern, e.g. `PUT /users/:id`. */
  readonly operation: string
  /** HTTP status; 0 where no answer came. */
  readonly status: number
  readonly code: string
  readonly requestId: string
}

/** What accompanies a call to Box. */
export interface BoxCall {
  readonly lane: Lane
  /** No attempt begins and no waiting goes on after this time. */
  readonly deadline: EpochMs
  /** Is told of every HTTP exchange with Box, failed ones included. */
  readonly record?: (call: BoxCallRecord) => void
}

/** A page of Box users. */
export interface BoxUserPage {
  readonly users: readonly BoxUser[]
  /** Absent on the last page. */
  readonly nextMarker: string | undefined
}

/** A page of an offset-paged Box list. */
export interface BoxPage<Entry> {
  readonly entries: readonly Entry[]
  /** The next offset; absent on the last page and where Box lists no further. */
  readonly nextOffset: number | undefined
  /** True when Box has more entries than it lists (offsets end at 10,000). */
  readonly truncated: boolean
}

/** Something that happened in the enterprise to people, groups or memberships. */
export interface BoxEvent {
  /** The same for every delivery of one event; '' where Box gave none. */
  readonly id: string
  /** Box's name for what happened. */
  readonly type: string
  /** The id of the account that did it; '' where Box does not say. */
  readonly actorId: string
  /** What to read again; empty where nothing in the event says whom it is about. */
  readonly hints: readonly Hint[]
}

/** A page of the enterprise's events: unordered, and some more than once. */
export interface BoxEventPage {
  readonly events: readonly BoxEvent[]
  /** How many entries Box sent, those included that are of no concern here. */
  readonly count: number
  /** Where the next page begins. */
  readonly nextPosition: string
}

/** An e-mail alias of a Box user. */
export interface BoxAlias {
  readonly id: string
  readonly email: string
}

/** A folder that a transfer made in the receiver's account. */
export interface BoxFolder {
  readonly id: string
  readonly name: string
}

/** What a transfer of content needs to know. */
export interface BoxTransfer {
  readonly from: BoxUserId
  readonly to: BoxUserId
  /** Whether Box writes an e-mail to the two; it writes one to the admins in any case. */
  readonly notify: boolean
}

/** An invitation of somebody who has a Box account outside every enterprise. */
export interface BoxInvite {
  /** 1 to 20 digits. */
  readonly id: string
  /** The invited login. */
  readonly login: string
  /** As Box shows it; it documents `pending` alone. */
  readonly status: string
}

/**
 * The Box enterprise. Every method throws `BoxRefusedError` where Box says no and
 * `BoxUnavailableError` where it could not be asked or its answer is unknown; a look-up that finds
 * nothing resolves to undefined.
 */
export interface BoxPort {
  /** The account the bridge acts as: Box's service account. */
  getOwnAccount(call: BoxCall): Promise<{ readonly id: BoxUserId; readonly login: string }>

  /** Reads one user; undefined when Box answers 404. */
  getUser(id: BoxUserId, call: BoxCall): Promise<BoxUser | undefined>
  /** Finds the managed user of this enterprise with exactly this primary login, letter case aside. */
  findUserByLogin(login: string, call: BoxCall): Promise<BoxUser | undefined>
  /**
   * Finds the users with exactly this `external_app_user_id` among those whom this application
   * created; Box finds nobody else's, and does not promise that there is one at most.
   */
  findUsersByExternalId(externalAppUserId: string, call: BoxCall): Promise<readonly BoxUser[]>
  /** Lists managed users, and app users of whatever application, by marker, 1,000 a page. */
  listUsers(marker: string | undefined, call: BoxCall): Promise<BoxUserPage>
  /** Creates a user; `login` and `name` are required. Never repeated by the adapter when the outcome is unknown. */
  createUser(fields: BoxUserFields, call: BoxCall): Promise<BoxUser>
  /**
   * Creates an app user: without a login, which Box makes up. `name` is required; `login` is left
   * out. Otherwise like {@link createUser}.
   */
  createAppUser(fields: BoxUserFields, call: BoxCall): Promise<BoxUser>
  /**
   * Changes the given fields only. Box refuses `externalAppUserId` with 403 for a user whom another
   * application, or none, created.
   */
  updateUser(id: BoxUserId, fields: BoxUserFields, call: BoxCall): Promise<BoxUser>
  /**
   * Deletes a user; one who is gone already counts as deleted. Without `force` Box refuses while the
   * user owns content, and says neither how nor whether for other reasons too: any refusal means
   * that the user is still there. With `force` the content is destroyed. A retention policy makes
   * Box refuse either with 403. `notify`: whether Box writes an e-mail to the user.
   */
  deleteUser(
    id: BoxUserId,
    how: { readonly force: boolean; readonly notify: boolean },
    call: BoxCall
  ): Promise<void>
  /**
   * Moves everything that a user owns into a new folder of another; resolves with that folder. Box
   * answers within ten minutes, whether or not it is through: the rest goes on unseen, so give the
   * call a deadline of eleven minutes. One transfer runs at a time; another one meanwhile is turned
   * away without effect (`rate-limited`). Never repeated by the adapter when the outcome is unknown.
   *
   * Box documents no way to ask what became of a transfer. What can be seen: {@link getUser} shows
   * less and in the end no `spaceUsed`, and {@link deleteUser} without `force` is refused while
   * something is left, which makes it the safe next step after an unknown outcome as well.
   *
   * Refused with 403 from or to an admin or a co-admin, and across an information barrier.
   */
  transferContent(transfer: BoxTransfer, call: BoxCall): Promise<BoxFolder>
  /**
   * Ends all sessions of these users, at least one. Box does it in the background: success says
   * that it has begun.
   */
  endSessions(ids: readonly BoxUserId[], call: BoxCall): Promise<void>
  /** Lists all aliases of a user; the primary login is not among them. */
  listAliases(id: BoxUserId, call: BoxCall): Promise<readonly BoxAlias[]>
  /** Adds a confirmed alias. */
  addAlias(id: BoxUserId, email: string, call: BoxCall): Promise<BoxAlias>
  /** Removes an alias; one that is gone already counts as removed. */
  removeAlias(id: BoxUserId, aliasId: string, call: BoxCall): Promise<void>

  /** Reads one group; undefined when Box answers 404. */
  getGroup(id: BoxGroupId, call: BoxCall): Promise<BoxGroup | undefined>
  /** Finds the group with exactly this name, letter case aside. */
  findGroupByName(name: string, call: BoxCall): Promise<BoxGroup | undefined>
  /** Lists groups by offset, 1,000 a page, with every field. */
  listGroups(offset: number, call: BoxCall): Promise<BoxPage<BoxGroup>>
  /** Creates a group; `name` is required. */
  createGroup(fields: BoxGroupFields, call: BoxCall): Promise<BoxGroup>
  /** Changes the given fields only. */
  updateGroup(id: BoxGroupId, fields: BoxGroupFields, call: BoxCall): Promise<BoxGroup>
  /**
   * Deletes a group with its memberships and its folder collaborations, for good; one that is gone
   * already counts as deleted.
   */
  deleteGroup(id: BoxGroupId, call: BoxCall): Promise<void>

  /** Lists a group's memberships by offset, 1,000 a page. */
  listGroupMemberships(
    id: BoxGroupId,
    offset: number,
    call: BoxCall
  ): Promise<BoxPage<BoxMembership>>
  /** Finds one person's membership in one group by reading the person's memberships. */
  findMembership(
    groupId: BoxGroupId,
    userId: BoxUserId,
    call: BoxCall
  ): Promise<BoxMembership | undefined>
  /** Adds a member; a member that is there already counts as added. */
  addMembership(groupId: BoxGroupId, userId: BoxUserId, call: BoxCall): Promise<BoxMembership>
  /** Removes a membership; one that is gone already counts as removed. */
  removeMembership(id: BoxMembershipId, call: BoxCall): Promise<void>

  /**
   * Reads the events that concern people, groups and memberships from a position on; `now` reads none
   * and tells the position of the present. Box keeps events for two weeks. Refused with 403 where the
   * app lacks the scope, and with 400 where Box does not know the position.
   */
  listEvents(position: string, call: BoxCall): Promise<BoxEventPage>

  /**
   * Invites somebody to become a user of the enterprise. Refused with 404 where Box knows no account
   * with that login, and with other codes for a user of this or another enterprise and for somebody
   * who is invited already. Never repeated by the adapter when the outcome is unknown; Box has no
   * list of invites to find it in afterwards. Who accepts is found by login.
   */
  createInvite(login: string, call: BoxCall): Promise<BoxInvite>
  /** Reads an invite; undefined when Box answers 404. */
  getInvite(id: string, call: BoxCall): Promise<BoxInvite | undefined>
}

/** Reads of people; each sees the last committed state and none waits for a transaction. */
export interface UserReads {
  /** The whole record, tombstones included. */
  get(id: BoxUserId): Promise<UserRecord | undefined>
  /** By Box login or by one of `aliases`, folded; tombstones included. */
  findByAddress(address: string): Promise<UserRecord | undefined>
  /** By shown userName, folded; tombstones left out. */
  findByUserName(userName: string): Promise<UserRecord | undefined>
  /** The resource as it is sent; tombstones left out. `related`: with `groups`. */
  view(id: BoxUserId, related: boolean): Promise<StoredResource | undefined>
  /** A page of what is visible. */
  search(request: SearchRequest): Promise<SearchPage<StoredResource>>
  /** Those of `ids` that are visible users. */
  visible(ids: readonly string[]): Promise<ReadonlySet<string>>
  /** How many are visible. */
  count(): Promise<number>
  /** The snapshots of those of `ids` that are known, tombstones included. */
  snapshots(ids: readonly BoxUserId[]): Promise<ReadonlyMap<BoxUserId, BoxUser>>
  /** Some of the ids after `after`, tombstones included, in order; '' begins, and none are the end. */
  ids(after: string): Promise<readonly BoxUserId[]>
  /** How many linked people SCIM shows as active. */
  countActive(): Promise<number>
}

/** Reads of groups; like {@link UserReads}. */
export interface GroupReads {
  /** The whole record, tombstones included. */
  get(id: BoxGroupId): Promise<GroupRecord | undefined>
  /** By Box name, folded; tombstones included. */
  findByName(name: string): Promise<GroupRecord | undefined>
  /** The resource as it is sent; tombstones left out. `related`: with `members`. */
  view(id: BoxGroupId, related: boolean): Promise<StoredResource | undefined>
  /** A page of what is visible. */
  search(request: SearchRequest): Promise<SearchPage<StoredResource>>
  /** How many are visible. */
  count(): Promise<number>
  /** The snapshots of those of `ids` that are known, tombstones included. */
  snapshots(ids: readonly BoxGroupId[]): Promise<ReadonlyMap<BoxGroupId, BoxGroup>>
  /** Some of the ids after `after`, tombstones included, in order; '' begins, and none are the end. */
  ids(after: string): Promise<readonly BoxGroupId[]>
}

/** Reads of people and groups together. */
export interface ResourceReads {
  /** A page of what is visible. */
  search(request: MixedSearchRequest): Promise<SearchPage<MixedResource>>
}

/** Reads of memberships. */
export interface MembershipReads {
  /** One row. */
  get(groupId: BoxGroupId, userId: BoxUserId): Promise<MembershipRow | undefined>
  /** The rows of these people in one group; people without a row are left out. */
  getMany(groupId: BoxGroupId, userIds: readonly BoxUserId[]): Promise<readonly MembershipRow[]>
  /** All rows of a group, intended or not. */
  ofGroup(groupId: BoxGroupId): Promise<readonly MembershipRow[]>
  /** The visible members as SCIM shows them, some at a time. */
  shown(groupId: BoxGroupId): AsyncIterable<readonly RelatedResource[]>
  /** All rows of a person, intended or not. */
  ofUser(userId: BoxUserId): Promise<readonly MembershipRow[]>
  /** How many memberships are intended. */
  countIntended(): Promise<number>
}

/** What the journal has open, in numbers, without what follows a DELETE. */
export interface OpenJournal {
  readonly states: Readonly<Record<OpenState, number>>
  /** Removals that a fuse holds; they are not open. */
  readonly held: number
  /** When the oldest open entry was decided. */
  readonly oldestAt: EpochMs | undefined
  /** Access that is still to be taken away. */
  readonly removals: number
  readonly oldestRemovalAt: EpochMs | undefined
  /** Additions and removals of members that a client was told will be done, and are not yet. */
  readonly pendingMemberships: number
}

/** Reads of the journal. */
export interface JournalReads {
  /** One entry. */
  get(id: number): Promise<JournalEntry | undefined>
  /** The open entries about a subject, oldest first. */
  openFor(subject: string): Promise<readonly JournalEntry[]>
  /**
   * Open entries with `notBefore` ≤ `now`, removals first, then oldest first; those in `except` are left
   * out, and so are those that {@link JournalReads.dueLeavers} tells.
   */
  due(now: EpochMs, limit: number, except?: readonly number[]): Promise<readonly JournalEntry[]>
  /** The same for what follows somebody's DELETE, which can take long. */
  dueLeavers(
    now: EpochMs,
    limit: number,
    except?: readonly number[]
  ): Promise<readonly JournalEntry[]>
  /** The held entries about a subject, oldest first; there is never more than one. */
  heldFor(subject: string): Promise<readonly JournalEntry[]>
  /** The held removals of members of one group, oldest first. */
  heldOfGroup(groupId: BoxGroupId): Promise<readonly JournalEntry[]>
  /** All entries that were held at `until` or before, oldest first. */
  heldUntil(until: EpochMs): Promise<readonly JournalEntry[]>
  /**
   * How many removals of a kind were counted after `since` and have, or may yet have, an effect: not
   * those that Box refused or that were given up before they were sent. `afterId`: of newer entries
   * only.
   */
  countRemovals(kind: BoxOperation['kind'], since: EpochMs, afterId: number): Promise<number>
  /** The id of the newest entry; 0 where there is none. */
  lastId(): Promise<number>
  /** The number of entries by state; only open states are counted exactly. */
  count(): Promise<Readonly<Record<JournalState, number>>>
  /** What is open, in numbers. */
  open(): Promise<OpenJournal>
}

/** What an audit entry says. Texts hold ids, logins and attribute names, never secrets. */
export interface AuditEntry {
  readonly at: EpochMs
  readonly correlationId: string
  /** Who asked: a token's name, `bridge` for work of its own, or `operator` for a command. */
  readonly actor: string
  /** What was asked, e.g. `user.patch`. */
  readonly action: string
  /** Whom it is about, e.g. `user:123`. */
  readonly target: string
  /** What was decided, in plain data. */
  readonly plan: readonly BoxOperation[]
  readonly calls: readonly BoxCallRecord[]
  /** `done`, or an error's code. */
  readonly outcome: string
  /** Anything an admin should know besides. */
  readonly notes: readonly string[]
}

/** The named value that holds when the first import was done, in epoch ms; there is none before. */
export const importedKey = 'imported'

/** The named value that holds how far Box's events were read: {@link EventsProgress}. */
export const eventsKey = 'events'

/** How far Box's events were read. */
export interface EventsProgress {
  /** Where the next poll begins; null before the first. */
  readonly position: string | null
  /** When the last successful poll was. */
  readonly readAt: EpochMs | null
  /** True where Box said that the app may not read events. */
  readonly isForbidden: boolean
}

/** The named value that holds how far the reconcile is. */
export const reconcileKey = 'reconcile'

/** The named value that counts what disappeared from Box lately. */
export const deletionsKey = 'deletions'

/** Named values about the directory itself, e.g. {@link importedKey}. */
export interface StateReads {
  /** A value, or undefined. */
  get(key: string): Promise<JsonValue | undefined>
}

/** Reads of the tokens that callers may present. */
export interface AccessTokenReads {
  /** All that are kept, revoked ones included, oldest first. */
  list(): Promise<readonly AccessToken[]>
}

/** Reads of what is to be read again in Box. */
export interface HintReads {
  /** Hints with `notBefore` ≤ `now`, oldest first; what others need comes before them. */
  due(now: EpochMs, limit: number): Promise<readonly NotedHint[]>
  /** How many there are, and when the oldest was noted. */
  waiting(): Promise<{ readonly count: number; readonly oldestAt: EpochMs | undefined }>
}

/** All reads. */
export interface DirectoryReads {
  readonly users: UserReads
  readonly groups: GroupReads
  readonly resources: ResourceReads
  readonly memberships: MembershipReads
  readonly journal: JournalReads
  readonly hints: HintReads
  readonly state: StateReads
  readonly tokens: AccessTokenReads
}

/** What a journal entry becomes. Absent keys stay. */
export type JournalUpdate = Partial<
  Pick<
    JournalEntry,
    | 'state'
    | 'acknowledged'
    | 'attempts'
    | 'notBefore'
    | 'sentAt'
    | 'outcome'
    | 'operation'
    | 'countedAt'
  >
>

/**
 * Writes, all or none, with reads that see them. Transactions run one at a time: keep them short and
 * never await Box inside. Long lists are worked on in turns of the event loop, and reads outside the
 * transaction go on meanwhile.
 */
export interface DirectoryTransaction extends DirectoryReads {
  /** Inserts or replaces a person. */
  putUser(record: UserRecord): Promise<void>
  /** Removes a person who is gone from Box, with all memberships. */
  deleteUser(id: BoxUserId): Promise<void>
  /** Inserts or replaces a group. */
  putGroup(record: GroupRecord): Promise<void>
  /** Removes a group that is gone from Box, with all memberships. */
  deleteGroup(id: BoxGroupId): Promise<void>
  /** Inserts or replaces membership rows. */
  putMemberships(rows: readonly MembershipRow[]): Promise<void>
  /** Removes one membership row. */
  deleteMembership(groupId: BoxGroupId, userId: BoxUserId): Promise<void>
  /** Moves a group's `lastModified` and revision on, because its members changed. */
  touchGroup(id: BoxGroupId, at: EpochMs): Promise<void>
  /** Appends journal entries and returns them with their ids, in order. */
  appendJournal(entries: readonly NewJournalEntry[]): Promise<readonly JournalEntry[]>
  /** Changes journal entries. */
  updateJournal(ids: readonly number[], change: JournalUpdate): Promise<void>
  /** Appends an audit entry. */
  audit(entry: AuditEntry): Promise<void>
  /**
   * Notes what is to be read again in Box. What is noted already stays one hint, which counts as noted
   * anew and is due at once.
   */
  noteHints(hints: readonly Hint[], source: HintSource, now: EpochMs): Promise<void>
  /** Removes a hint that was worked, unless it was noted anew meanwhile. */
  dropHint(noted: NotedHint): Promise<void>
  /** Has a hint rest until `notBefore`, unless it was noted anew meanwhile. */
  postponeHint(noted: NotedHint, notBefore: EpochMs): Promise<void>
  /** Sets a named value. */
  putState(key: string, value: JsonValue): Promise<void>
  /** Keeps a token. */
  addToken(token: NewAccessToken): Promise<void>
  /** Changes a token; absent keys stay. */
  updateToken(
    id: number,
    change: Partial<Pick<AccessToken, 'revokedAt' | 'lastUsedAt'>>
  ): Promise<void>
}

/** The directory: the local mirror of the Box enterprise and the shadow of what the IdP sent. */
export interface Directory extends DirectoryReads {
  /** Runs `work` in one durable transaction; when it throws, nothing is changed. */
  transaction<T>(work: (tx: DirectoryTransaction) => Promise<T>): Promise<T>
  /** Closes the database after running transactions have ended. */
  close(): Promise<void>
}
