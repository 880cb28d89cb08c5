import { existsSync } from 'node:fs'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Directory } from '../provisioning/ports.ts'
import { claimDatabaseFile, findDatabaseFile, resolveDatabasePath } from './database-file.ts'
import { openFileEngine } from './engine.ts'
import { DirectoryOpenError } from './errors.ts'
import { assertCurrentForm, migrate } from './migrations/migrate.ts'
import { explain, memoryUrl, pathOf } from './open.ts'
import { acquireProcessLock } from './process-lock.ts'
import { createSqliteDirectory } from './sqlite-directory.ts'

/**
 * Opens a directory for a command that changes it, also while a server runs on it: without the process
 * lock, without migrating it and whoever's directory it is. SQLite lets one write at a time; keep
 * transactions short, the server waits for them.
 *
 * @throws DirectoryOpenError Where the database cannot be used; its message says what to do.
 */
export async function openDirectoryBeside(url: string): Promise<Directory> {
  if (url === memoryUrl) {
    throw new DirectoryOpenError(
      'directory_url',
      `DATABASE_URL is ${memoryUrl}: such a directory can be reached by its own process only.`
    )
  }
  const path = pathOf(url)
  try {
    const truePath = findDatabaseFile(path)
    const engine = openFileEngine(truePath)
    try {
      // What a command takes out of the database is not to be found in its free pages.
      engine.writer.sqlite.exec('pragma secure_delete = on')
      assertCurrentForm(engine.writer, `The database ${truePath}`)
    } catch (error) {
      engine.abandon()
      throw error
    }
    // What is in the write-ahead log stays there: the server may be reading it.
    return createSqliteDirectory(
      { ...engine, close: () => engine.abandon() },
      { released: () => {} }
    )
  } catch (error) {
    throw explain(error, path)
  }
}

/**
 * Makes the directory where there is none, for what has to be kept before the first start of a server.
 * It belongs to the first enterprise that a server opens it for.
 *
 * @throws DirectoryOpenError Where it cannot be made; its message says what to do.
 */
export async function createDirectoryIfMissing(
  url: string,
  { clock, log }: { readonly clock: Clock; readonly log: Logger }
): Promise<void> {
  if (url === memoryUrl || existsSync(pathOf(url))) return
  const path = resolveDatabasePath(pathOf(url))
  try {
    const release = acquireProcessLock(path)
    try {
      claimDatabaseFile(path, log)
      const engine = openFileEngine(path)
      try {
        await migrate(engine.writer, { clock, name: `The database ${path}` })
      } finally {
        engine.close()
      }
    } finally {
      release()
    }
  } catch (error) {
    throw explain(error, path)
  }
}
