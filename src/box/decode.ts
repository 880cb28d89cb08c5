import { isJsonObject } from '../lib/json.ts'
import type { JsonObject, JsonValue } from '../lib/json.ts'
import { isBoxId } from '../provisioning/model.ts'
import type {
  BoxGroup,
  BoxGroupId,
  BoxMembership,
  BoxMembershipId,
  BoxUser,
  BoxUserId,
  TrackingCode
} from '../provisioning/model.ts'
import type { BoxAlias, BoxFolder, BoxInvite } from '../provisioning/box-port.ts'

/**
 * The fields of a Box user that `BoxUser` needs. Box sends the fields that are named and no other
 * ones, so every request for a user names them all.
 */
export const userFields: readonly string[] = [
  'id',
  'name',
  'login',
  'status',
  'role',
  'language',
  'timezone',
  'space_amount',
  'space_used',
  'max_upload_size',
  'job_title',
  'phone',
  'address',
  'created_at',
  'modified_at',
  'avatar_url',
  'notification_email',
  'external_app_user_id',
  'tracking_codes',
  'is_sync_enabled',
  'can_see_managed_users',
  'is_external_collab_restricted',
  'is_exempt_from_device_limits',
  'is_exempt_from_login_verification',
  'is_platform_access_only',
  'hostname',
  'enterprise',
  'my_tags'
]

/** The fields of a Box group that `BoxGroup` needs; see {@link userFields}. */
export const groupFields: readonly string[] = [
  'id',
  'name',
  'group_type',
  'external_sync_identifier',
  'description',
  'provenance',
  'invitability_level',
  'member_viewability_level',
  'created_at',
  'modified_at'
]

/** A text of a JSON object, or '' where there is none. A number counts as its text. */
export function textAt(value: JsonValue | undefined, key: string): string {
  const found = isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  if (typeof found === 'string') return found
  return typeof found === 'number' ? String(found) : ''
}

/** A whole number of a JSON object, or 0 where there is none. A text of digits counts. */
export function numberAt(value: JsonValue | undefined, key: string): number {
  const number = Number(textAt(value, key))
  return Number.isFinite(number) ? number : 0
}

/** The entries of a list answer; anything that is no list is an empty one. */
export function entriesOf(body: JsonValue | undefined): readonly JsonValue[] {
  const entries = isJsonObject(body) ? body['entries'] : undefined
  return Array.isArray(entries) ? (entries as readonly JsonValue[]) : []
}

/** Reads a user; undefined when it has no usable id. Missing texts are '', missing flags false. */
export function decodeUser(raw: JsonValue | undefined): BoxUser | undefined {
  const id = textAt(raw, 'id')
  if (!isJsonObject(raw) || !isBoxId(id)) return undefined
  return {
    id: id as BoxUserId,
    login: textAt(raw, 'login'),
    name: textAt(raw, 'name'),
    status: textAt(raw, 'status'),
    role: textAt(raw, 'role'),
    language: textAt(raw, 'language'),
    timezone: textAt(raw, 'timezone'),
    spaceAmount: numberAt(raw, 'space_amount'),
    spaceUsed: numberAt(raw, 'space_used'),
    maxUploadSize: numberAt(raw, 'max_upload_size'),
    jobTitle: textAt(raw, 'job_title'),
    phone: textAt(raw, 'phone'),
    address: textAt(raw, 'address'),
    createdAt: textAt(raw, 'created_at'),
    modifiedAt: textAt(raw, 'modified_at'),
    avatarUrl: textAt(raw, 'avatar_url'),
    // Box shows an address that is not set as an empty list.
    notificationEmail: textAt(raw['notification_email'], 'email') || null,
    externalAppUserId: textAt(raw, 'external_app_user_id'),
    trackingCodes: trackingCodes(raw['tracking_codes']),
    isSyncEnabled: raw['is_sync_enabled'] === true,
    canSeeManagedUsers: raw['can_see_managed_users'] === true,
    isExternalCollabRestricted: raw['is_external_collab_restricted'] === true,
    isExemptFromDeviceLimits: raw['is_exempt_from_device_limits'] === true,
    isExemptFromLoginVerification: raw['is_exempt_from_login_verification'] === true,
    isPlatformAccessOnly: raw['is_platform_access_only'] === true,
    hostname: textAt(raw, 'hostname'),
    enterpriseName: textAt(raw['enterprise'], 'name'),
    myTags: texts(raw['my_tags'])
  }
}

/** Reads a group; undefined when it has no usable id. Missing texts are ''. */
export function decodeGroup(raw: JsonValue | undefined): BoxGroup | undefined {
  const id = textAt(raw, 'id')
  if (!isBoxId(id)) return undefined
  return {
    id: id as BoxGroupId,
    name: textAt(raw, 'name'),
    groupType: textAt(raw, 'group_type'),
    externalSyncIdentifier: textAt(raw, 'external_sync_identifier'),
    description: textAt(raw, 'description'),
    provenance: textAt(raw, 'provenance'),
    invitabilityLevel: textAt(raw, 'invitability_level'),
    memberViewabilityLevel: textAt(raw, 'member_viewability_level'),
    createdAt: textAt(raw, 'created_at'),
    modifiedAt: textAt(raw, 'modified_at')
  }
}

/**
 * Reads a membership; undefined when one of its ids is missing or unusable. `known`: what the
 * request named, for answers that leave it out.
 */
export function decodeMembership(
  raw: JsonValue | undefined,
  known: { userId?: BoxUserId; groupId?: BoxGroupId } = {}
): BoxMembership | undefined {
  const id = textAt(raw, 'id')
  if (!isJsonObject(raw)) return undefined
  const userId = textAt(raw['user'], 'id') || (known.userId ?? '')
  const groupId = textAt(raw['group'], 'id') || (known.groupId ?? '')
  if (![id, userId, groupId].every(isBoxId)) return undefined
  return {
    id: id as BoxMembershipId,
    userId: userId as BoxUserId,
    groupId: groupId as BoxGroupId,
    role: textAt(raw, 'role') || 'member'
  }
}

/** Reads an alias; undefined when it has no usable id. */
export function decodeAlias(raw: JsonValue | undefined): BoxAlias | undefined {
  const id = textAt(raw, 'id')
  return isBoxId(id) ? { id, email: textAt(raw, 'email') } : undefined
}

/** Reads a folder; undefined when it has no usable id. */
export function decodeFolder(raw: JsonValue | undefined): BoxFolder | undefined {
  const id = textAt(raw, 'id')
  return isBoxId(id) ? { id, name: textAt(raw, 'name') } : undefined
}

/** Reads an invite; undefined when it has no usable id. */
export function decodeInvite(raw: JsonValue | undefined): BoxInvite | undefined {
  const id = textAt(raw, 'id')
  if (!isJsonObject(raw) || !isBoxId(id)) return undefined
  return { id, login: textAt(raw['actionable_by'], 'login'), status: textAt(raw, 'status') }
}

function trackingCodes(raw: JsonValue | undefined): readonly TrackingCode[] {
  return objects(raw)
    .map((entry) => ({ name: textAt(entry, 'name'), value: textAt(entry, 'value') }))
    .filter(({ name }) => name !== '')
}

function objects(raw: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(raw) ? (raw as readonly JsonValue[]).filter(isJsonObject) : []
}

function texts(raw: JsonValue | undefined): readonly string[] {
  if (!Array.isArray(raw)) return []
  return (raw as readonly JsonValue[]).filter((entry) => typeof entry === 'string')
}
