import { sql } from 'kysely'
import type { Migration } from './migration.ts'

/**
 * The directory: people, groups, memberships, journal and audit.
 *
 * Ids are texts, since Box's have up to 20 digits. Memberships have no foreign keys: Box lists
 * members whom the directory does not keep, and lists them before it is asked about the person.
 * The journal's indexes hold open entries only, so that settled ones cost nothing.
 */
export const directory: Migration = {
  name: '0001-directory',
  statements: [
    sql`create table identity (
      only integer primary key check (only = 1),
      box_host text not null,
      enterprise_id text not null
    ) strict`,
    sql`create table state (
      key text primary key,
      value text not null
    ) strict, without rowid`,

    sql`create table users (
      id text primary key,
      linked integer not null,
      tombstone integer not null,
      created_by_bridge integer not null,
      deactivated_by_bridge integer not null,
      login_key text not null,
      user_name_key text,
      external_id text,
      display text not null,
      shadow text not null,
      snapshot text not null,
      text text not null,
      created integer not null,
      last_modified integer not null,
      revision integer not null
    ) strict`,
    sql`create index users_visible on users (created, id) where tombstone = 0`,
    sql`create index users_login on users (login_key)`,
    sql`create index users_user_name on users (user_name_key)`,
    sql`create index users_external_id on users (external_id)`,
    sql`create table user_aliases (
      user_id text not null references users (id),
      position integer not null,
      address text not null,
      address_key text not null,
      primary key (user_id, position)
    ) strict, without rowid`,
    sql`create index user_aliases_address on user_aliases (address_key)`,

    sql`create table groups (
      id text primary key,
      linked integer not null,
      tombstone integer not null,
      created_by_bridge integer not null,
      name_key text not null,
      display_name_key text,
      external_id text,
      display text not null,
      shadow text not null,
      snapshot text not null,
      text text not null,
      created integer not null,
      last_modified integer not null,
      revision integer not null
    ) strict`,
    sql`create index groups_visible on groups (created, id) where tombstone = 0`,
    sql`create index groups_name on groups (name_key)`,
    sql`create index groups_display_name on groups (display_name_key)`,
    sql`create index groups_external_id on groups (external_id)`,

    sql`create table memberships (
      group_id text not null,
      user_id text not null,
      intended integer not null,
      box_id text,
      role text not null,
      primary key (group_id, user_id)
    ) strict, without rowid`,
    sql`create index memberships_user on memberships (user_id, group_id)`,

    sql`create table journal (
      id integer primary key autoincrement,
      correlation_id text not null,
      subject text not null,
      operation text not null,
      state text not null,
      removal integer not null,
      acknowledged integer not null,
      attempts integer not null,
      not_before integer not null,
      decided_at integer not null,
      sent_at integer,
      outcome text
    ) strict`,
    sql`create index journal_open_subject on journal (subject, id)
      where state in ('decided', 'sent', 'unknown')`,
    sql`create index journal_open on journal (removal desc, id, not_before, state)
      where state in ('decided', 'sent', 'unknown')`,

    sql`create table audit (
      id integer primary key autoincrement,
      at integer not null,
      correlation_id text not null,
      actor text not null,
      action text not null,
      target text not null,
      plan text not null,
      calls text not null,
      outcome text not null,
      notes text not null
    ) strict`
  ]
}
