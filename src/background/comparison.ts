import { nextTurn } from '../lib/turns.ts'
import { changedGroupFields, changedUserFields } from '../provisioning/drift/drift.ts'
import { isAsKnown } from '../provisioning/drift/membership-seen.ts'
import { BoxRefusedError } from '../provisioning/errors.ts'
import { allUsersGroupType } from '../provisioning/group-creation.ts'
import type { Hint } from '../provisioning/hints.ts'
import type { BoxGroupId, BoxMembership, BoxUser, BoxUserId } from '../provisioning/model.ts'
import type { BoxPort } from '../provisioning/box-port.ts'
import { isShownIn, type OwnAccount } from '../provisioning/population.ts'
import type { Directory } from '../provisioning/ports.ts'
import type { ProvisioningSettings } from '../provisioning/settings.ts'
import type { AskPersistently } from './persistently.ts'

/** What differs between a listing of Box and the directory. */
export type Found = {
  /** What is to be read again. */
  readonly hints: readonly Hint[]
  /** How many of them are missing in Box. */
  readonly missing: number
  /** How many the directory has. */
  readonly of: number
}

/** Compares what Box lists with the directory, and changes nothing. */
export interface Comparison {
  /** Besides, the ids of those who are missing in Box. */
  users(signal: AbortSignal): Promise<Found & { readonly gone: readonly BoxUserId[] }>
  /** Besides, the ids of the groups that both have, in order. */
  groups(signal: AbortSignal): Promise<Found & { readonly both: readonly BoxGroupId[] }>
  /** A group's members, as far as the people are not to be read again anyway. */
  members(groupId: BoxGroupId, people: ComparedPeople, signal: AbortSignal): Promise<Found>
}

/** What was found among people, of which their memberships are a consequence. */
export interface ComparedPeople {
  /** They are missing in Box: their memberships go with them. */
  readonly gone: ReadonlySet<BoxUserId>
  /** They are to be read again; the directory may not know them yet. */
  readonly noted: ReadonlySet<BoxUserId>
}

/** Beyond so many differences it takes fewer calls to list the group again. */
const mostHintsOfGroup = 10

/** How often a listing is begun again because Box does not take its marker any more. */
const mostBeginnings = 3

