import { nextTurn, turns } from '../lib/turns.ts'
import type { Engine } from './engine.ts'

/** Runs transactions one at a time, in the order in which they come; those that queue share a commit. */
export interface GroupCommit {
  /**
   * Runs `work` in a transaction and passes on its outcome once the commit that holds it is durable.
   * Where `work` throws, nothing of it remains; where the commit fails, nothing of its group does.
   */
  run<T>(work: () => Promise<T>): Promise<T>
  /** Resolves when everything that runs or queues has ended. */
  idle(): Promise<void>
}

/** How many transactions share a commit at most: the event loop does nothing else until it is through. */
const groupSize = 32

/**
 * How many turns of the event loop go by after a commit where more transactions queue; else one. A
 * commit holds the loop up while the disk works: without turns those who queue would follow one another,
 * and nobody else were served until the last has ended. A turn takes in one new connection and costs far
 * less than a commit.
 */
const turnsBetween = 64

/** What transactions are made of. */
type Transactions = Pick<
  Engine,
  'begin' | 'beginPart' | 'endPart' | 'undoPart' | 'commit' | 'rollback'
>

/** A transaction that waits for its turn. */
interface Waiting {
  /** Runs it; resolves to what tells its caller once the group is durable. */
  attempt(): Promise<() => void>
  fail(error: unknown): void
}

/**
 * Creates a {@link GroupCommit}. A transaction sees what those before it in its group have done, and
 * nobody hears of any of it before all of it is durable.
 */
export function createGroupCommit(engine: Transactions): GroupCommit {
  const queue: Waiting[] = []
  let draining: Promise<void> | undefined
  let othersServed = Promise.resolve()

  return {
    run(work) {
      return new Promise((resolve, reject) => {
        queue.push({
          async attempt() {
            engine.beginPart()
            try {
              const result = await work()
              engine.endPart()
              return () => resolve(result)
            } catch (error) {
              engine.undoPart(error)
              return () => reject(error)
            }
          },
          fail: reject
        })
        draining ??= drain()
      })
    },

    idle: () => draining ?? Promise.resolve()
  }

  async function drain(): Promise<void> {
    while (queue.length > 0) {
      await othersServed
      const outcomes = await runGroup()
      othersServed = queue.length > 0 ? turns(turnsBetween) : nextTurn()
      for (const tell of outcomes) tell()
    }
    draining = undefined
  }

  /** Resolves to what tells each caller. */
  async function runGroup(): Promise<readonly (() => void)[]> {
    const group: Waiting[] = []
    const outcomes: (() => void)[] = []
    const loop = { hasTurned: false }
    try {
      // One that lets the event loop turn is long: the others need not wait for another such.
      while (!loop.hasTurned && group.length < groupSize) {
        const next = queue.shift()
        if (next === undefined) break
        group.push(next)
        if (group.length === 1) {
          engine.begin()
          void nextTurn().then(() => (loop.hasTurned = true))
        }
        outcomes.push(await next.attempt())
      }
      engine.commit()
      return outcomes
    } catch (error) {
      const reason = undo(error)
      return group.map((waiting) => () => waiting.fail(reason))
    }
  }

  /** What to tell those whose transactions were undone. */
  function undo(cause: unknown): unknown {
    try {
      engine.rollback()
      return cause
    } catch (error) {
      return new AggregateError([cause, error], 'a transaction could not be undone')
    }
  }
}
