import { sql } from 'kysely'
import type { Migration } from './migration.ts'

const tables = ['users', 'groups'] as const

/**
 * How many people and how many groups are visible, kept by triggers: a list says its total without
 * counting (RFC 7644 §3.4.2).
 */
export const visibleCounts: Migration = {
  name: '0002-visible-counts',
  statements: [
    sql`create table visible_counts (
      resource_table text primary key,
      visible integer not null
    ) strict, without rowid`,
    ...tables.flatMap((name) => {
      const table = sql.table(name)
      const trigger = (event: string) => sql.id(`${name}_${event}_visible`)
      const count = (change: string) => sql`update visible_counts
        set visible = visible + ${sql.raw(change)} where resource_table = ${sql.lit(name)}`
      return [
        sql`insert into visible_counts
          select ${name}, count(*) from ${table} where tombstone = 0`,
        sql`create trigger ${trigger('insert')} after insert on ${table} when new.tombstone = 0
          begin ${count('1')}; end`,
        sql`create trigger ${trigger('delete')} after delete on ${table} when old.tombstone = 0
          begin ${count('-1')}; end`,
        sql`create trigger ${trigger('update')} after update of tombstone on ${table}
          when new.tombstone <> old.tombstone
          begin ${count('old.tombstone - new.tombstone')}; end`
      ]
    })
  ]
}
