import type { EpochMs } from '../lib/clock.ts'
import type { JsonObject } from '../lib/json.ts'
import type { ResourceTypeName } from './query.ts'

declare const brand: unique symbol

/** The id of a user in Box, which is also the SCIM id: 1 to 20 digits, or `dry-N` in a dry run. */
export type BoxUserId = string & { readonly [brand]: 'BoxUserId' }

/** The id of a group in Box, which is also the SCIM id; like a user's. A number space of its own. */
export type BoxGroupId = string & { readonly [brand]: 'BoxGroupId' }

/** The id of a membership in Box: 1 to 20 digits, or `dry-N` in a dry run. */
export type BoxMembershipId = string & { readonly [brand]: 'BoxMembershipId' }

const boxIdPattern = /^\d{1,20}$/

/** Tells whether `id` can be a Box id. */
export function isBoxId(id: string): boolean {
  return boxIdPattern.test(id)
}

const resourceIdPattern = /^(\d|dry-\d)\d{0,19}$/

/**
 * Tells whether `id` can be a SCIM id: a Box id, or the id of what a dry run would have created. Every
 * other id is answered 404 before anything is called.
 */
export function isResourceId(id: string): boolean {
  return resourceIdPattern.test(id)
}

/**
 * A SCIM resource as plain JSON (RFC 7643 §3): names in the schema's letter case, unassigned values
 * absent, without `id`, `schemas`, `meta`, `groups`, `members` and `password`.
 */
export type ScimDocument = JsonObject

/** ASSOCIATION: what a person in Box is found by. */
export type Association = 'login' | 'external_app_user_id'

/** USER_KIND: whether SCIM is about managed users, or about the app users of this application. */
export type UserKind = 'managed' | 'app'

/** Box's user status values. The API document knows these four; others are kept as they come. */
export type BoxUserStatus = string

/** A tracking code of a Box user: the name is defined in Box's Admin Console. */
export interface TrackingCode {
  readonly name: string
  readonly value: string
}

/** The Box user fields that can be written, in the bridge's letter case. */
export interface BoxUserFields {
  readonly login?: string
  readonly name?: string
  readonly status?: BoxUserStatus
  readonly role?: string
  /** A Box language code, which is not always an ISO 639-1 code. */
  readonly language?: string
  /** A tz database name. */
  readonly timezone?: string
  /** Bytes; -1 is unlimited. */
  readonly spaceAmount?: number
  readonly jobTitle?: string
  readonly phone?: string
  readonly address?: string
  readonly externalAppUserId?: string
  readonly trackingCodes?: readonly TrackingCode[]
  /** An e-mail address; null removes it. */
  readonly notificationEmail?: string | null
  readonly isSyncEnabled?: boolean
  readonly canSeeManagedUsers?: boolean
  readonly isExternalCollabRestricted?: boolean
  readonly isExemptFromDeviceLimits?: boolean
  readonly isExemptFromLoginVerification?: boolean
}

/** A Box user as Box showed it: the snapshot. Empty texts are '' as Box sends them. */
export interface BoxUser extends Required<BoxUserFields> {
  readonly id: BoxUserId
  /** Bytes. */
  readonly spaceUsed: number
  /** Bytes. */
  readonly maxUploadSize: number
  /** RFC 3339 text as Box sent it, or ''. */
  readonly createdAt: string
  /** RFC 3339 text as Box sent it, or ''. */
  readonly modifiedAt: string
  readonly isPlatformAccessOnly: boolean
  readonly avatarUrl: string
  readonly hostname: string
  /** The name of the enterprise the user belongs to, or ''. */
  readonly enterpriseName: string
  readonly myTags: readonly string[]
}

/** The Box group fields that can be written. */
export interface BoxGroupFields {
  readonly name?: string
  readonly externalSyncIdentifier?: string
  readonly description?: string
  readonly provenance?: string
  readonly invitabilityLevel?: string
  readonly memberViewabilityLevel?: string
}

/** A Box group as Box showed it: the snapshot. */
export interface BoxGroup extends Required<BoxGroupFields> {
  readonly id: BoxGroupId
  /** `managed_group`, or `all_users_group` for Box's own group of everyone. */
  readonly groupType: string
  /** RFC 3339 text as Box sent it, or ''. */
  readonly createdAt: string
  /** RFC 3339 text as Box sent it, or ''. */
  readonly modifiedAt: string
}

/** A membership as Box showed it. */
export interface BoxMembership {
  readonly id: BoxMembershipId
  readonly userId: BoxUserId
  readonly groupId: BoxGroupId
  /** `member`, or `admin` for a group admin. */
  readonly role: string
}

/** What the directory keeps about every resource, besides its shadow and snapshot. */
interface ResourceRecord {
  /** True once a SCIM client created or wrote the resource. */
  readonly linked: boolean
  /** True when the resource was deleted in SCIM and is kept in Box. */
  readonly tombstone: boolean
  /** True when this bridge, or another one on the same Box app, is known to have created it in Box. */
  readonly createdByBridge: boolean
  /** The resource as the IdP last set it; empty until a SCIM client writes. Never holds `active`. */
  readonly shadow: ScimDocument
  /** The resource as SCIM shows it, computed from shadow and snapshot by `provisioning`. */
  readonly resource: ScimDocument
  readonly created: EpochMs
  readonly lastModified: EpochMs
  /** Counts the changes of what SCIM shows; starts at 1. The source of `meta.version`. */
  readonly revision: number
}

/** A person in the directory. */
export interface UserRecord extends ResourceRecord {
  readonly id: BoxUserId
  readonly snapshot: BoxUser
  /** True while the status in Box is the one that the bridge wrote for `active: false`. */
  readonly deactivatedByBridge: boolean
  /** True once Box has refused a new external id for this person: it is not sent again. */
  readonly externalIdRefused: boolean
  /** Addresses that a login change of the bridge made aliases in Box and has not removed yet. */
  readonly aliases: readonly string[]
}

/** A group in the directory. */
export interface GroupRecord extends ResourceRecord {
  readonly id: BoxGroupId
  readonly snapshot: BoxGroup
}

/** One person's membership in one group. */
export interface MembershipRow {
  readonly groupId: BoxGroupId
  readonly userId: BoxUserId
  /** What SCIM shows: true for a member. */
  readonly intended: boolean
  /** The membership's id in Box while Box is known to have it. */
  readonly boxId: BoxMembershipId | undefined
  /** `member` or `admin`, as Box last showed it. */
  readonly role: string
}

/** A resource in the form in which it is sent: JSON text without `meta`, `groups` and `members`. */
export interface StoredResource {
  readonly id: string
  /** A JSON object's text with `schemas` and `id` first; never empty. */
  readonly text: string
  readonly created: EpochMs
  readonly lastModified: EpochMs
  readonly revision: number
  /**
   * A group's members, or a user's groups; absent where they were not asked for. They may be many:
   * each is made when the iteration comes to it.
   */
  readonly related?: Iterable<RelatedResource>
}

/** A resource found by a search of people and groups. */
export interface MixedResource extends StoredResource {
  readonly resourceType: ResourceTypeName
}

/** An element of a group's `members` or of a user's `groups`. */
export interface RelatedResource {
  readonly value: string
  readonly display: string
}
