import type { Seed, SeedUser } from '../src/emulator/seed.ts'
import { emptySeed } from '../src/emulator/seed.ts'
import type {
  BoxGroup,
  BoxGroupId,
  BoxUser,
  BoxUserId,
  ScimDocument
} from '../src/provisioning/model.ts'

/** A pretended enterprise: people 0 to `people - 1`, and groups of the first so many of them. */
export interface Population {
  readonly people: number
  /** The number of members of each group, by the group's position. */
  readonly groups: readonly number[]
}

/** Where the ids of a population begin; the emulator's service account and admin come first. */
const firstIds = { users: 10_000_000, groups: 1_000_000, memberships: 1, aliases: 1 }

/** The Box and SCIM id of person `n`. */
export function userId(n: number): BoxUserId {
  return String(firstIds.users + 1 + emptySeed.users.length + n) as BoxUserId
}

/** The Box and SCIM id of the group at this position. */
export function groupId(position: number): BoxGroupId {
  return String(firstIds.groups + position) as BoxGroupId
}

/** The login of person `n`, whose letter case is the one that an IdP would send. */
export function loginOf(n: number): string {
  return `Given.Family${n}@example.com`
}

/** What Box holds of the population. */
export function boxSeed({ people, groups }: Population): Seed {
  const users = Array.from({ length: people }, (_, n): SeedUser => ({
    login: loginOf(n),
    name: nameOf(n)
  }))
  return {
    ...emptySeed,
    firstIds,
    users: [...emptySeed.users, ...users],
    groups: groups.map((size, position) => ({
      name: `Group ${position}`,
      members: users.slice(0, size).map(({ login }) => login)
    }))
  }
}

/** Person `n` as the bridge's snapshot of Box. */
export function snapshotOf(n: number): BoxUser {
  return {
    id: userId(n),
    login: loginOf(n),
    name: nameOf(n),
    status: 'active',
    role: 'user',
    language: 'en',
    timezone: 'Europe/Berlin',
    spaceAmount: 10_737_418_240,
    spaceUsed: 1_048_576 * (n % 1_000),
    maxUploadSize: 5_368_709_120,
    jobTitle: `Engineer ${n % 50}`,
    phone: '',
    address: '',
    externalAppUserId: externalIdOf(n),
    trackingCodes: [],
    notificationEmail: null,
    isSyncEnabled: true,
    canSeeManagedUsers: true,
    isExternalCollabRestricted: false,
    isExemptFromDeviceLimits: false,
    isExemptFromLoginVerification: false,
    createdAt: new Date(Date.UTC(2024, 0, 1) + n * 1_000).toISOString(),
    modifiedAt: '2025-06-01T00:00:00Z',
    isPlatformAccessOnly: false,
    avatarUrl: '',
    hostname: '',
    enterpriseName: 'Example',
    myTags: []
  }
}

/** Person `n` as an IdP wrote them. */
export function shadowOf(n: number): ScimDocument {
  return {
    externalId: externalIdOf(n),
    userName: loginOf(n),
    displayName: nameOf(n),
    title: `Engineer ${n % 50}`,
    name: { givenName: 'Given', familyName: `Family${n}` },
    emails: [{ type: 'work', value: loginOf(n), primary: true }],
    'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': {
      department: `Department ${n % 40}`,
      employeeNumber: String(n)
    }
  }
}

/** The group at this position as the bridge's snapshot of Box. */
export function groupSnapshotOf(position: number): BoxGroup {
  return {
    id: groupId(position),
    name: `Group ${position}`,
    groupType: 'managed_group',
    externalSyncIdentifier: '',
    description: '',
    provenance: '',
    invitabilityLevel: 'admins_and_members',
    memberViewabilityLevel: 'admins_and_members',
    createdAt: '2024-01-01T00:00:00Z',
    modifiedAt: '2024-01-01T00:00:00Z'
  }
}

function nameOf(n: number): string {
  return `Given Family${n}`
}

function externalIdOf(n: number): string {
  return `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
}
