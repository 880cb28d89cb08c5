import type { Dependencies } from './dependencies.ts'
import { BoxRefusedError } from './errors.ts'
import { EntryClosedError } from './journaled.ts'
import { refusedOnce, type LeaverOperation } from './leaver-refusal.ts'
import { deletionOf } from './leaver-work.ts'
import { isActive } from './mapping/user-resource.ts'
import type { BoxUser, BoxUserId, UserRecord } from './model.ts'
import { isOpen, mayHaveReachedBox, userSubject, type JournalEntry } from './operations.ts'
import type { DirectoryTransaction, JournalUpdate } from './ports.ts'
import { createFindReceiver } from './receiver.ts'
import type { Trail } from './trail.ts'
import { forgetUser } from './user-settlement.ts'

/**
 * Works an open entry about somebody who was deactivated or deleted: ends sessions, moves content,
 * deletes the account. What Box refuses is tried again once a day, and given up in the end. Throws where
 * Box is not there.
 */
export type WorkLeaver = (entry: JournalEntry, trail: Trail) => Promise<void>

/** How often a transfer of which nothing is known is looked at, and for how long. */
const lookAgainMs = 5 * 60_000
const lookingMs = 60 * 60_000

/** How long the work rests when somebody turns out to be active in Box: the drift is recorded meanwhile. */
const driftRestMs = 10 * 60_000

type LeaverEntry = JournalEntry & { readonly operation: LeaverOperation }

/** Somebody who has left and is still there. */
interface Leaver {
  readonly record: UserRecord
  readonly snapshot: BoxUser
}

