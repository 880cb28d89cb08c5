import type { Clock, EpochMs, Milliseconds } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { nextTurn } from '../lib/turns.ts'
import { bridgeActor } from '../provisioning/audit.ts'
import type { Denials } from '../provisioning/denials.ts'
import type { Directory } from '../provisioning/ports.ts'
import type { Random } from '../lib/random.ts'

/** Writes denied requests down, and removes what is older than AUDIT_RETENTION_DAYS. */
export interface AuditKeeping {
  /** Works until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>
}

/** How often denied requests are written down: what a crash can lose. */
const flushMs: Milliseconds = 60_000

/** How often old entries are removed. */
const pruneMs: Milliseconds = 3_600_000

/** How many entries are removed in one transaction: others wait for it. */
const batch = 200

/** Creates it. `retentionMs`: how long entries are kept; 0: for ever. */
export function createAuditKeeping(parts: {
  readonly directory: Directory
  readonly denials: Denials
  readonly retentionMs: Milliseconds
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}): AuditKeeping {
  const { directory, denials, retentionMs, clock, random, log } = parts
  let pruneAt: EpochMs = clock.now()

  return {
    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(flushMs, signal).catch(() => undefined)
        try {
          await denials.flush()
          if (retentionMs > 0 && !signal.aborted && clock.now() >= pruneAt) await prune(signal)
        } catch (error) {
          log.error({ err: error }, 'the audit could not be kept: trying again')
        }
      }
    }
  }

  async function prune(signal: AbortSignal): Promise<void> {
    const now = clock.now()
    pruneAt = now + pruneMs
    const before = now - retentionMs
    let removed = 0
    let last = batch
    while (last === batch && !signal.aborted) {
      last = await directory.transaction((tx) => tx.pruneAudit(before, batch))
      removed += last
      await nextTurn()
    }
    if (removed > 0) await tell(removed, before)
  }

  async function tell(removed: number, before: EpochMs): Promise<void> {
    await directory.transaction((tx) =>
      tx.audit({
        at: clock.now(),
        correlationId: random.uuid(),
        actor: bridgeActor,
        action: 'audit.prune',
        target: 'audit',
        plan: [],
        calls: [],
        outcome: 'done',
        notes: [`${removed} entries from before ${new Date(before).toISOString()} removed`]
      })
    )
  }
}
