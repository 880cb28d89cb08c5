/** Why a database was not opened; docs/errors.md says what to do about each. */
export const directoryOpenErrorCodes = [
  /** The URL names no database this build can open. */
  'directory_url',
  /** The folder or file cannot be created, read or written. */
  'directory_inaccessible',
  /** Another process has the database open. */
  'directory_in_use',
  /** A command, which creates nothing, found no file. */
  'directory_missing',
  /** The file is something else than a directory of this bridge. */
  'directory_foreign',
  /** The file is damaged. */
  'directory_corrupt',
  /** A newer version of the bridge wrote the database. */
  'directory_newer',
  /** An older version of the bridge wrote the database, and only the server migrates. */
  'directory_older',
  /** The database belongs to another Box enterprise or Box host. */
  'directory_identity'
] as const

/** One of {@link directoryOpenErrorCodes}; see {@link DirectoryOpenError}. */
export type DirectoryOpenErrorCode = (typeof directoryOpenErrorCodes)[number]

/** The database was not opened and not changed; the message says why and what to do about it. */
export class DirectoryOpenError extends Error {
  override readonly name = 'DirectoryOpenError'
  readonly code: DirectoryOpenErrorCode

  constructor(code: DirectoryOpenErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

/** No backup was made, and no file is left of the attempt; the message says why. */
export class BackupError extends Error {
  override readonly name = 'BackupError'
}
