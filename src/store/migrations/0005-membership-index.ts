import { sql } from 'kysely'
import type { Migration } from './migration.ts'

/** The groups of a person are read from the index alone. */
export const membershipIndex: Migration = {
  name: '0005-membership-index',
  statements: [
    sql`drop index memberships_user`,
    sql`create index memberships_user on memberships (user_id, group_id, intended)`
  ]
}
