import type { Clock, Milliseconds } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { BoxUnavailableError } from '../provisioning/errors.ts'
import type { BoxCall } from '../provisioning/box-port.ts'

/** Asks Box in the background lane until it answers; rejects with what else happens, and on abort. */
export type AskPersistently = <Result>(
  ask: (call: BoxCall) => Promise<Result>,
  signal: AbortSignal
) => Promise<Result>

/** How long one call may wait for its turn and for Box. */
const callMs: Milliseconds = 120_000

/** Creates {@link AskPersistently}; `waiting` is what the log says while Box does not answer. */
export function createAskPersistently({
  clock,
  log,
  waiting
}: {
  readonly clock: Clock
  readonly log: Logger
  readonly waiting: string
}): AskPersistently {
  return async (ask, signal) => {
    for (;;) {
      signal.throwIfAborted()
      try {
        return await ask({ lane: 'background', deadline: clock.now() + callMs })
      } catch (error) {
        if (!(error instanceof BoxUnavailableError)) throw error
        const { retryAfterSeconds, trouble } = error
        log.error({ trouble, retryAfterSeconds }, waiting)
        await clock.sleep(retryAfterSeconds * 1000, signal)
      }
    }
  }
}
