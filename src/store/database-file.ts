import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  realpathSync,
  statSync
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Logger } from '../lib/logger.ts'
import { DirectoryOpenError } from './errors.ts'

/** Marks a SQLite file as a directory of this bridge: "BxSC" in ASCII. */
export const applicationId = 0x42785343

const magic = 'SQLite format 3\0'

/** Where the application id stands in a SQLite file (https://sqlite.org/fileformat.html §1.3). */
const applicationIdOffset = 68

/** Creates the folder, readable by the owner alone, and returns the file's one true path. */
export function resolveDatabasePath(path: string): string {
  if (existsSync(path)) return realpathSync(path)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  return join(realpathSync(dirname(path)), basename(path))
}

/**
 * Makes sure that the file is there, is a directory's and is the owner's alone. To be called with
 * the process lock held.
 *
 * @throws DirectoryOpenError `directory_foreign` for any other file, which stays untouched.
 */
export function claimDatabaseFile(path: string, log: Logger): void {
  // Creates the file where there is none.
  const header = readHeader(path, 'a+')
  if (header.length > 0 && !isDirectory(header)) throw foreign(path)
  restrictAccess(path, log)
  if (header.length === 0) markAsDirectory(path)
}

/**
 * The one true path of a directory's file that is there already; nothing is created or changed. Not
 * for a process that has the database open: it would lose its locks.
 *
 * @throws DirectoryOpenError `directory_missing`, or `directory_foreign` for any other file.
 */
export function findDatabaseFile(path: string): string {
  if (!existsSync(path)) {
    throw new DirectoryOpenError(
      'directory_missing',
      `There is no database at ${resolve(path)}. ` +
        'Set DATABASE_URL, or CONFIG_FILE, to what the bridge runs with.'
    )
  }
  const truePath = realpathSync(path)
  if (!isDirectory(readHeader(truePath, 'r'))) throw foreign(truePath)
  return truePath
}

function foreign(path: string): DirectoryOpenError {
  return new DirectoryOpenError(
    'directory_foreign',
    `${path} is not a database of this bridge. ` +
      'Point DATABASE_URL to another path, or move the file away if it is not needed.'
  )
}

function readHeader(path: string, flags: 'a+' | 'r'): Buffer {
  const file = openSync(path, flags, 0o600)
  try {
    const header = Buffer.alloc(100)
    return header.subarray(0, readSync(file, header, 0, header.length, 0))
  } finally {
    closeSync(file)
  }
}

function isDirectory(header: Buffer): boolean {
  return (
    header.length === 100 &&
    header.toString('latin1', 0, magic.length) === magic &&
    header.readUInt32BE(applicationIdOffset) === applicationId
  )
}

function restrictAccess(path: string, log: Logger): void {
  if (process.platform === 'win32' || (statSync(path).mode & 0o077) === 0) return
  chmodSync(path, 0o600)
  log.warn(
    { path },
    'the database could be read by others: its access is now restricted to its owner'
  )
}

/** Done before WAL mode is on, so that the mark is in the file itself from the first moment. */
function markAsDirectory(path: string): void {
  const sqlite = new DatabaseSync(path)
  try {
    // A pragma takes no parameters; the number is this module's own.
    sqlite.exec(`pragma application_id = ${applicationId}`)
  } finally {
    sqlite.close()
  }
}
