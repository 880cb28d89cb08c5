import type { Kysely } from 'kysely'
import type { AuditEntry } from '../provisioning/ports.ts'
import { prepareForRow } from './prepared-query.ts'
import type { ParamsOfRow, Session } from './prepared-query.ts'
import type { Tables } from './tables.ts'

/** The audit: it is only appended to. */
export interface AuditStore {
  append(session: Session, entry: AuditEntry): Promise<void>
}

/** Compiles the statements about the audit. */
export function createAuditStore(db: Kysely<Tables>): AuditStore {
  const columns = [
    'at',
    'correlation_id',
    'actor',
    'action',
    'target',
    'plan',
    'calls',
    'outcome',
    'notes'
  ] as const
  const append = prepareForRow(columns, (row: ParamsOfRow<ReturnType<typeof toRow>>) =>
    db.insertInto('audit').values(row)
  )
  return {
    async append(session, entry) {
      await append(session, toRow(entry))
    }
  }
}

function toRow(entry: AuditEntry) {
  return {
    at: entry.at,
    correlation_id: entry.correlationId,
    actor: entry.actor,
    action: entry.action,
    target: entry.target,
    plan: JSON.stringify(entry.plan),
    calls: JSON.stringify(entry.calls),
    outcome: entry.outcome,
    notes: JSON.stringify(entry.notes)
  }
}
