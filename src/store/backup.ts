import { closeSync, fsyncSync, openSync, rmSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { applicationId } from './database-file.ts'
import { openConnection } from './dialect.ts'
import type { Connection } from './dialect.ts'
import { BackupError } from './errors.ts'
import { appliedMigrations } from './migrations/migrate.ts'
import { readDatabase } from './read-database.ts'
import { isSqliteError, sqliteCorrupt } from './sqlite-error.ts'

/** A backup that was made and checked. */
export interface DirectoryBackup {
  /** The path of the database that was copied. */
  readonly database: string
  /** The path of the copy: one file, complete in itself. */
  readonly file: string
  readonly bytes: number
}

/**
 * Copies a directory into a new file that only its owner can read: the state of one moment, what the
 * write-ahead log holds included, however busy a server is meanwhile. A database of any version is
 * copied as it is, so that an upgrade can be undone.
 *
 * @throws DirectoryOpenError Where the database cannot be read.
 * @throws BackupError Where the file exists, cannot be written, or is not what it should be.
 */
export async function backUpDirectory(url: string, file: string): Promise<DirectoryBackup> {
  return readDatabase(url, ({ connection, path }) => {
    const target = resolve(file)
    create(target)
    try {
      copy(connection, target)
      verify(target, appliedMigrations(connection))
      makeDurable(target)
      return { database: path, file: target, bytes: statSync(target).size }
    } catch (error) {
      rmSync(target, { force: true })
      throw error
    }
  })
}

/** Creates the file empty, with its final access, only if there is none. */
function create(target: string): void {
  try {
    closeSync(openSync(target, 'wx', 0o600))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      throw new BackupError(`${target} exists already, and a backup overwrites nothing.`)
    }
    throw new BackupError(`${target} cannot be created: ${reasonOf(error)}.`, { cause: error })
  }
}

/** VACUUM INTO reads in one transaction and writes into an empty file (https://sqlite.org/lang_vacuum.html). */
function copy({ sqlite }: Connection, target: string): void {
  try {
    sqlite.prepare('vacuum into ?').run(target)
  } catch (error) {
    if (isSqliteError(error, [sqliteCorrupt])) throw error
    throw new BackupError(
      `The backup ${target} cannot be written: ${reasonOf(error)}. ` +
        'Check that there is space for as much as the database takes.',
      { cause: error }
    )
  }
}

function verify(target: string, form: number): void {
  const copied = openConnection(target, { readOnly: true })
  try {
    const check = copied.sqlite.prepare('pragma quick_check(1)').get()
    const mark = copied.sqlite.prepare('pragma application_id').get()
    const isSound =
      check?.['quick_check'] === 'ok' &&
      mark?.['application_id'] === applicationId &&
      appliedMigrations(copied) === form
    if (!isSound) throw new Error('it differs from what was written')
  } catch (error) {
    throw new BackupError(`The backup ${target} does not stand the check: ${reasonOf(error)}.`, {
      cause: error
    })
  } finally {
    copied.sqlite.close()
  }
}

/** VACUUM INTO leaves it to the system when its file reaches the disk. */
function makeDurable(target: string): void {
  const isWindows = process.platform === 'win32'
  // Windows flushes only what is open for writing, and no folders.
  for (const [path, flags] of [[target, 'r+'] as const, [dirname(target), 'r'] as const]) {
    if (isWindows && flags === 'r') continue
    const handle = openSync(path, flags)
    try {
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
