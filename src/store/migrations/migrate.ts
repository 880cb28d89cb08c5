import { sql } from 'kysely'
import type { Clock } from '../../lib/clock.ts'
import type { Connection } from '../dialect.ts'
import { DirectoryOpenError } from '../errors.ts'
import { allMigrations } from './all-migrations.ts'
import type { Migration } from './migration.ts'

/** What a migration run takes besides the connection. */
export interface MigrateOptions {
  readonly clock: Clock
  /** The database's name in messages. */
  readonly name: string
  /** Default: all there are. */
  readonly migrations?: readonly Migration[]
}

/**
 * Brings the database to the form that this code knows, one transaction per migration, and returns
 * the names of those that were run. The number of applied migrations is the database's
 * `user_version`.
 *
 * @throws DirectoryOpenError `directory_newer` where a newer bridge wrote the database.
 */
export async function migrate(
  connection: Connection,
  options: MigrateOptions
): Promise<readonly string[]> {
  const migrations = options.migrations ?? allMigrations
  const applied = appliedMigrations(connection)
  assertNotNewer(applied, migrations.length, options.name)
  const pending = migrations.slice(applied)
  for (const [index, migration] of pending.entries()) {
    await run(connection, migration, {
      number: applied + index + 1,
      name: migration.name,
      applied_at: options.clock.now()
    })
  }
  return pending.map((migration) => migration.name)
}

/**
 * Makes sure that the database has the form that this code knows, without changing it.
 *
 * @throws DirectoryOpenError `directory_newer` or `directory_older`.
 */
export function assertCurrentForm(connection: Connection, name: string): void {
  const applied = appliedMigrations(connection)
  const known = allMigrations.length
  assertNotNewer(applied, known, name)
  if (applied === known) return
  throw new DirectoryOpenError(
    'directory_older',
    `${name} was written by an older version of the bridge (form ${applied}, this version knows ${known}). ` +
      'Start this version of the bridge once, which migrates it, or use the command of that version.'
  )
}

function assertNotNewer(applied: number, known: number, name: string): void {
  if (applied <= known) return
  throw new DirectoryOpenError(
    'directory_newer',
    `${name} was written by a newer version of the bridge (form ${applied}, this version knows ${known}). ` +
      'Start that version or a later one, or restore a backup made by this version.'
  )
}

async function run(
  { sqlite, db }: Connection,
  migration: Migration,
  record: { number: number; name: string; applied_at: number }
): Promise<void> {
  sqlite.exec('begin immediate')
  try {
    await createRecords(db)
    for (const statement of migration.statements) await statement.execute(db)
    await db.insertInto('migrations').values(record).execute()
    // A pragma takes no parameters; the number is this module's own.
    sqlite.exec(`pragma user_version = ${record.number}`)
    sqlite.exec('commit')
  } catch (error) {
    if (sqlite.isTransaction) sqlite.exec('rollback')
    throw error
  }
}

function createRecords(db: Connection['db']): Promise<unknown> {
  return sql`create table if not exists migrations (
    number integer primary key,
    name text not null,
    applied_at integer not null
  ) strict`.execute(db)
}

/** The number of migrations that were run on the database. */
export function appliedMigrations({ sqlite }: Connection): number {
  return Number(sqlite.prepare('pragma user_version').get()?.['user_version'] ?? 0)
}
