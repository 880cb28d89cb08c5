import type { Clock, Milliseconds } from '../../lib/clock.ts'

/** How long an answer is held back, and how many at a time; what comes then is answered at once. */
export const holdLimits = { holdMs: 1_000 as Milliseconds, answers: 500 } as const

/** Rejects with the refusal, later. */
export type HoldBack = (refusal: Error) => Promise<never>

/**
 * Creates what holds answers back. Whoever tries tokens waits for the answer before the next try, so
 * that each connection gets no further than one a second, and costs next to nothing meanwhile. Room is
 * bounded: an answer that is held keeps its connection.
 */
export function createHoldBack(clock: Clock): HoldBack {
  let held = 0
  return async (refusal) => {
    if (held < holdLimits.answers) {
      held += 1
      await clock.sleep(holdLimits.holdMs).catch(() => undefined)
      held -= 1
    }
    throw refusal
  }
}
