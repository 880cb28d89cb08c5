import { fold } from '../lib/text.ts'
import type { BoxCall, BoxReads } from '../provisioning/box-port.ts'
import { isDryId, type DryWrite, type DryWriteEntry } from '../provisioning/dry-run/writes.ts'
import type { Pretended } from './pretended.ts'

/** What the parts of a dry Box share. */
export interface DryParts {
  readonly reads: BoxReads
  readonly pretended: Pretended
  /** Keeps a write and pretends that it was made; `check` may refuse it at the last moment. */
  readonly write: (write: DryWrite, check?: () => void) => Promise<DryWriteEntry>
}

/** Asks Box unless nobody but the dry run knows the id. */
export function unlessDry<Id extends string, Found>(
  read: (id: Id, call: BoxCall) => Promise<Found | undefined>
): (id: Id, call: BoxCall) => Promise<Found | undefined> {
  return async (id, call) => (isDryId(id) ? undefined : read(id, call))
}

/** Tells whether two logins or names are one to Box. */
export function isSameText(left: string, right: string): boolean {
  return fold(left) === fold(right)
}
