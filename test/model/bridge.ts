import { createJournalWorker } from '../../src/background/journal-worker.ts'
import type { Clock, Milliseconds } from '../../src/lib/clock.ts'
import { createKeyedLock } from '../../src/lib/keyed-lock.ts'
import type { Logger } from '../../src/lib/logger.ts'
import { nextTurn } from '../../src/lib/turns.ts'
import { openStates } from '../../src/provisioning/operations.ts'
import type { Directory } from '../../src/provisioning/ports.ts'
import { createProvisioning, type Provisioning } from '../../src/provisioning/provisioning.ts'
import { noSignals } from '../../src/provisioning/signals.ts'
import { memoryUrl, openDirectory } from '../../src/store/open.ts'
import { createBoxWorld, createFakeBox, lost, type BoxWorld, type Passage } from './fake-box.ts'
import { createFate, type Fate, type FateScript } from './fate.ts'
import { defaultSettings } from '../provisioning/fixtures.ts'

/** Provisioning and its journal worker on a directory in memory, which outlives their deaths. */
export interface ModelBridge {
  readonly directory: Directory
  readonly box: BoxWorld
  readonly fate: Fate
  /** Whichever process lives at the time. */
  readonly provisioning: Provisioning
  now(): number
  /** Lets time pass; whoever has slept long enough wakes. */
  advance(duration: Milliseconds): void
  /** Lets everything that is under way end. Throws where it does not. */
  rest(): Promise<void>
  /** Throws the process away and makes a new one. */
  restart(): void
  openEntries(): Promise<number>
  close(): Promise<void>
}

const quiet: Logger = { info() {}, warn() {}, error() {}, debug() {} }

/** Turns of the event loop after which whatever still runs will never end. */
const patience = 5_000

/** Turns in which nothing runs, after which nothing will. */
const calm = 6

/** Makes a bridge whose Box and life are in the hands of fate. */
export async function createModelBridge(script: FateScript): Promise<ModelBridge> {
  const fate = createFate(script)
  const { clock, advance } = createManualClock()
  const identity = { boxHost: 'box.invalid', enterpriseId: '1' }
  const directory = await openDirectory({ url: memoryUrl, identity, clock, log: quiet })
  const box = createBoxWorld()
  let life = createLife()

  return {
    directory,
    box,
    fate,
    get provisioning() {
      return life.provisioning
    },
    now: () => clock.now(),
    advance,
    rest,
    restart() {
      life.end()
      fate.rebirth()
      life = createLife()
    },
    async openEntries() {
      const counts = await directory.journal.count()
      return openStates.reduce((sum, state) => sum + counts[state], 0)
    },
    async close() {
      life.end()
      await directory.close()
    }
  }

  /** One process: what it began is never heard of again once it is dead. */
  function createLife() {
    const stop = new AbortController()
    let isOver = false
    let busy = 0
    const track = async <Result>(work: () => Promise<Result>): Promise<Result> => {
      busy += 1
      try {
        return await work()
      } finally {
        busy -= 1
      }
    }
    const alive = async (): Promise<void> => {
      if (isOver) await new Promise(() => {})
      await fate.point()
    }
    const pass: Passage = (kind, apply) =>
      track(async () => {
        await alive()
        const effect = kind === 'read' ? 'none' : 'unknown'
        const what = await fate.ofCall()
        if (isOver) await alive()
        if (what === 'not-sent') throw lost('unavailable', 'none')
        if (what === 'rate-limited') throw lost('rate-limited', 'none')
        if (what === 'before') throw lost('unavailable', effect)
        const answer = apply()
        if (what === 'after') throw lost('unavailable', effect)
        await alive()
        return answer
      })
    const mortal: Directory = {
      ...directory,
      transaction: (work) =>
        track(async () => {
          await alive()
          await fate.pause()
          const result = await directory
            .transaction(async (tx) => {
              const done = await work(tx)
              if (isOver || fate.isDead) throw new Error('The process died before the commit')
              return done
            })
            .catch(async (error: unknown) => {
              if (isOver || fate.isDead) await alive()
              throw error
            })
          await fate.pause()
          await alive()
          return result
        })
    }
    const provisioning = createProvisioning(
      {
        directory: mortal,
        box: createFakeBox(box, clock, pass),
        clock,
        log: quiet,
        settings: defaultSettings,
        signals: noSignals,
        mirror: { isCurrent: () => false },
        locks: createKeyedLock(),
        assertImported: () => {},
        alerts: { raise() {} }
      },
      () => worker.wake()
    )
    const { drive, inWork } = provisioning
    const worker = createJournalWorker({ directory: mortal, drive, inWork, clock, log: quiet })
    void worker.run(stop.signal)
    return {
      provisioning,
      isBusy: () => busy > 0,
      end() {
        isOver = true
        stop.abort()
      }
    }
  }

  async function rest(): Promise<void> {
    let quietTurns = 0
    for (let turn = 0; quietTurns < calm; turn += 1) {
      if (turn > patience) throw new Error('Something waits for what never comes')
      await nextTurn()
      quietTurns = fate.isDead || !life.isBusy() ? quietTurns + 1 : 0
    }
  }
}

/** Time that passes only where it is told to. */
function createManualClock(): { clock: Clock; advance: (duration: Milliseconds) => void } {
  let now = Date.UTC(2026, 0, 1)
  const sleepers = new Set<() => void>()
  return {
    advance(duration) {
      now += duration
      for (const look of sleepers) look()
    },
    clock: {
      now: () => now,
      sleep(duration, signal) {
        const until = now + duration
        return new Promise((resolve, reject) => {
          const leave = (settle: () => void) => {
            sleepers.delete(look)
            settle()
          }
          const look = () => {
            if (now >= until) leave(resolve)
          }
          const abort = () => leave(() => reject(signal?.reason as Error))
          if (signal?.aborted === true) return abort()
          signal?.addEventListener('abort', abort, { once: true })
          sleepers.add(look)
          look()
        })
      }
    }
  }
}
