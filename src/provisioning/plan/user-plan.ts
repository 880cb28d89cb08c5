import { fold } from '../../lib/text.ts'
import { sameField } from '../mapping/compare.ts'
import { liveShadow, nextShadow } from '../mapping/shadow.ts'
import { assertProvisionableRole } from '../mapping/roles.ts'
import { isActive } from '../mapping/user-resource.ts'
import { mapUser } from '../mapping/user-mapping.ts'
import type { BoxUser, BoxUserFields, ScimDocument, TrackingCode, UserRecord } from '../model.ts'
import type { BoxOperation } from '../operations.ts'
import type { ProvisioningSettings } from '../settings.ts'

/** What shall become of a person. */
export interface UserPlan {
  /** The change of access that goes first; undefined where the person stays active or inactive. */
  readonly deactivation: BoxOperation | undefined
  /** Everything else, in order. */
  readonly operations: readonly BoxOperation[]
  /** The shadow once everything is done. */
  readonly shadow: ScimDocument
  /** What could not be taken over as it is, for the audit. */
  readonly notes: readonly string[]
}

/** What is known besides the person's record. */
export interface PlanContext {
  readonly settings: ProvisioningSettings
  readonly mirror: Mirror
  /** True where the request itself asks for `active: false`, and not only leaves it so. */
  readonly deactivates: boolean
  /** True where a deactivation that may have reached Box is open: `active: true` is then written again. */
  readonly accessInDoubt: boolean
}

/** What the bridge knows about the mirror: whether Box may have changed without its knowledge. */
export interface Mirror {
  /** False while changes made in Box are not being followed: removals are sent in any case. */
  readonly isCurrent: () => boolean
}

/** Fields that Box can be asked to forget, with the value that does so. */
const clearedValues: Readonly<BoxUserFields> = {
  jobTitle: '',
  phone: '',
  address: '',
  externalAppUserId: '',
  notificationEmail: null
}

/**
 * Plans the way from what Box holds to what SCIM shall show next: pure. Only fields whose meaning the
 * change touches are planned, so that a decision an admin made in Box survives an unrelated update.
 */
export function planUser(record: UserRecord, next: ScimDocument, context: PlanContext): UserPlan {
  const { settings } = context
  const { snapshot } = record
  const before = liveShadow(record.shadow, mapUser(record.shadow, settings).fields, snapshot)
  const after = nextShadow(before, record.resource, next)
  const mapped = mapUser(after, settings)
  const { status, ...changed } = changedFields(
    mapUser(before, settings).fields,
    mapped.fields,
    record
  )
  const access = planAccess(record, { active: next['active'], status }, context)
  const fields = access.status === undefined ? changed : { ...changed, status: access.status }
  assertProvisionableRole(fields.role)
  return {
    deactivation: access.deactivation,
    operations: planFields(record, fields),
    shadow: nextShadow(record.shadow, record.resource, next),
    notes: mapped.notes
  }
}

/** The fields whose meaning differs between the two mappings and from what Box holds. */
function changedFields(
  before: BoxUserFields,
  after: BoxUserFields,
  { snapshot, createdByBridge }: UserRecord
): BoxUserFields {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof BoxUserFields>
  const changed = new Map<string, unknown>()
  for (const name of names) {
    const value = after[name] ?? clearedValues[name]
    if (value === undefined || isSame(name, before[name], after[name])) continue
    if (!sameField(name, value, snapshot[name])) changed.set(name, value)
  }
  // Box lets only the application that created a user change the external id ("Update user").
  if (!createdByBridge) changed.delete('externalAppUserId')
  if (after.trackingCodes !== undefined && changed.has('trackingCodes')) {
    changed.set('trackingCodes', mergeCodes(snapshot, after.trackingCodes))
  }
  return Object.fromEntries(changed)
}

function isSame(name: keyof BoxUserFields, left: unknown, right: unknown): boolean {
  if (left === undefined || right === undefined) return left === right
  return sameField(name, left, right)
}

/** Box replaces the whole list: codes that SCIM does not speak of stay. */
export function mergeCodes(box: BoxUser, codes: readonly TrackingCode[]): readonly TrackingCode[] {
  const merged = new Map(box.trackingCodes.map(({ name, value }) => [name, value] as const))
  for (const { name, value } of codes) merged.set(name, value)
  return [...merged].map(([name, value]) => ({ name, value }))
}

function planAccess(
  record: UserRecord,
  wanted: { readonly active: unknown; readonly status: string | undefined },
  { settings, mirror, deactivates, accessInDoubt }: PlanContext
): { readonly deactivation?: BoxOperation; readonly status?: string } {
  const active = isActive(record, settings)
  const deactivate = (status: string) => ({
    deactivation: { ...deactivationOf(record, settings, false), status }
  })
  if (wanted.active === false) {
    const isSent = active || (deactivates && !mirror.isCurrent())
    return isSent ? { deactivation: deactivationOf(record, settings, false) } : {}
  }
  if (wanted.active === true && !active) return { status: 'active' }
  if (wanted.active === true && accessInDoubt) return { status: record.snapshot.status }
  if (wanted.status === undefined) return {}
  const takesAccess = wanted.status === 'inactive' || wanted.status === settings.deactivatedStatus
  return takesAccess ? deactivate(wanted.status) : { status: wanted.status }
}

/**
 * The update as Box operations. Box takes a new login only where it is a confirmed alias of that
 * person, and turns the old login into an alias, which is then removed.
 */
export function planFields(record: UserRecord, fields: BoxUserFields): readonly BoxOperation[] {
  const { id: userId, snapshot, aliases } = record
  const login = fields.login ?? snapshot.login
  const isNew = fold(login) !== fold(snapshot.login)
  const leftover = aliases.filter((email) => fold(email) !== fold(login))
  const operations: BoxOperation[] = []
  if (isNew && leftover.length === aliases.length) {
    operations.push({ kind: 'add-alias', userId, email: login })
  }
  if (Object.keys(fields).length > 0) operations.push({ kind: 'update-user', userId, fields })
  if (isNew) leftover.push(snapshot.login)
  for (const email of leftover) operations.push({ kind: 'remove-alias', userId, email })
  return operations
}

/**
 * The operation that takes a person's access away. Somebody who is `inactive` in Box stays so: the
 * other statuses that ON_DEACTIVATE knows would let them in again.
 */
export function deactivationOf(
  { id: userId, snapshot }: UserRecord,
  { deactivatedStatus }: ProvisioningSettings,
  tombstone: boolean
): Extract<BoxOperation, { kind: 'deactivate-user' }> {
  const status = snapshot.status === 'inactive' ? snapshot.status : deactivatedStatus
  return { kind: 'deactivate-user', userId, status, tombstone }
}

/** The removal of the aliases that an unfinished change of the login left behind. */
export function leftoverAliases({ id, snapshot, aliases }: UserRecord): readonly BoxOperation[] {
  return aliases
    .filter((email) => fold(email) !== fold(snapshot.login))
    .map((email) => ({ kind: 'remove-alias', userId: id, email }))
}

/** Tells whether Box lets nobody but the owner change this person: admins and co-admins. */
export function isProtected({ snapshot }: Pick<UserRecord, 'snapshot'>): boolean {
  return snapshot.role === 'admin' || snapshot.role === 'coadmin'
}
