import type { Clock, Milliseconds } from '../lib/clock.ts'
import { runConcurrently } from '../lib/concurrency.ts'
import type { Logger } from '../lib/logger.ts'
import type { Refresh } from '../provisioning/drift/refresh.ts'
import { BoxUnavailableError } from '../provisioning/errors.ts'
import type { NotedHint } from '../provisioning/hints.ts'
import type { Directory } from '../provisioning/ports.ts'
import { reasonOf } from './reason.ts'

/** Reads again in Box what hints say. */
export interface HintWorker {
  /** Works until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>
  /** Has the hints looked at now rather than at the next turn. */
  wake(): void
}

/** How often the hints are looked at when nobody calls. */
const turnMs: Milliseconds = 2_000

/** How long one hint may wait for its turn and for Box. */
const hintMs: Milliseconds = 120_000

/** How long a hint rests after a failure that is not Box's trouble. */
const restMs: Milliseconds = 10 * 60_000

/** How many hints are read at a time, and how many of them are worked at a time. */
const batch = 100
const concurrency = 4

/** Creates the hint worker. */
export function createHintWorker(dependencies: {
  readonly directory: Directory
  readonly refresh: Refresh
  readonly clock: Clock
  readonly log: Logger
}): HintWorker {
  const { directory, refresh, clock, log } = dependencies
  let alarm = new AbortController()

  return {
    async run(signal) {
      signal.addEventListener('abort', () => alarm.abort(), { once: true })
      while (!signal.aborted) {
        const wait = await turn(signal).catch((error: unknown) => {
          if (!signal.aborted)
            log.error({ err: error }, 'the hints could not be worked: trying again')
          return turnMs
        })
        if (signal.aborted) return
        if (wait > 0) await rest(wait, signal)
      }
    },

    wake() {
      alarm.abort()
    }
  }

  /** Trouble with Box is waited out: being called is no reason to ask again before. */
  async function rest(wait: Milliseconds, signal: AbortSignal): Promise<void> {
    const isTrouble = wait > turnMs
    await clock.sleep(wait, isTrouble ? signal : alarm.signal).catch(() => undefined)
    if (!signal.aborted) alarm = new AbortController()
  }

  /** Works what is due and resolves to how long to rest. */
  async function turn(signal: AbortSignal): Promise<Milliseconds> {
    const due = await directory.hints.due(clock.now(), batch)
    let trouble: BoxUnavailableError | undefined
    await runConcurrently(due, concurrency, async (noted) => {
      if (signal.aborted || trouble !== undefined) return
      try {
        await refresh(noted, clock.now() + hintMs)
      } catch (error) {
        if (error instanceof BoxUnavailableError) trouble = error
        else await postpone(noted, error)
      }
    })
    if (trouble === undefined) return due.length === batch ? 0 : turnMs
    const { trouble: reason, retryAfterSeconds } = trouble
    log.info({ reason, retryAfterSeconds }, 'what changed in Box waits to be read')
    return Math.max(turnMs + 1, retryAfterSeconds * 1000)
  }

  async function postpone(noted: NotedHint, error: unknown): Promise<void> {
    // Ids only: Box's messages may name people.
    log.error({ hint: noted.hint, reason: reasonOf(error) }, 'what changed in Box cannot be read')
    await directory.transaction((tx) => tx.postponeHint(noted, clock.now() + restMs))
  }
}
