import type { Seed, SeedUser } from '../src/emulator/seed.ts'
import { emptySeed } from '../src/emulator/seed.ts'
import type { BoxGroupId, BoxUserId, ScimDocument } from '../src/provisioning/model.ts'

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
    name: nameOf(n),
    job_title: titleOf(n),
    language: 'en',
    timezone: 'Europe/Berlin',
    space_amount: 10_737_418_240,
    external_app_user_id: externalIdOf(n),
    createdByApp: true
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

/** Person `n` as an IdP wrote them. */
export function shadowOf(n: number): ScimDocument {
  return {
    externalId: externalIdOf(n),
    userName: loginOf(n),
    displayName: nameOf(n),
    title: titleOf(n),
    name: { givenName: 'Given', familyName: `Family${n}` },
    emails: [{ type: 'work', value: loginOf(n), primary: true }],
    'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': {
      department: `Department ${n % 40}`,
      employeeNumber: String(n)
    }
  }
}

function nameOf(n: number): string {
  return `Given Family${n}`
}

function titleOf(n: number): string {
  return `Engineer ${n % 50}`
}

function externalIdOf(n: number): string {
  return `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
}
