import type { Kysely } from 'kysely'
import type { EpochMs } from '../lib/clock.ts'
import type { DryWrite, DryWriteEntry } from '../provisioning/dry-run/writes.ts'
import type { DryRunReads } from '../provisioning/ports.ts'
import { prepare } from './prepared-query.ts'
import type { Param, Session } from './prepared-query.ts'
import type { Tables } from './tables.ts'

/** What a dry run has pretended: what can be done in any session. */
export interface DryRunStore {
  reads(session: Session): DryRunReads
  append(session: Session, write: DryWrite, at: EpochMs): Promise<DryWriteEntry>
}

/** How many writes are read at a time. */
const pageSize = 1_000

/** Compiles the statements about a dry run. */
export function createDryRunStore(db: Kysely<Tables>): DryRunStore {
  const page = prepare((after: Param<number>) =>
    db
      .selectFrom('dry_run_writes')
      .selectAll()
      .where('id', '>', after)
      .orderBy('id')
      .limit(pageSize)
  )
  const insert = prepare((at: Param<number>, write: Param<string>) =>
    db.insertInto('dry_run_writes').values({ at, write }).returning('id')
  )
  return {
    reads: (session) => ({
      async writes(after) {
        const rows = await page(session, after)
        return rows.map(({ id, at, write }) => ({ id, at, write: JSON.parse(write) as DryWrite }))
      }
    }),
    async append(session, write, at) {
      const [row] = await insert(session, at, JSON.stringify(write))
      if (row === undefined) throw new TypeError('The database returned no id')
      return { id: row.id, at, write }
    }
  }
}