/** Creates {@link WorkLeaver}. */
export function createWorkLeaver(dependencies: Dependencies): WorkLeaver {
  const { alerts, box, clock, directory, locks, runJournaled, settings } = dependencies
  const findReceiver = createFindReceiver(dependencies)

  return (found, trail) =>
    locks.run(found.subject, async () => {
      const entry = await directory.journal.get(found.id)
      if (entry === undefined || !isOpen(entry)) return
      await work(entry as LeaverEntry, trail).catch(async (error: unknown) => {
        if (error instanceof BoxRefusedError) return report(entry as LeaverEntry, error, trail)
        if (!(error instanceof EntryClosedError)) throw error
      })
    })

  async function work(entry: LeaverEntry, trail: Trail): Promise<void> {
    const subject = userSubject(entry.operation.userId)
    switch (entry.operation.kind) {
      case 'end-sessions':
        return locks.run(subject, () => endSessions(entry, trail))
      case 'delete-user':
        return locks.run(subject, () => deleteUser(entry, trail))
      case 'transfer-content':
        return transfer(entry, trail)
    }
  }

  async function endSessions(entry: LeaverEntry, trail: Trail): Promise<void> {
    const { operation } = entry
    const record = await directory.users.get(operation.userId)
    if (record === undefined) return close(entry, 'gone from the directory')
    if (isActive(record, settings)) return close(entry, 'came back')
    await runJournaled({
      operation,
      entry,
      lane: 'removal',
      trail,
      send: (call) => box.endSessions([operation.userId], call),
      settle: (tx) => auditDone(tx, operation.userId, trail),
      afterRefusal: (refusal) => afterRefusal(entry, refusal)
    })
  }

  async function deleteUser(entry: LeaverEntry, trail: Trail): Promise<void> {
    const { operation } = entry
    const { userId } = operation
    if ((await findLeaver(entry, trail)) === undefined) return
    const { onDelete, force: mayDestroy } = settings.leavers
    const force = mayDestroy && onDelete === 'delete'
    await runJournaled({
      operation,
      entry,
      lane: 'background',
      trail,
      send: (call) => box.deleteUser(userId, { force, notify: false }, call),
      settle: async (tx) => {
        await forgetUser(tx, userId, [], clock.now())
        await auditDone(tx, userId, trail)
      },
      afterRefusal: (refusal) => afterRefusal(entry, refusal)
    })
  }

  /** Whoever brings the person back waits until the transfer has begun, and not until it is over. */
  async function transfer(entry: LeaverEntry, trail: Trail): Promise<void> {
    let whole = Promise.resolve()
    await locks.run(userSubject(entry.operation.userId), async () => {
      await new Promise<void>((release) => {
        whole = beginTransfer(entry, trail, release).finally(release)
        // Looked at below; until then nobody else does.
        whole.catch(() => undefined)
      })
    })
    await whole
  }

  async function beginTransfer(
    entry: LeaverEntry,
    trail: Trail,
    onSent: () => void
  ): Promise<void> {
    const leaver = await findLeaver(entry, trail)
    if (leaver === undefined) return
    if (mayHaveReachedBox(entry)) return lookAtTransfer(entry, leaver, trail)
    const receiver = await findReceiver(leaver.record, trail.call('background'))
    if ('reason' in receiver) return giveUp(entry, receiver.reason, trail)
    const { operation } = entry
    const content = { from: operation.userId, to: receiver.id, notify: false }
    trail.notes.push(`content goes to user ${receiver.id}`)
    await runJournaled({
      operation,
      entry,
      lane: 'background',
      trail,
      send: async (call) => {
        const moving = box.transferContent(content, call)
        onSent()
        const folder = await moving
        trail.notes.push(`content is in folder ${folder.id} of user ${receiver.id}`)
      },
      settle: (tx) => goOn(tx, operation.userId, trail),
      afterRefusal: (refusal) => afterRefusal(entry, refusal)
    })
  }

  /**
   * Box does not tell what became of a transfer. Where nothing is left it is through; where something
   * is, Box may still be at it. It is begun anew only once that is out of the question, a day later.
   */
  async function lookAtTransfer(entry: LeaverEntry, leaver: Leaver, trail: Trail): Promise<void> {
    const { id, sentAt = 0 } = entry
    const { snapshot } = leaver
    const now = clock.now()
    if (snapshot.spaceUsed === 0) {
      trail.notes.push('transfer-content found done')
      await directory.transaction(async (tx) => {
        await tx.updateJournal([id], { state: 'confirmed', outcome: 'found done' })
        await goOn(tx, snapshot.id, trail)
      })
    } else if (now < sentAt + lookingMs) {
      const change = { state: 'unknown', notBefore: now + lookAgainMs } as const
      await directory.transaction((tx) => tx.updateJournal([id], change))
    } else {
      await giveUp(
        entry,
        'it is not known whether Box has moved the content, and some is left',
        trail
      )
    }
  }

  /** The person as Box shows them now; undefined where nothing may be done, or nothing is left to do. */
  async function findLeaver(entry: LeaverEntry, trail: Trail): Promise<Leaver | undefined> {
    const record = await directory.users.get(entry.operation.userId)
    if (record === undefined) return close(entry, 'gone from the directory')
    if (!record.tombstone) return close(entry, 'came back')
    if (settings.leavers.onDelete === 'deactivate') {
      return close(entry, 'ON_DELETE says deactivate now')
    }
    const call = trail.call('background')
    const snapshot = await box.getUser(record.id, call)
    if (snapshot === undefined) {
      // Only where the bridge itself is let in does a 404 mean that somebody is gone.
      await box.getOwnAccount(call)
      return forget(entry, trail)
    }
    return isActive({ ...record, snapshot }, settings) ? wait(entry) : { record, snapshot }
  }

  async function forget({ operation }: LeaverEntry, trail: Trail): Promise<undefined> {
    await directory.transaction(async (tx) => {
      await forgetUser(tx, operation.userId, [], clock.now())
      await tx.audit(trail.audit(userSubject(operation.userId), 'gone from Box', clock.now()))
    })
  }

  /** Somebody has let the person in again in Box: what that means is for the drift to find out. */
  async function wait({ id, operation }: LeaverEntry): Promise<undefined> {
    const now = clock.now()
    await directory.transaction(async (tx) => {
      await tx.noteHints([{ kind: 'user', userId: operation.userId }], 'bridge', now)
      await tx.updateJournal([id], { notBefore: now + driftRestMs })
    })
  }

  async function goOn(tx: DirectoryTransaction, userId: BoxUserId, trail: Trail): Promise<void> {
    const record = await tx.users.get(userId)
    const now = clock.now()
    const { correlationId } = trail.context
    if (record?.tombstone === true) {
      await tx.appendJournal([deletionOf(userId, { settings, correlationId, now })])
    } else {
      trail.notes.push('the person came back meanwhile')
    }
    await auditDone(tx, userId, trail)
  }

  async function auditDone(
    tx: DirectoryTransaction,
    userId: BoxUserId,
    trail: Trail
  ): Promise<void> {
    await tx.audit(trail.audit(userSubject(userId), 'done', clock.now()))
  }

  async function close({ id }: LeaverEntry, outcome: string): Promise<undefined> {
    const change = { state: 'cancelled', outcome } as const
    await directory.transaction((tx) => tx.updateJournal([id], change))
  }

  function afterRefusal({ operation }: LeaverEntry, refusal: BoxRefusedError): JournalUpdate {
    const { status, code, requestId } = refusal
    return refusedOnce(operation, `${status} ${code} ${requestId}`, clock.now())
  }

  /** Nothing was sent, and nothing can be now. */
  async function giveUp(entry: LeaverEntry, reason: string, trail: Trail): Promise<void> {
    const { id, operation } = entry
    trail.notes.push(reason)
    await directory.transaction(async (tx) => {
      await tx.updateJournal([id], refusedOnce(operation, reason, clock.now()))
      await tx.audit(trail.audit(userSubject(operation.userId), 'refused', clock.now()))
    })
    alert(operation, reason)
  }

  /** The journal has it already: now the audit and whoever must hear of it. */
  async function report(entry: LeaverEntry, refusal: BoxRefusedError, trail: Trail): Promise<void> {
    const { kind, userId } = entry.operation
    const { status, code, requestId } = refusal
    trail.notes.push(`Box refuses ${kind} (${status} ${code}, request id ${requestId})`)
    await directory.transaction((tx) =>
      tx.audit(trail.audit(userSubject(userId), 'refused_by_box', clock.now()))
    )
    alert(entry.operation, `${status} ${code} ${requestId}`)
  }

  function alert({ kind, userId }: LeaverOperation, reason: string): void {
    const facts = { subject: `${kind}:${userId}`, userId, operation: kind, reason }
    alerts.raise('leaver-refused', facts)
  }
}
