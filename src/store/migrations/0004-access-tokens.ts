import { sql } from 'kysely'
import type { Migration } from './migration.ts'

/** Bearer tokens that are made, listed and revoked while the bridge runs. */
export const accessTokens: Migration = {
  name: '0004-access-tokens',
  statements: [
    sql`create table access_tokens (
      id integer primary key autoincrement,
      name text not null,
      digest text not null unique,
      scopes text not null,
      networks text not null,
      created_at integer not null,
      expires_at integer,
      revoked_at integer,
      last_used_at integer
    ) strict`,
    sql`create unique index access_tokens_name on access_tokens (name) where revoked_at is null`
  ]
}
