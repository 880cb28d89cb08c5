import { sql } from 'kysely'
import type { Migration } from './migration.ts'

/** What in Box is to be read again: one row for each thing, however often it was noted. */
export const hints: Migration = {
  name: '0004-hints',
  statements: [
    sql`create table hints (
      key text primary key,
      hint text not null,
      rank integer not null,
      source text not null,
      noted_at integer not null,
      not_before integer not null,
      revision integer not null
    ) strict, without rowid`,
    sql`create index hints_order on hints (noted_at, rank, not_before)`
  ]
}
