import type { JsonObject, JsonValue } from '../lib/json.ts'
import type { Misfortune } from './faults.ts'
import type { GroupTable } from './group-table.ts'
import type { Guesses } from './guesses.ts'
import type {
  ForeignAccount,
  GroupFields,
  GroupRecord,
  MembershipRecord,
  UserFields,
  UserRecord
} from './records.ts'
import { badRequest, invalidParameter } from './refusal.ts'
import type { UserTable } from './user-table.ts'

/** Fields of a user that are answered when `fields` is not sent. */
export const STANDARD_USER_FIELDS: readonly (keyof UserFields)[] = [
  'name',
  'login',
  'created_at',
  'modified_at',
  'language',
  'timezone',
  'space_amount',
  'space_used',
  'max_upload_size',
  'status',
  'job_title',
  'phone',
  'address',
  'avatar_url',
  'notification_email'
]

/** All fields of a user that can be asked for. */
export const USER_FIELDS: readonly (keyof UserFields)[] = [
  ...STANDARD_USER_FIELDS,
  'role',
  'tracking_codes',
  'can_see_managed_users',
  'is_sync_enabled',
  'is_external_collab_restricted',
  'is_exempt_from_device_limits',
  'is_exempt_from_login_verification',
  'enterprise',
  'my_tags',
  'hostname',
  'is_platform_access_only',
  'external_app_user_id'
]

/** Fields of a group that are answered when `fields` is not sent, other than in the list. */
export const STANDARD_GROUP_FIELDS: readonly (keyof GroupFields)[] = [
  'name',
  'group_type',
  'created_at',
  'modified_at'
]

/** Fields that the list of groups answers when `fields` is not sent. */
export const LISTED_GROUP_FIELDS: readonly (keyof GroupFields)[] = ['name', 'group_type']

/** All fields of a group that can be asked for. */
export const GROUP_FIELDS: readonly (keyof GroupFields)[] = [
  ...STANDARD_GROUP_FIELDS,
  'provenance',
  'external_sync_identifier',
  'description',
  'invitability_level',
  'member_viewability_level',
  'permissions'
]

/** Fields of a membership; all are standard, and the lists leave out what is not `listed`. */
export const MEMBERSHIP_FIELDS = [
  'user',
  'group',
  'role',
  'created_at',
  'modified_at',
  'configurable_permissions'
] as const

const LISTED_MEMBERSHIP_FIELDS: readonly MembershipField[] = ['user', 'group', 'role']

type MembershipField = (typeof MEMBERSHIP_FIELDS)[number]

/** Texts that read as unset when they are empty; other empty texts read as `""`. */
const UNSET_WHEN_EMPTY: ReadonlySet<string> = new Set([
  'external_app_user_id',
  'provenance',
  'external_sync_identifier',
  'description'
])

/** How an answer is to look. */
export interface View<Field extends string> {
  readonly fields: readonly Field[]
  readonly guesses: Guesses
  readonly misfortune: Misfortune
}

/** Where the two ends of a membership are found. */
interface MembershipEnds {
  readonly users: UserTable
  readonly groups: GroupTable
}

/** The fields that can be asked for, and those that are answered unasked. */
export interface FieldChoice<Field extends string> {
  readonly known: readonly Field[]
  readonly standard: readonly Field[]
}

/**
 * Reads `fields`, which replaces the standard set: `type` and `id` are answered always, then
 * exactly what was asked (https://developer.box.com/guides/api-calls/request-extra-fields/).
 */
export function readFields<Field extends string>(
  query: URLSearchParams,
  choice: FieldChoice<Field>,
  guesses: Guesses
): readonly Field[] {
  const given = query.getAll('fields')
  if (given.length === 0) return choice.standard
  const asked = new Set(given.flatMap((list) => list.split(',').map((name) => name.trim())))
  const fields = choice.known.filter((name) => asked.has(name))
  if (guesses.unknownFields === 'refused') {
    const known = new Set<string>(['type', 'id', '', ...choice.known])
    const unknown = [...asked].filter((name) => !known.has(name))
    if (unknown.length > 0) {
      throw badRequest(...unknown.map((name) => invalidParameter('fields', name)))
    }
  }
  return fields
}

