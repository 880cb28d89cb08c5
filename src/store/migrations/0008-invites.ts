import { sql } from 'kysely'
import type { Migration } from './migration.ts'

/** Invites of people with Box accounts outside the enterprise, one for each login. */
export const invites: Migration = {
  name: '0008-invites',
  statements: [
    sql`create table invites (
      login_key text primary key,
      login text not null,
      box_id text,
      status text not null,
      sent_at integer not null,
      correlation_id text not null
    ) strict, without rowid`
  ]
}