/** Creates the comparison. */
export function createComparison({
  directory,
  box,
  ask,
  settings
}: {
  readonly directory: Directory
  readonly box: BoxPort
  readonly ask: AskPersistently
  readonly settings: Pick<ProvisioningSettings, 'userKind'>
}): Comparison {
  return {
    async users(signal) {
      const own = await ask((call) => box.getOwnAccount(call), signal)
      const { seen, hints } = await listUsers(own, signal)
      const { missing, of } = await missingFrom(seen, directory.users, signal)
      const goneHints = missing.map((userId): Hint => ({ kind: 'user', userId }))
      return { hints: [...hints, ...goneHints], missing: missing.length, of, gone: missing }
    },

    async groups(signal) {
      const { seen, hints, both, truncated } = await listGroups(signal)
      const { missing, of } = await missingFrom(seen, directory.groups, signal)
      const gone = truncated ? [] : missing
      const goneHints = gone.map((groupId): Hint => ({ kind: 'group', groupId }))
      return { hints: [...hints, ...goneHints], missing: gone.length, of, both: both.toSorted() }
    },

    async members(groupId, { gone, noted }, signal) {
      const rows = new Map(
        (await directory.memberships.ofGroup(groupId)).map((row) => [row.userId, row] as const)
      )
      const of = rows.size
      const { entries, truncated } = await listMembers(groupId, signal)
      const known = await directory.users.snapshots(entries.map(({ userId }) => userId))
      const differing = entries.filter((found) => {
        const before = rows.get(found.userId)
        // What is not settled has an open journal entry, which decides.
        const isSettled = before === undefined || (before.intended && before.boxId !== undefined)
        const isKnown = known.has(found.userId) || noted.has(found.userId)
        return isKnown && isSettled && !isAsKnown({ before, found })
      })
      for (const { userId } of entries) rows.delete(userId)
      const missing = truncated
        ? []
        : [...rows.values()].filter(({ userId, intended, boxId }) => {
            return intended && boxId !== undefined && !gone.has(userId)
          })
      const people = [...differing, ...missing].map(({ userId }) => userId)
      const hints: readonly Hint[] =
        people.length > mostHintsOfGroup
          ? [{ kind: 'members', groupId }]
          : people.map((userId) => ({ kind: 'membership', groupId, userId }))
      return { hints, missing: missing.length, of }
    }
  }

  async function listUsers(own: OwnAccount, signal: AbortSignal) {
    for (let beginnings = 1; ; beginnings += 1) {
      try {
        return await listUsersOnce(own, signal)
      } catch (error) {
        const isRefused = error instanceof BoxRefusedError
        if (!isRefused || beginnings === mostBeginnings) throw error
      }
    }
  }

  async function listUsersOnce(own: OwnAccount, signal: AbortSignal) {
    const seen = new Set<string>()
    const hints: Hint[] = []
    let marker: string | undefined
    do {
      const from = marker
      const page = await ask((call) => box.listUsers(from, call), signal)
      const people = page.users.filter((user) => isShownIn(user, own, settings))
      for (const { id } of people) seen.add(id)
      hints.push(...(await differingUsers(people)))
      marker = page.nextMarker
    } while (marker !== undefined)
    return { seen, hints }
  }

  async function differingUsers(people: readonly BoxUser[]): Promise<readonly Hint[]> {
    const snapshots = await directory.users.snapshots(people.map(({ id }) => id))
    return people
      .filter((user) => {
        const known = snapshots.get(user.id)
        return known === undefined || changedUserFields(known, user).length > 0
      })
      .map(({ id: userId }) => ({ kind: 'user', userId }))
  }

  async function listGroups(signal: AbortSignal) {
    const seen = new Set<string>()
    const hints: Hint[] = []
    const both: BoxGroupId[] = []
    let truncated = false
    for (let offset: number | undefined = 0; offset !== undefined;) {
      const from: number = offset
      const page = await ask((call) => box.listGroups(from, call), signal)
      const groups = page.entries.filter(({ groupType }) => groupType !== allUsersGroupType)
      const snapshots = await directory.groups.snapshots(groups.map(({ id }) => id))
      for (const group of groups) {
        const known = snapshots.get(group.id)
        seen.add(group.id)
        if (known !== undefined) both.push(group.id)
        const isSame = known !== undefined && changedGroupFields(known, group).length === 0
        if (!isSame) hints.push({ kind: 'group', groupId: group.id })
      }
      truncated ||= page.truncated
      offset = page.nextOffset
    }
    return { seen, hints, both, truncated }
  }

  async function listMembers(groupId: BoxGroupId, signal: AbortSignal) {
    const entries: BoxMembership[] = []
    let truncated = false
    for (let offset: number | undefined = 0; offset !== undefined;) {
      const from: number = offset
      const page = await ask((call) => box.listGroupMemberships(groupId, from, call), signal)
      entries.push(...page.entries)
      truncated ||= page.truncated
      offset = page.nextOffset
    }
    return { entries, truncated }
  }
}

/** Those whom the directory has and a listing does not. */
async function missingFrom<Id extends string>(
  seen: ReadonlySet<string>,
  reads: { ids(after: string): Promise<readonly Id[]> },
  signal: AbortSignal
): Promise<{ readonly missing: readonly Id[]; readonly of: number }> {
  const missing: Id[] = []
  let of = 0
  for (let ids = await reads.ids(''); ids.length > 0; ids = await reads.ids(ids.at(-1) ?? '')) {
    signal.throwIfAborted()
    of += ids.length
    missing.push(...ids.filter((id) => !seen.has(id)))
    await nextTurn()
  }
  return { missing, of }
}
