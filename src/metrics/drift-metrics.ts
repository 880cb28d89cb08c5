import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import type { EpochMs } from '../lib/clock.ts'
import type { DriftCheck } from '../provisioning/drift/checks.ts'
import { driftClasses, driftKinds } from '../provisioning/drift/drift.ts'
import type { Signals } from '../provisioning/signals.ts'

/** How well the directory is known to be as Box is. */
export interface DriftState {
  /** Those that are switched on. */
  readonly checks: readonly DriftCheck[]
  /** What is to be read again in Box. */
  readonly hints: { readonly count: number; readonly oldestAt: EpochMs | undefined }
}

/** Counts what others change in Box, and what is taken back of it. */
export function createDriftMetrics(
  register: Registry
): Pick<Signals, 'driftFound' | 'driftRestored'> {
  const found = new Counter({
    name: 'box_scim_drift_found_total',
    help: 'Differences found in Box that the bridge did not make, by kind.',
    labelNames: ['kind'],
    registers: [register]
  })
  const restored = new Counter({
    name: 'box_scim_drift_restored_total',
    help: 'Such differences that were taken back, or are being taken back, by kind.',
    labelNames: ['kind'],
    registers: [register]
  })
  for (const kind of driftKinds) found.inc({ kind }, 0)
  for (const kind of driftClasses) restored.inc({ kind }, 0)
  return {
    driftFound: (kind) => found.inc({ kind }),
    driftRestored: (kind) => restored.inc({ kind })
  }
}

/** Shows how fresh the directory is. */
export function createDriftGauges(register: Registry): (state: DriftState, now: EpochMs) => void {
  const registers = [register]
  const age = new Gauge({
    name: 'box_scim_drift_check_age_seconds',
    help: 'Time since the last poll of events, and the last reconcile, that went well.',
    labelNames: ['by'],
    registers
  })
  const interval = new Gauge({
    name: 'box_scim_drift_check_interval_seconds',
    help: 'How often events are polled and a reconcile is made; without those that are off.',
    labelNames: ['by'],
    registers
  })
  const waiting = new Gauge({
    name: 'box_scim_drift_hints',
    help: 'What is to be read again in Box: people, groups and memberships.',
    registers
  })
  const oldest = new Gauge({
    name: 'box_scim_drift_hints_oldest_seconds',
    help: 'For how long the oldest of that has been to be read; 0 where there is none.',
    registers
  })
  return ({ checks, hints }, now) => {
    const since = (at: EpochMs) => Math.max(0, now - at) / 1000
    age.reset()
    interval.reset()
    for (const { by, everyMs, doneAt } of checks) {
      interval.set({ by }, everyMs / 1000)
      if (doneAt !== undefined) age.set({ by }, since(doneAt))
    }
    waiting.set(hints.count)
    oldest.set(hints.oldestAt === undefined ? 0 : since(hints.oldestAt))
  }
}
