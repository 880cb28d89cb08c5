import { sameJson } from '../lib/json.ts'
import { fold } from '../lib/text.ts'
import type { Dependencies } from './dependencies.ts'
import { BoxRefusedError, BoxUnavailableError, unlessTrouble } from './errors.ts'
import type { Step } from './journaled.ts'
import { hiddenContentNote, keepLeaverWork } from './leaver-work.ts'
import { keepLeftovers, openRemovalOf } from './leftover-aliases.ts'
import type { ScimDocument, UserRecord } from './model.ts'
import {
  isRemoval,
  isSameOperation,
  userSubject,
  type BoxOperation,
  type JournalEntry
} from './operations.ts'
import { personalData } from './personal.ts'
import type { UserPlan } from './plan/user-plan.ts'
import { isAdmin } from './protection.ts'
import type { DirectoryTransaction } from './ports.ts'
import { changeUser, type UserChanges } from './records.ts'
import { addressRefused, goneFromBox, protectedAccount } from './refusals.ts'
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

type UpdateUser = Extract<UserOperation, { readonly kind: 'update-user' }>

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
      const open = work.replaces.filter(index === replacing ? isRemovalEntry : isAbout(operation))
      const step = { operation, trail, ...joined(operation, open) }
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
    const entry =
      step.entry ??
      (operation.kind === 'remove-alias' ? await openRemovalOf(directory, operation) : undefined)
    try {
      await runJournaled({
        ...step,
        ...(entry === undefined ? {} : { entry }),
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
      return isExternalIdRefusal(operation, error)
        ? withoutExternalId(before, { operation, trail }, final)
        : recover(before, step, error, final)
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
    if (error instanceof BoxUnavailableError && !isRemoval(operation)) {
      const found = error.effect === 'unknown' ? await lookFor(before, operation, trail) : undefined
      if (found !== undefined) return finish(found, final, trail)
    }
    if (error instanceof BoxRefusedError && error.status === 404) await forgetIfGone(before, trail)
    if (error instanceof BoxRefusedError && error.status === 403 && isRemoval(operation)) {
      throw await explainForbidden(before, error, trail)
    }
    await undoAlias(before, operation, trail)
    const address = refusedAddress(operation, error)
    throw address === undefined ? error : addressRefused(address, error as BoxRefusedError)
  }

  /** Sends the rest of an update; Box does not say that it is the external id that it refuses. */
  async function withoutExternalId(
    before: UserRecord,
    { operation, trail }: { operation: UpdateUser; trail: Trail },
    final: UserChanges
  ): Promise<UserRecord> {
    const { externalAppUserId: _, ...fields } = operation.fields
    const changes = { ...final, externalIdRefused: true }
    trail.notes.push(
      'Box keeps its own external id: it takes one from the creating application only'
    )
    return Object.keys(fields).length === 0
      ? finish(before, changes, trail)
      : runStep(before, { operation: { ...operation, fields }, trail }, changes)
  }

  /** The record as Box shows the person, where the operation turns out to be done. */
  async function lookFor(
    before: UserRecord,
    operation: UserOperation,
    trail: Trail
  ): Promise<UserRecord | undefined> {
    const settled = await unlessTrouble(settle(before, trail, 'client'))
    if (settled === undefined) return undefined
    const { record } = settled
    if (record === undefined) throw goneFromBox(before.id)
    return isRecorded(record, operation) ? record : undefined
  }

  async function finish(before: UserRecord, final: UserChanges, trail: Trail): Promise<UserRecord> {
    if (Object.keys(final).length === 0) return before
    const after = changeUser(before, final, settings, clock.now())
    await directory.transaction((tx) =>
      write(tx, { before, after }, trail, final.shadow !== undefined)
    )
    return after
  }

  /**
   * Box forbids a removal for an admin, and in the same words for an application that lost a right:
   * only the former ends it. The intent stays in the journal otherwise.
   */
  async function explainForbidden(
    { id }: UserRecord,
    cause: BoxRefusedError,
    trail: Trail
  ): Promise<Error> {
    const snapshot = await box.getUser(id, trail.call('removal'))
    if (snapshot === undefined || !isAdmin({ snapshot })) return forbidden(cause)
    const open = await directory.journal.openFor(userSubject(id))
    const ids = open.filter(isRemovalEntry).map((entry) => entry.id)
    const outcome = `${cause.status} ${cause.code} ${cause.requestId}`
    await directory.transaction((tx) => tx.updateJournal(ids, { state: 'refused', outcome }))
    return protectedAccount(id)
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
    const { correlationId } = trail.context
    await keepLeftovers(tx, { before, after }, correlationId, clock.now())
    await keepLeaverWork(tx, { before, after }, { settings, correlationId, now: clock.now() })
    trail.notes.push(...hiddenContentNote({ before, after }))
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
      await tx.audit(trail.audit(userSubject(record.id), 'gone_from_box', clock.now()))
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
      const entry = await openRemovalOf(directory, undo)
      await runJournaled({
        operation: undo,
        ...(entry === undefined ? {} : { entry }),
        lane: 'client',
        trail,
        send: (call) => sendUserOperation(box, undo, call),
        settle: async (tx) => {
          const changes = userChangesAfter(before, undo, undefined)
          await tx.putUser(changeUser(before, changes, settings, clock.now()))
        }
      })
    } catch (error) {
      // The journal has it now: the bridge drives it on.
      const reason = error instanceof Error ? error.name : 'error'
      const about = { userId: before.id, ...personalData(before, settings) }
      log.warn({ reason, ...about }, 'an alias of a failed login change is left for later')
    }
  }
}

