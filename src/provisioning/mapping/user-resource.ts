import type { JsonObject, JsonValue } from '../../lib/json.ts'
import type { BoxUser, ScimDocument } from '../model.ts'
import type { ProvisioningSettings } from '../settings.ts'
import type { MappedUserField } from './box-fields.ts'
import { complexOf } from './document.ts'
import { showField, showOwn } from './shown.ts'
import { boxUserUrn } from './urns.ts'

/** What a SCIM user is computed from. */
export interface UserFacts {
  readonly shadow: ScimDocument
  readonly snapshot: BoxUser
  readonly deactivatedByBridge: boolean
}

/** The parts of the Box extension that come and go without the resource having changed. */
export const volatileExtensionFields = ['spaceUsed', 'avatarUrl'] as const

/** The read-only attributes of the Box extension, with the field of the snapshot that each shows. */
export const readOnlyUserAttributes = {
  spaceUsed: 'spaceUsed',
  maxUploadSize: 'maxUploadSize',
  isPlatformAccessOnly: 'isPlatformAccessOnly',
  avatarUrl: 'avatarUrl',
  hostname: 'hostname',
  enterprise: 'enterpriseName',
  myTags: 'myTags'
} as const satisfies Readonly<Record<string, keyof BoxUser>>

/** The writable attributes of the Box extension besides the tracking codes; each is named like its field. */
export const ownUserAttributes = [
  'role',
  'status',
  'spaceAmount',
  'language',
  'isSyncEnabled',
  'canSeeManagedUsers',
  'isExternalCollabRestricted',
  'isExemptFromDeviceLimits',
  'isExemptFromLoginVerification',
  'notificationEmail'
] as const satisfies readonly MappedUserField[]

const owned: ReadonlySet<string> = new Set(ownUserAttributes)

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
 * holds for the others, as the mapping says. `groups` and `meta` are added when it is sent.
 */
export function showUser(facts: UserFacts, settings: ProvisioningSettings): ScimDocument {
  const { shadow, snapshot } = facts
  const { user, trackingCodes } = settings.mapping
  const fields = user.reduce(
    (shown, field) => showField(shown, field, shadow, snapshot[field.name as MappedUserField]),
    shadow
  )
  const shown = trackingCodes.reduce((document, code) => {
    const held = snapshot.trackingCodes.find(({ name }) => name === code.name)?.value
    return showField(document, code, shadow, held)
  }, fields)
  return assigned({
    ...shown,
    // A resource without a userName is none (RFC 7643 §4.1.1).
    userName: shown['userName'] ?? snapshot.login,
    active: isActive(facts, settings),
    [boxUserUrn]: extension(shown, facts, settings)
  })
}

function extension(
  shown: ScimDocument,
  { shadow, snapshot }: UserFacts,
  { mapping }: ProvisioningSettings
): JsonObject {
  const written = complexOf(shadow, boxUserUrn) ?? {}
  const box: Record<string, JsonValue> = {
    trackingCodes: snapshot.trackingCodes.map(({ name, value }) => ({ name, value }))
  }
  for (const name of ownUserAttributes) box[name] = snapshot[name]
  for (const field of mapping.user) {
    const { name } = field
    if (owned.has(name)) box[name] = showOwn(field, written[name], box[name] ?? null)
  }
  for (const [name, field] of Object.entries(readOnlyUserAttributes)) box[name] = snapshot[field]
  return assigned({ ...complexOf(shown, boxUserUrn), ...box })
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
