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
 * Runs `work` on a directory that a server may have open meanwhile, and closes it. Transactions wait
 * for the server's, some seconds at most. Where there is no database yet, it is made, and belongs to
 * the first enterprise that a server opens it for.
 *
 * @throws DirectoryOpenError Where it cannot be used; its message says what to do.
 */
export async function useDirectory<Result>(
  url: string,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
  work: (directory: Directory) => Promise<Result>
): Promise<Result> {
  if (url === memoryUrl) {
    throw new DirectoryOpenError(
      'directory_url',
      `DATABASE_URL is ${memoryUrl}: such a directory can be reached by its own process only.`
    )
  }
  const path = pathOf(url)
  try {
    if (!existsSync(path)) await make(path, { clock, log })
    const truePath = findDatabaseFile(path)
    const engine = openFileEngine(truePath)
    try {
      assertCurrentForm(engine.writer, `The database ${truePath}`)
    } catch (error) {
      engine.abandon()
      throw error
    }
    // The server's reads must not have to make way for a checkpoint.
    const directory = createSqliteDirectory({ ...engine, close: () => engine.abandon() }, () => {})
    try {
      return await work(directory)
    } finally {
      await directory.close()
    }
  } catch (error) {
    throw error instanceof Error && isStoreError(error) ? explain(error, path) : error
  }
}

async function make(
  path: string,
  { clock, log }: { readonly clock: Clock; readonly log: Logger }
): Promise<void> {
  const truePath = resolveDatabasePath(path)
  const release = acquireProcessLock(truePath)
  try {
    claimDatabaseFile(truePath, log)
    const engine = openFileEngine(truePath)
    try {
      await migrate(engine.writer, { clock, name: `The database ${truePath}` })
    } finally {
      engine.close()
    }
  } finally {
    release()
  }
}

/** SQLite's and the file system's own errors have codes; those of the work itself pass as they are. */
function isStoreError(error: Error): boolean {
  return 'code' in error && typeof error.code === 'string' && !(error instanceof DirectoryOpenError)
}
