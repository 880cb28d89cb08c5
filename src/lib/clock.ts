import { setTimeout as wait } from 'node:timers/promises'

/** A span of time in milliseconds. */
export type Milliseconds = number

/** A point in time in milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number

/** The only source of time and of waiting, so that tests can replace both. */
export interface Clock {
  /** The current time. */
  now(): EpochMs
  /** Resolves after `duration`, or rejects with an AbortError as soon as `signal` aborts. */
  sleep(duration: Milliseconds, signal?: AbortSignal): Promise<void>
}

/** The machine's clock. A pending sleep does not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (duration, signal) =>
    wait(duration, undefined, signal === undefined ? { ref: false } : { ref: false, signal })
}
