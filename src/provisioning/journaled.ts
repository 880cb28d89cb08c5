import type { Clock, Milliseconds } from '../lib/clock.ts'
import { BoxRefusedError, BoxUnavailableError } from './errors.ts'
import type { AdmitDeactivation } from './held.ts'
import {
  isOpen,
  isRemoval,
  mayHaveReachedBox,
  newEntry,
  type BoxOperation,
  type JournalEntry
} from './operations.ts'
import type { BoxCall, Lane } from './box-port.ts'
import type { Directory, DirectoryTransaction, JournalUpdate } from './ports.ts'
import { fuseOpen } from './refusals.ts'
import type { Trail } from './trail.ts'

/** One operation to be journaled, sent and settled. */
export interface Step<Result> {
  readonly operation: BoxOperation
  readonly lane: Lane
  readonly trail: Trail
  /** The open entry that is worked; absent: a new one is written. */
  readonly entry?: JournalEntry
  /**
   * Open entries that this step takes the place of: cancelled in the transaction that opens it. What
   * they may have done in Box is then this step's to find out, whatever becomes of it.
   */
  readonly replaces?: readonly JournalEntry[]
  /** Makes the change in Box. */
  readonly send: (call: BoxCall) => Promise<Result>
  /** Records what Box answered, in the transaction that confirms the entry. */
  readonly settle: (tx: DirectoryTransaction, result: Result) => Promise<void>
  /** What becomes of the entry where Box refuses it; default: it is closed. */
  readonly afterRefusal?: (refusal: BoxRefusedError) => JournalUpdate
  /** Records that Box refused it, in the transaction that closes the entry; default nothing. */
  readonly refused?: (tx: DirectoryTransaction) => Promise<void>
}

/**
 * Runs a step and passes on Box's answer, or throws what Box threw, or `fuse_open` where the fuse holds
 * it. Call it under the subject's lock. Throws `EntryClosedError` where another request has closed the
 * entry meanwhile; nothing is sent then.
 */
export type RunJournaled = <Result>(step: Step<Result>) => Promise<Result>

/** The entry that was to be worked is not open any more: a later request has taken its place. */
export class EntryClosedError extends Error {
  override readonly name = 'EntryClosedError'
}

/** What the bridge drives on by itself besides removals, and may send again. */
const drivenOn: ReadonlySet<BoxOperation['kind']> = new Set([
  'remove-alias',
  'delete-user',
  'end-sessions'
])

/** How long a removal rests that Box forbids. */
const forbiddenRestMs = 5 * 60_000

/** How long an unknown outcome rests before it is looked up: Box may still be applying it. */
export const restMs = 30_000

/**
 * Nothing is sent to Box before it stands in the journal, and no answer counts before it is recorded
 * there: after a crash at any point the journal tells what may have happened.
 */
