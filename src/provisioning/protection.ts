import { fold } from '../lib/text.ts'
import type { Dependencies } from './dependencies.ts'
import type { ProvisioningError } from './errors.ts'
import type { GroupRecord, UserRecord } from './model.ts'
import { isRemoval, type JournalEntry } from './operations.ts'
import { protectedAccount, protectedByConfiguration, protectedGroup } from './refusals.ts'
import type { ProvisioningSettings } from './settings.ts'

type Person = Pick<UserRecord, 'id' | 'snapshot'>

/** Tells whether Box lets nobody but the owner change this person: admins and co-admins. */
export function isAdmin({ snapshot }: Pick<UserRecord, 'snapshot'>): boolean {
  return snapshot.role === 'admin' || snapshot.role === 'coadmin'
}

/** The refusal to change a person whom SCIM may only see; undefined for everybody else. */
export function userProtection(
  person: Person,
  { protectedLogins }: ProvisioningSettings
): ProvisioningError | undefined {
  if (protectedLogins.has(fold(person.snapshot.login))) return protectedByConfiguration(person.id)
  return isAdmin(person) ? protectedAccount(person.id) : undefined
}

/** Throws where these changes of members concern a group that SCIM may only see. */
export function assertMembersChangeable(
  group: Pick<GroupRecord, 'id' | 'snapshot'>,
  entries: readonly JournalEntry[],
  { settings, log }: Pick<Dependencies, 'settings' | 'log'>
): void {
  if (entries.length === 0 || !isProtectedGroup(group, settings)) return
  const removals = entries.filter(({ operation }) => isRemoval(operation)).length
  if (removals > 0) {
    log.error({ groupId: group.id, removals }, 'members of a protected group keep their access')
  }
  throw protectedGroup(group.id)
}

/** Throws the refusal to change a group that SCIM may only see. */
export function assertGroupChangeable(
  group: Pick<GroupRecord, 'id' | 'snapshot'>,
  settings: ProvisioningSettings
): void {
  if (isProtectedGroup(group, settings)) throw protectedGroup(group.id)
}

function isProtectedGroup(
  { id, snapshot }: Pick<GroupRecord, 'id' | 'snapshot'>,
  { protectedGroups }: ProvisioningSettings
): boolean {
  return protectedGroups.has(id) || protectedGroups.has(fold(snapshot.name))
}
