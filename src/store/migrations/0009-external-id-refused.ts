import { sql } from 'kysely'
import type { Migration } from './migration.ts'

/** Whose external id Box has refused to change is kept, so that it is not sent again. */
export const externalIdRefused: Migration = {
  name: '0009-external-id-refused',
  statements: [sql`alter table users add column external_id_refused integer not null default 0`]
}
