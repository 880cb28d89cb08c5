import { compileMapping } from '../../src/provisioning/mapping/mapping.ts'
import type {
  BoxGroup,
  BoxGroupId,
  BoxUser,
  BoxUserId,
  UserRecord
} from '../../src/provisioning/model.ts'
import { changeUser, newUser, type UserChanges } from '../../src/provisioning/records.ts'
import type { ProvisioningSettings } from '../../src/provisioning/settings.ts'

/** A fixed point in time for records. */
export const now = Date.UTC(2026, 0, 1)

/** The defaults of the configuration. */
export const defaultSettings: ProvisioningSettings = {
  association: 'login',
  userKind: 'managed',
  onExisting: 'link',
  onLoginConflict: 'reject',
  deactivatedStatus: 'inactive',
  leavers: {
    onDelete: 'deactivate',
    transferTo: undefined,
    graceMs: 0,
    force: false,
    endSessions: false
  },
  onGroupDelete: 'empty',
  strictMembers: false,
  restores: [],
  mapping: compileMapping(undefined, { loginDomain: undefined, allowCoadmin: false }),
  protectedLogins: new Set(),
  protectedGroups: new Set(),
  fuses: { people: undefined, memberships: undefined },
  dryRun: false,
  logsPersonalData: false
}

/** Jane as Box shows her, with these fields instead. */
export function boxUser(fields: Partial<BoxUser> = {}): BoxUser {
  return {
    id: '101' as BoxUserId,
    login: 'jane@example.com',
    name: 'Jane Doe',
    status: 'active',
    role: 'user',
    language: 'en',
    timezone: 'Europe/Oslo',
    spaceAmount: 10_737_418_240,
    spaceUsed: 0,
    maxUploadSize: 5_368_709_120,
    jobTitle: '',
    phone: '',
    address: '',
    externalAppUserId: '',
    trackingCodes: [],
    notificationEmail: null,
    isSyncEnabled: true,
    canSeeManagedUsers: true,
    isExternalCollabRestricted: false,
    isExemptFromDeviceLimits: false,
    isExemptFromLoginVerification: false,
    createdAt: '2026-01-01T00:00:00Z',
    modifiedAt: '2026-01-01T00:00:00Z',
    isPlatformAccessOnly: false,
    avatarUrl: '',
    hostname: '',
    enterpriseName: '',
    myTags: [],
    ...fields
  }
}

/** A group as Box shows it, with these fields instead. */
export function boxGroup(fields: Partial<BoxGroup> = {}): BoxGroup {
  return {
    id: '7' as BoxGroupId,
    name: 'Sales',
    externalSyncIdentifier: '',
    description: '',
    provenance: '',
    invitabilityLevel: 'admins_only',
    memberViewabilityLevel: 'admins_only',
    groupType: 'managed_group',
    createdAt: '',
    modifiedAt: '',
    ...fields
  }
}

/** Jane's record, with these changes. */
export function userRecord(
  changes: UserChanges = {},
  settings: ProvisioningSettings = defaultSettings
): UserRecord {
  const snapshot = changes.snapshot ?? boxUser()
  return changeUser(newUser(snapshot, {}, settings, now), changes, settings, now)
}
