import { sql } from 'kysely'
import type { Kysely, Selectable } from 'kysely'
import { fold } from '../lib/text.ts'
import { inTurns } from '../lib/turns.ts'
import { isRemoval, openStates } from '../provisioning/operations.ts'
import type {
  BoxOperation,
  JournalEntry,
  JournalState,
  NewJournalEntry,
  OpenState
} from '../provisioning/operations.ts'
import type { JournalReads, JournalUpdate, OpenJournal } from '../provisioning/ports.ts'
import { prepare, prepareForRow, prepareSql } from './prepared-query.ts'
import type { Param, ParamsOfRow, Session } from './prepared-query.ts'
import type { JournalTable, NewJournalRow, Tables } from './tables.ts'

/** The journal: what can be done in any session. */
export interface JournalStore {
  reads(session: Session): JournalReads
  append(session: Session, entries: readonly NewJournalEntry[]): Promise<readonly JournalEntry[]>
  update(session: Session, ids: readonly number[], change: JournalUpdate): Promise<void>
  /** See `DirectoryTransaction`. */
  erase(
    session: Session,
    id: number,
    erased: Pick<JournalEntry, 'subject' | 'operation'>
  ): Promise<void>
}

type TableRow = Selectable<JournalTable>

/** The number of entries by state where there are none. */
export const noEntries: Readonly<Record<JournalState, number>> = {
  held: 0,
  decided: 0,
  sent: 0,
  unknown: 0,
  confirmed: 0,
  refused: 0,
  cancelled: 0
}

/** Settled entries are counted among this many of the newest entries only. */
const countedEntries = 10_000

/** Written out, not bound: only so does SQLite see that the indexes of open entries apply. */
export const isOpen = sql<boolean>`state in (${sql.join(openStates.map((state) => sql.lit(state)))})`

const columns = [
  'correlation_id',
  'subject',
  'operation',
  'state',
  'removal',
  'acknowledged',
  'attempts',
  'not_before',
  'decided_at',
  'sent_at',
  'outcome',
  'counted_at',
  'held_at',
  'asked_by'
] as const satisfies readonly (keyof TableRow)[]

/** Left out where what follows a DELETE is of no concern: it may wait for months. */
export const isOther = sql<boolean>`(subject < 'leaver:' or subject >= 'leaver;')`

const isHeld = sql<boolean>`state = 'held'`

type InsertedRow = Required<Omit<NewJournalRow, 'id'>> & Record<string, string | number | null>

/** Compiles the statements about the journal. */
export function createJournalStore(db: Kysely<Tables>): JournalStore {
  const statements = prepareStatements(db)
  const updateOf = prepareUpdates(db)
  return {
    reads: (session) => createReads(statements, session),
    async append(session, entries) {
      const appended: JournalEntry[] = []
      for await (const batch of inTurns(entries)) {
        for (const entry of batch) {
          const [row] = await statements.append(session, toRow(entry))
          if (row !== undefined) appended.push({ ...withDefaults(entry), id: row.id })
        }
      }
      return appended
    },
    async erase(session, id, { subject, operation }) {
      await statements.erase(session, subject, JSON.stringify(operation), id)
    },
    async update(session, ids, change) {
      const columns = toColumns(change)
      if (Object.keys(columns).length === 0) return
      for await (const batch of inTurns(ids)) {
        await updateOf(Object.keys(columns))(session, { ...columns, ids: JSON.stringify(batch) })
      }
    }
  }
}

type Statements = ReturnType<typeof prepareStatements>

