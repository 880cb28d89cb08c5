import { sameJson } from '../lib/json.ts'
import { fold } from '../lib/text.ts'
import type { Dependencies } from './dependencies.ts'
import { BoxRefusedError, BoxUnavailableError, ProvisioningError } from './errors.ts'
import type { Step } from './journaled.ts'
import type { ScimDocument, UserRecord } from './model.ts'
import {
  isRemoval,
  isSameOperation,
  userSubject,
  type BoxOperation,
  type JournalEntry
} from './operations.ts'
import type { DirectoryTransaction } from './ports.ts'
import { changeUser, type UserChanges } from './records.ts'
import { touchGroupsOf } from './touch-groups.ts'
import type { Trail } from './trail.ts'
import { sendUserOperation, userChangesAfter, type UserOperation } from './user-operations.ts'
import { isDone, type SettleUser } from './user-settlement.ts'

/** What shall be done to a person, and what is recorded when all of it is done. */
export interface UserWork {
  readonly record: UserRecord
  readonly operations: readonly UserOperation[]
  /** Open deactivations that this work takes the place of. */
  readonly replaces: readonly JournalEntry[]
  /** Recorded with the last operation, or alone where there is none. */
  readonly final: UserChanges & { readonly shadow: ScimDocument }
}

/**
 * Carries out the operations in order and returns the record. Throws what Box threw; everything done
 * until then is recorded, and nothing of `final` is.
 */
export type CarryOutUserWork = (work: UserWork, trail: Trail) => Promise<UserRecord>

