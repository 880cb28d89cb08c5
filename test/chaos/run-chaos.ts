import { setTimeout as wait } from 'node:timers/promises'
import type { BridgeProcess } from '../helpers/bridge-process.ts'
import { createSeededRandom } from '../helpers/seeded-random.ts'
import { until } from '../helpers/until.ts'
import { createCycles, type Size } from './cycles.ts'
import { boxView, driftOf } from './facts.ts'
import { createProvider, type Provider, type Task } from './provider.ts'
import { createWeather, type Weather } from './weather.ts'

/** How a run goes. */
export interface ChaosOptions {
  readonly seed: number
  readonly size: Size
  /** How many calls to Box go by, at least and at most, between two kills. */
  readonly callsBetweenKills: readonly [least: number, most: number]
  /** Asked after each cycle of changes; once it is true, Box and the bridge are left in peace. */
  readonly isOver: (progress: Pick<ChaosReport, 'cycles' | 'kills' | 'left'>) => boolean
  /** Is told how it goes, once a cycle. */
  readonly say: (line: string) => void
}

/** What came of a run. The lists are empty where all is well. */
export interface ChaosReport {
  readonly cycles: number
  readonly kills: number
  readonly boxCalls: number
  /** Requests by status; 0: no answer came. */
  readonly requests: Readonly<Record<string, number>>
  readonly faults: Readonly<Record<string, number>>
  /** Removals that were left to the bridge alone, open in its journal: by the kind of their subject. */
  readonly left: Readonly<Record<string, number>>
  /** How Box differs from what was acknowledged or, for a removal, received. */
  readonly drift: readonly string[]
  readonly duplicates: readonly string[]
  /** What SCIM showed after a crash, or at the end, against what was acknowledged. */
  readonly contradictions: readonly string[]
  readonly openEntries: readonly string[]
}

/**
 * The bridge of such a run: a leak would show, mass removals are meant, and nobody but the bridge
 * changes anything in Box.
 */
export const chaosBridge = {
  heapMegabytes: 256,
  env: { FUSE: 'off', FUSE_MEMBERS: 'off', BOX_EVENTS_POLL_SECONDS: '0' }
} as const

/** How many removals of a cycle, all sent once, come while Box takes none. */
const refusedAtOnce = 8

/** A lost change rests for half a minute before the bridge looks at it. */
const settleMs = 120_000

/**
 * Drives an identity provider's cycles through a bridge while Box fails and the bridge is killed, and
 * compares Box with the intent when the bridge has nothing left to do.
 */
export async function runChaos(bridge: BridgeProcess, options: ChaosOptions): Promise<ChaosReport> {
  const { seed, size } = options
  const idp = createProvider(bridge)
  const cycles = createCycles(idp, createSeededRandom(seed), size)
  const weather = createWeather(bridge.emulator, createSeededRandom(seed + 1))
  const found: string[] = []
  const storm = createStorm(bridge, weather, options)
  await bridge.start()

  const phases = cycles.first()
  for (const phase of phases) await workThrough(phase)
  let count = 0
  while (!options.isOver({ cycles: count, kills: storm.kills, left: sorted(idp.left) })) {
    const tasks = cycles.next()
    const doomed = tasks.filter(isForgotten).slice(0, refusedAtOnce)
    weather.refuseRemovals()
    await workThrough(doomed)
    weather.clear()
    await workThrough(tasks.filter((task) => !doomed.includes(task)))
    count += 1
    options.say(
      `cycle ${count}: ${weather.calls()} calls to Box, ${storm.kills} kills, left to the bridge: ${JSON.stringify(sorted(idp.left))}`
    )
  }
  await storm.end()
  if (storm.isDown) await storm.recover()
  weather.clear()

  const isSettled = () => bridge.openEntries().length === 0
  await until('the journal is empty', isSettled, settleMs).catch(() => undefined)
  const { facts, duplicates } = boxView(bridge.emulator.state())
  return {
    cycles: count,
    kills: storm.kills,
    boxCalls: weather.calls(),
    requests: sorted(idp.statuses),
    faults: sorted(weather.faults),
    left: sorted(idp.left),
    drift: driftOf(cycles.intended, facts),
    duplicates,
    contradictions: [...found, ...(await idp.contradictions())],
    openEntries: bridge
      .openEntries()
      .map(({ subject, operation, state }) => `${subject} ${state} ${operation}`)
  }

  /** Repeats the tasks until the last one is acknowledged, across crashes. */
  async function workThrough(tasks: readonly Task[]): Promise<void> {
    for (let left = tasks; left.length > 0;) {
      left = await idp.work(left, () => storm.isDown)
      if (!storm.isDown) continue
      await storm.died()
      // A removal that is sent once and got no answer need not be repeated where the journal has it.
      left = left.filter((task) => !idp.isLeft(task))
      found.push(...(await recovered(storm, idp)))
    }
  }
}

/** A removal that is sent once: where the bridge cannot carry it out at once, it has to remember it. */
function isForgotten({ isSentOnce, subjects }: Task): boolean {
  return isSentOnce === true && subjects !== undefined
}

async function recovered(storm: Storm, idp: Provider): Promise<readonly string[]> {
  await storm.recover()
  return idp.contradictions()
}

/** Bad weather and kills, beside the identity provider's work. */
interface Storm {
  readonly isDown: boolean
  readonly kills: number
  /** Resolves once the bridge is dead. */
  died(): Promise<void>
  /** Starts the bridge again, once it is dead. */
  recover(): Promise<void>
  /** No more faults and no more kills. */
  end(): Promise<void>
}

/** How often the weather is looked at. */
const tickMs = 20

function createStorm(
  bridge: BridgeProcess,
  weather: Weather,
  { seed, callsBetweenKills: [least, most] }: ChaosOptions
): Storm {
  const random = createSeededRandom(seed + 2)
  let isDown = false
  const ending = new AbortController()
  let kills = 0
  let killAt = random.between(least, most)
  let running = rage()

  return {
    get isDown() {
      return isDown
    },
    get kills() {
      return kills
    },
    died: () => running,
    async recover() {
      await running
      await bridge.start()
      isDown = false
      killAt = weather.calls() + random.between(least, most)
      if (!ending.signal.aborted) running = rage()
    },
    async end() {
      ending.abort()
      await running
    }
  }

  /** Ends with a kill, or when the storm does. */
  async function rage(): Promise<void> {
    while (!ending.signal.aborted) {
      if (weather.calls() >= killAt) {
        await weather.gather()
        isDown = true
        kills += 1
        await bridge.kill()
        return
      }
      weather.blow()
      await wait(tickMs)
    }
  }
}

function sorted(counts: ReadonlyMap<string | number, number>): Readonly<Record<string, number>> {
  const entries = [...counts].map(([name, count]) => [String(name), count] as const)
  return Object.fromEntries(entries.toSorted(([left], [right]) => left.localeCompare(right, 'en')))
}
