import { demoCredentials } from '../src/emulator/seed.ts'
import { systemClock } from '../src/lib/clock.ts'
import type { Logger } from '../src/lib/logger.ts'
import type { BoxMembershipId } from '../src/provisioning/model.ts'
import { compileMapping } from '../src/provisioning/mapping/mapping.ts'
import { newGroup, newUser } from '../src/provisioning/records.ts'
import { openDirectory } from '../src/store/open.ts'
import { groupId, groupSnapshotOf, shadowOf, snapshotOf, userId } from './population.ts'
import type { Population } from './population.ts'

const quiet: Logger = { info() {}, warn() {}, error() {}, debug() {} }

const settings = {
  association: 'login',
  userKind: 'managed',
  onExisting: 'link',
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
  protectedLogins: new Set<string>(),
  protectedGroups: new Set<string>(),
  fuses: { people: undefined, memberships: undefined },
  logsPersonalData: false
} as const

/** How much is written in one transaction. */
const batch = 1_000

/** Writes what the first import of this population, and an IdP since then, would have written. */
export async function seedDirectory(
  path: string,
  { people, groups }: Population,
  boxHost: string
): Promise<void> {
  const identity = { boxHost, enterpriseId: demoCredentials.enterpriseId }
  const options = { url: `file:${path}`, identity, clock: systemClock, log: quiet }
  const directory = await openDirectory(options)
  const now = systemClock.now()
  for (const numbers of batches(people)) {
    await directory.transaction(async (tx) => {
      for (const n of numbers) {
        await tx.putUser(
          newUser(snapshotOf(n), { linked: true, shadow: shadowOf(n) }, settings, now)
        )
      }
    })
  }
  for (const [position, size] of groups.entries()) {
    const group = groupId(position)
    await directory.transaction((tx) =>
      tx.putGroup(newGroup(groupSnapshotOf(position), { linked: true }, settings, now))
    )
    for (const numbers of batches(size)) {
      const rows = numbers.map((n) => ({
        groupId: group,
        userId: userId(n),
        intended: true,
        boxId: `${position}${String(n).padStart(9, '0')}` as BoxMembershipId,
        role: 'member'
      }))
      await directory.transaction((tx) => tx.putMemberships(rows))
    }
  }
  await directory.transaction((tx) => tx.putState('imported', now))
  await directory.close()
}

function* batches(count: number): Generator<number[]> {
  for (let start = 0; start < count; start += batch) {
    yield Array.from({ length: Math.min(batch, count - start) }, (_, index) => start + index)
  }
}
