import { fold } from '../../lib/text.ts'
import { assertProvisionableRole } from '../mapping/roles.ts'
import { nextShadow } from '../mapping/shadow.ts'
import { isActive } from '../mapping/user-resource.ts'
import type { BoxUserFields, ScimDocument, UserRecord } from '../model.ts'
import type { BoxOperation } from '../operations.ts'
import type { ProvisioningSettings } from '../settings.ts'
import { changedMeaning } from './user-meaning.ts'

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

/**
 * Plans the way from what Box holds to what SCIM shall show next: pure. Only fields whose meaning the
 * change touches are planned, so that a decision an admin made in Box survives an unrelated update.
 */
export function planUser(record: UserRecord, next: ScimDocument, context: PlanContext): UserPlan {
  const meaning = changedMeaning(record, next, context.settings.mapping)
  const { status, ...changed } = meaning.fields
  const access = planAccess(record, { active: next['active'], status }, context)
  const fields = access.status === undefined ? changed : { ...changed, status: access.status }
  assertProvisionableRole(fields.role)
  return {
    deactivation: access.deactivation,
    operations: planFields(record, fields),
    shadow: nextShadow(record.shadow, record.resource, next),
    notes: meaning.notes
  }
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
