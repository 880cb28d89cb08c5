import { actorOf, Enterprise } from './enterprise.ts'
import type { EnterpriseOptions } from './enterprise.ts'
import type { Seed, SeedGroup, SeedUser } from './seed.ts'

/** What seeding needs besides the seed. */
export interface SeedingOptions extends EnterpriseOptions {
  /** Client id that counts as the creator of users with `createdByApp`. */
  readonly clientId: string
}

/** Builds an enterprise. Throws a `TypeError` where a seed contradicts itself. */
export function seedEnterprise(seed: Seed, options: SeedingOptions): Enterprise {
  const enterprise = new Enterprise(seed, options)
  for (const user of seed.users) addUser(enterprise, user, options.clientId)
  for (const account of seed.foreign) {
    assertFree(enterprise, account.login)
    enterprise.addForeign(account)
  }
  for (const group of seed.groups) addGroup(enterprise, group)
  enterprise.events.start(actorOf(enterprise.serviceAccount))
  return enterprise
}

function addUser(enterprise: Enterprise, seeded: SeedUser, clientId: string): void {
  const { aliases = [], createdByApp = false, ...created } = seeded
  assertFree(enterprise, created.login)
  const user = enterprise.createUser({
    emailConfirmed: true,
    ...created,
    createdBy: createdByApp ? clientId : undefined
  })
  for (const email of aliases) {
    assertFree(enterprise, email)
    enterprise.addAlias(enterprise.users.get(user.id) ?? user, email, true)
  }
}

function addGroup(enterprise: Enterprise, seeded: SeedGroup): void {
  const { members = [], ...created } = seeded
  if (enterprise.groups.byName(created.name) !== undefined) {
    throw new TypeError(`Two groups of the seed are called ${created.name}`)
  }
  const group = enterprise.createGroup(created)
  for (const member of members) {
    const { login, role } = typeof member === 'string' ? plainMember(member) : member
    const user = enterprise.users.byLogin(login)
    if (user === undefined) throw new TypeError(`No user of the seed has the login ${login}`)
    enterprise.addMember({
      userId: user.id,
      groupId: group.id,
      role,
      configurable_permissions: null
    })
  }
}

const plainMember = (login: string) => ({ login, role: 'member' }) as const

function assertFree(enterprise: Enterprise, address: string): void {
  const owner =
    enterprise.users.byLogin(address) ??
    enterprise.users.byAlias(address) ??
    enterprise.foreignByLogin(address)
  if (owner !== undefined) throw new TypeError(`Two accounts of the seed have ${address}`)
}
