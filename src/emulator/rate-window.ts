import type { Clock } from '../lib/clock.ts'

const MINUTE = 60_000

/** Counts calls per owner in windows of a minute, each beginning with the owner's first call. */
export class RateWindow {
  readonly #clock: Clock
  readonly #callsPerMinute: number
  readonly #windows = new Map<string, { start: number; count: number }>()

  constructor(clock: Clock, callsPerMinute: number) {
    this.#clock = clock
    this.#callsPerMinute = callsPerMinute
  }

  /** Counts a call; returns the whole seconds to wait if it is one too many, else undefined. */
  take(owner: string): number | undefined {
    const now = this.#clock.now()
    const window = this.#windows.get(owner)
    if (window === undefined || now >= window.start + MINUTE) {
      this.#windows.set(owner, { start: now, count: 1 })
      return undefined
    }
    if (window.count >= this.#callsPerMinute) {
      return Math.max(1, Math.ceil((window.start + MINUTE - now) / 1000))
    }
    window.count += 1
    return undefined
  }

  /** Begins anew for every owner. */
  clear(): void {
    this.#windows.clear()
  }
}