function prepareStatements(db: Kysely<Tables>) {
  const rows = db.selectFrom('journal').selectAll()
  return {
    get: prepare((id: Param<number>) => rows.where('id', '=', id)),
    openFor: prepare((subject: Param<string>) =>
      rows.where('subject', '=', subject).where(isOpen).orderBy('id')
    ),
    due: prepareSql(
      db,
      (now: Param<number>, limit: Param<number>, except: Param<string>) => sql<TableRow>`select *
        from journal indexed by journal_open where ${isOpen} and not_before <= ${now} and ${isOther}
        and id not in (select asked.value from json_each(${except}) as asked)
        order by removal desc, id limit ${limit}`
    ),
    // ";" is what follows ":" in ASCII.
    dueLeavers: prepareSql(
      db,
      (now: Param<number>, limit: Param<number>, except: Param<string>) => sql<TableRow>`select *
        from journal indexed by journal_open_subject
        where ${isOpen} and subject > 'leaver:' and subject < 'leaver;' and not_before <= ${now}
        and id not in (select asked.value from json_each(${except}) as asked)
        order by id limit ${limit}`
    ),
    countOpen: prepareSql(
      db,
      () => sql<StateCount>`select state, count(*) as entries
        from journal indexed by journal_open where ${isOpen} group by state`
    ),
    countHeld: prepareSql(
      db,
      () => sql<StateCount>`select 'held' as state, count(*) as entries
        from journal indexed by journal_held where ${isHeld}`
    ),
    heldFor: prepareSql(
      db,
      (subject: Param<string>) => sql<TableRow>`select * from journal indexed by journal_held
        where ${isHeld} and subject = ${subject} order by id`
    ),
    heldBetween: prepareSql(
      db,
      (from: Param<string>, to: Param<string>) => sql<TableRow>`select *
        from journal indexed by journal_held
        where ${isHeld} and subject > ${from} and subject < ${to} order by id`
    ),
    heldUntil: prepareSql(
      db,
      (until: Param<number>) => sql<TableRow>`select * from journal indexed by journal_held
        where ${isHeld} and held_at <= ${until} order by id`
    ),
    mentioning: prepareSql(
      db,
      (texts: Param<string>, isSettled: Param<number>) => sql<TableRow>`select * from journal
        where (${isOpen} or ${isHeld}) <> ${isSettled} and exists (
          select 1 from json_each(${texts}) as asked
          where instr(fold(correlation_id || char(10) || subject || char(10) || operation), asked.value) > 0
        ) order by id`
    ),
    countRemovals: prepareSql(
      db,
      (kind: Param<string>, since: Param<number>, afterId: Param<number>) => sql<{
        readonly entries: number
      }>`select count(*) as entries
        from journal indexed by journal_counted
        where operation ->> '$.kind' = ${kind} and counted_at > ${since} and id > ${afterId}
        and state <> 'refused' and not (state = 'cancelled' and sent_at is null)`
    ),
    lastId: prepareSql(
      db,
      () => sql<{ readonly id: number | null }>`select max(id) as id from journal`
    ),
    countSettled: prepareSql(
      db,
      () => sql<StateCount>`select state, count(*) as entries
        from (select state from journal order by id desc limit ${sql.lit(countedEntries)})
        where not ${isOpen} and not ${isHeld} group by state`
    ),
    open: prepareSql(
      db,
      () => sql<OpenCount>`select state, removal, acknowledged,
          count(*) as entries, min(decided_at) as oldest
        from journal indexed by journal_open_counts where ${isOpen} and ${isOther} group by 1, 2, 3`
    ),
    countOtherPromises: prepareSql(
      db,
      () => sql<{ readonly entries: number }>`select sum(entries) as entries from (
          select count(*) as entries from journal indexed by journal_open_subject
            where ${isOpen} and ${isOther} and subject < 'membership:' and acknowledged = 1
          union all
          select count(*) as entries from journal indexed by journal_open_subject
            where ${isOpen} and subject > 'membership;' and acknowledged = 1
        )`
    ),
    erase: prepare((subject: Param<string>, operation: Param<string>, id: Param<number>) =>
      db.updateTable('journal').set({ subject, operation }).where('id', '=', id)
    ),
    append: prepareForRow(columns, (row: ParamsOfRow<InsertedRow>) =>
      db.insertInto('journal').values(row).returning('id')
    )
  }
}

type ChangedRow = Readonly<Record<string, string | number | null>>

/** Statements that change these columns of the entries with the ids in `ids`, each compiled once. */
function prepareUpdates(db: Kysely<Tables>) {
  const prepared = new Map<string, (session: Session, row: ChangedRow) => Promise<unknown>>()
  return (names: readonly string[]) => {
    const known = prepared.get(names.join())
    if (known !== undefined) return known
    const update = prepareForRow(
      [...names, 'ids'],
      ({ ids, ...changed }: ParamsOfRow<ChangedRow>) =>
        db
          .updateTable('journal')
          .set(changed)
          .where(sql<boolean>`id in (select asked.value from json_each(${ids}) as asked)`)
    )
    prepared.set(names.join(), update)
    return update
  }
}

interface StateCount {
  readonly state: JournalState
  readonly entries: number
}

/** How many open entries are alike. */
interface OpenCount {
  readonly state: OpenState
  readonly removal: number
  readonly acknowledged: number
  readonly entries: number
  readonly oldest: number
}

function openJournalOf(
  counts: readonly OpenCount[],
  { held, otherPromises }: { readonly held: number; readonly otherPromises: number }
): OpenJournal {
  const states = { decided: 0, sent: 0, unknown: 0 }
  for (const { state, entries } of counts) states[state] += entries
  const removals = counts.filter(({ removal }) => removal === 1)
  const acknowledged = counts.filter((count) => count.acknowledged === 1)
  return {
    states,
    held,
    oldestAt: oldestOf(counts),
    removals: sumOf(removals),
    oldestRemovalAt: oldestOf(removals),
    // Counting the few that are no memberships is far cheaper than looking at each that is.
    pendingMemberships: sumOf(acknowledged) - otherPromises
  }
}

