import { findDatabaseFile } from './database-file.ts'
import { openConnection } from './dialect.ts'
import type { Connection } from './dialect.ts'
import { DirectoryOpenError } from './errors.ts'
import { explain, memoryUrl, pathOf } from './open.ts'

/** A database that is only read; a server may have it open meanwhile. */
interface DatabaseInUse {
  readonly connection: Connection
  /** The file's one true path. */
  readonly path: string
  /** What messages call it. */
  readonly name: string
}

/**
 * Runs `work` on a directory's database without the process lock, without migrating it and whoever's
 * directory it is, and closes it.
 *
 * @throws DirectoryOpenError Where the database cannot be read; its message says what to do.
 */
export async function readDatabase<Result>(
  url: string,
  work: (database: DatabaseInUse) => Result
): Promise<Result> {
  if (url === memoryUrl) {
    throw new DirectoryOpenError(
      'directory_url',
      `DATABASE_URL is ${memoryUrl}: such a directory can be reached by its own process only.`
    )
  }
  const path = pathOf(url)
  try {
    const truePath = findDatabaseFile(path)
    const connection = openConnection(truePath, { readOnly: true })
    try {
      return work({ connection, path: truePath, name: `The database ${truePath}` })
    } finally {
      connection.sqlite.close()
    }
  } catch (error) {
    throw explain(error, path)
  }
}
