import type { Clock, EpochMs, Milliseconds } from '../lib/clock.ts'
import { BoxUnavailableError } from '../provisioning/errors.ts'
import type { Lane } from '../provisioning/box-port.ts'

/** All lanes, most important first. */
const lanes: readonly Lane[] = ['removal', 'client', 'membership', 'background']

/**
 * The least share of the budget, in percent, of a lane that has work: adding members goes on while
 * clients write, and the background never starves.
 */
const shares: Readonly<Record<Lane, number>> = {
  removal: 0,
  client: 0,
  membership: 20,
  background: 2
}

/** How many callers may wait in one lane where nobody says otherwise. */
export const maxWaitingCalls = 10_000

/** Timers cannot be set for longer than 24 days, deadlines can be later. */
const longestSleep: Milliseconds = 3_600_000

/** Settings of the budget. */
export interface PacingOptions {
  /** At least 1. Box allows about 1,000 a minute for each user it knows the caller as. */
  readonly callsPerMinute: number
  /** The largest number of calls at a time, at least 1. */
  readonly concurrency: number
  /** The largest number of waiting callers for each lane. */
  readonly maxWaiting?: number
  readonly clock: Clock
}

/** One budget for every call to Box: calls per minute, calls at a time, lanes by importance. */
export interface Pacing {
  /**
   * Waits for a turn and resolves with the function that ends it. Rejects with
   * `BoxUnavailableError` (`rate-limited`, no effect) at once when the turn cannot come before
   * `deadline`, and at `deadline` when it did not come. `place`: where in its lane the caller
   * queues; who has been admitted and turned away by Box stands first. Default `last`.
   */
  enter(lane: Lane, deadline: EpochMs, place?: 'first' | 'last'): Promise<() => void>
  /** Box asked for a pause: nobody's turn comes before it is over. */
  pause(duration: Milliseconds): void
  /** The number of waiting callers by lane. */
  depth(): Readonly<Record<Lane, number>>
  /** How it stands, for whoever watches. */
  look(): BudgetState
  /** Turns all waiting and later callers away and leaves no timer behind. */
  close(): void
}

/** How the budget stands at one moment. */
export interface BudgetState {
  /** Calls under way. */
  readonly running: number
  /** What is left of a pause that Box asked for. */
  readonly pausedForMs: Milliseconds
  readonly lanes: Readonly<Record<Lane, LaneState>>
}

/** The callers that wait in one lane. */
interface LaneState {
  readonly waiting: number
  /** How long the oldest of them has waited; 0 where nobody waits. */
  readonly oldestMs: Milliseconds
}

interface Waiter {
  readonly deadline: EpochMs
  readonly since: EpochMs
  readonly admit: (leave: () => void) => void
  readonly refuse: (error: BoxUnavailableError) => void
}

/** A sleep until the next turn or deadline. */
interface Alarm {
  readonly at: EpochMs
  readonly off: AbortController
}

