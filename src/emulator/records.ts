import type { EpochMs, Milliseconds } from '../lib/clock.ts'

/** A Box account status (https://developer.box.com/reference/resources/user/). */
type UserStatus = 'active' | 'inactive' | 'cannot_delete_edit' | 'cannot_delete_edit_upload'

/** A role in the enterprise. */
type UserRole = 'admin' | 'coadmin' | 'user'

/** A value of a tracking code that the Admin Console defines. */
export interface TrackingCode {
  readonly type: 'tracking_code'
  readonly name: string
  readonly value: string
}

/** Everything Box tells about a user besides `type` and `id`, under Box's own names. */
export interface UserFields {
  readonly name: string
  readonly login: string
  readonly created_at: string
  readonly modified_at: string
  readonly language: string
  readonly timezone: string
  /** Bytes. */
  readonly space_amount: number
  /** Bytes. */
  readonly space_used: number
  /** Bytes. */
  readonly max_upload_size: number
  readonly status: UserStatus
  readonly job_title: string
  readonly phone: string
  readonly address: string
  readonly avatar_url: string
  readonly notification_email: { readonly email: string; readonly is_confirmed: boolean } | null
  readonly role: UserRole
  readonly tracking_codes: readonly TrackingCode[]
  readonly can_see_managed_users: boolean
  readonly is_sync_enabled: boolean
  readonly is_external_collab_restricted: boolean
  readonly is_exempt_from_device_limits: boolean
  readonly is_exempt_from_login_verification: boolean
  readonly enterprise: { readonly type: 'enterprise'; readonly id: string; readonly name: string }
  readonly my_tags: readonly string[]
  readonly hostname: string
  readonly is_platform_access_only: boolean
  /** Empty when there is none. */
  readonly external_app_user_id: string
}

/** A further address of a user. */
export interface AliasRecord {
  readonly id: string
  readonly email: string
  readonly is_confirmed: boolean
}

/** A user of the enterprise, with what Box knows and does not tell. */
export interface UserRecord {
  readonly id: string
  readonly fields: UserFields
  /** The login in the form in which logins are compared. */
  readonly foldedLogin: string
  /** The name in the form in which names are searched. */
  readonly foldedName: string
  /** Aliases by id. */
  readonly aliases: ReadonlyMap<string, AliasRecord>
  /** Client id of the application that created the user; undefined for people from elsewhere. */
  readonly createdBy: string | undefined
  /** Whether deleting needs `force`. */
  readonly ownsContent: boolean
  /** Whether a retention policy forbids deleting while content is owned. */
  readonly retained: boolean
  /** Whether the person has confirmed the present login. */
  readonly emailConfirmed: boolean
  /** Whether an information barrier keeps the user apart from all others. */
  readonly barred: boolean
  /** How long Box works at a transfer of the owned content. */
  readonly transferMs: Milliseconds
  /** When lists begin to show the user. */
  readonly listedFrom: EpochMs
}

/** Everything Box tells about a group besides `type` and `id`, under Box's own names. */
export interface GroupFields {
  readonly name: string
  readonly group_type: 'managed_group' | 'all_users_group'
  readonly created_at: string
  readonly modified_at: string
  /** Empty when there is none, like the next two. */
  readonly provenance: string
  readonly external_sync_identifier: string
  readonly description: string
  readonly invitability_level: AudienceLevel
  readonly member_viewability_level: AudienceLevel
  readonly permissions: { readonly can_invite_as_collaborator: boolean }
}

/** Who may invite a group, or see its members. */
type AudienceLevel = 'admins_only' | 'admins_and_members' | 'all_managed_users'

/** A group of the enterprise. */
export interface GroupRecord {
  readonly id: string
  readonly fields: GroupFields
  /** When lists begin to show the group. */
  readonly listedFrom: EpochMs
}

/** A role in a group. */
export type MemberRole = 'member' | 'admin'

/** What a group's admin may do besides; null for plain members. */
export type MemberPermissions = Readonly<Record<string, boolean>> | null

/** The fact that a user belongs to a group; an object of its own in Box. */
export interface MembershipRecord {
  readonly id: string
  readonly userId: string
  readonly groupId: string
  readonly role: MemberRole
  readonly configurable_permissions: MemberPermissions
  readonly created_at: string
  readonly modified_at: string
}

/** A Box account outside the enterprise, which owns its address nevertheless. */
export interface ForeignAccount {
  readonly id: string
  readonly login: string
  readonly name: string
  /** A free account, or one of some other enterprise. */
  readonly kind: 'personal' | 'other-enterprise'
  /** Whether the person collaborates here, and so can be found as an external user. */
  readonly collaborates: boolean
}

/** An invitation of somebody outside to become a user of the enterprise. */
export interface InviteRecord {
  readonly id: string
  /** The invited account as it was then. */
  readonly invited: Pick<ForeignAccount, 'id' | 'login' | 'name'>
  /** Box documents `pending` alone. */
  readonly status: 'pending' | 'accepted' | 'rejected'
  readonly created_at: string
  readonly modified_at: string
}

/** A transfer of everything that a user owns into a new folder of another. */
export interface TransferRecord {
  /** The new folder's id and name. */
  readonly folder: { readonly id: string; readonly name: string }
  readonly fromId: string
  readonly toId: string
  /** When Box is through with it. */
  readonly endsAt: EpochMs
  readonly done: boolean
}
