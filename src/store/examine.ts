import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { EpochMs } from '../lib/clock.ts'
import { openConnection } from './dialect.ts'
import type { Connection } from './dialect.ts'
import { DirectoryOpenError } from './errors.ts'
import { allMigrations } from './migrations/all-migrations.ts'
import { appliedMigrations } from './migrations/migrate.ts'
import { explain, memoryUrl, pathOf } from './open.ts'
import { readDatabase } from './read-database.ts'
import { volatileStorage } from './volatile-storage.ts'
import type { VolatileStorage } from './volatile-storage.ts'

/** How a database is, found out without changing it and whether or not a server runs on it. */
export interface DatabaseExamination {
  /** The path of the file, absolute; or what is wrong with the URL. */
  readonly path: string
  /** `memory`: it is gone with its process; `missing`: the first start of a server makes it. */
  readonly kind: 'file' | 'memory' | 'missing'
  /** Why it cannot be read or is damaged, with what to do; undefined where all is well. */
  readonly problem: string | undefined
  /** Why nothing can be written, with what to do. */
  readonly writeProblem: string | undefined
  readonly volatile: VolatileStorage | undefined
  /** How many migrations were run, and how many this version knows. */
  readonly form: { readonly applied: number; readonly known: number } | undefined
  /** Whose directory it is; undefined where no server has run on it yet. */
  readonly owner: DatabaseOwner | undefined
  /** The access tokens that were not revoked; undefined where they could not be read. */
  readonly tokens: readonly ExaminedToken[] | undefined
}

/** Whose directory a database is. */
interface DatabaseOwner {
  readonly boxHost: string
  readonly enterpriseId: string
  /** True for a directory of a dry run. */
  readonly dryRun: boolean
}

/** An access token and its end. */
export interface ExaminedToken {
  readonly name: string
  /** Null where it has none. */
  readonly expiresAt: EpochMs | null
}

const nothing = {
  problem: undefined,
  writeProblem: undefined,
  volatile: undefined,
  form: undefined,
  owner: undefined,
  tokens: undefined
} as const

/** Examines the database at `url`; what is wrong with it is part of the answer. */
export async function examineDatabase(url: string): Promise<DatabaseExamination> {
  if (url === memoryUrl) return { ...nothing, path: 'memory', kind: 'memory' }
  const path = resolve(pathOf(url))
  if (!existsSync(path)) {
    const writeProblem = attempt(path, () => tryFolder(existingFolder(dirname(path))))
    return { ...nothing, path, kind: 'missing', writeProblem }
  }
  const known = allMigrations.length
  const read = await readDatabase(url, ({ connection }) => {
    const [finding] = connection.sqlite.prepare('pragma quick_check(1)').all()
    const isSound = finding?.['quick_check'] === 'ok'
    const applied = appliedMigrations(connection)
    const form = { applied, known }
    const isReadable = isSound && applied === known
    return { form, isSound, ...(isReadable ? contentOf(connection) : {}) }
  }).catch((error: unknown) => ({ problem: messageOf(error) }))
  const problem = 'problem' in read ? read.problem : read.isSound ? undefined : damaged(path)
  return {
    path,
    kind: 'file',
    problem,
    writeProblem: attempt(path, () => tryWriting(path)),
    volatile: volatileStorage(url),
    form: 'form' in read ? read.form : undefined,
    owner: 'owner' in read ? read.owner : undefined,
    tokens: 'tokens' in read ? read.tokens : undefined
  }
}

function contentOf(connection: Connection): Pick<DatabaseExamination, 'owner' | 'tokens'> {
  const { db } = connection
  const [row] = connection.run(db.selectFrom('identity').selectAll().compile())
  const owner =
    row === undefined
      ? undefined
      : {
          boxHost: row.box_host,
          enterpriseId: row.enterprise_id,
          dryRun: row.dry_run === 1
        }
  const tokens = connection.run(
    db
      .selectFrom('access_tokens')
      .select(['name', 'expires_at as expiresAt'])
      .where('revoked_at', 'is', null)
      .compile()
  )
  return { owner, tokens }
}

function damaged(path: string): string {
  return `The database ${path} is damaged. Restore it from a backup.`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The message of what `work` throws; undefined where it throws nothing. */
function attempt(path: string, work: () => void): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return messageOf(error instanceof DirectoryOpenError ? error : explain(error, path))
  }
}

/** Takes the lock for writing and gives it back: nothing is written into the database. */
function tryWriting(path: string): void {
  accessSync(path, constants.W_OK)
  tryFolder(dirname(path))
  const { sqlite } = openConnection(path, { readOnly: false })
  try {
    sqlite.exec('begin immediate')
    sqlite.exec('rollback')
  } finally {
    sqlite.close()
  }
}

/** SQLite needs files beside the database; only writing one tells whether that works. */
function tryFolder(folder: string): void {
  const file = join(folder, `.box-scim-doctor-${process.pid}`)
  try {
    writeFileSync(file, 'This file can be deleted.\n', { flag: 'wx', mode: 0o600 })
  } finally {
    rmSync(file, { force: true })
  }
}

function existingFolder(folder: string): string {
  return existsSync(folder) || folder === dirname(folder) ? folder : existingFolder(dirname(folder))
}
