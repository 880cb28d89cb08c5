import { isJsonObject } from '../lib/json.ts'
import type { JsonValue } from '../lib/json.ts'
import { BodyReader, isEmail, onlySent } from './body-reader.ts'
import type { Enterprise } from './enterprise.ts'
import type { Guesses } from './guesses.ts'
import type { TrackingCode, UserFields } from './records.ts'
import { badParameter, invalidParameter } from './refusal.ts'
import type { SettableUserFields } from './seed.ts'

/** What reading a user's body depends on. */
export interface UserBodyRules {
  readonly enterprise: Enterprise
  readonly guesses: Guesses
}

/** Box's language codes (https://developer.box.com/guides/api-calls/language-codes/). */
const LANGUAGES: ReadonlySet<string> = new Set(
  'bn da de en gb e2 e3 s2 es fi fr f2 hi it ja ko nb nl pl pt ru sv tr zh zt'.split(' ')
)

/** What `-1`, unlimited, reads back as. */
const UNLIMITED_SPACE = 1_000_000_000_000_000

/**
 * Reads the body of a create or an update and leaves out what was not sent. Throws 400 naming every
 * wrong value. Keys that Box does not know are passed over.
 */
export function readUserBody(
  body: unknown,
  rules: UserBodyRules,
  kind: 'create' | 'update'
): Partial<SettableUserFields> {
  const read = new BodyReader(body)
  if (kind === 'create') requireForCreate(read)
  const { guesses } = rules
  const clearable = (max: number) => ({ max, null: guesses.nullText })
  const changes = onlySent<Partial<SettableUserFields>>({
    name: read.text('name', { max: guesses.maxNameLength, mayBeEmpty: false }),
    login: read.email('login'),
    role: read.oneOf('role', ['coadmin', 'user']),
    status: read.oneOf('status', [
      'active',
      'inactive',
      'cannot_delete_edit',
      'cannot_delete_edit_upload'
    ]),
    job_title: read.text('job_title', clearable(100)),
    phone: read.text('phone', clearable(100)),
    address: read.text('address', clearable(255)),
    external_app_user_id: read.text(
      'external_app_user_id',
      clearable(guesses.maxExternalAppUserIdLength)
    ),
    language: readLocale(read, 'language', (value) => LANGUAGES.has(value), guesses),
    timezone: readLocale(read, 'timezone', isTimeZone, guesses),
    space_amount: readSpaceAmount(read),
    tracking_codes: readTrackingCodes(read, rules),
    ...readFlags(read, kind)
  })
  read.finish()
  return { ...changes, ...readNotificationEmail(read, guesses) }
}

function requireForCreate(read: BodyReader): void {
  read.require('name')
  if (read.raw('is_platform_access_only') !== true) read.require('login')
}

function readFlags(read: BodyReader, kind: 'create' | 'update') {
  // Settable, but part of no answer.
  read.flag('is_password_reset_required')
  return {
    can_see_managed_users: read.flag('can_see_managed_users'),
    is_sync_enabled: read.flag('is_sync_enabled'),
    is_external_collab_restricted: read.flag('is_external_collab_restricted'),
    is_exempt_from_device_limits: read.flag('is_exempt_from_device_limits'),
    is_exempt_from_login_verification: read.flag('is_exempt_from_login_verification'),
    is_platform_access_only: kind === 'create' ? read.flag('is_platform_access_only') : undefined
  }
}

function readLocale(
  read: BodyReader,
  name: 'language' | 'timezone',
  isKnown: (value: string) => boolean,
  guesses: Guesses
): string | undefined {
  const value = read.raw(name)
  if (value === undefined) return undefined
  if (typeof value === 'string' && isKnown(value)) return value
  return guesses.unknownLocale === 'ignored' && typeof value === 'string'
    ? undefined
    : read.refuse(name)
}

function isTimeZone(value: string): boolean {
  // Intl accepts offsets and any letter case; the tz database has names like Africa/Bujumbura.
  if (!/^[A-Z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/.test(value)) return false
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

function readSpaceAmount(read: BodyReader): number | undefined {
  const value = read.raw('space_amount')
  if (value === undefined) return undefined
  if (value === -1) return UNLIMITED_SPACE
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
    ? value
    : read.refuse('space_amount')
}

/** The list replaces the former one as a whole. */
function readTrackingCodes(
  read: BodyReader,
  { enterprise, guesses }: UserBodyRules
): readonly TrackingCode[] | undefined {
  const value = read.raw('tracking_codes')
  if (value === undefined) return undefined
  if (!Array.isArray(value)) return read.refuse('tracking_codes')
  const codes = value.flatMap((entry: JsonValue) => trackingCode(entry) ?? [])
  const allDefined =
    guesses.undefinedTrackingCode === 'accepted' ||
    codes.every(({ name }) => enterprise.trackingCodes.has(name))
  return codes.length === value.length && allDefined ? codes : read.refuse('tracking_codes')
}

function trackingCode(entry: JsonValue): TrackingCode | undefined {
  if (!isJsonObject(entry)) return undefined
  const { name, value } = entry
  if (typeof name !== 'string' || typeof value !== 'string') return undefined
  return { type: 'tracking_code', name, value }
}

function readNotificationEmail(
  read: BodyReader,
  guesses: Guesses
): Partial<Pick<UserFields, 'notification_email'>> {
  const value = read.raw('notification_email')
  if (value === undefined) return {}
  if (value === null) return { notification_email: null }
  const email = isJsonObject(value) ? value['email'] : undefined
  if (!isEmail(email)) throw badParameter(invalidParameter('notification_email', value))
  return { notification_email: { email, is_confirmed: guesses.notificationEmailConfirmsItself } }
}
