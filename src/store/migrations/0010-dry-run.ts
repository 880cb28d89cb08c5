import { sql } from 'kysely'
import type { Migration } from './migration.ts'

/** Whether a directory is one of a dry run, and what the dry run has pretended to do in Box. */
export const dryRun: Migration = {
  name: '0010-dry-run',
  statements: [
    sql`alter table identity add column dry_run integer not null default 0`,
    sql`create table dry_run_writes (
      id integer primary key autoincrement,
      at integer not null,
      write text not null
    ) strict`
  ]
}
