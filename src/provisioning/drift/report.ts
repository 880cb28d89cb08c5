import type { EpochMs } from '../../lib/clock.ts'
import type { DirectoryTransaction } from '../ports.ts'
import { createTrail, type Trail } from '../trail.ts'
import type { DriftKind } from './drift.ts'

/** One difference that the bridge did not make. */
export interface Difference {
  readonly kind: DriftKind
  /** Names of fields or what happened; never values. */
  readonly notes: readonly string[]
}

/** Writes a difference to the audit, which is also what `box-scim status` counts. */
export async function reportDrift(
  tx: DirectoryTransaction,
  target: string,
  { kind, notes }: Difference,
  { trail, now }: { readonly trail: Trail; readonly now: EpochMs }
): Promise<void> {
  const own = createTrail(`drift.${kind}`, trail.context)
  own.calls.push(...trail.calls)
  own.notes.push(...notes)
  await tx.audit(own.audit(target, 'done', now))
}
