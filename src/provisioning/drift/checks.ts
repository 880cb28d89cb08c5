import type { EpochMs, Milliseconds } from '../../lib/clock.ts'
import { eventsKey, importedKey, reconcileKey } from '../ports.ts'
import type { DirectoryReads, EventsProgress } from '../ports.ts'

/** One of the ways in which what others change in Box is found. */
export interface DriftCheck {
  readonly by: 'events' | 'reconcile'
  readonly everyMs: Milliseconds
  /** When it last went well; undefined where it never did. */
  readonly doneAt: EpochMs | undefined
}

/** Tells of those that are switched on. The first import counts as a reconcile. */
export async function readDriftChecks(
  { state }: Pick<DirectoryReads, 'state'>,
  intervals: { readonly boxEventsPollMs: Milliseconds; readonly reconcileMs: Milliseconds }
): Promise<readonly DriftCheck[]> {
  const events = (await state.get(eventsKey)) as EventsProgress | undefined
  const reconcile = (await state.get(reconcileKey)) as { doneAt?: EpochMs | null } | undefined
  const importedAt = (await state.get(importedKey)) as EpochMs | undefined
  const { boxEventsPollMs, reconcileMs } = intervals
  const checks: readonly DriftCheck[] = [
    { by: 'events', everyMs: boxEventsPollMs, doneAt: events?.readAt ?? undefined },
    { by: 'reconcile', everyMs: reconcileMs, doneAt: reconcile?.doneAt ?? importedAt }
  ]
  return checks.filter(({ everyMs }) => everyMs > 0)
}
