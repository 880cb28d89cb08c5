import type { JsonObject } from '../../lib/json.ts'
import type { BoxUserFields, ScimDocument, TrackingCode } from '../model.ts'
import type { ProvisioningSettings } from '../settings.ts'
import { complexOf, elementsOf, hasType, isPrimary, textOf } from './document.ts'
import { boxLanguage, isBoxLanguage } from './language.ts'
import { boxTextLimits, onOneLine, shorten } from './limits.ts'
import { loginOf } from './login.ts'
import { requestedRole } from './roles.ts'
import { boxUserUrn } from './urns.ts'

/** What a SCIM user means for Box. */
export interface MappedUser {
  /** The fields that the document has something to say about. */
  readonly fields: BoxUserFields
  /** What could not be taken over as it is, for the audit. */
  readonly notes: readonly string[]
}

/** Maps a SCIM user to Box fields. `active` is no part of it: it is a status, see `plan/`. */
export function mapUser(document: ScimDocument, settings: ProvisioningSettings): MappedUser {
  const notes: string[] = []
  const text = (field: keyof typeof boxTextLimits, value: string | undefined, separator = ' ') => {
    if (value === undefined) return undefined
    const line = onOneLine(value, separator)
    const short = shorten(line, boxTextLimits[field])
    if (short !== line) notes.push(`${field} shortened to ${boxTextLimits[field]} characters`)
    return short === '' ? undefined : short
  }
  const known = (field: string, value: string | undefined, mapped: string | undefined) => {
    if (value !== undefined && mapped === undefined) notes.push(`${field} unknown to Box: left out`)
    return mapped
  }
  const language = languageRequest(document)
  const timezone = textOf(document, 'timezone')
  const role = requestedRole(document)
  const fields = {
    login: loginOf(document, settings.loginDomain),
    name: text('name', nameOf(document)),
    jobTitle: text('jobTitle', textOf(document, 'title')),
    phone: text('phone', textOf(phoneElement(document), 'value')),
    address: text('address', addressText(addressElement(document)), ', '),
    language: known('language', language.text, language.code),
    timezone: known('timezone', timezone, isTimeZone(timezone) ? timezone : undefined),
    role: role === 'coadmin' && !settings.allowCoadmin ? undefined : role,
    externalAppUserId: textOf(document, 'externalId'),
    ...extensionFields(complexOf(document, boxUserUrn))
  }
  if (role === 'coadmin' && !settings.allowCoadmin) notes.push('role coadmin: ALLOW_COADMIN is off')
  return { fields: defined(fields), notes }
}

/** The name that Box shows: displayName, else name.formatted, else given and family name. */
function nameOf(document: ScimDocument): string | undefined {
  const name = complexOf(document, 'name')
  const parts = [textOf(name, 'givenName'), textOf(name, 'familyName')].filter(Boolean).join(' ')
  return (
    textOf(document, 'displayName') ??
    textOf(name, 'formatted') ??
    (parts === '' ? undefined : parts)
  )
}

/** The phone number that Box shows: work, else primary, else mobile. */
export function phoneElement(document: ScimDocument): JsonObject | undefined {
  const phones = elementsOf(document, 'phoneNumbers')
  return (
    phones.find((phone) => hasType(phone, 'work')) ??
    phones.find(isPrimary) ??
    phones.find((phone) => hasType(phone, 'mobile'))
  )
}

/** The address that Box shows: the one of type work. */
export function addressElement(document: ScimDocument): JsonObject | undefined {
  return elementsOf(document, 'addresses').find((address) => hasType(address, 'work'))
}

function addressText(address: JsonObject | undefined): string | undefined {
  const formatted = textOf(address, 'formatted')
  if (formatted !== undefined) return formatted
  const parts = ['streetAddress', 'locality', 'region', 'postalCode', 'country']
    .map((part) => textOf(address, part))
    .filter((part) => part !== undefined)
  return parts.length === 0 ? undefined : parts.join(', ')
}

function languageRequest(document: ScimDocument) {
  const code = textOf(complexOf(document, boxUserUrn), 'language')
  if (code !== undefined) return { text: code, code: isBoxLanguage(code) ? code : undefined }
  const tags = [textOf(document, 'preferredLanguage'), textOf(document, 'locale')].filter(
    (tag) => tag !== undefined
  )
  return { text: tags[0], code: tags.map(boxLanguage).find((code) => code !== undefined) }
}

function isTimeZone(name: string | undefined): boolean {
  if (name === undefined || !/^[A-Za-z]/.test(name)) return false
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) instanceof Intl.DateTimeFormat
  } catch {
    return false
  }
}

const switches = [
  'isSyncEnabled',
  'canSeeManagedUsers',
  'isExternalCollabRestricted',
  'isExemptFromDeviceLimits',
  'isExemptFromLoginVerification'
] as const

function extensionFields(extension: JsonObject | undefined) {
  if (extension === undefined) return {}
  const fields: Record<string, string | number | boolean | readonly TrackingCode[] | undefined> = {
    status: textOf(extension, 'status'),
    notificationEmail: textOf(extension, 'notificationEmail'),
    trackingCodes: trackingCodesOf(extension)
  }
  const space = extension['spaceAmount']
  if (typeof space === 'number') fields['spaceAmount'] = space
  for (const name of switches) {
    const value = extension[name]
    if (typeof value === 'boolean') fields[name] = value
  }
  return fields
}

function trackingCodesOf(extension: JsonObject): readonly TrackingCode[] | undefined {
  const codes = elementsOf(extension, 'trackingCodes').flatMap((code) => {
    const name = textOf(code, 'name')
    return name === undefined ? [] : [{ name, value: textOf(code, 'value') ?? '' }]
  })
  return codes.length === 0 ? undefined : codes
}

function defined(fields: Readonly<Record<string, unknown>>): BoxUserFields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
