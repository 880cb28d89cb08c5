import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { AuditValues } from '../provisioning/audit-values.ts'
import type { Directory } from '../provisioning/ports.ts'
import { claimDatabaseFile, resolveDatabasePath } from './database-file.ts'
import type { Connection } from './dialect.ts'
import { openFileEngine, openMemoryEngine } from './engine.ts'
import type { Engine } from './engine.ts'
import { BackupError, DirectoryOpenError } from './errors.ts'
import { migrate } from './migrations/migrate.ts'
import { acquireProcessLock } from './process-lock.ts'
import { createSqliteDirectory } from './sqlite-directory.ts'
import { isSqliteError, sqliteCorrupt, sqliteNotADatabase } from './sqlite-error.ts'

/** Whose directory a database is. */
interface DirectoryIdentity {
  /** The host of Box's API, e.g. `api.box.com`. */
  readonly boxHost: string
  readonly enterpriseId: string
  /** True for a directory of a dry run, which holds what Box never got; default false. */
  readonly dryRun?: boolean
}

/** Where the directory is and whose it has to be. */
export interface OpenDirectoryOptions {
  /** `file:PATH`, or `file::memory:` for a directory that is gone when it is closed. */
  readonly url: string
  readonly identity: DirectoryIdentity
  readonly clock: Clock
  readonly log: Logger
  /** Which values the audit keeps; default `ids`. */
  readonly auditValues?: AuditValues
}

/** A directory that is gone when it is closed. */
export const memoryUrl = 'file::memory:'

const fileScheme = 'file:'

/** A database that is open, and not yet known to be usable. */
interface Opened {
  readonly engine: Engine
  /** What messages call it. */
  readonly name: string
  /** Called when the directory is closed. */
  readonly release: () => void
}

/**
 * Opens the directory, creating it where there is none and bringing it to the current form. A file
 * is open to one server process at a time.
 *
 * @throws DirectoryOpenError Where it is not safe to go on; its message says what to do.
 */
export async function openDirectory(options: OpenDirectoryOptions): Promise<Directory> {
  if (options.url === memoryUrl) {
    const opened = { engine: openMemoryEngine(), name: 'The database', release: () => {} }
    return setUp(opened, options)
  }
  const path = pathOf(options.url)
  try {
    return await openFile(path, options)
  } catch (error) {
    throw explain(error, path)
  }
}

/** The path in a `file:` URL. The URL itself is not repeated: one of another kind may hold a password. */
export function pathOf(url: string): string {
  const path = url.startsWith(fileScheme) ? url.slice(fileScheme.length) : ''
  if (path !== '' && !path.startsWith(':')) return path
  throw new DirectoryOpenError(
    'directory_url',
    `DATABASE_URL must be ${fileScheme}PATH or ${memoryUrl}.`
  )
}

async function openFile(path: string, options: OpenDirectoryOptions): Promise<Directory> {
  const truePath = resolveDatabasePath(path)
  const release = acquireProcessLock(truePath)
  try {
    claimDatabaseFile(truePath, options.log)
    const name = `The database ${truePath}`
    return await setUp({ engine: openFileEngine(truePath), name, release }, options)
  } catch (error) {
    release()
    throw error
  }
}

/** Checks and migrates a database that is open, makes sure whose it is, and makes a directory of it. */
export async function setUp(
  opened: Opened,
  options: Omit<OpenDirectoryOptions, 'url'>
): Promise<Directory> {
  const { engine, name } = opened
  try {
    checkIntegrity(engine.writer, name)
    for (const connection of engine.databases) {
      const applied = await migrate(connection, { clock: options.clock, name })
      if (applied.length > 0) options.log.info({ applied }, 'the database was migrated')
    }
    claimIdentity(engine, name, options.identity)
    return createSqliteDirectory(engine, {
      auditValues: options.auditValues,
      released: opened.release
    })
  } catch (error) {
    engine.abandon()
    throw error
  }
}

function checkIntegrity({ sqlite }: Connection, name: string): void {
  const [finding] = sqlite.prepare('pragma quick_check(1)').all()
  const verdict = finding?.['quick_check']
  if (verdict !== 'ok') throw corrupt(name, verdict)
  // The check has read everything: what it left in the cache is not what will be asked for.
  sqlite.exec('pragma shrink_memory')
}

/** The first to open a database makes it theirs. */
function claimIdentity(engine: Engine, name: string, identity: DirectoryIdentity): void {
  const { db } = engine.writer
  const { boxHost, enterpriseId, dryRun = false } = identity
  const [owner] = engine.writer.run(db.selectFrom('identity').selectAll().compile())
  if (owner === undefined) {
    const row = { only: 1, box_host: boxHost, enterprise_id: enterpriseId, dry_run: Number(dryRun) }
    engine.writer.run(db.insertInto('identity').values(row).compile())
    return
  }
  assertMode(owner.dry_run === 1, dryRun, name)
  if (owner.box_host === boxHost && owner.enterprise_id === enterpriseId) return
  throw new DirectoryOpenError(
    'directory_identity',
    `${name} belongs to Box enterprise ${owner.enterprise_id} at ${owner.box_host}, ` +
      `but the bridge is configured for ${enterpriseId} at ${boxHost}. ` +
      'Correct the Box configuration, or give this enterprise a DATABASE_URL of its own.'
  )
}

/** What a dry run keeps never happened in Box, and must not be taken for what did. */
function assertMode(isDryRun: boolean, wanted: boolean, name: string): void {
  if (isDryRun === wanted) return
  throw new DirectoryOpenError(
    'directory_dry_run',
    isDryRun
      ? `${name} belongs to a dry run, whose changes never reached Box. ` +
          'Give the bridge a DATABASE_URL of its own, or set DRY_RUN=true to go on with the dry run.'
      : `${name} belongs to a bridge that changes Box, and DRY_RUN is set. ` +
          'Give the dry run a DATABASE_URL of its own, or unset DRY_RUN.'
  )
}

/** Turns what went wrong with the database at `path` into an error that says what to do. */
export function explain(error: unknown, path: string): unknown {
  if (error instanceof DirectoryOpenError || error instanceof BackupError) return error
  if (isSqliteError(error, [sqliteCorrupt, sqliteNotADatabase])) {
    return corrupt(`The database ${path}`, error)
  }
  const reason = error instanceof Error ? error.message : String(error)
  return new DirectoryOpenError(
    'directory_inaccessible',
    `The database ${path} cannot be opened: ${reason}. ` +
      'Check that the folder exists, has space, and can be written by the user who runs the bridge.',
    error
  )
}

function corrupt(name: string, cause: unknown): DirectoryOpenError {
  return new DirectoryOpenError(
    'directory_corrupt',
    `${name} is damaged. Restore it from a backup; without one, move it away together with its ` +
      '-wal and -shm files: the bridge then imports the enterprise from Box again, but what only ' +
      'the directory knew (deletions, audit, attributes that Box cannot hold) is lost.',
    cause
  )
}