export function createRunJournaled({
  directory,
  clock,
  admitDeactivation,
  inWork
}: {
  readonly directory: Directory
  readonly clock: Clock
  readonly admitDeactivation: AdmitDeactivation
  /** See `Dependencies`. */
  readonly inWork: Set<number>
}): RunJournaled {
  return async (step) => {
    const entry = await open(step)
    if (entry === undefined) throw fuseOpen('people')
    const isOwn = !inWork.has(entry)
    inWork.add(entry)
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
      await directory.transaction(async (tx) => {
        if (change.state === 'refused') await step.refused?.(tx)
        await tx.updateJournal([entry], change)
      })
      throw error
    } finally {
      if (isOwn) inWork.delete(entry)
    }
  }

  /** Resolves to undefined where the fuse holds it. */
  async function open<Result>(step: Step<Result>): Promise<number | undefined> {
    const now = clock.now()
    const { entry, operation, replaces = [], trail } = step
    return directory.transaction(async (tx) => {
      const isNewRemoval = entry === undefined && operation.kind === 'deactivate-user'
      const admission = isNewRemoval ? await admitDeactivation(tx, operation, trail) : undefined
      if (admission === 'held') return undefined
      await replace(tx, replaces, operation)
      const replaced = isRemoval(operation) ? replaces.find(isCounted) : undefined
      const countedAt = entry?.countedAt ?? replaced?.countedAt ?? admission?.countedAt
      if (entry !== undefined) {
        await assertOpen(tx, entry)
        await tx.updateJournal([entry.id], {
          state: 'sent',
          sentAt: now,
          attempts: entry.attempts + 1,
          countedAt
        })
        return entry.id
      }
      const decided = newEntry(operation, trail.context.correlationId, now)
      const [opened] = await tx.appendJournal([
        { ...decided, state: 'sent', sentAt: now, countedAt }
      ])
      if (opened === undefined) throw new TypeError('The journal returned no entry')
      return opened.id
    })
  }

  function afterFailure<Result>(error: unknown, step: Step<Result>): JournalUpdate {
    const mayDiffer = step.replaces?.some(mayHaveReachedBox) === true
    if (error instanceof BoxRefusedError && step.afterRefusal !== undefined) {
      return step.afterRefusal(error)
    }
    if (error instanceof BoxRefusedError && isForbidden(error) && isRemoval(step.operation)) {
      // Also how Box answers an application that lost a right: the person must not keep access for it.
      return { state: 'decided', notBefore: clock.now() + forbiddenRestMs, outcome: error.code }
    }
    if (error instanceof BoxRefusedError && !mayDiffer) {
      return { state: 'refused', outcome: `${error.status} ${error.code} ${error.requestId}` }
    }
    if (error instanceof BoxUnavailableError) return afterTrouble(error, step, mayDiffer)
    return unknown(restMs, 'internal error')
  }

  function afterTrouble<Result>(
    { effect, retryAfterSeconds, trouble: outcome }: BoxUnavailableError,
    { entry, operation }: Step<Result>,
    mayDiffer: boolean
  ): JournalUpdate {
    const wait = retryAfterSeconds * 1000
    // An attempt that had no effect leaves open what earlier ones had.
    const sent = effect === 'none' ? { sentAt: entry?.sentAt } : {}
    const isDoubtful = effect === 'unknown' || mayDiffer || sent.sentAt !== undefined
    // A removal is never lost: repeating it is harmless and the bridge drives it on by itself. So is
    // the removal of an alias, which a change of the login leaves behind.
    // So is what follows a DELETE, which can be repeated, but for a transfer that may have begun.
    // A membership that was not sent may yet be acknowledged; its request decides.
    const isHarmless = isRemoval(operation) || drivenOn.has(operation.kind)
    const isDriven = isHarmless || (operation.kind === 'transfer-content' && !isDoubtful)
    if (isDriven || (operation.kind === 'add-membership' && !isDoubtful)) {
      return { state: 'decided', notBefore: clock.now() + wait, outcome, ...sent }
    }
    if (!isDoubtful) return { state: 'cancelled', outcome }
    return unknown(Math.max(wait, restMs), outcome)
  }

  function unknown(wait: Milliseconds, outcome: string): JournalUpdate {
    return { state: 'unknown', notBefore: clock.now() + wait, outcome }
  }
}

/** A request decides about a membership without its lock: what it has given up is not sent. */
async function assertOpen({ journal }: DirectoryTransaction, { id }: JournalEntry): Promise<void> {
  const current = await journal.get(id)
  if (current === undefined || !isOpen(current)) throw new EntryClosedError()
}

function isCounted({ countedAt }: JournalEntry): boolean {
  return countedAt !== undefined
}

/** A removal that takes the place of one that is counted is counted in its stead. */
async function replace(
  tx: DirectoryTransaction,
  replaced: readonly JournalEntry[],
  operation: BoxOperation
): Promise<void> {
  const ids = replaced.map(({ id }) => id)
  const change = { state: 'cancelled', outcome: 'replaced' } as const
  const counted = isRemoval(operation) ? { countedAt: undefined } : {}
  await tx.updateJournal(ids, { ...change, ...counted })
}

function isForbidden({ status }: BoxRefusedError): boolean {
  return status === 403
}
