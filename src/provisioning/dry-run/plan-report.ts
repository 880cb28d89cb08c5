import type { EpochMs } from '../../lib/clock.ts'
import type { FuseName } from '../fuse-limit.ts'
import { countFused, readFuse } from '../fuse.ts'
import type { BoxGroupId, BoxUserId } from '../model.ts'
import type { DirectoryReads } from '../ports.ts'
import { dryIdOf, isDryId, type DryWrite, type DryWriteEntry } from './writes.ts'

/** One change that a dry run kept from Box, with the names of those whom it is about. */
export interface PlannedChange extends Named {
  /** Its place in the plan, from 1. */
  readonly number: number
  readonly at: EpochMs
  readonly write: DryWrite
}

/** Whom something is about; null where nobody is. */
interface Named {
  readonly userId: string | null
  /** The Box login. */
  readonly login: string | null
  readonly groupId: string | null
  /** The group's name in Box. */
  readonly group: string | null
}

/** A removal that the identity provider takes for done, while Box still grants the access. */
export interface UndoneRemoval extends Named {
  /** The change that would have taken it. */
  readonly number: number
  readonly removal: 'deactivation' | 'deletion' | 'membership' | 'group deletion'
}

/** What a fuse would have done; null for one that stayed closed. */
interface FusePlan {
  readonly openedAt: EpochMs
  /** How many of the planned removals it would have held. */
  readonly held: number
}

/** What a dry run would have done in Box. Printed as JSON too. */
export interface PlanReport {
  /** In the order in which they would have been made. */
  readonly changes: readonly PlannedChange[]
  readonly undone: readonly UndoneRemoval[]
  readonly fuses: Readonly<Record<FuseName, FusePlan | null>>
}

/** Tells what the dry run on this directory would have done. */
export async function reportPlan(directory: DirectoryReads): Promise<PlanReport> {
  const entries: DryWriteEntry[] = []
  for (let after = 0; ;) {
    const page = await directory.dryRun.writes(after)
    const last = page.at(-1)
    if (last === undefined) break
    entries.push(...page)
    after = last.id
  }
  const name = createNames(directory)
  const changes: PlannedChange[] = []
  for (const entry of entries) {
    const { id: number, at, write } = entry
    changes.push({ number, at, write, ...(await name(entry)) })
  }
  return { changes, undone: undoneOf(changes), fuses: await fusesOf(directory) }
}

/** Who is meant by an entry; those who are gone from the directory have the name they were made with. */
function createNames(directory: DirectoryReads): (entry: DryWriteEntry) => Promise<Named> {
  const logins = new Map<string, string | null>()
  const groups = new Map<string, string | null>()

  async function loginOf(id: BoxUserId, { write }: DryWriteEntry): Promise<string | null> {
    const known = logins.get(id)
    if (known !== undefined && known !== null) return known
    const record = await directory.users.get(id)
    const written = 'login' in write ? write.login : 'fields' in write ? loginIn(write) : undefined
    const login = record?.snapshot.login ?? written ?? null
    logins.set(id, login)
    return login
  }

  async function nameOf(id: BoxGroupId, { write }: DryWriteEntry): Promise<string | null> {
    const known = groups.get(id)
    if (known !== undefined && known !== null) return known
    const record = await directory.groups.get(id)
    const written = 'name' in write ? write.name : 'fields' in write ? nameIn(write) : undefined
    const name = record?.snapshot.name ?? written ?? null
    groups.set(id, name)
    return name
  }

  return async (entry) => {
    const { write } = entry
    const userId = userOf(entry)
    const groupId = groupOf(entry)
    const invited = write.kind === 'invite' ? write.login : null
    return {
      userId,
      login: userId === null ? invited : await loginOf(userId, entry),
      groupId,
      group: groupId === null ? null : await nameOf(groupId, entry)
    }
  }
}

function userOf(entry: DryWriteEntry): BoxUserId | null {
  const { write } = entry
  if (write.kind === 'create-user') return dryIdOf(entry) as BoxUserId
  return 'userId' in write ? write.userId : null
}

function groupOf(entry: DryWriteEntry): BoxGroupId | null {
  const { write } = entry
  if (write.kind === 'create-group') return dryIdOf(entry) as BoxGroupId
  return 'groupId' in write ? write.groupId : null
}

function loginIn(write: Extract<DryWrite, { readonly fields: object }>): string | undefined {
  return 'login' in write.fields ? write.fields.login : undefined
}

function nameIn(write: Extract<DryWrite, { readonly fields: object }>): string | undefined {
  return 'name' in write.fields ? write.fields.name : undefined
}

/**
 * The removals that count at the end: not those that were taken back later, and not those of people,
 * groups and memberships that Box never had.
 */
function undoneOf(changes: readonly PlannedChange[]): readonly UndoneRemoval[] {
  const undone = new Map<string, UndoneRemoval>()
  const statuses = new Map<string, string | undefined>()
  for (const { write, number, userId, login, groupId, group } of changes) {
    const effect = effectOf(write, statuses)
    if (effect?.removal === null) undone.delete(effect.of)
    else if (effect !== undefined) {
      const { removal } = effect
      undone.set(effect.of, { number, removal, userId, login, groupId, group })
    }
  }
  return [...undone.values()].toSorted((left, right) => left.number - right.number)
}

/** What a write takes away, or null where it gives it back. */
interface Effect {
  readonly of: string
  readonly removal: UndoneRemoval['removal'] | null
}

/** `statuses`: what people have in Box, by id; it is filled on the way. */
function effectOf(write: DryWrite, statuses: Map<string, string | undefined>): Effect | undefined {
  switch (write.kind) {
    case 'update-user':
      return accessChange(write, statuses)
    case 'delete-user':
      return isDryId(write.userId) ? undefined : { of: userKey(write.userId), removal: 'deletion' }
    case 'delete-group':
      return isDryId(write.groupId) ? undefined : { of: write.groupId, removal: 'group deletion' }
    case 'remove-membership':
      return isDryId(write.membershipId) ? undefined : { of: pairOf(write), removal: 'membership' }
    case 'add-membership':
      return { of: pairOf(write), removal: null }
    default:
      return undefined
  }
}

function userKey(id: string): string {
  return `user:${id}`
}

function pairOf({
  groupId,
  userId
}: {
  readonly groupId: string
  readonly userId: string
}): string {
  return `${groupId}/${userId}`
}

function accessChange(
  { userId, fields, before }: Extract<DryWrite, { readonly kind: 'update-user' }>,
  statuses: Map<string, string | undefined>
): Effect | undefined {
  const { status } = fields
  if (status === undefined || isDryId(userId)) return undefined
  const inBox = statuses.get(userId) ?? before.status
  statuses.set(userId, inBox)
  const isGiven = status === 'active' || status === inBox
  return { of: userKey(userId), removal: isGiven ? null : 'deactivation' }
}

async function fusesOf(directory: DirectoryReads): Promise<PlanReport['fuses']> {
  const planOf = async (fuse: FuseName): Promise<FusePlan | null> => {
    const { openedAt, openedAfter } = await readFuse(directory, fuse)
    if (openedAt === undefined) return null
    return { openedAt, held: await countFused(directory, fuse, openedAfter) }
  }
  return { people: await planOf('people'), memberships: await planOf('memberships') }
}
