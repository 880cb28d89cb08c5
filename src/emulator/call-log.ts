import type { EpochMs } from '../lib/clock.ts'

/** A call that reached the emulator, the token endpoint's included. */
export interface RecordedCall {
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** What follows the question mark; empty if nothing does. */
  readonly query: string
  /** 0 while there is no answer, and for good after a reset. */
  readonly status: number
  /** When the call came in. */
  readonly at: EpochMs
}

/** The calls of a client in the order in which they came in; beyond the limit the oldest go. */
export class CallLog {
  readonly #limit: number
  #calls: { method: string; path: string; query: string; status: number; at: EpochMs }[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  /** The recorded calls. A live view until the log is cleared. */
  get calls(): readonly RecordedCall[] {
    return this.#calls
  }

  /** Records a call; returns how to record the status of its answer. */
  add(call: Omit<RecordedCall, 'status'>): (status: number) => void {
    const recorded = { ...call, status: 0 }
    this.#calls.push(recorded)
    // Half at a time, so that a full log does not move all its entries with every call.
    if (this.#calls.length > this.#limit) this.#calls.splice(0, Math.ceil(this.#limit / 2))
    return (status) => {
      recorded.status = status
    }
  }

  /** Forgets all calls. */
  clear(): void {
    this.#calls = []
  }
}
