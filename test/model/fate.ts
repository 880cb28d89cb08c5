import { nextTurn } from '../../src/lib/turns.ts'

/** What becomes of a call to Box: `before` and `after` are lost before or after they have an effect. */
export type CallFate = 'fine' | 'before' | 'after' | 'not-sent' | 'rate-limited'

/** What the fate of a run is made of; the lists are used up from the start, then all is well. */
export interface FateScript {
  readonly calls: readonly CallFate[]
  /** How many turns of the event loop each call takes, beyond the first. */
  readonly turns: readonly number[]
  /** How many turns of the event loop go by before and after each transaction, one by one. */
  readonly pauses: readonly number[]
}

/** Decides what goes wrong, and when the process dies. */
export interface Fate {
  /** The fate of the next call, after the turns that it takes. */
  ofCall(): Promise<CallFate>
  /** Lets others go on before or after a transaction. */
  pause(): Promise<void>
  /** Passes one of the points at which the process may die; never resolves where it does. */
  point(): Promise<void>
  /** Lets the process die at the point that so many others come before; undefined: never. */
  dieAfter(points: number | undefined): void
  readonly isDead: boolean
  /** Resolves once the process has died. */
  readonly death: Promise<void>
  /** A new process. */
  rebirth(): void
  /** Nothing goes wrong from here on. */
  relent(): void
}

/** Makes the fate of a run. */
export function createFate(script: FateScript): Fate {
  const calls = [...script.calls]
  const turns = [...script.turns]
  const pauses = [...script.pauses]
  let left = Infinity
  let isDead = false
  let death = Promise.withResolvers<void>()

  const fate: Fate = {
    async ofCall() {
      await pass(1 + (turns.shift() ?? 0))
      return calls.shift() ?? 'fine'
    },
    pause: () => pass(pauses.shift() ?? 0),
    async point() {
      if (!isDead && left === 0) {
        isDead = true
        death.resolve()
      }
      if (isDead) return never()
      left -= 1
    },
    dieAfter(points) {
      left = points ?? Infinity
    },
    get isDead() {
      return isDead
    },
    get death() {
      return death.promise
    },
    rebirth() {
      isDead = false
      left = Infinity
      death = Promise.withResolvers<void>()
    },
    relent() {
      calls.length = 0
      left = Infinity
    }
  }
  return fate
}

async function pass(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await nextTurn()
}

/** What a dead process waits for. */
function never(): Promise<never> {
  return new Promise(() => {})
}
