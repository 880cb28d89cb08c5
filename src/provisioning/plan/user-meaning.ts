import type { MappedUserField } from '../mapping/box-fields.ts'
import { sameValue } from '../mapping/compare.ts'
import type { FieldMapping, MappedValue } from '../mapping/field-mapping.ts'
import type { Mapping } from '../mapping/mapping.ts'
import { withoutRoots } from '../mapping/roots.ts'
import { nextShadow } from '../mapping/shadow.ts'
import { agrees, isShown } from '../mapping/shown.ts'
import { trackingCodesOf } from '../mapping/tracking-codes.ts'
import { assertKnown } from '../mapping/user-mapping.ts'
import { boxUserUrn } from '../mapping/urns.ts'
import type { BoxUserFields, ScimDocument, TrackingCode, UserRecord } from '../model.ts'

/** What a change means for Box. */
interface ChangedMeaning {
  /** The fields whose meaning the change touches and that Box holds otherwise. */
  readonly fields: BoxUserFields
  /** What could not be taken over as it is, for the audit. */
  readonly notes: readonly string[]
}

type Held = string | number | boolean | null | undefined

/** What a change made of one field: what it meant before and means now. */
interface Change {
  readonly before: MappedValue
  readonly after: MappedValue
}

/**
 * The fields whose meaning differs between the shadow and what it becomes, and from what Box holds.
 * Where Box holds something else than the shadow means, the shadow does not stand for the field any
 * more: then it counts only what the change itself says.
 *
 * @throws ProvisioningError `role_not_allowed` for a new value that the mapping file refuses
 */
export function changedMeaning(
  record: UserRecord,
  next: ScimDocument,
  mapping: Mapping
): ChangedMeaning {
  const { snapshot } = record
  const after = nextShadow(record.shadow, record.resource, next)
  const fields = new Map<string, unknown>()
  const notes: string[] = []
  for (const field of mapping.user) {
    if (field.name === 'externalAppUserId' && !takesExternalId(record)) continue
    const held = snapshot[field.name as MappedUserField]
    const change = changeOf(field, { record, next, after }, held)
    if (change.after.note !== undefined) notes.push(change.after.note)
    if (change.before.unknown !== change.after.unknown) assertKnown(field, change.after)
    const value = newValue(field, change, { held, linked: record.linked })
    if (value !== undefined) fields.set(field.name, value)
  }
  const codes = changedCodes({ record, next, after }, mapping)
  if (codes.length > 0) fields.set('trackingCodes', codes)
  return { fields: Object.fromEntries(fields), notes }
}

/**
 * Box lets only the application that created a user change the external id ("Update user"), and what it
 * has refused once it refuses again.
 */
export function takesExternalId({
  createdByBridge,
  externalIdRefused
}: Pick<UserRecord, 'createdByBridge' | 'externalIdRefused'>): boolean {
  return createdByBridge && !externalIdRefused
}

interface Step {
  readonly record: UserRecord
  readonly next: ScimDocument
  /** The shadow once the change is made. */
  readonly after: ScimDocument
}

function changeOf(field: FieldMapping, { record, next, after }: Step, held: Held): Change {
  const before = field.evaluate(record.shadow)
  if (!isShown(field) || isDefault(before) || agrees(field, before, held)) {
    return { before, after: field.evaluate(after) }
  }
  const live = withoutRoots(record.shadow, field.roots)
  const said = field.evaluate(nextShadow(live, record.resource, next))
  return { before: {}, after: isDefault(said) ? {} : said }
}

/** A default is nothing that anybody said: it takes the place of no value that Box has. */
function isDefault({ source }: MappedValue): boolean {
  return source?.constant === true
}

/** What Box is to get; undefined where it stays as it is. */
function newValue(
  { field }: FieldMapping,
  { before, after }: Change,
  { held, linked }: { readonly held: Held; readonly linked: boolean }
): Held {
  const value = after.value ?? field.cleared
  if (value === undefined || sameValue(field, value, held)) return undefined
  // Somebody who is taken over gets the defaults that Box has nothing for.
  const isDue = !linked && isDefault(after) && sameValue(field, held, '')
  return isDue || !isSame(field, before.value, after.value) ? value : undefined
}

function isSame(field: FieldMapping['field'], left: unknown, right: unknown): boolean {
  return left === undefined || right === undefined ? left === right : sameValue(field, left, right)
}

/** The tracking codes to change; one without a value is taken away. Names of nobody here stay out. */
function changedCodes(step: Step, { trackingCodes }: Mapping): readonly TrackingCode[] {
  const { record } = step
  const box = new Map(record.snapshot.trackingCodes.map(({ name, value }) => [name, value]))
  const changed = new Map<string, string>()
  for (const code of trackingCodes) {
    const held = box.get(code.name)
    const { before, after } = changeOf(code, step, held)
    const value = newValue(removable(code), { before, after }, { held, linked: record.linked })
    if (value !== undefined) changed.set(code.name, String(value))
  }
  const own = ownCodes(step)
  for (const { name, value } of own) {
    changed.delete(name)
    if ((box.get(name) ?? '') !== value) changed.set(name, value)
  }
  return [...changed].map(([name, value]) => ({ name, value }))
}

/** A code that the mapping file feeds goes with the value that fed it. */
function removable(code: FieldMapping): FieldMapping {
  return { ...code, field: { ...code.field, cleared: '' } }
}

/** The codes that the change itself names in the Box extension, or names differently than before. */
function ownCodes({ record, next, after }: Step): readonly TrackingCode[] {
  const root = [boxUserUrn, 'trackingCodes'] as const
  const named = trackingCodesOf(record.shadow) ?? []
  const held = new Map(record.snapshot.trackingCodes.map(({ name, value }) => [name, value]))
  const isLive = named.every(({ name, value }) => (held.get(name) ?? '') === value)
  const live = isLive
    ? after
    : nextShadow(withoutRoots(record.shadow, [root]), record.resource, next)
  const before = new Map(isLive ? named.map(({ name, value }) => [name, value]) : [])
  return (trackingCodesOf(live) ?? []).filter(({ name, value }) => before.get(name) !== value)
}
