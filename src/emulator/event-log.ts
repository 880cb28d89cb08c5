import type { Clock, EpochMs, Milliseconds } from '../lib/clock.ts'
import type { JsonObject, JsonValue } from '../lib/json.ts'

/** Who did something, as an event names the person. */
export interface Actor {
  readonly id: string
  readonly name: string
  readonly login: string
}

/**
 * What may befall an event on its way into the stream.
 *
 * - `lost`: it never gets there · `twice`: it gets there twice
 * - `reversed`: events are held back until all have happened, and get there in the opposite order
 * - `unreadable`: its source has a form that nobody knows
 */
export type EventDisturbance = 'lost' | 'twice' | 'reversed' | 'unreadable'

/** All disturbances there are. */
export const eventDisturbances: readonly EventDisturbance[] = [
  'lost',
  'twice',
  'reversed',
  'unreadable'
]

/** The two views of the enterprise's events. */
export type EventView = 'admin_logs_streaming' | 'admin_logs'

/** A part of the events. */
export interface EventPage {
  readonly entries: readonly JsonObject[]
  readonly next: bigint
}

/** What of the events is asked for. */
export interface EventQuery {
  readonly limit: number
  readonly matches: (event: JsonObject, at: EpochMs) => boolean
}

interface Kept {
  readonly at: EpochMs
  readonly event: JsonObject
}

/** Box's own samples have positions of this size, which no double holds exactly. */
const FIRST_POSITION = 1_152_922_986_252_290_886n

const DAY: Milliseconds = 86_400_000

const RETENTION: Readonly<Record<EventView, Milliseconds>> = {
  admin_logs_streaming: 14 * DAY,
  admin_logs: 365 * DAY
}

/** Events in the order of a view; beyond the limit the oldest go. */
class View {
  readonly #limit: number
  #first = 0
  #kept: Kept[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  get kept(): readonly Kept[] {
    return this.#kept
  }

  get end(): bigint {
    return FIRST_POSITION + BigInt(this.#first + this.#kept.length)
  }

  add(kept: Kept): void {
    this.#kept.push(kept)
    if (this.#kept.length <= this.#limit) return
    // Half at a time, so that a full history does not move all its events with every one.
    const gone = Math.ceil(this.#limit / 2)
    this.#kept.splice(0, gone)
    this.#first += gone
  }

  /** Where a position is in `kept`; negative for one that is forgotten. */
  indexOf(position: bigint): number {
    return Number(position - FIRST_POSITION) - this.#first
  }
}

/** What happened in the enterprise, as Box's event streams tell it. */
export class EventLog {
  readonly #clock: Clock
  readonly #stamp: (at: EpochMs) => string
  readonly #views: Readonly<Record<EventView, View>>
  #actor: Actor | undefined
  #count = 0
  #disturbances: EventDisturbance[] = []
  #heldBack: Kept[] = []

  constructor(parts: {
    readonly clock: Clock
    readonly stamp: (at: EpochMs) => string
    /** How many events each view keeps. */
    readonly limit: number
  }) {
    this.#clock = parts.clock
    this.#stamp = parts.stamp
    this.#views = {
      admin_logs_streaming: new View(parts.limit),
      admin_logs: new View(parts.limit)
    }
  }

  /** Begins to record; `actor` is who does whatever nobody else does. */
  start(actor: Actor): void {
    this.#actor = actor
  }

  /** Runs `work` as the deed of somebody else. */
  by<Result>(actor: Actor, work: () => Result): Result {
    const usual = this.#actor
    this.#actor = actor
    try {
      return work()
    } finally {
      this.#actor = usual
    }
  }

  /** Records that something happened; nothing before the start. */
  record(type: string, source: JsonObject): void {
    if (this.#actor === undefined) return
    const at = this.#clock.now()
    this.#count += 1
    const stamp = this.#stamp(at)
    const event = {
      type: 'event',
      event_id: `00000000-0000-4000-8000-${String(this.#count).padStart(12, '0')}`,
      event_type: type,
      created_at: stamp,
      recorded_at: stamp,
      created_by: { type: 'user', ...this.#actor },
      source,
      session_id: null,
      additional_details: null
    }
    this.#views.admin_logs.add({ at, event })
    this.#deliver({ at, event })
  }

  /** Puts an event of any form into the stream. */
  inject(event: JsonObject): void {
    this.#views.admin_logs_streaming.add({ at: this.#clock.now(), event })
  }

  /** Lets something befall the next `times` events; what was asked for first comes first. */
  disturb(disturbance: EventDisturbance, times = 1): void {
    this.#disturbances.push(...Array.from({ length: times }, () => disturbance))
  }

  /** What the stream holds, oldest first. */
  get recorded(): readonly JsonObject[] {
    return this.#views.admin_logs_streaming.kept.map(({ event }) => event)
  }

  /** The position after the last event. */
  now(view: EventView): bigint {
    return this.#views[view].end
  }

  /**
   * The events from `position` on, or from the oldest one on. Undefined where there is no such
   * position, or no longer one.
   */
  page(view: EventView, position: bigint | 'oldest', query: EventQuery): EventPage | undefined {
    const { kept, end } = this.#views[view]
    const start = position === 'oldest' ? 0 : this.#views[view].indexOf(position)
    if (start < 0 || start > kept.length) return undefined
    const since = this.#clock.now() - RETENTION[view]
    const entries: JsonObject[] = []
    let index = start
    for (; index < kept.length && entries.length < query.limit; index++) {
      const found = kept[index]
      if (found === undefined || found.at < since) continue
      if (query.matches(found.event, found.at)) entries.push(found.event)
    }
    return { entries, next: end - BigInt(kept.length - index) }
  }

  #deliver(kept: Kept): void {
    const stream = this.#views.admin_logs_streaming
    const disturbance = this.#disturbances.shift()
    if (disturbance === 'lost') return
    if (disturbance === 'reversed') this.#heldBack.unshift(kept)
    else stream.add(disturbance === 'unreadable' ? unreadable(kept) : kept)
    if (disturbance === 'twice') stream.add(kept)
    if (this.#disturbances[0] === 'reversed') return
    for (const late of this.#heldBack) stream.add(late)
    this.#heldBack = []
  }
}

function unreadable({ at, event }: Kept): Kept {
  const source: JsonValue = { item_type: 'something', item_id: 'else' }
  return { at, event: { ...event, source } }
}
