import type { Clock, EpochMs } from '../lib/clock.ts'
import { isJsonObject } from '../lib/json.ts'
import type { Alerts } from './alerts.ts'
import { bridgeActor } from './audit.ts'
import { removalsAllowed, type FuseName } from './fuse-limit.ts'
import type { BoxOperation } from './operations.ts'
import type { DirectoryReads, DirectoryTransaction } from './ports.ts'
import type { ProvisioningSettings } from './settings.ts'
import type { Trail } from './trail.ts'

/** A fuse as the directory keeps it; nothing else does. */
export interface FuseState {
  /** Undefined while it is closed. */
  readonly openedAt: EpochMs | undefined
  /** Journal entries up to this id do not count any more: a person has closed the fuse since. */
  readonly countedAfter: number
  /** The newest journal entry when it opened; 0 while it is closed. */
  readonly openedAfter: number
}

/** Why a fuse opened. */
interface FuseOpening {
  readonly fuse: FuseName
  /** How many removals were counted within the window, and how many more were asked for. */
  readonly counted: number
  readonly asked: number
  /** How many it lets pass. */
  readonly limit: number
}

/** `counted`: may be carried out, and counts; `free`: nothing is counted; `refused`: to be held. */
type Admission = 'counted' | 'free' | 'refused'

/**
 * Decides whether `count` more removals may be carried out, all or none, and opens the fuse where not.
 * Call it in the transaction that journals them: transactions run one at a time, so that the limit is
 * exact.
 */
export type Admit = (
  tx: DirectoryTransaction,
  fuse: FuseName,
  count: number,
  trail: Trail
) => Promise<Admission>

/** The operations that each fuse counts. */
const countedKinds: Readonly<Record<FuseName, BoxOperation['kind']>> = {
  people: 'deactivate-user',
  memberships: 'remove-membership'
}

/** Creates {@link Admit}; it alerts once each time a fuse opens. */
export function createAdmit(dependencies: {
  readonly clock: Clock
  readonly settings: Pick<ProvisioningSettings, 'fuses' | 'dryRun'>
  readonly alerts: Alerts
}): Admit {
  const { clock, settings, alerts } = dependencies
  // A dry run takes nothing away: that a fuse would have opened is written down, and all is shown.
  const beyond = settings.dryRun ? 'counted' : 'refused'

  return async (tx, fuse, count, trail) => {
    const limit = settings.fuses[fuse]
    if (limit === undefined || count === 0) return 'free'
    const { openedAt, countedAfter } = await readFuse(tx, fuse)
    if (openedAt !== undefined) return beyond
    const since = clock.now() - limit.windowMs
    const counted = await tx.journal.countRemovals(countedKinds[fuse], since, countedAfter)
    // Most of the time the number alone is enough, and nobody need be counted.
    if (counted + count <= limit.most) return 'counted'
    const allowed = removalsAllowed(limit, counted + (await countBase(tx, fuse)))
    if (counted + count <= allowed) return 'counted'
    await open(tx, { fuse, counted, asked: count, limit: allowed }, trail)
    return beyond
  }

  async function open(tx: DirectoryTransaction, opening: FuseOpening, trail: Trail): Promise<void> {
    const { fuse, counted, asked, limit } = opening
    const { countedAfter } = await readFuse(tx, fuse)
    const now = clock.now()
    const openedAfter = await tx.journal.lastId()
    await tx.putState(keyOf(fuse), { openedAt: now, countedAfter, openedAfter })
    await tx.audit({
      at: now,
      correlationId: trail.context.correlationId,
      actor: bridgeActor,
      action: 'fuse.open',
      target: `fuse:${fuse}`,
      plan: [],
      calls: [],
      outcome: 'done',
      notes: [`${counted} removals counted, ${asked} more asked for, ${limit} allowed`]
    })
    // Nobody needs to be called for what a dry run only writes down.
    if (!settings.dryRun) alerts.raise('fuse-open', { subject: `fuse:${fuse}`, ...opening })
  }
}

/** What a share is taken of: whoever was removed within the window counts as still there. */
function countBase(tx: DirectoryTransaction, fuse: FuseName): Promise<number> {
  return fuse === 'people' ? tx.users.countActive() : tx.memberships.countIntended()
}

/** Reads a fuse. */
export async function readFuse(
  { state }: Pick<DirectoryReads, 'state'>,
  fuse: FuseName
): Promise<FuseState> {
  const kept = await state.get(keyOf(fuse))
  if (!isJsonObject(kept)) return { openedAt: undefined, countedAfter: 0, openedAfter: 0 }
  const { openedAt, countedAfter, openedAfter = 0 } = kept
  return {
    openedAt: typeof openedAt === 'number' ? openedAt : undefined,
    countedAfter: Number(countedAfter),
    openedAfter: Number(openedAfter)
  }
}

/** How many removals a fuse counted that has been open since this journal entry: in a dry run it lets them pass. */
export function countFused(
  { journal }: Pick<DirectoryReads, 'journal'>,
  fuse: FuseName,
  openedAfter: number
): Promise<number> {
  return journal.countRemovals(countedKinds[fuse], 0, openedAfter)
}

/** Closes a fuse; counting begins anew. */
export async function closeFuse(tx: DirectoryTransaction, fuse: FuseName): Promise<void> {
  await tx.putState(keyOf(fuse), { openedAt: null, countedAfter: await tx.journal.lastId() })
}

/** The named value that keeps a fuse. */
function keyOf(fuse: FuseName): string {
  return `fuse.${fuse}`
}
