import type { GroupFields, MemberPermissions, MemberRole } from './records.ts'
import type { HiddenUserFacts, SettableUserFields } from './seed.ts'

/** What a new user is made of; everything else takes Box's defaults. */
export interface NewUser extends Partial<SettableUserFields>, HiddenUserFacts {
  readonly login: string
  readonly name: string
  /** Client id of the creating application. */
  readonly createdBy?: string | undefined
  /** How long lists leave the user out, in milliseconds; default 0. */
  readonly listDelayMs?: number
}

/** What a new group is made of; everything else takes Box's defaults. */
export interface NewGroup extends Partial<Omit<GroupFields, 'created_at' | 'modified_at'>> {
  readonly name: string
  /** How long lists leave the group out, in milliseconds; default 0. */
  readonly listDelayMs?: number
}

/** What a new membership is made of. */
export interface NewMembership {
  readonly userId: string
  readonly groupId: string
  readonly role: MemberRole
  readonly configurable_permissions: MemberPermissions
}

/** Settings of a user whom nobody configured; the figures are those of Box's own samples. */
export const NEW_USER: Omit<SettableUserFields, 'login' | 'name' | 'timezone'> = {
  language: 'en',
  space_amount: 10_737_418_240,
  space_used: 0,
  max_upload_size: 5_368_709_120,
  status: 'active',
  job_title: '',
  phone: '',
  address: '',
  notification_email: null,
  role: 'user',
  tracking_codes: [],
  can_see_managed_users: true,
  is_sync_enabled: true,
  is_external_collab_restricted: false,
  is_exempt_from_device_limits: false,
  is_exempt_from_login_verification: false,
  is_platform_access_only: false,
  external_app_user_id: ''
}
