import type { Clock } from '../../lib/clock.ts'
import { credentialsNeeded, notAccepted, tooManyFailures } from './access-error.ts'
import type { Authenticate, Caller } from './caller.ts'
import { parseCredentials } from './credentials.ts'
import type { Credentials } from './credentials.ts'
import { createFailureLimit } from './failure-limit.ts'

/** One way of knowing callers: undefined for whom it does not know. */
export type Check = (
  credentials: Credentials,
  address: string
) => Caller | undefined | Promise<Caller | undefined>

/**
 * Joins the ways in: the first that knows the caller lets them in. What was wrong is never said, and
 * sources that keep failing are told to wait.
 */
export function createAuthenticate(checks: readonly Check[], clock: Clock): Authenticate {
  const limit = createFailureLimit(clock)

  return ({ authorization, address }) => {
    if (authorization === undefined) throw credentialsNeeded()
    const credentials = parseCredentials(authorization)
    if (credentials === undefined) throw refuse(address)
    return askFrom(0, credentials, address)
  }

  /** Goes on at once where a check answers at once. */
  function askFrom(
    index: number,
    credentials: Credentials,
    address: string
  ): Caller | Promise<Caller> {
    const check = checks[index]
    if (check === undefined) throw refuse(address)
    const found = check(credentials, address)
    if (found instanceof Promise)
      return orAsk(found, () => askFrom(index + 1, credentials, address))
    return found ?? askFrom(index + 1, credentials, address)
  }

  function refuse(address: string): Error {
    const wait = limit.failed(address)
    return wait === undefined ? notAccepted() : tooManyFailures(wait)
  }
}

async function orAsk(
  found: Promise<Caller | undefined>,
  others: () => Caller | Promise<Caller>
): Promise<Caller> {
  return (await found) ?? others()
}
