import type { Clock } from '../lib/clock.ts'
import { BoxRefusedError, BoxUnavailableError } from './errors.ts'
import { isRemoval, subjectOf, type BoxOperation, type JournalEntry } from './operations.ts'
import type { BoxCall, Directory, DirectoryTransaction, JournalUpdate, Lane } from './ports.ts'
import type { Trail } from './trail.ts'

/** One operation to be journaled, sent and settled. */
export interface Step<Result> {
  readonly operation: BoxOperation
  readonly lane: Lane
  readonly trail: Trail
  /** The open entry that is worked; absent: a new one is written. */
  readonly entry?: JournalEntry
  /** Open entries that this step takes the place of: cancelled in the transaction that opens it. */
  readonly replaces?: readonly number[]
  /** Makes the change in Box. */
  readonly send: (call: BoxCall) => Promise<Result>
  /** Records what Box answered, in the transaction that confirms the entry. */
  readonly settle: (tx: DirectoryTransaction, result: Result) => Promise<void>
}

type FailedStep = Pick<Step<unknown>, 'operation' | 'entry'>

/** Runs a step and passes on Box's answer, or throws what Box threw. Call it under the subject's lock. */
export type RunJournaled = <Result>(step: Step<Result>) => Promise<Result>

/** How long an unknown outcome rests before it is looked up: Box may still be applying it. */
export const restMs = 30_000

/**
 * Nothing is sent to Box before it stands in the journal, and no answer counts before it is recorded
 * there: after a crash at any point the journal tells what may have happened.
 */
export function createRunJournaled(directory: Directory, clock: Clock): RunJournaled {
  return async (step) => {
    const entry = await open(step)
    step.trail.operations.push(step.operation)
    try {
      const result = await step.send(step.trail.call(step.lane))
      await directory.transaction(async (tx) => {
        await step.settle(tx, result)
        await tx.updateJournal([entry], { state: 'confirmed', outcome: 'done' })
      })
      return result
    } catch (error) {
      const change = afterFailure(error, step)
      await directory.transaction((tx) => tx.updateJournal([entry], change))
      throw error
    }
  }

  async function open<Result>(step: Step<Result>): Promise<number> {
    const now = clock.now()
    const { entry } = step
    return directory.transaction(async (tx) => {
      if (step.replaces !== undefined && step.replaces.length > 0) {
        await tx.updateJournal(step.replaces, { state: 'cancelled', outcome: 'replaced' })
      }
      if (entry !== undefined) {
        await tx.updateJournal([entry.id], {
          state: 'sent',
          sentAt: now,
          attempts: entry.attempts + 1
        })
        return entry.id
      }
      const [opened] = await tx.appendJournal([
        {
          correlationId: step.trail.context.correlationId,
          subject: subjectOf(step.operation),
          operation: step.operation,
          state: 'sent',
          acknowledged: false,
          notBefore: now,
          decidedAt: now,
          sentAt: now
        }
      ])
      if (opened === undefined) throw new TypeError('The journal returned no entry')
      return opened.id
    })
  }

  function afterFailure(error: unknown, step: FailedStep): JournalUpdate {
    const { operation } = step
    if (error instanceof BoxRefusedError) {
      return { state: 'refused', outcome: `${error.status} ${error.code} ${error.requestId}` }
    }
    if (error instanceof BoxUnavailableError) {
      const wait = error.retryAfterSeconds * 1000
      // A removal is never lost: repeating it is harmless and the bridge drives it on by itself.
      // A membership that was not sent may yet be acknowledged; its request decides.
      const waits = operation.kind === 'add-membership' && error.effect === 'none'
      if (isRemoval(operation) || (waits && !wasUnknown(step))) {
        return { state: 'decided', notBefore: clock.now() + wait, outcome: error.trouble }
      }
      if (error.effect === 'none' && !wasUnknown(step)) {
        return { state: 'cancelled', outcome: error.trouble }
      }
      return {
        state: 'unknown',
        notBefore: clock.now() + Math.max(wait, restMs),
        outcome: error.trouble
      }
    }
    return { state: 'unknown', notBefore: clock.now() + restMs, outcome: 'internal error' }
  }
}

/** What an earlier attempt may have done stays unknown, whatever became of this one. */
function wasUnknown({ entry }: FailedStep): boolean {
  return entry !== undefined && entry.state !== 'decided'
}
