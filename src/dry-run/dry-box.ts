import type { Clock } from '../lib/clock.ts'
import { createKeyedLock } from '../lib/keyed-lock.ts'
import type { BoxPort, BoxReads } from '../provisioning/box-port.ts'
import { dryIdOf, type DryWrite, type DryWriteEntry } from '../provisioning/dry-run/writes.ts'
import { createDryGroups } from './dry-groups.ts'
import { createDryMemberships } from './dry-memberships.ts'
import { createDryUsers } from './dry-users.ts'
import type { DryParts } from './dry-parts.ts'
import { createPretended } from './pretended.ts'

/** Where the writes of a dry run are kept. */
export interface DryLog {
  /** All that were kept before, in order. */
  readAll(): AsyncIterable<DryWriteEntry>
  /** Keeps one, durably where a dry run is to outlast the process. */
  append(write: DryWrite, at: number): Promise<DryWriteEntry>
}

/**
 * A Box that is read and never written: whatever would be written is kept in `log`, answered as Box
 * would answer it, and shown by every read from then on. It refuses what Box certainly would. What
 * only Box knows (accounts outside the enterprise, seats, domains, retention) it takes for granted.
 */
export async function createDryBox({
  reads,
  log,
  clock
}: {
  readonly reads: BoxReads
  readonly log: DryLog
  readonly clock: Clock
}): Promise<BoxPort> {
  const pretended = createPretended()
  for await (const entry of log.readAll()) pretended.apply(entry)
  const locks = createKeyedLock()
  const parts: DryParts = {
    reads,
    pretended,
    write: (write, check) =>
      locks.run('write', async () => {
        check?.()
        const entry = await log.append(write, clock.now())
        pretended.apply(entry)
        return entry
      })
  }
  const groups = createDryGroups(parts)
  return {
    ...createDryUsers(parts),
    ...groups,
    ...createDryMemberships(parts, groups),
    getOwnAccount: (call) => reads.getOwnAccount(call),
    listEvents: (position, call) => reads.listEvents(position, call),
    async createInvite(login) {
      const id = dryIdOf(await parts.write({ kind: 'invite', login }))
      return { id, login, status: 'pending' }
    },
    getInvite: async (id, call) => pretended.invite(id) ?? reads.getInvite(id, call)
  }
}
