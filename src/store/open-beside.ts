import type { Directory } from '../provisioning/ports.ts'
import { findDatabaseFile } from './database-file.ts'
import { openFileEngine } from './engine.ts'
import { DirectoryOpenError } from './errors.ts'
import { assertCurrentForm } from './migrations/migrate.ts'
import { explain, memoryUrl, pathOf } from './open.ts'
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
      assertCurrentForm(engine.writer, `The database ${truePath}`)
    } catch (error) {
      engine.abandon()
      throw error
    }
    // What is in the write-ahead log stays there: the server may be reading it.
    return createSqliteDirectory({ ...engine, close: () => engine.abandon() }, () => {})
  } catch (error) {
    throw explain(error, path)
  }
}
