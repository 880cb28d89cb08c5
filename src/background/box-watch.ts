import type { Clock, Milliseconds } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { BoxPort } from '../provisioning/box-port.ts'

/** Finds out at start, and again while Box is in trouble, whether Box can be reached. */
export interface BoxWatch {
  /** Watches until `signal` aborts; `asksFirst` where nothing has called Box yet. */
  run(signal: AbortSignal, asksFirst: boolean): Promise<void>
}

/** How often Box is asked while it is in trouble. */
const periodMs: Milliseconds = 30_000

/**
 * Creates the watch. Reads never call Box, so that without it nobody would know of trouble, or of its
 * end, before the next write. `isWell` says how the last call went.
 */
export function createBoxWatch(dependencies: {
  readonly box: Pick<BoxPort, 'getOwnAccount'>
  readonly isWell: () => boolean
  readonly clock: Clock
  readonly log: Logger
}): BoxWatch {
  const { box, isWell, clock, log } = dependencies
  return {
    async run(signal, asksFirst) {
      let wasWell = asksFirst ? await ask() : isWell()
      while (!signal.aborted) {
        await clock.sleep(periodMs, signal).catch(() => undefined)
        if (signal.aborted) return
        const isNowWell = isWell() || (await ask())
        if (isNowWell !== wasWell) log.info({ box: isNowWell ? 'ok' : 'degraded' }, 'Box changed')
        wasWell = isNowWell
      }
    }
  }

  async function ask(): Promise<boolean> {
    try {
      await box.getOwnAccount({ lane: 'background', deadline: clock.now() + periodMs })
      return true
    } catch {
      // The adapter logs what went wrong.
      return false
    }
  }
}
