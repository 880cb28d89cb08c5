import type { Milliseconds } from '../lib/clock.ts'

/**
 * Points on which Box's public documentation is silent. Each is a switch, so that a client can be
 * tried against every answer that Box might really give; the defaults are the likeliest ones.
 */
export interface Guesses {
  /** A name in `fields` that Box does not know. */
  readonly unknownFields: 'ignored' | 'refused'
  /** How a key that was asked for and has no text is answered, e.g. `external_app_user_id`. */
  readonly unsetText: 'absent' | 'null' | 'empty'
  /** Status 401: no body at all, or the usual error object. */
  readonly unauthorizedBody: 'empty' | 'error'
  /** Body of a 502: a proxy's HTML page, or the usual error object. */
  readonly badGatewayBody: 'html' | 'error'

  /** A `marker` that is no marker: 400, or the first page. */
  readonly badMarker: 'refused' | 'first-page'
  /** How the last page by marker says that it is the last; the paging guide allows all three. */
  readonly lastMarker: 'null' | 'empty' | 'absent'
  /** Order of the list of users. */
  readonly userOrder: 'login' | 'id'
  /** Order of the list of groups. */
  readonly groupOrder: 'name' | 'id'
  /** Whether `filter_term` matches whatever the letter case. */
  readonly filterTermIgnoresCase: boolean
  /** Whether `filter_term` also matches e-mail aliases. */
  readonly aliasesSearched: boolean
  /** Whether the service account is in the list of users. */
  readonly serviceAccountListed: boolean
  /** How long a new user or group is missing from lists. */
  readonly listDelayMs: Milliseconds

  /** The longest user name in characters; the API reference says 50, the Admin Console 100. */
  readonly maxNameLength: number
  /** `null` for a text that is cleared with `""`: treated alike, 400, or passed over. */
  readonly nullText: 'clears' | 'refused' | 'ignored'
  /** A language or time zone that Box does not know. */
  readonly unknownLocale: 'refused' | 'ignored'
  /** A tracking code whose name the Admin Console does not define. */
  readonly undefinedTrackingCode: 'refused' | 'accepted'
  /** Whether a notification e-mail counts as confirmed at once. */
  readonly notificationEmailConfirmsItself: boolean
  /** Creating a user whose e-mail domain is not one of the enterprise's. */
  readonly createOutsideDomains: 'allowed' | 'refused'
  /** Whether a login that is an alias of another user is taken. */
  readonly aliasesCollideOnCreate: boolean
  /** Whether the 409 for a login in use carries `context_info`. */
  readonly loginConflictContext: 'absent' | 'errors'
  /** Sending the present login again: harmless, or 400. */
  readonly sameLogin: 'harmless' | 'refused'
  /** Whether a login changes only once its owner has confirmed the present e-mail address. */
  readonly loginChangeNeedsConfirmedEmail: boolean
  /** Creating a user when every seat is taken: 403 `forbidden` or 400 `bad_request`. */
  readonly noSeatLeft: 'forbidden' | 'bad-request'
  /** Whether app users take seats. */
  readonly appUsersTakeSeats: boolean
  /** Whether a login changes only to an address that is an alias already. */
  readonly loginChangeNeedsAlias: boolean
  /** Deleting a user who owns content, without `force`: 409 `conflict` or 400 `bad_request`. */
  readonly deleteWithContent: 'conflict' | 'bad-request'
  /** What deactivation does to group memberships. */
  readonly inactiveMemberships: 'kept' | 'dropped'

  /** The longest `external_app_user_id` in characters. */
  readonly maxExternalAppUserIdLength: number
  /** Whether two users of one application may not share an `external_app_user_id`. */
  readonly externalAppUserIdUnique: boolean
  /** Updating `external_app_user_id` of a user whom another application created: 403, or no effect. */
  readonly foreignExternalAppUserId: 'forbidden' | 'ignored'

  /** A transfer from or to somebody who is part of one that still runs: 409, or done as well. */
  readonly transferWhileRunning: 'blocked' | 'done'
  /** A transfer of nothing: a new folder that is empty, or 400. */
  readonly transferOfNothing: 'folder' | 'bad-request'
  /** A transfer to nobody: 404, or 400. */
  readonly transferToNobody: 'not-found' | 'bad-request'
  /** Whether `space_used` of the former owner falls to 0 with a transfer. */
  readonly transferFreesSpace: boolean
  /** What the new folder is called after; the API reference says name, the guide says both. */
  readonly transferFolderName: 'name' | 'login-and-name'

  /** Inviting somebody who is invited already: 409, 200 with the former invite, or with a new one. */
  readonly repeatedInvite: 'conflict' | 'existing' | 'new'
  /** Inviting a user of the enterprise: 409, or 400. */
  readonly inviteOfMember: 'conflict' | 'bad-request'
  /** Inviting a user of another enterprise: 403 `forbidden`, or 400. */
  readonly inviteOfOtherEnterprise: 'forbidden' | 'bad-request'
  /** Reading an invite that was answered: its status says so, or 404. */
  readonly answeredInvite: 'named' | 'gone'
  /** Whether an event says NEW_USER of who accepts an invite, beside MASTER_INVITE_ACCEPT. */
  readonly acceptedInviteIsNewUser: boolean

