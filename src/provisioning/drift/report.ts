import type { EpochMs } from '../../lib/clock.ts'
import type { DirectoryTransaction } from '../ports.ts'
import type { Signals } from '../signals.ts'
import { createTrail, type Trail } from '../trail.ts'
import type { DriftKind } from './drift.ts'

/** One difference that the bridge did not make. */
export interface Difference {
  readonly kind: DriftKind
  /** Names of fields or what happened; never values. */
  readonly notes: readonly string[]
}

/** By whom a difference was found, when, and who counts it. */
interface Finding {
  readonly trail: Trail
  readonly now: EpochMs
  readonly signals: Signals
}

/** Writes a difference to the audit, which is also what `box-scim status` counts. */
export async function reportDrift(
  tx: DirectoryTransaction,
  target: string,
  { kind, notes }: Difference,
  { trail, now, signals }: Finding
): Promise<void> {
  const own = createTrail(`drift.${kind}`, trail.context)
  own.calls.push(...trail.calls)
  own.notes.push(...notes)
  await tx.audit(own.audit(target, 'done', now))
  signals.driftFound(kind)
}
