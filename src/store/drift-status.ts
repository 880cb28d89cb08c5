import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { EpochMs } from '../lib/clock.ts'
import type { DriftKind } from '../provisioning/drift/drift.ts'
import type { Acceptance, ReconcileAlarm } from '../provisioning/drift/disappearance.ts'
import { deletionsKey, reconcileKey } from '../provisioning/ports.ts'
import type { Connection } from './dialect.ts'

/** What differs from Box, and how that is found. */
export interface DriftStatus {
  /** Differences of the last 24 hours that the bridge did not make, by class. */
  readonly last24h: Readonly<Record<DriftKind, number>>
  /** How many changes were taken back in that time, or tried to. */
  readonly restored24h: number
  /** What is to be read again in Box. */
  readonly hints: { readonly waiting: number; readonly oldestAt: EpochMs | null }
  readonly reconcile: {
    readonly begunAt: EpochMs | null
    /** When the last one ended that found nothing amiss. */
    readonly doneAt: EpochMs | null
    /** That too much was missing in Box; nothing was changed. */
    readonly alarm: ReconcileAlarm | null
    /** When a person accepted it; the next reconcile then goes ahead. */
    readonly acceptedAt: EpochMs | null
  }
  /** When too much had disappeared from Box in a day: since then nothing more is taken out. */
  readonly deletionsStoppedAt: EpochMs | null
}

const dayMs = 86_400_000

/** Reads it. */
export function driftOf(connection: Connection, now: EpochMs): DriftStatus {
  const counts = { users: 0, access: 0, groups: 0, memberships: 0, created: 0, deleted: 0 }
  const { restore = 0, ...found } = countDrift(connection, now)
  const [hints] = read(
    connection,
    sql<{ waiting: number; oldest: EpochMs | null }>`select count(*) as waiting,
      min(noted_at) as oldest from hints`
  )
  const deletions = stateOf(connection, deletionsKey)
  const begun = (deletions['since'] ?? 0) as EpochMs
  const stoppedAt = (deletions['stoppedAt'] ?? null) as EpochMs | null
  return {
    last24h: { ...counts, ...found },
    restored24h: restore,
    hints: { waiting: hints?.waiting ?? 0, oldestAt: hints?.oldest ?? null },
    reconcile: reconcileOf(stateOf(connection, reconcileKey)),
    deletionsStoppedAt: now < begun + dayMs ? stoppedAt : null
  }
}

function reconcileOf(state: Readonly<Record<string, unknown>>): DriftStatus['reconcile'] {
  return {
    begunAt: (state['begunAt'] ?? null) as EpochMs | null,
    doneAt: (state['doneAt'] ?? null) as EpochMs | null,
    alarm: (state['alarm'] ?? null) as ReconcileAlarm | null,
    acceptedAt: (state['accepted'] as Acceptance | null | undefined)?.at ?? null
  }
}

/** The entries of the audit about drift, by what follows `drift.`. */
function countDrift(
  connection: Connection,
  now: EpochMs
): Partial<Record<DriftKind | 'restore', number>> {
  const rows = read(
    connection,
    sql<{ kind: string; entries: number }>`select substr(action, 7) as kind, count(*) as entries
      from audit where at > ${now - dayMs} and action glob 'drift.*' group by action`
  )
  return Object.fromEntries(rows.map(({ kind, entries }) => [kind, entries]))
}

function stateOf(connection: Connection, key: string): Readonly<Record<string, unknown>> {
  const [row] = read(connection, sql<{ value: string }>`select value from state where key = ${key}`)
  return row === undefined ? {} : (JSON.parse(row.value) as Record<string, unknown>)
}

function read<Row>(connection: Connection, query: RawBuilder<Row>): readonly Row[] {
  return connection.run(query.compile(connection.db))
}
