import type { EpochMs } from '../lib/clock.ts'
import type { JsonValue } from '../lib/json.ts'
import type { AuditEntry, AuditErasure, AuditReads } from './audit.ts'
import type { AccessToken, NewAccessToken } from './access.ts'
import type { DryWrite, DryWriteEntry } from './dry-run/writes.ts'
import type { Hint, HintSource, NotedHint } from './hints.ts'
import type { Invite } from './invites.ts'
import type {
  BoxGroup,
  BoxGroupId,
  BoxUser,
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

/** Reads of people; each sees the last committed state and none waits for a transaction. */
export interface UserReads {
  /** The whole record, tombstones included. */
  get(id: BoxUserId): Promise<UserRecord | undefined>
  /** By Box login or by one of `aliases`, folded; tombstones included. */
  findByAddress(address: string): Promise<UserRecord | undefined>
  /** By shown userName, folded; tombstones left out. */
  findByUserName(userName: string): Promise<UserRecord | undefined>
  /** Everybody with exactly this shown externalId, tombstones included and last. */
  findByExternalId(externalId: string): Promise<readonly UserRecord[]>
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
   * The entries that hold one of these texts, whatever its case, oldest first: those that are open or held,
   * or all others. Not fast.
   */
  mentioning(texts: readonly string[], which: 'open' | 'settled'): Promise<readonly JournalEntry[]>
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

/** Reads of invites that are neither accepted nor forgotten. */
export interface InviteReads {
  /** By login, folded. */
  find(login: string): Promise<Invite | undefined>
  /** All, oldest first. */
  list(): Promise<readonly Invite[]>
}

/** Reads of what a dry run has pretended to do in Box. */
export interface DryRunReads {
  /** Some of the writes with an id greater than `after`, in order; none are the end. */
  writes(after: number): Promise<readonly DryWriteEntry[]>
}

/** All reads. */
export interface DirectoryReads {
  readonly users: UserReads
  readonly groups: GroupReads
  readonly resources: ResourceReads
  readonly memberships: MembershipReads
  readonly journal: JournalReads
  readonly hints: HintReads
  readonly invites: InviteReads
  readonly state: StateReads
  readonly history: AuditReads
  readonly tokens: AccessTokenReads
  readonly dryRun: DryRunReads
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
  /** Takes a person's data out of a settled journal entry. */
  eraseFromJournal(id: number, erased: Pick<JournalEntry, 'subject' | 'operation'>): Promise<void>
  /** Appends an audit entry. */
  audit(entry: AuditEntry): Promise<void>
  /** Removes up to `limit` audit entries from before a time, oldest first; how many it were. */
  pruneAudit(before: EpochMs, limit: number): Promise<number>
  /** Takes a person's data out of an audit entry; nothing else of one can be changed. */
  eraseFromAudit(id: number, erased: AuditErasure): Promise<void>
  /**
   * Notes what is to be read again in Box. What is noted already stays one hint, which counts as noted
   * anew and is due at once.
   */
  noteHints(hints: readonly Hint[], source: HintSource, now: EpochMs): Promise<void>
  /** Removes a hint that was worked, unless it was noted anew meanwhile. */
  dropHint(noted: NotedHint): Promise<void>
  /** Has a hint rest until `notBefore`, unless it was noted anew meanwhile. */
  postponeHint(noted: NotedHint, notBefore: EpochMs): Promise<void>
  /** Keeps an invite, in the place of what was known of one for the same login. */
  putInvite(invite: Invite): Promise<void>
  /** Forgets the invite for a login. */
  dropInvite(login: string): Promise<void>
  /** Sets a named value. */
  putState(key: string, value: JsonValue): Promise<void>
  /** Keeps a token. */
  addToken(token: NewAccessToken): Promise<void>
  /** Changes a token; absent keys stay. */
  updateToken(
    id: number,
    change: Partial<Pick<AccessToken, 'revokedAt' | 'lastUsedAt'>>
  ): Promise<void>
  /** Keeps what a dry run pretends to do in Box. */
  appendDryWrite(write: DryWrite, at: EpochMs): Promise<DryWriteEntry>
}

/** The directory: the local mirror of the Box enterprise and the shadow of what the IdP sent. */
export interface Directory extends DirectoryReads {
  /** Runs `work` in one durable transaction; when it throws, nothing is changed. */
  transaction<T>(work: (tx: DirectoryTransaction) => Promise<T>): Promise<T>
  /** Closes the database after running transactions have ended. */
  close(): Promise<void>
}
