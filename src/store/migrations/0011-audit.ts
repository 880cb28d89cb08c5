import { sql } from 'kysely'
import type { Migration } from './migration.ts'

/**
 * The audit knows what was asked, and is only appended to. Entries older than a time can be deleted, and
 * a person's data be taken out of one, only where a permit for just that stands in the same transaction:
 * no statement that does not mean it, of this program or of another, changes what was written.
 *
 * `bound`: for `prune` the time before which entries may go, for `erase` the id of the entry.
 */
export const audit: Migration = {
  name: '0011-audit',
  statements: [
    sql`alter table audit add column asked text`,
    sql`create table audit_permits (
      work text primary key check (work in ('prune', 'erase')),
      bound integer not null
    ) strict, without rowid`,
    sql`create trigger audit_keeps before delete on audit
      when not exists (
        select 1 from audit_permits where work = 'prune' and bound > old.at
      )
      begin
        select raise(abort, 'the audit is append-only');
      end`,
    // "replace into" deletes without a word to the trigger above.
    sql`create trigger audit_grows before insert on audit
      when exists (select 1 from audit where id = new.id)
      begin
        select raise(abort, 'the audit is append-only');
      end`,
    sql`create trigger audit_stays before update on audit
      when not exists (select 1 from audit_permits where work = 'erase' and bound = old.id)
      or (new.id, new.at, new.correlation_id, new.actor, new.action, new.calls, new.outcome)
        is not (old.id, old.at, old.correlation_id, old.actor, old.action, old.calls, old.outcome)
      begin
        select raise(abort, 'the audit is append-only');
      end`
  ]
}
