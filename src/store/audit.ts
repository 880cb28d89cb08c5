import { sql } from 'kysely'
import type { Kysely, Selectable } from 'kysely'
import { fold } from '../lib/text.ts'
import { askedRecord, auditedPlan, type AuditValues } from '../provisioning/audit-values.ts'
import type {
  AuditEntry,
  AuditErasure,
  AuditReads,
  AuditRecord,
  AuditRequest
} from '../provisioning/audit.ts'
import { prepare, prepareForRow, prepareSql } from './prepared-query.ts'
import type { Param, ParamsOfRow, Session } from './prepared-query.ts'
import type { AuditTable, Tables } from './tables.ts'

/** The audit: it is only appended to, but for retention and the erasure of a person. */
export interface AuditStore {
  reads(session: Session): AuditReads
  append(session: Session, entry: AuditEntry): Promise<void>
  /** See `DirectoryTransaction`. */
  prune(session: Session, before: number, limit: number): Promise<number>
  erase(session: Session, id: number, erased: AuditErasure): Promise<void>
}

type TableRow = Selectable<AuditTable>

const columns = [
  'at',
  'correlation_id',
  'actor',
  'action',
  'target',
  'asked',
  'plan',
  'calls',
  'outcome',
  'notes'
] as const satisfies readonly (keyof TableRow)[]

/** Compiles the statements about the audit. `values`: which values are kept. */
export function createAuditStore(db: Kysely<Tables>, values: AuditValues): AuditStore {
  const append = prepareForRow(columns, (row: ParamsOfRow<ReturnType<typeof toRow>>) =>
    db.insertInto('audit').values(row)
  )
  const statements = prepareStatements(db)
  return {
    reads: (session) => ({
      async list(request) {
        const { afterId, limit, mentions } = request
        const { since, until } = timesOf(request)
        const rows =
          mentions === undefined
            ? await statements.list(session, afterId, since, until, limit)
            : await statements.mentioning(session, afterId, textsOf(mentions), limit)
        return rows.map(toRecord)
      }
    }),
    async append(session, entry) {
      await append(session, toRow(entry, values))
    },
    async prune(session, before, limit) {
      await statements.permit(session, 'prune', before)
      const gone = await statements.prune(session, before, limit)
      await statements.forbid(session)
      return gone.length
    },
    async erase(session, id, { target, asked, plan, notes }) {
      await statements.permit(session, 'erase', id)
      const change = JSON.stringify({ target, asked: asked ?? null, plan, notes })
      await statements.erase(session, change, id)
      await statements.forbid(session)
    }
  }
}

function prepareStatements(db: Kysely<Tables>) {
  return {
    list: prepareSql(
      db,
      (
        afterId: Param<number>,
        since: Param<number>,
        until: Param<number>,
        limit: Param<number>
      ) => sql<TableRow>`select * from audit
        where id > ${afterId} and at >= ${since} and at < ${until} order by id limit ${limit}`
    ),
    mentioning: prepareSql(
      db,
      (afterId: Param<number>, texts: Param<string>, limit: Param<number>) => sql<TableRow>`select *
        from audit where id > ${afterId} and exists (
          select 1 from json_each(${texts}) as sought
          where instr(
            fold(concat_ws(char(10), correlation_id, target, plan, audit.asked)), sought.value
          ) > 0
        ) order by id limit ${limit}`
    ),
    // Never more than the oldest: looking further would hold up whoever writes.
    // Triggers refuse what is not permitted here, in the same transaction.
    permit: prepare((work: Param<string>, bound: Param<number>) =>
      db.insertInto('audit_permits').values({ work, bound })
    ),
    forbid: prepare(() => db.deleteFrom('audit_permits')),
    prune: prepareSql(
      db,
      (before: Param<number>, limit: Param<number>) => sql<{
        readonly id: number
      }>`delete from audit
        where id in (select id from audit order by id limit ${limit}) and at < ${before}
        returning id`
    ),
    erase: prepareSql(
      db,
      (change: Param<string>, id: Param<number>) => sql`update audit set
        target = change.value ->> '$.target',
        asked = nullif(change.value -> '$.asked', 'null'),
        plan = change.value -> '$.plan',
        notes = change.value -> '$.notes'
        from (select ${change} as value) as change where id = ${id}`
    )
  }
}

function timesOf({ since, until }: AuditRequest) {
  return { since: since ?? 0, until: until ?? Number.MAX_SAFE_INTEGER }
}

function textsOf(mentions: readonly string[]): string {
  return JSON.stringify(mentions.map(fold))
}

function toRow(entry: AuditEntry, values: AuditValues) {
  const { asked } = entry
  return {
    at: entry.at,
    correlation_id: entry.correlationId,
    actor: entry.actor,
    action: entry.action,
    target: entry.target,
    asked: asked === undefined ? null : JSON.stringify(askedRecord(asked, values)),
    plan: JSON.stringify(auditedPlan(entry.plan, values)),
    calls: JSON.stringify(entry.calls),
    outcome: entry.outcome,
    notes: JSON.stringify(entry.notes)
  }
}

function toRecord(row: TableRow): AuditRecord {
  return {
    id: row.id,
    at: row.at,
    correlationId: row.correlation_id,
    actor: row.actor,
    action: row.action,
    target: row.target,
    asked: row.asked === null ? undefined : (JSON.parse(row.asked) as AuditRecord['asked']),
    plan: JSON.parse(row.plan) as AuditRecord['plan'],
    calls: JSON.parse(row.calls) as AuditRecord['calls'],
    outcome: row.outcome,
    notes: JSON.parse(row.notes) as AuditRecord['notes']
  }
}
