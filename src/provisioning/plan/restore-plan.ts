import { sameField } from '../mapping/compare.ts'
import { isActive } from '../mapping/user-resource.ts'
import { mapGroup } from '../mapping/group-mapping.ts'
import { mapUser } from '../mapping/user-mapping.ts'
import type { BoxGroupFields, BoxUserFields, GroupRecord, UserRecord } from '../model.ts'
import type { BoxOperation } from '../operations.ts'
import type { ProvisioningSettings } from '../settings.ts'
import { isProtectedGroup, userProtection } from '../protection.ts'
import { takesExternalId } from './user-meaning.ts'
import { deactivationOf, planFields } from './user-plan.ts'

/** How a person in Box becomes again what the IdP last set. */
export interface UserRestoration {
  /** Takes back access that somebody gave in Box. */
  readonly deactivation: BoxOperation | undefined
  /** Everything else, in order; empty for somebody who is to be deactivated. */
  readonly operations: readonly BoxOperation[]
}

const nothing: UserRestoration = { deactivation: undefined, operations: [] }

/** Somebody who was changed in Box. */
export interface ChangedUser {
  readonly before: UserRecord
  /** As Box shows them now. */
  readonly seen: UserRecord
  /** The fields that were changed. */
  readonly changed: readonly string[]
  /** Whether they could use Box before. */
  readonly wasActive: boolean
}

/**
 * Plans the way back to what the IdP last set, for the fields that were changed in Box and the classes
 * that DRIFT_RESTORE names: pure.
 */
export function planUserRestoration(
  { before, seen, changed, wasActive }: ChangedUser,
  settings: ProvisioningSettings
): UserRestoration {
  const isOurs = before.linked || before.tombstone
  if (!isOurs || userProtection(seen, settings) !== undefined) return nothing
  const restoresAccess = settings.restores.includes('access')
  const hadAccess = wasActive && !before.tombstone
  const isNowActive = isActive(seen, settings)
  if (restoresAccess && !hadAccess && isNowActive) {
    return { ...nothing, deactivation: deactivationOf(seen, settings, before.tombstone) }
  }
  if (before.tombstone) return nothing
  const activates = restoresAccess && hadAccess && !isNowActive
  const attributes = writtenFields(seen, changed, settings)
  const fields = activates ? { ...attributes, status: 'active' } : attributes
  return { ...nothing, operations: planFields(seen, fields) }
}

/** What SCIM had written to those of the `changed` fields that Box does not hold any more. */
function writtenFields(
  record: UserRecord,
  changed: readonly string[],
  settings: ProvisioningSettings
): BoxUserFields {
  if (!settings.restores.includes('users')) return {}
  const { shadow, snapshot } = record
  const { status: _, ...fields } = mapUser(shadow, settings.mapping).fields
  const defaults = new Set(
    settings.mapping.user
      .filter(({ evaluate }) => evaluate(shadow).source?.constant === true)
      .map(({ name }) => name)
  )
  return Object.fromEntries(
    (Object.keys(fields) as (keyof typeof fields)[])
      // A default is nothing that anybody said.
      .filter((name) => !defaults.has(name))
      .filter((name) => changed.includes(name) && !sameField(name, fields[name], snapshot[name]))
      .filter((name) => name !== 'externalAppUserId' || takesExternalId(record))
      .map((name) => [name, fields[name]])
  )
}

/** The fields with which a group in Box becomes again what the IdP last set; undefined where it is. */
export function planGroupRestoration(
  seen: GroupRecord,
  changed: readonly string[],
  settings: ProvisioningSettings
): BoxGroupFields | undefined {
  if (!seen.linked || seen.tombstone || !settings.restores.includes('groups')) return undefined
  if (isProtectedGroup(seen, settings)) return undefined
  const { snapshot } = seen
  const mapped = mapGroup(seen.shadow, settings.mapping)
  const fields = Object.entries(mapped.fields).filter(
    ([name, value]) =>
      changed.includes(name) &&
      !(name in mapped.defaults) &&
      snapshot[name as keyof BoxGroupFields] !== value
  )
  return fields.length === 0 ? undefined : Object.fromEntries(fields)
}