/** Creates {@link CarryOutUserWork}; call it under the person's lock. */
export function createCarryOutUserWork(
  dependencies: Dependencies,
  settle: SettleUser
): CarryOutUserWork {
  const { box, clock, directory, log, runJournaled, settings } = dependencies

  return async (work, trail) => {
    let record = work.record
    const count = work.operations.length
    const replacing = Math.max(0, work.operations.findIndex(changesAccess))
    for (const [index, operation] of work.operations.entries()) {
      const isLast = index === count - 1
      const join = index === replacing ? joined(operation, work.replaces) : {}
      const step = { operation, trail, ...join }
      record = await runStep(record, step, isLast ? work.final : {})
    }
    if (count === 0) record = await recordOnly(record, work, trail)
    return record
  }

  async function runStep(
    before: UserRecord,
    step: Pick<Step<unknown>, 'trail' | 'entry' | 'replaces'> & { operation: UserOperation },
    final: UserChanges
  ): Promise<UserRecord> {
    const { operation, trail } = step
    const isLast = final.shadow !== undefined
    let after = before
    try {
      await runJournaled({
        ...step,
        lane: isRemoval(operation) ? 'removal' : 'client',
        send: (call) => sendUserOperation(box, operation, call),
        settle: async (tx, snapshot) => {
          const changes = { ...userChangesAfter(before, operation, snapshot), ...final }
          after = changeUser(before, changes, settings, clock.now())
          await write(tx, { before, after }, trail, isLast)
        }
      })
      return after
    } catch (error) {
      return recover(before, step, error, final)
    }
  }

  /** Goes on where a look shows that the operation was done; else undoes what it left and throws. */
  async function recover(
    before: UserRecord,
    step: { operation: UserOperation; trail: Trail },
    error: unknown,
    final: UserChanges
  ): Promise<UserRecord> {
    const { operation, trail } = step
    if (
      error instanceof BoxUnavailableError &&
      error.effect === 'unknown' &&
      !isRemoval(operation)
    ) {
      const { record } = await settle(before, trail, 'client')
      if (record === undefined) throw goneFromBox(before.id)
      if (!isRecorded(record, operation)) throw error
      if (final.shadow === undefined) return record
      const after = changeUser(record, final, settings, clock.now())
      await directory.transaction((tx) => write(tx, { before: record, after }, trail, true))
      return after
    }
    if (error instanceof BoxRefusedError) {
      if (error.status === 404) await forgetIfGone(before, trail)
      await undoAlias(before, operation, trail)
      if (operation.kind === 'add-alias') throw addressRefused(operation.email, error)
    }
    throw error
  }

  async function recordOnly(before: UserRecord, work: UserWork, trail: Trail): Promise<UserRecord> {
    const after = changeUser(before, work.final, settings, clock.now())
    const isSame = before.linked === after.linked && sameJson(before.shadow, after.shadow)
    const isSettled = before.tombstone === after.tombstone && work.replaces.length === 0
    if (isSame && isSettled) return before
    await directory.transaction(async (tx) => {
      await tx.updateJournal(
        work.replaces.map(({ id }) => id),
        { state: 'cancelled', outcome: 'replaced' }
      )
      await write(tx, { before, after }, trail, true)
    })
    return after
  }

  async function write(
    tx: DirectoryTransaction,
    { before, after }: { readonly before: UserRecord; readonly after: UserRecord },
    trail: Trail,
    isLast: boolean
  ): Promise<void> {
    await tx.putUser(after)
    if (before.tombstone !== after.tombstone) await touchGroupsOf(tx, after.id, clock.now())
    if (isLast) await tx.audit(trail.audit(userSubject(after.id), 'done', clock.now()))
  }

  /** A 404 on a write means gone only where the person's own GET says so while the bridge's account works. */
  async function forgetIfGone(record: UserRecord, trail: Trail): Promise<void> {
    const call = trail.call('client')
    if ((await box.getUser(record.id, call)) !== undefined) return
    await box.getOwnAccount(call)
    await directory.transaction(async (tx) => {
      await touchGroupsOf(tx, record.id, clock.now())
      await tx.deleteUser(record.id)
      await tx.audit(trail.audit(userSubject(record.id), 'gone from Box', clock.now()))
    })
    throw goneFromBox(record.id)
  }

  /** A login that Box refused leaves the new address behind as an alias: take it away again. */
  async function undoAlias(
    before: UserRecord,
    operation: BoxOperation,
    trail: Trail
  ): Promise<void> {
    const login = operation.kind === 'update-user' ? operation.fields.login : undefined
    const email = before.aliases.find((alias) => login !== undefined && fold(alias) === fold(login))
    if (email === undefined) return
    const undo = { kind: 'remove-alias', userId: before.id, email } as const
    try {
      await runJournaled({
        operation: undo,
        lane: 'client',
        trail,
        send: (call) => sendUserOperation(box, undo, call),
        settle: async (tx) => {
          const changes = userChangesAfter(before, undo, undefined)
          await tx.putUser(changeUser(before, changes, settings, clock.now()))
        }
      })
    } catch (error) {
      // The alias stays on record: the next change of this person removes it.
      log.warn({ err: error, userId: before.id }, 'an alias of a refused login change is left over')
    }
  }
}

/** A repeated write joins the open entry about the same thing and takes the place of the others. */
function joined(operation: UserOperation, open: readonly JournalEntry[]) {
  const entry = open.find((other) => isSameOperation(other.operation, operation))
  const replaces = open.filter((other) => other !== entry)
  return entry === undefined ? { replaces } : { entry, replaces }
}

/** An open deactivation stands until the operation that decides about access anew is sent. */
function changesAccess(operation: UserOperation): boolean {
  return isRemoval(operation) || (operation.kind === 'update-user' && 'status' in operation.fields)
}

function isRecorded({ snapshot, aliases }: UserRecord, operation: UserOperation): boolean {
  return isDone(operation, { snapshot, aliases: aliases.map((email) => ({ email })) })
}

/** The answer for somebody whom Box does not have any more, so that the IdP creates them again. */
export function goneFromBox(id: string): ProvisioningError {
  return new ProvisioningError('not_found', `User ${id} does not exist in Box any more.`)
}

function addressRefused(email: string, cause: BoxRefusedError): ProvisioningError {
  return new ProvisioningError(
    cause.status === 409 ? 'login_taken_outside' : 'refused_by_box',
    `Box does not accept ${email} as a login (${cause.code}, request id ${cause.requestId}): ` +
      'the address must be unused in all of Box and its domain must belong to the enterprise.',
    { cause }
  )
}
