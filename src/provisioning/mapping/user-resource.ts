import type { JsonObject, JsonValue } from '../../lib/json.ts'
import type { BoxUser, ScimDocument } from '../model.ts'
import type { ProvisioningSettings } from '../settings.ts'
import { complexOf, elementsOf } from './document.ts'
import { languageTag } from './language.ts'
import { agrees, type SourcedField } from './shadow.ts'
import { boxUserUrn } from './urns.ts'
import { addressElement, mapUser, phoneElement } from './user-mapping.ts'

/** What a SCIM user is computed from. */
export interface UserFacts {
  readonly shadow: ScimDocument
  readonly snapshot: BoxUser
  readonly deactivatedByBridge: boolean
}

/** The parts of the Box extension that come and go without the resource having changed. */
export const volatileExtensionFields = ['spaceUsed', 'avatarUrl'] as const

/**
 * Tells whether a person can use Box. The two `cannot_*` statuses still can, unless the bridge itself
 * wrote one of them for `active: false`.
 */
export function isActive(facts: UserFacts, settings: ProvisioningSettings): boolean {
  const { status } = facts.snapshot
  return (
    status !== 'inactive' && !(facts.deactivatedByBridge && status === settings.deactivatedStatus)
  )
}

/**
 * The SCIM user: the shadow's own text for each attribute whose meaning Box holds, and what Box
 * holds for the others. `groups` and `meta` are added when it is sent.
 */
export function showUser(facts: UserFacts, settings: ProvisioningSettings): ScimDocument {
  const { shadow, snapshot } = facts
  const mapped = mapUser(shadow, settings).fields
  const keeps = (field: SourcedField, present: boolean) =>
    present && agrees(field, mapped, snapshot)
  const has = (...names: string[]) => names.some((name) => Object.hasOwn(shadow, name))
  return assigned({
    ...shadow,
    externalId: shadow['externalId'] ?? snapshot.externalAppUserId,
    ...(keeps('login', has('userName')) ? {} : loginAttributes(shadow, snapshot)),
    ...(keeps('name', has('displayName', 'name'))
      ? { displayName: shadow['displayName'] ?? snapshot.name }
      : nameAttributes(snapshot)),
    ...(keeps('jobTitle', has('title')) ? {} : { title: snapshot.jobTitle }),
    ...(keeps('phone', has('phoneNumbers')) ? {} : { phoneNumbers: phones(shadow, snapshot) }),
    ...(keeps('address', has('addresses')) ? {} : { addresses: addresses(shadow, snapshot) }),
    ...(keeps('language', has('preferredLanguage', 'locale'))
      ? {}
      : { preferredLanguage: languageTag(snapshot.language) }),
    ...(keeps('timezone', has('timezone')) ? {} : { timezone: snapshot.timezone }),
    active: isActive(facts, settings),
    [boxUserUrn]: extension(facts, settings)
  })
}

/** The userName and, where SCIM wrote none, the e-mail of somebody that Box knows by login. */
function loginAttributes(shadow: ScimDocument, box: BoxUser) {
  const emails = [{ value: box.login, type: 'work', primary: true }]
  return { userName: box.login, emails: shadow['emails'] ?? emails }
}

/** Box has one name: it is split at its last space. */
function nameAttributes({ name }: BoxUser) {
  const words = name.trim().split(/\s+/)
  const familyName = words.length > 1 ? words.at(-1) : undefined
  const givenName = words.length > 1 ? words.slice(0, -1).join(' ') : words[0]
  return { displayName: name, name: assigned({ givenName, familyName: familyName ?? givenName }) }
}

function phones(shadow: ScimDocument, { phone }: BoxUser): JsonValue {
  const all = elementsOf(shadow, 'phoneNumbers')
  const element = phoneElement(shadow)
  return replaceElement(all, element, phone === '' ? undefined : { value: phone })
}

function addresses(shadow: ScimDocument, { address }: BoxUser): JsonValue {
  const all = elementsOf(shadow, 'addresses')
  const element = addressElement(shadow)
  const { type = 'work', primary } = element ?? {}
  const shown = assigned({ type, primary, formatted: address })
  return all.filter((other) => other !== element).concat(address === '' ? [] : [shown])
}

/** Replaces the values of one element, adds a work element where there is none, or drops it. */
function replaceElement(
  all: readonly JsonObject[],
  element: JsonObject | undefined,
  values: JsonObject | undefined
): readonly JsonObject[] {
  const others = all.filter((other) => other !== element)
  return values === undefined ? others : [...others, { type: 'work', ...element, ...values }]
}

function extension(facts: UserFacts, settings: ProvisioningSettings): JsonObject {
  const { shadow, snapshot } = facts
  const written = complexOf(shadow, boxUserUrn) ?? {}
  const mapped = mapUser({ [boxUserUrn]: written }, settings).fields
  const codes = snapshot.trackingCodes.map(({ name, value }) => ({ name, value }))
  const box: JsonObject = {
    role: snapshot.role,
    status: snapshot.status,
    spaceAmount: agrees('spaceAmount', mapped, snapshot)
      ? (written['spaceAmount'] ?? snapshot.spaceAmount)
      : snapshot.spaceAmount,
    spaceUsed: snapshot.spaceUsed,
    maxUploadSize: snapshot.maxUploadSize,
    language: snapshot.language,
    isSyncEnabled: snapshot.isSyncEnabled,
    canSeeManagedUsers: snapshot.canSeeManagedUsers,
    isExternalCollabRestricted: snapshot.isExternalCollabRestricted,
    isExemptFromDeviceLimits: snapshot.isExemptFromDeviceLimits,
    isExemptFromLoginVerification: snapshot.isExemptFromLoginVerification,
    isPlatformAccessOnly: snapshot.isPlatformAccessOnly,
    notificationEmail: snapshot.notificationEmail,
    trackingCodes: codes,
    avatarUrl: snapshot.avatarUrl,
    hostname: snapshot.hostname,
    enterprise: snapshot.enterpriseName,
    myTags: snapshot.myTags
  }
  return assigned({ ...written, ...box })
}

/** Leaves out what is unassigned: '', [], {}, null and undefined (RFC 7643 §2.5). */
export function assigned(document: Readonly<Record<string, JsonValue | undefined>>): ScimDocument {
  return Object.fromEntries(
    Object.entries(document).filter((entry): entry is [string, JsonValue] => isAssigned(entry[1]))
  )
}

function isAssigned(value: JsonValue | undefined): value is JsonValue {
  if (value === undefined || value === null || value === '') return false
  return typeof value !== 'object' || Object.keys(value).length > 0
}