/** A user as Box answers it. */
export function renderUser(user: UserRecord, view: View<keyof UserFields>): JsonObject {
  const answer: Record<string, JsonValue> = { type: 'user', id: user.id }
  for (const field of view.fields) {
    const value = userValue(user.fields, field, view)
    if (value !== undefined) answer[field] = value
  }
  return answer
}

function userValue(
  fields: UserFields,
  field: keyof UserFields,
  { guesses, misfortune }: View<keyof UserFields>
): JsonValue | undefined {
  const value = jsonValue(fields[field])
  if (value === null && misfortune.notificationEmailArray) return []
  if (field === 'phone' && misfortune.numericPhone) return numericPhone(fields.phone)
  return orUnset(field, value, guesses)
}

function numericPhone(phone: string): JsonValue {
  const digits = phone.replaceAll(/\D/g, '')
  return digits === '' ? phone : Number(digits)
}

function orUnset(field: string, value: JsonValue, guesses: Guesses): JsonValue | undefined {
  if (value !== '' || !UNSET_WHEN_EMPTY.has(field)) return value
  if (guesses.unsetText === 'absent') return undefined
  return guesses.unsetText === 'null' ? null : ''
}

/** Somebody of another enterprise: fields that are not for us are null. */
export function renderForeign(
  account: ForeignAccount,
  fields: readonly (keyof UserFields)[]
): JsonObject {
  const { name, login } = account
  const known = new Map<string, JsonValue>([
    ['name', name],
    ['login', login]
  ])
  return {
    type: 'user',
    id: account.id,
    ...Object.fromEntries(fields.map((field) => [field, known.get(field) ?? null]))
  }
}

/** A group as Box answers it. */
export function renderGroup(group: GroupRecord, view: View<keyof GroupFields>): JsonObject {
  const answer: Record<string, JsonValue> = { type: 'group', id: group.id }
  for (const field of view.fields) {
    const value = orUnset(field, jsonValue(group.fields[field]), view.guesses)
    if (value !== undefined) answer[field] = value
  }
  return answer
}

/** A membership as Box answers it. */
export function renderMembership(
  membership: MembershipRecord,
  enterprise: MembershipEnds,
  fields: readonly MembershipField[]
): JsonObject {
  const answer: Record<string, JsonValue> = { type: 'group_membership', id: membership.id }
  for (const field of fields) answer[field] = membershipValue(membership, enterprise, field)
  return answer
}

/** A membership as the two lists answer it: without times and permissions. */
export function renderListedMembership(
  membership: MembershipRecord,
  enterprise: MembershipEnds
): JsonObject {
  return renderMembership(membership, enterprise, LISTED_MEMBERSHIP_FIELDS)
}

function membershipValue(
  membership: MembershipRecord,
  enterprise: MembershipEnds,
  field: MembershipField
): JsonValue {
  if (field === 'user') {
    const user = enterprise.users.get(membership.userId)
    return {
      type: 'user',
      id: membership.userId,
      name: user?.fields.name ?? '',
      login: user?.fields.login ?? ''
    }
  }
  if (field === 'group') {
    const group = enterprise.groups.get(membership.groupId)
    return {
      type: 'group',
      id: membership.groupId,
      name: group?.fields.name ?? '',
      group_type: group?.fields.group_type ?? 'managed_group'
    }
  }
  return jsonValue(membership[field])
}

/** Records hold plain data; an interface, unlike a type alias, is no `JsonObject` to the compiler. */
function jsonValue(value: object | string | number | boolean | null): JsonValue {
  return value as JsonValue
}