function sumOf(counts: readonly OpenCount[]): number {
  return counts.reduce((sum, { entries }) => sum + entries, 0)
}

function oldestOf(counts: readonly OpenCount[]): number | undefined {
  return counts.length === 0 ? undefined : Math.min(...counts.map(({ oldest }) => oldest))
}

async function all(rows: Promise<readonly TableRow[]>): Promise<readonly JournalEntry[]> {
  return (await rows).map(toEntry)
}

function createReads(statements: Statements, session: Session): JournalReads {
  return {
    async get(id) {
      const [entry] = await all(statements.get(session, id))
      return entry
    },
    openFor: (subject) => all(statements.openFor(session, subject)),
    due: (now, limit, except = []) =>
      all(statements.due(session, now, limit, JSON.stringify(except))),
    dueLeavers: (now, limit, except = []) =>
      all(statements.dueLeavers(session, now, limit, JSON.stringify(except))),
    heldFor: (subject) => all(statements.heldFor(session, subject)),
    // "0" is what follows "/" in ASCII: every subject that begins so lies between the two.
    heldOfGroup: (groupId) =>
      all(statements.heldBetween(session, `membership:${groupId}/`, `membership:${groupId}0`)),
    heldUntil: (until) => all(statements.heldUntil(session, until)),
    mentioning: (texts, which) =>
      all(
        statements.mentioning(session, JSON.stringify(texts.map(fold)), Number(which === 'settled'))
      ),
    async countRemovals(kind, since, afterId) {
      const [row] = await statements.countRemovals(session, kind, since, afterId)
      return row?.entries ?? 0
    },
    async lastId() {
      const [row] = await statements.lastId(session)
      return row?.id ?? 0
    },
    async count() {
      const counts = { ...noEntries }
      const settled = await statements.countSettled(session)
      const open = await statements.countOpen(session)
      const held = await statements.countHeld(session)
      for (const { state, entries } of [...settled, ...open, ...held]) counts[state] = entries
      return counts
    },
    async open() {
      const [held] = await statements.countHeld(session)
      const [others] = await statements.countOtherPromises(session)
      const counts = { held: held?.entries ?? 0, otherPromises: others?.entries ?? 0 }
      return openJournalOf(await statements.open(session), counts)
    }
  }
}

/** An entry begins unattempted and may be worked at once. */
function withDefaults(entry: NewJournalEntry): Omit<JournalEntry, 'id'> {
  return { ...entry, attempts: 0, outcome: undefined }
}

function toRow(entry: NewJournalEntry): InsertedRow {
  const { correlationId, subject, operation, ...full } = withDefaults(entry)
  return {
    correlation_id: correlationId,
    subject,
    operation: JSON.stringify(operation),
    state: full.state,
    removal: Number(isRemoval(operation)),
    acknowledged: Number(full.acknowledged),
    attempts: full.attempts,
    not_before: full.notBefore,
    decided_at: full.decidedAt,
    sent_at: full.sentAt ?? null,
    outcome: full.outcome ?? null,
    counted_at: full.countedAt ?? null,
    held_at: full.heldAt ?? null,
    asked_by: full.askedBy ?? null
  }
}

/** The columns of those keys that the change has; undefined empties a column. */
function toColumns(change: JournalUpdate): Partial<InsertedRow> {
  const { state, acknowledged, attempts, notBefore, operation } = change
  return {
    ...(state !== undefined && { state }),
    ...(acknowledged !== undefined && { acknowledged: Number(acknowledged) }),
    ...(attempts !== undefined && { attempts }),
    ...(notBefore !== undefined && { not_before: notBefore }),
    ...('sentAt' in change && { sent_at: change.sentAt ?? null }),
    ...('outcome' in change && { outcome: change.outcome ?? null }),
    ...('countedAt' in change && { counted_at: change.countedAt ?? null }),
    ...(operation !== undefined && { operation: JSON.stringify(operation) })
  }
}

function toEntry(row: TableRow): JournalEntry {
  return {
    id: row.id,
    correlationId: row.correlation_id,
    subject: row.subject,
    operation: JSON.parse(row.operation) as BoxOperation,
    state: row.state as JournalState,
    acknowledged: row.acknowledged === 1,
    attempts: row.attempts,
    notBefore: row.not_before,
    decidedAt: row.decided_at,
    sentAt: row.sent_at ?? undefined,
    outcome: row.outcome ?? undefined,
    countedAt: row.counted_at ?? undefined,
    heldAt: row.held_at ?? undefined,
    askedBy: row.asked_by ?? undefined
  }
}
