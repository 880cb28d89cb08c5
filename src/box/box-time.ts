import type { Clock, EpochMs, Milliseconds } from '../lib/clock.ts'
import type { HttpAnswer } from './transport.ts'

/** The present time by Box's clock, as far as it is known. */
export interface BoxTime {
  now(): EpochMs
  /**
   * Sets the time by an answer's `Date` (RFC 9110 §6.6.1). False where that changes nothing worth
   * mentioning.
   */
  correct(answer: Pick<HttpAnswer, 'headers'>): boolean
}

/** `Date` counts in seconds, and an answer takes its time. */
const tolerance: Milliseconds = 2000

/** Begins with the machine's own time. */
export function createBoxTime(clock: Clock): BoxTime {
  let ahead: Milliseconds = 0
  return {
    now: () => clock.now() + ahead,
    correct({ headers }) {
      const difference = Date.parse(headers['date'] ?? '') - clock.now()
      if (Number.isNaN(difference) || Math.abs(difference - ahead) <= tolerance) return false
      ahead = difference
      return true
    }
  }
}
