import { chmodSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { DirectoryOpenError } from './errors.ts'
import { isSqliteError, sqliteBusy } from './sqlite-error.ts'

/**
 * Keeps every other process from opening the same database as a server, until it is released or this
 * process ends in whatever way: the operating system holds the lock, on a file beside the database
 * that is never written to and stays. Commands that only use the database do not take it.
 *
 * @throws DirectoryOpenError `directory_in_use`
 */
export function acquireProcessLock(path: string): () => void {
  const lockPath = `${path}-lock`
  // Opened by SQLite alone: closing any other handle of the file would drop this process's locks.
  const sqlite = new DatabaseSync(lockPath, { timeout: 0 })
  try {
    sqlite.exec('begin exclusive')
  } catch (error) {
    sqlite.close()
    if (!isSqliteError(error, [sqliteBusy])) throw error
    throw new DirectoryOpenError(
      'directory_in_use',
      `The database ${path} is open in another bridge process, which holds ${lockPath}. ` +
        'Stop that process first, or give this one another DATABASE_URL.'
    )
  }
  chmodSync(lockPath, 0o600)
  return () => sqlite.close()
}