  /** An error of the token endpoint: OAuth's two keys, or the usual error object. */
  readonly grantErrorBody: 'oauth' | 'error'

  /** Whether an alias in one of the enterprise's domains is confirmed without `is_confirmed`. */
  readonly ownDomainAliasConfirmsItself: boolean
  /** An alias in a domain that is not the enterprise's; `unconfirmed`: added, whatever was sent. */
  readonly aliasOutsideDomains: 'bad-request' | 'conflict' | 'unconfirmed'
  /** An alias that is some account's address already. */
  readonly aliasTaken: 'conflict' | 'bad-request'

  /** Whether two group names may not differ in letter case alone. */
  readonly groupNameIgnoresCase: boolean
  /** The longest group name and `external_sync_identifier` in characters. */
  readonly maxGroupNameLength: number
  /** Whether two groups may not share an `external_sync_identifier`. */
  readonly externalSyncIdentifierUnique: boolean
  /** Whether `provenance`, which locks a group in the web application, locks it in the API too. */
  readonly provenanceLocksApi: boolean
  /** Clearing `provenance` once it is set: done, or passed over. */
  readonly clearedProvenance: 'cleared' | 'kept'

  /** Adding a member who is one already: 409 `conflict`, or 200 with the present membership. */
  readonly repeatedMembership: 'conflict' | 'existing'
  /** Adding an unknown user, or to an unknown group. */
  readonly unknownMember: 'not-found' | 'bad-request'
  /** Adding an inactive user. */
  readonly inactiveMayJoin: boolean

  /** The type of the position in an event stream; the API reference allows both. */
  readonly eventPosition: 'text' | 'number'
  /** A position in an event stream that Box never gave or has forgotten: 400, or the oldest events. */
  readonly lostStreamPosition: 'refused' | 'oldest'
  /** A filter by event types that the API reference lists for answers only: 400, or it works. */
  readonly answeredOnlyEventTypes: 'refused' | 'accepted'
  /** How many events are answered at most, however many were asked for. */
  readonly eventsPerPage: number
  /** What the source of an event about a user is: id, name and login, or the standard fields. */
  readonly userEventSource: 'mini' | 'standard'
  /** What the source of an event about groups is: `group_id`, `user_id` …, or objects with a type. */
  readonly groupEventSource: 'flat' | 'nested'
}

/** What the emulator takes for the truth where Box says nothing. */
export const defaultGuesses: Guesses = {
  unknownFields: 'ignored',
  unsetText: 'absent',
  unauthorizedBody: 'empty',
  badGatewayBody: 'html',
  badMarker: 'refused',
  lastMarker: 'null',
  userOrder: 'login',
  groupOrder: 'name',
  filterTermIgnoresCase: true,
  aliasesSearched: false,
  serviceAccountListed: false,
  listDelayMs: 0,
  maxNameLength: 50,
  nullText: 'clears',
  unknownLocale: 'refused',
  undefinedTrackingCode: 'refused',
  notificationEmailConfirmsItself: true,
  createOutsideDomains: 'allowed',
  aliasesCollideOnCreate: true,
  loginConflictContext: 'absent',
  sameLogin: 'harmless',
  loginChangeNeedsConfirmedEmail: false,
  noSeatLeft: 'forbidden',
  appUsersTakeSeats: false,
  loginChangeNeedsAlias: true,
  deleteWithContent: 'conflict',
  inactiveMemberships: 'kept',
  maxExternalAppUserIdLength: 255,
  externalAppUserIdUnique: false,
  foreignExternalAppUserId: 'forbidden',
  transferWhileRunning: 'blocked',
  transferOfNothing: 'folder',
  transferToNobody: 'not-found',
  transferFreesSpace: true,
  transferFolderName: 'name',
  repeatedInvite: 'conflict',
  inviteOfMember: 'conflict',
  inviteOfOtherEnterprise: 'forbidden',
  answeredInvite: 'named',
  acceptedInviteIsNewUser: true,
  grantErrorBody: 'oauth',
  ownDomainAliasConfirmsItself: true,
  aliasOutsideDomains: 'bad-request',
  aliasTaken: 'conflict',
  groupNameIgnoresCase: true,
  maxGroupNameLength: 255,
  externalSyncIdentifierUnique: false,
  provenanceLocksApi: false,
  clearedProvenance: 'cleared',
  repeatedMembership: 'conflict',
  unknownMember: 'not-found',
  inactiveMayJoin: true,
  eventPosition: 'text',
  lostStreamPosition: 'refused',
  answeredOnlyEventTypes: 'refused',
  eventsPerPage: 500,
  userEventSource: 'mini',
  groupEventSource: 'flat'
}