/** Creates a budget. A pause of a second without calls saves up for a second's calls, no more. */
export function createPacing(options: PacingOptions): Pacing {
  const { clock } = options
  const interval = 60_000 / options.callsPerMinute
  const tolerance = (Math.max(1, Math.round(options.callsPerMinute / 60)) - 1) * interval
  const maxWaiting = options.maxWaiting ?? maxWaitingCalls

  const queues = new Map<Lane, Waiter[]>(lanes.map((lane) => [lane, []]))
  const credit = new Map<Lane, number>()
  let active = 0
  let closed = false
  let pausedUntil: EpochMs = 0
  /** When the next call is due if all calls were evenly spaced (generic cell rate algorithm). */
  let due: EpochMs = 0
  let longestPause: Milliseconds = 0
  let earliestDeadline = Infinity
  let alarm: Alarm | undefined

  const queue = (lane: Lane): Waiter[] => queues.get(lane) ?? []

  /** A clock that was set back must not make everybody wait for what it has to catch up. */
  function followClock(): void {
    const now = clock.now()
    due = Math.min(due, now + tolerance + interval)
    pausedUntil = Math.min(pausedUntil, now + longestPause)
  }

  /** The earliest time of the nth turn from now. */
  function turnTime(n: number): EpochMs {
    followClock()
    const from = Math.max(clock.now(), pausedUntil)
    return Math.max(from, Math.max(due, from) + (n - 1) * interval - tolerance)
  }

  /** How many turns, at least, pass until a caller has its own with `ahead` callers before it. */
  function turnsUntil(lane: Lane, ahead: number): number {
    const own = ahead + 1
    const before = lanes.slice(0, lanes.indexOf(lane))
    const higher = before.reduce((sum, other) => sum + queue(other).length, 0)
    const share = shares[lane]
    const passing = share === 0 ? higher : Math.min(higher, Math.floor(own * (100 / share - 1)))
    return own + passing
  }

  function refusal(at: EpochMs): BoxUnavailableError {
    const paused = pausedUntil > clock.now()
    return new BoxUnavailableError(
      paused
        ? 'Box asked for a pause that lasts longer than this call can wait'
        : 'The budget of calls to Box has no turn before this call must end',
      {
        trouble: 'rate-limited',
        effect: 'none',
        retryAfterSeconds: (at - clock.now()) / 1000
      }
    )
  }

  /** Takes away those whose deadline has passed or comes before the end of the pause. */
  function refuseLate(): void {
    followClock()
    const limit = Math.max(clock.now(), pausedUntil)
    if (earliestDeadline > limit) return
    const late: { waiter: Waiter; at: EpochMs }[] = []
    earliestDeadline = Infinity
    for (const lane of lanes) {
      const kept: Waiter[] = []
      for (const waiter of queue(lane)) {
        if (waiter.deadline <= limit) {
          late.push({ waiter, at: turnTime(turnsUntil(lane, kept.length)) })
        } else {
          kept.push(waiter)
          earliestDeadline = Math.min(earliestDeadline, waiter.deadline)
        }
      }
      queues.set(lane, kept)
    }
    for (const { waiter, at } of late) waiter.refuse(refusal(at))
  }

  /** Whose turn it is: a lane that is owed its share, else the most important with work. */
  function nextLane(): Lane | undefined {
    const waiting = lanes.filter((lane) => queue(lane).length > 0)
    for (const lane of lanes) {
      const owed = waiting.includes(lane) ? (credit.get(lane) ?? 0) + shares[lane] : 0
      credit.set(lane, owed)
    }
    const chosen = waiting.find((lane) => (credit.get(lane) ?? 0) >= 100) ?? waiting[0]
    if (chosen !== undefined) credit.set(chosen, Math.max(0, (credit.get(chosen) ?? 0) - 100))
    return chosen
  }

  function lookAt(lane: Lane): LaneState {
    const waiting = queue(lane)
    const now = clock.now()
    const oldest = waiting.reduce((first, { since }) => Math.min(first, since), now)
    return { waiting: waiting.length, oldestMs: now - oldest }
  }

  function leaveOnce(): () => void {
    let left = false
    return () => {
      if (left) return
      left = true
      active -= 1
      serve()
    }
  }

  function serve(): void {
    refuseLate()
    while (active < options.concurrency && turnTime(1) <= clock.now()) {
      const lane = nextLane()
      const waiter = lane === undefined ? undefined : queue(lane).shift()
      if (waiter === undefined) break
      due = Math.max(due, clock.now()) + interval
      active += 1
      waiter.admit(leaveOnce())
    }
    setAlarm()
  }

  /** Sleeps until the next turn or the next deadline, whichever is first. */
  function setAlarm(): void {
    const waiting = lanes.some((lane) => queue(lane).length > 0)
    const turn = active < options.concurrency ? turnTime(1) : Infinity
    const at = waiting && !closed ? Math.min(turn, earliestDeadline) : Infinity
    if (alarm?.at === at) return
    alarm?.off.abort()
    alarm = undefined
    if (at === Infinity) return
    const set = { at, off: new AbortController() }
    alarm = set
    void ring(set)
  }

  async function ring(set: Alarm): Promise<void> {
    try {
      const wait = Math.max(1, Math.ceil(set.at - clock.now()))
      await clock.sleep(Math.min(wait, longestSleep), set.off.signal)
    } catch {
      return
    }
    if (alarm !== set) return
    alarm = undefined
    serve()
  }

  return {
    enter(lane, deadline, place = 'last') {
      if (closed) return Promise.reject(shutDown())
      const at = turnTime(turnsUntil(lane, place === 'first' ? 0 : queue(lane).length))
      if (at >= deadline || queue(lane).length >= maxWaiting) return Promise.reject(refusal(at))
      return new Promise((admit, refuse) => {
        const waiter = { deadline, since: clock.now(), admit, refuse }
        if (place === 'first') queue(lane).unshift(waiter)
        else queue(lane).push(waiter)
        earliestDeadline = Math.min(earliestDeadline, deadline)
        serve()
      })
    },
    pause(duration) {
      followClock()
      const until = clock.now() + duration
      if (until > pausedUntil) {
        pausedUntil = until
        longestPause = duration
      }
      serve()
    },
    depth: () => ({
      removal: queue('removal').length,
      client: queue('client').length,
      membership: queue('membership').length,
      background: queue('background').length
    }),
    look: () => ({
      running: active,
      pausedForMs: Math.max(0, pausedUntil - clock.now()),
      lanes: {
        removal: lookAt('removal'),
        client: lookAt('client'),
        membership: lookAt('membership'),
        background: lookAt('background')
      }
    }),
    close() {
      closed = true
      for (const lane of lanes) {
        for (const waiter of queue(lane).splice(0)) waiter.refuse(shutDown())
      }
      setAlarm()
    }
  }
}

function shutDown(): BoxUnavailableError {
  return new BoxUnavailableError('The bridge is shutting down', {
    trouble: 'unavailable',
    effect: 'none',
    retryAfterSeconds: 5
  })
}
