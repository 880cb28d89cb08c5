import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { EpochMs } from '../lib/clock.ts'
import { inTurns } from '../lib/turns.ts'
import { hintKey } from '../provisioning/hints.ts'
import type { Hint, HintSource, NotedHint } from '../provisioning/hints.ts'
import type { HintReads } from '../provisioning/ports.ts'
import { prepare, prepareSql } from './prepared-query.ts'
import type { Param, Session } from './prepared-query.ts'
import type { HintTable, Tables } from './tables.ts'

/** What is to be read again in Box: what can be done in any session. */
export interface HintStore {
  reads(session: Session): HintReads
  note(session: Session, hints: readonly Hint[], source: HintSource, now: EpochMs): Promise<void>
  drop(session: Session, noted: NotedHint): Promise<void>
  postpone(session: Session, noted: NotedHint, notBefore: EpochMs): Promise<void>
}

/** A membership is looked at after its person and its group, which it needs. */
const ranks: Readonly<Record<Hint['kind'], number>> = {
  user: 0,
  group: 0,
  members: 1,
  membership: 2
}

/** Compiles the statements about hints; hints travel as one JSON array. */
export function createHintStore(db: Kysely<Tables>): HintStore {
  const statements = prepareStatements(db)
  return {
    reads: (session) => ({
      async due(now, limit) {
        return (await statements.due(session, now, limit)).map(toHint)
      },
      async waiting() {
        const [found] = await statements.waiting(session)
        return { count: found?.count ?? 0, oldestAt: found?.oldest ?? undefined }
      }
    }),
    async note(session, hints, source, now) {
      for await (const batch of inTurns(hints)) {
        const values = batch.map((hint) => [hintKey(hint), hint, ranks[hint.kind]])
        await statements.note(session, JSON.stringify(values), source, now)
      }
    },
    async drop(session, { hint, revision }) {
      await statements.drop(session, hintKey(hint), revision)
    },
    async postpone(session, { hint, revision }, notBefore) {
      await statements.postpone(session, hintKey(hint), revision, notBefore)
    }
  }
}

function prepareStatements(db: Kysely<Tables>) {
  return {
    due: prepare((now: Param<number>, limit: Param<number>) =>
      db
        .selectFrom('hints')
        .selectAll()
        .where('not_before', '<=', now)
        .orderBy('noted_at')
        .orderBy('rank')
        .limit(limit)
    ),
    waiting: prepareSql(
      db,
      () => sql<{ readonly count: number; readonly oldest: number | null }>`
        select count(*) as count, min(noted_at) as oldest from hints`
    ),
    note: prepareSql(
      db,
      (values: Param<string>, source: Param<string>, now: Param<number>) => sql`insert into hints
        (key, hint, rank, source, noted_at, not_before, revision)
        select h.value ->> 0, h.value -> 1, h.value ->> 2, ${source}, ${now}, ${now}, 1
        from json_each(${values}) as h where true
        on conflict (key) do update
        set source = excluded.source, not_before = excluded.not_before, revision = revision + 1`
    ),
    drop: prepare((key: Param<string>, revision: Param<number>) =>
      db.deleteFrom('hints').where('key', '=', key).where('revision', '=', revision)
    ),
    postpone: prepare((key: Param<string>, revision: Param<number>, notBefore: Param<number>) =>
      db
        .updateTable('hints')
        .set({ not_before: notBefore })
        .where('key', '=', key)
        .where('revision', '=', revision)
    )
  }
}

function toHint(row: HintTable): NotedHint {
  return {
    hint: JSON.parse(row.hint) as Hint,
    source: row.source as HintSource,
    notedAt: row.noted_at,
    notBefore: row.not_before,
    revision: row.revision
  }
}
