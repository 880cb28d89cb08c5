import type { Clock, Milliseconds } from '../lib/clock.ts'
import type { JsonValue } from '../lib/json.ts'
import type { Logger } from '../lib/logger.ts'
import type { Random } from '../lib/random.ts'
import { createBoxTime } from './box-time.ts'
import { createTokenRequest } from './credentials.ts'
import type { BoxCredentials } from './credentials.ts'
import { failure, judgeToken, unavailable } from './errors.ts'
import type { ThroughSdk } from './sdk.ts'
import { TransportFailure } from './transport.ts'
import type { HttpAnswer, HttpRequest, Transport } from './transport.ts'

/** What asking for a token takes. */
interface TokenSourceParts {
  readonly credentials: BoxCredentials
  readonly throughSdk: ThroughSdk
  readonly transport: Transport
  readonly requestTimeoutMs: Milliseconds
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/**
 * Asks Box for an access token: resolves with the endpoint's answer, or rejects with
 * `BoxUnavailableError`. Where Box refuses an assertion and its clock differs from this machine's,
 * it is asked once more by its own clock.
 *
 * @throws Error when a JWT configuration cannot be used.
 */
export function createTokenSource(parts: TokenSourceParts): () => Promise<JsonValue | undefined> {
  const { clock, log } = parts
  const time = createBoxTime(clock)
  const { random } = parts
  const request = createTokenRequest(parts.credentials, { time, random })

  async function send(asked: HttpRequest): Promise<HttpAnswer> {
    try {
      return await parts.transport.send(asked, parts.requestTimeoutMs)
    } catch (error) {
      if (!(error instanceof TransportFailure)) throw error
      throw unavailable(failure('unavailable', error.message))
    }
  }

  async function ask(mayCorrect: boolean): Promise<JsonValue | undefined> {
    const answer = await parts.throughSdk(send, request)
    log.debug({ status: answer.status }, 'The Box token endpoint answered')
    const trouble = judgeToken(answer, clock.now())
    if (trouble === undefined) return answer.body
    if (trouble.trouble !== 'credentials' || !mayCorrect || !time.correct(answer)) {
      throw unavailable(trouble)
    }
    log.warn({ aheadMs: time.now() - clock.now() }, "Box's clock and this machine's differ")
    return ask(false)
  }

  return () => ask(parts.credentials.kind === 'jwt')
}
