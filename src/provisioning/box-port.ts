import type { EpochMs } from '../lib/clock.ts'
import type {
  BoxGroup,
  BoxGroupFields,
  BoxGroupId,
  BoxMembership,
  BoxMembershipId,
  BoxUser,
  BoxUserFields,
  BoxUserId
} from './model.ts'
import type { Hint } from './hints.ts'

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

/** The calls that change nothing in Box. */
export type BoxReads = Pick<
  BoxPort,
  | 'getOwnAccount'
  | 'getUser'
  | 'findUserByLogin'
  | 'findUsersByExternalId'
  | 'listUsers'
  | 'listAliases'
  | 'getGroup'
  | 'findGroupByName'
  | 'listGroups'
  | 'listGroupMemberships'
  | 'findMembership'
  | 'getMembership'
  | 'listEvents'
  | 'getInvite'
>

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
  /** Reads one membership; undefined when Box answers 404. */
  getMembership(id: BoxMembershipId, call: BoxCall): Promise<BoxMembership | undefined>
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
