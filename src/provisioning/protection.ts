import { fold } from '../lib/text.ts'
import type { Dependencies } from './dependencies.ts'
import type { ProvisioningError } from './errors.ts'
import type { GroupRecord, UserRecord } from './model.ts'
import { groupSubject, isRemoval, type JournalEntry } from './operations.ts'
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

/** What a request does to the members of a group. */
interface MemberWork {
  readonly changes: boolean
  readonly removes: boolean
}

/** Throws where this work on members concerns a group that SCIM may only see. */
export function assertMembersChangeable(
  group: Pick<GroupRecord, 'id' | 'snapshot'>,
  { changes, removes }: MemberWork,
  { settings, alerts }: Pick<Dependencies, 'settings' | 'alerts'>
): void {
  if (!changes || !isProtectedGroup(group, settings)) return
  if (removes) {
    alerts.raise('protected-group', { subject: groupSubject(group.id), groupId: group.id })
  }
  throw protectedGroup(group.id)
}

/** What these decisions about members do; `isHeld`: the fuse holds removals besides. */
export function memberWorkOf(decided: {
  readonly entries: readonly JournalEntry[]
  readonly isHeld: boolean
}): MemberWork {
  const { entries, isHeld } = decided
  const removes = isHeld || entries.some(({ operation }) => isRemoval(operation))
  return { changes: isHeld || entries.length > 0, removes }
}

/** Throws the refusal to change a group that SCIM may only see. */
export function assertGroupChangeable(
  group: Pick<GroupRecord, 'id' | 'snapshot'>,
  settings: ProvisioningSettings
): void {
  if (isProtectedGroup(group, settings)) throw protectedGroup(group.id)
}

/** Tells whether SCIM may only see this group. */
export function isProtectedGroup(
  { id, snapshot }: Pick<GroupRecord, 'id' | 'snapshot'>,
  { protectedGroups }: ProvisioningSettings
): boolean {
  return protectedGroups.has(id) || protectedGroups.has(fold(snapshot.name))
}
