import type { EmulatorContext } from './context.ts'
import type { UserRecord } from './records.ts'

/** A request for a change that cannot be made: something is unknown, or taken. */
export class AdminError extends Error {
  override readonly name = 'AdminError'
  /** HTTP status on the control surface. */
  readonly status: 404 | 409

  constructor(status: 404 | 409, message: string) {
    super(message)
    this.status = status
  }
}

/** Throws an `AdminError` where an address belongs to any account but `own`. */
export function assertFreeAddress(
  { enterprise }: Pick<EmulatorContext, 'enterprise'>,
  address: string,
  own: UserRecord | undefined
): void {
  const owner = enterprise.users.byLogin(address)
  const isTaken =
    (owner !== undefined && owner.id !== own?.id) ||
    enterprise.users.byAlias(address) !== undefined ||
    enterprise.foreignByLogin(address) !== undefined
  if (isTaken) throw new AdminError(409, `${address} is some account's address already`)
}
