import { sql } from 'kysely'
import type { Migration } from './migration.ts'

/**
 * Removals that a fuse counts or holds. What is counted stands with the entry itself, so that a
 * removal which Box refuses is no longer counted: whoever prunes the journal must leave entries that
 * were counted within the longest window of a fuse.
 */
export const heldRemovals: Migration = {
  name: '0003-held-removals',
  statements: [
    sql`alter table journal add column counted_at integer`,
    sql`alter table journal add column held_at integer`,
    sql`alter table journal add column asked_by text`,
    sql`create index journal_held on journal (subject, id) where state = 'held'`,
    sql`create index journal_counted on journal (operation ->> '$.kind', counted_at, state, sent_at)
      where counted_at is not null`
  ]
}
