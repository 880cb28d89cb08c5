import type { Clock } from '../../lib/clock.ts'
import {
  credentialsNeeded,
  passwordNotAccepted,
  tokenNotAccepted,
  tooManyFailures
} from './access-error.ts'
import type { AccessError } from './access-error.ts'
import type { Authenticate, Caller } from './caller.ts'
import { challengesFor } from './challenges.ts'
import { bringsBearerToken, parseCredentials } from './credentials.ts'
import type { Credentials } from './credentials.ts'
import { createFailureLimit } from './failure-limit.ts'
import { createHoldBack } from './hold-back.ts'

/** One way of knowing callers: undefined for whom it does not know. */
export type Check = (
  credentials: Credentials,
  address: string
) => Caller | undefined | Promise<Caller | undefined>

/** What telling callers apart goes by, and whom it tells. */
export interface AuthenticateOptions {
  readonly clock: Clock
  /** Whether HTTP Basic is among the checks; default false. */
  readonly basic?: boolean
  /** A source was told to wait. */
  readonly onTurnedAway?: () => void
}

/**
 * Joins the ways in: the first that knows the caller lets them in. What was wrong is never said, and
 * sources that keep failing are told to wait, in answers that take their time.
 */
export function createAuthenticate(
  checks: readonly Check[],
  { clock, basic = false, onTurnedAway = () => undefined }: AuthenticateOptions
): Authenticate {
  const limit = createFailureLimit(clock)
  const holdBack = createHoldBack(clock)
  const challenges = challengesFor({ basic })

  return ({ authorization, address }) => {
    if (authorization === undefined) throw credentialsNeeded(challenges.nothingSent)
    const credentials = parseCredentials(authorization)
    if (credentials !== undefined) return askFrom(0, credentials, address)
    return refuse(
      address,
      bringsBearerToken(authorization)
        ? tokenNotAccepted(challenges.invalidToken)
        : credentialsNeeded(challenges.nothingSent)
    )
  }

  /** Goes on at once where a check answers at once. */
  function askFrom(
    index: number,
    credentials: Credentials,
    address: string
  ): Caller | Promise<Caller> {
    const check = checks[index]
    if (check === undefined) return refuse(address, errorFor(credentials))
    const found = check(credentials, address)
    if (found instanceof Promise)
      return orAsk(found, () => askFrom(index + 1, credentials, address))
    return found ?? askFrom(index + 1, credentials, address)
  }

  function errorFor({ name }: Credentials): AccessError {
    if (name === undefined) return tokenNotAccepted(challenges.invalidToken)
    return basic
      ? passwordNotAccepted(challenges.nothingSent)
      : credentialsNeeded(challenges.nothingSent)
  }

  function refuse(address: string, error: AccessError): Promise<never> {
    const wait = limit.failed(address)
    if (wait === undefined) throw error
    onTurnedAway()
    return holdBack(tooManyFailures(wait))
  }
}

async function orAsk(
  found: Promise<Caller | undefined>,
  others: () => Caller | Promise<Caller>
): Promise<Caller> {
  return (await found) ?? others()
}