/**
 * The operations of a plan, a deactivation that is still to be carried out first, whatever else is
 * asked for; `activates` says that the request itself asks for the contrary.
 */
export function accessFirst(
  { deactivation, operations }: UserPlan,
  pending: readonly JournalEntry[],
  activates: boolean
): readonly UserOperation[] {
  const open = activates ? undefined : pending.findLast(isRemovalEntry)?.operation
  const first = deactivation ?? (open && { ...open, tombstone: false })
  return (first === undefined ? operations : [first, ...operations]) as readonly UserOperation[]
}

/** The answer of Box to another application than the one that created the person ("Update user"). */
function isExternalIdRefusal(operation: UserOperation, error: unknown): operation is UpdateUser {
  const isForbidden = error instanceof BoxRefusedError && error.status === 403
  return isForbidden && operation.kind === 'update-user' && 'externalAppUserId' in operation.fields
}

/** The new login, where Box refuses it: as an alias, or later as the login itself. */
function refusedAddress(operation: UserOperation, error: unknown): string | undefined {
  if (!(error instanceof BoxRefusedError)) return undefined
  if (operation.kind === 'add-alias') return operation.email
  const isAboutFields = error.status === 400 || error.status === 409
  return operation.kind === 'update-user' && isAboutFields ? operation.fields.login : undefined
}

function isRemovalEntry({ operation }: JournalEntry): boolean {
  return isRemoval(operation)
}

function isAbout(operation: UserOperation): (entry: JournalEntry) => boolean {
  return (entry) => isSameOperation(entry.operation, operation)
}

function forbidden(cause: BoxRefusedError): BoxUnavailableError {
  return new BoxUnavailableError(
    `Box forbids it (${cause.code}, request id ${cause.requestId}): check the scopes and the authorisation of the Box app.`,
    { trouble: 'credentials', effect: 'none', retryAfterSeconds: 300, cause }
  )
}

/** A repeated write joins the open entry about the same thing and takes the place of the others. */
function joined(operation: UserOperation, open: readonly JournalEntry[]) {
  const entry = open.find((other) => isSameOperation(other.operation, operation))
  const replaces = open.filter((other) => other !== entry)
  return entry === undefined ? { replaces } : { entry, replaces }
}

/** An open deactivation stands until the operation that decides about access anew is sent. */
export function changesAccess(operation: UserOperation): boolean {
  return isRemoval(operation) || (operation.kind === 'update-user' && 'status' in operation.fields)
}

function isRecorded({ snapshot, aliases }: UserRecord, operation: UserOperation): boolean {
  return isDone(operation, { snapshot, aliases: aliases.map((email) => ({ email })) })
}
