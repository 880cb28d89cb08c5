import { fold } from '../../lib/text.ts'
import type { BoxGroupFields, BoxUserFields } from '../model.ts'
import { onOneLine, shorten } from './limits.ts'

/** A single value of a SCIM attribute or of a Box field. */
export type Scalar = string | number | boolean

/** What Box takes in one field. */
export interface BoxField {
  readonly type: 'text' | 'number' | 'boolean'
  /** The longest text that Box takes, in UTF-16 code units; longer ones are shortened. */
  readonly limit?: number
  /** What joins the lines of a text of several lines, where Box wants one line. */
  readonly lines?: string
  /** Tells whether Box knows a value, where it takes known ones only. */
  readonly isKnown?: (text: string) => boolean
  /** What clears the field; a field without it cannot be cleared. */
  readonly cleared?: '' | null
  /** Tells whether two values mean the same to Box, where that is not whether they are equal. */
  readonly same?: (left: unknown, right: unknown) => boolean
}

/** The user fields that a mapping can feed; tracking codes are fed by name. */
export type MappedUserField = Exclude<keyof BoxUserFields, 'trackingCodes'>

/** The group fields that a mapping can feed. */
export type MappedGroupField = keyof BoxGroupFields

/** Source of the codes: Box developer guide, "Language codes". */
const languages: ReadonlySet<string> = new Set(
  'bn da de en gb e2 e3 s2 es fi fr f2 hi it ja ko nb nl pl pt ru sv tr zh zt'.split(' ')
)

/** Only the enterprise's owner is `admin`, and nobody can be made one. */
const roles: ReadonlySet<string> = new Set(['user', 'coadmin', 'admin'])

/** Box shows an unlimited quota, which is set as -1, as a number of this size. */
const unlimitedSpace = 1_000_000_000_000_000

const flag = { type: 'boolean' } as const

/**
 * The user fields that can be written. Source of the limits: Box API reference, "Update user", which
 * also says that empty texts are '' and that the notification e-mail alone is cleared with null.
 */
export const boxUserFields: Readonly<Record<MappedUserField, BoxField>> = {
  login: { type: 'text', same: (left, right) => fold(String(left)) === fold(String(right)) },
  name: { type: 'text', limit: 50, lines: ' ' },
  status: { type: 'text' },
  role: { type: 'text', isKnown: (role) => roles.has(role) },
  language: { type: 'text', isKnown: (code) => languages.has(code) },
  timezone: { type: 'text', isKnown: isTimeZone },
  spaceAmount: {
    type: 'number',
    same: (left, right) => left === right || (isUnlimited(left) && isUnlimited(right))
  },
  jobTitle: { type: 'text', limit: 100, lines: ' ', cleared: '' },
  phone: { type: 'text', limit: 100, lines: ' ', cleared: '' },
  address: { type: 'text', limit: 255, lines: ', ', cleared: '' },
  externalAppUserId: { type: 'text', cleared: '' },
  notificationEmail: { type: 'text', cleared: null },
  isSyncEnabled: flag,
  canSeeManagedUsers: flag,
  isExternalCollabRestricted: flag,
  isExemptFromDeviceLimits: flag,
  isExemptFromLoginVerification: flag
}

const groupText = { type: 'text', limit: 255, lines: ' ' } as const

/** The group fields that can be written. Source of the limits: Box API reference, "Update group". */
export const boxGroupFields: Readonly<Record<MappedGroupField, BoxField>> = {
  name: groupText,
  externalSyncIdentifier: { type: 'text', cleared: '' },
  description: { ...groupText, cleared: '' },
  provenance: { ...groupText, cleared: '' },
  invitabilityLevel: groupText,
  memberViewabilityLevel: groupText
}

/** What Box gets of a value, and whether it had to be shortened. */
export interface Accepted {
  readonly value: Scalar
  readonly shortened: boolean
}

/** The form of a value that Box takes; undefined where it takes none. `room` is kept free of a text. */
export function accept(field: BoxField, value: Scalar, room = 0): Accepted | undefined {
  switch (field.type) {
    case 'text':
      return acceptText(field, String(value), room)
    case 'number': {
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
      return typeof number === 'number' && Number.isSafeInteger(number) ? whole(number) : undefined
    }
    case 'boolean': {
      const text = String(value).toLowerCase()
      return text === 'true' || text === 'false' ? whole(text === 'true') : undefined
    }
  }
}

function acceptText(field: BoxField, given: string, room: number): Accepted | undefined {
  const line = field.lines === undefined ? given : onOneLine(given, field.lines)
  const value = field.limit === undefined ? line : shorten(line, field.limit - room)
  if (value === '' || field.isKnown?.(value) === false) return undefined
  return { value, shortened: value !== line }
}

function whole(value: Scalar): Accepted {
  return { value, shortened: false }
}

function isUnlimited(space: unknown): boolean {
  return typeof space === 'number' && (space === -1 || space >= unlimitedSpace)
}

function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) instanceof Intl.DateTimeFormat
  } catch {
    return false
  }
}
