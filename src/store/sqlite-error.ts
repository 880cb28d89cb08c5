/** Another connection holds the lock. */
export const sqliteBusy = 5

/** The file's content contradicts itself. */
export const sqliteCorrupt = 11

/** The file is no database at all. */
export const sqliteNotADatabase = 26

/** Tells whether SQLite reported one of these primary result codes (https://sqlite.org/rescode.html). */
export function isSqliteError(error: unknown, codes: readonly number[]): boolean {
  if (!(error instanceof Error) || !('errcode' in error)) return false
  return typeof error.errcode === 'number' && codes.includes(error.errcode & 0xff)
}
