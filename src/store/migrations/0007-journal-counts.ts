import { sql } from 'kysely'
import type { Migration } from './migration.ts'

/** What is open in the journal, beside what follows a DELETE, is counted from an index alone. */
export const journalCounts: Migration = {
  name: '0007-journal-counts',
  statements: [
    sql`create index journal_open_counts on journal (state, removal, acknowledged, decided_at, subject)
      where state in ('decided', 'sent', 'unknown')
      and (subject < 'leaver:' or subject >= 'leaver;')`
  ]
}
