/** What one check has found. */
export interface Finding {
  /** What was looked at, e.g. `box token`. */
  readonly check: CheckName
  readonly state: 'ok' | 'warn' | 'fail'
  /** What was found, in a sentence. */
  readonly found: string
  /** What to do about it; null where nothing is to be done. */
  readonly advice: string | null
}

/** Every check, in the order in which they are made. */
export const checkNames = [
  'configuration',
  'database',
  'database writable',
  'database storage',
  'box token',
  'clock',
  'users',
  'groups',
  'enterprise access',
  'events',
  'content',
  'event stream',
  'rate budget',
  'month',
  'PUBLIC_URL',
  'access tokens'
] as const

/** The name of a check. */
export type CheckName = (typeof checkNames)[number]

/** All is well. */
export function ok(check: CheckName, found: string): Finding {
  return { check, state: 'ok', found, advice: null }
}

/** It works, and somebody should look at it. */
export function warn(check: CheckName, found: string, advice: string): Finding {
  return { check, state: 'warn', found, advice }
}

/** It does not work. */
export function fail(check: CheckName, found: string, advice: string): Finding {
  return { check, state: 'fail', found, advice }
}
