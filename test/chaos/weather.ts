import type { Emulator } from '../../src/emulator/emulator.ts'
import type { Fault } from '../../src/emulator/faults.ts'
import type { SeededRandom } from '../helpers/seeded-random.ts'
import { until } from '../helpers/until.ts'

/** What goes wrong at Box, at times that the number of calls tells. */
export interface Weather {
  /** Lets something go wrong, if it is time for it. */
  blow(): void
  /** Loses answers, then lets calls hang that the caller will not live to see the end of. */
  gather(): Promise<void>
  /** No removal gets through from here on. */
  refuseRemovals(): void
  /** Good weather from here on. */
  clear(): void
  /** The calls that reached Box, the token endpoint's included. */
  calls(): number
  /** How many calls met which kind of fault. */
  readonly faults: ReadonlyMap<string, number>
}

type Omen = readonly [
  kind: Fault['kind'] | 'outage' | 'revoked-tokens',
  least: number,
  most: number
]

/** What may go wrong, and how often in a row. */
const omens: readonly Omen[] = [
  ['rate-limited', 1, 12],
  ['503-before', 1, 5],
  ['outage', 20, 40],
  ['503-after', 1, 5],
  ['reset-before', 1, 4],
  ['reset-after', 1, 4],
  ['server-error', 1, 3],
  ['html-502', 1, 3],
  ['delay', 1, 8],
  ['delay-after', 1, 8],
  ['short-token', 1, 2],
  ['revoked-tokens', 1, 2]
]

/** How many calls go by between two faults. */
const gap = { from: 10, to: 50 }

/** A call that hangs as long is under way when its caller dies. */
const foreverMs = 600_000

/** A creation that is under way as long takes effect when its caller is dead. */
const lateMs = 3_000

const path = '/2.0/*'

/** Makes the weather of an emulated Box. */
export function createWeather(emulator: Emulator, random: SeededRandom): Weather {
  const faults = new Map<string, number>()
  let omensLeft: Omen[] = []
  let counted = 0
  let next = random.between(gap.from, gap.to)

  return {
    faults,
    calls,

    blow() {
      if (calls() < next) return
      next = calls() + random.between(gap.from, gap.to)
      const [kind, least, most] = draw()
      const times = random.between(least, most)
      // Nobody asks for a new token before the old one has ended.
      if (kind === 'revoked-tokens' || kind === 'short-token') emulator.revokeTokens()
      if (kind === 'revoked-tokens') count(kind, 1)
      else arm(faultOf(kind, times))
    },

    async gather() {
      disarm()
      arm({ kind: '503-after', times: 2, path })
      arm({ kind: 'reset-after', times: 2, path })
      await used()
      arm({ kind: 'delay', times: 1, ms: lateMs, method: 'POST', path: '/2.0/users' })
      arm({ kind: 'delay', times: 1, ms: lateMs, method: 'POST', path: '/2.0/groups' })
      arm({ kind: 'delay-after', times: 3, ms: foreverMs, path })
      arm({ kind: 'delay', times: 2, ms: foreverMs, method: 'PUT', path })
      arm({ kind: 'delay', times: 2, ms: foreverMs, path: '/2.0/group_memberships*' })
      await used()
      disarm()
    },

    refuseRemovals() {
      arm({
        kind: '503-before',
        times: 1_000,
        method: 'DELETE',
        path: '/2.0/group_memberships/:id'
      })
      arm({ kind: '503-before', times: 1_000, method: 'PUT', path: '/2.0/users/:id' })
    },

    clear: disarm
  }

  /** Everything comes to pass before anything comes again. */
  function draw(): Omen {
    if (omensLeft.length === 0) omensLeft = random.shuffle(omens)
    return omensLeft.pop() as Omen
  }

  function calls(): number {
    counted += emulator.calls.length
    // The log of a long run would only grow.
    emulator.clearCalls()
    return counted
  }

  function arm(fault: Fault): void {
    count(fault.kind, fault.times ?? 0)
    emulator.faults.add(fault)
  }

  /** What nobody met has not happened. */
  function disarm(): void {
    for (const { kind, times = 0 } of emulator.faults.armed) count(kind, -times)
    emulator.faults.clear()
  }

  function count(kind: string, times: number): void {
    faults.set(kind, (faults.get(kind) ?? 0) + times)
  }

  function isUsed(): boolean {
    return emulator.faults.armed.length === 0
  }

  /** Some faults may find no call: the next ones go on without them. */
  async function used(): Promise<void> {
    await until('the faults are used up', isUsed, 1_000).catch(() => undefined)
  }

  function faultOf(kind: Fault['kind'] | 'outage', times: number): Fault {
    // Long enough for all attempts at a call to fail.
    if (kind === 'outage') return { kind: '503-before', times, path }
    if (kind === 'short-token') return { kind, times, seconds: 1 }
    const scope = { times, path }
    if (kind === 'delay' || kind === 'delay-after') {
      return { kind, ...scope, ms: random.between(20, 400) }
    }
    if (kind === 'rate-limited') return { kind, ...scope, retryAfterSeconds: 1 }
    return { kind, ...scope } as Fault
  }
}
