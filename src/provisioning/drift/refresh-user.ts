import { isDeepStrictEqual } from 'node:util'
import { createRunAudited } from '../audited.ts'
import type { CarryOutUserWork } from '../carry-out.ts'
import type { Dependencies } from '../dependencies.ts'
import { BoxUnavailableError } from '../errors.ts'
import { keepLeaverWork } from '../leaver-work.ts'
import { isActive } from '../mapping/user-resource.ts'
import type { BoxUser, BoxUserId, UserRecord } from '../model.ts'
import {
  externalIdSubject,
  isRemoval,
  isSameOperation,
  loginSubject,
  newEntry,
  userSubject,
  type BoxOperation,
  type JournalEntry
} from '../operations.ts'
import { personalData } from '../personal.ts'
import { planUserRestoration } from '../plan/restore-plan.ts'
import { changeUser, newUser } from '../records.ts'
import { touchGroupsOf } from '../touch-groups.ts'
import { createTrail, inBackground, type Trail } from '../trail.ts'
import type { UserOperation } from '../user-operations.ts'
import { endInvite } from '../user-invitation.ts'
import { forgetUser } from '../user-settlement.ts'
import { untilAllowed, type DeletionGuard } from './deletions.ts'
import { isOfKind, isShownIn, type OwnAccount } from '../population.ts'
import type { DirectoryTransaction } from '../ports.ts'
import { changedUserFields, type DriftClass } from './drift.ts'
import { keepUnfinished, type Unfinished } from './unfinished.ts'
import { soonAgain, whenJournalIsDone, type RefreshOutcome } from './outcome.ts'
import { reportDrift, type Difference } from './report.ts'

/** Reads a person in Box and records what has changed there. Throws where Box cannot be asked. */
export type RefreshUser = (id: BoxUserId, trail: Trail) => Promise<RefreshOutcome>

/** What {@link createRefreshUser} works with. */
export interface RefreshUserParts {
  readonly carryOut: CarryOutUserWork
  readonly deletions: DeletionGuard
  /** The account the bridge acts as. */
  readonly own: (trail: Trail) => Promise<OwnAccount>
  /** Is told of work that is left to the journal worker. */
  readonly onAcknowledged: () => void
}

/** Somebody as the directory has them, and what is still to be done about them. */
interface Known {
  readonly record: UserRecord
  readonly open: readonly JournalEntry[]
}

/** What Box shows of somebody, and what that means. */
interface Seen {
  readonly before: UserRecord
  readonly after: UserRecord
  readonly differences: readonly Difference[]
  readonly deactivation: BoxOperation | undefined
}

/** Creates {@link RefreshUser}. */
export function createRefreshUser(
  dependencies: Dependencies,
  parts: RefreshUserParts
): RefreshUser {
  const { box, clock, directory, locks, log, settings, signals } = dependencies
  const audited = createRunAudited(dependencies, { onTrouble: false })
  const unfinished = keepUnfinished(directory)

  return (id, trail) =>
    locks.run(userSubject(id), async () => {
      const open = await directory.journal.openFor(userSubject(id))
      // Box may still be applying it, and what came of it is for the journal to find out.
      if (open.some(({ state }) => state === 'sent' || state === 'unknown'))
        return whenJournalIsDone
      const outcome = await look(id, open, trail)
      if (outcome === 'done') await unfinished.end(userSubject(id))
      return outcome
    })

  /** Throws where Box cannot be asked, or gets into trouble while something is restored. */
  async function look(
    id: BoxUserId,
    open: readonly JournalEntry[],
    trail: Trail
  ): Promise<RefreshOutcome> {
    const record = await directory.users.get(id)
    const snapshot = await box.getUser(id, trail.call('background'))
    if (record === undefined) return appear(snapshot, trail)
    if (snapshot === undefined) {
      // Only where the bridge itself is let in does a 404 mean that somebody is gone.
      await box.getOwnAccount(trail.call('background'))
      return disappear({ record, open }, 'deleted in Box', trail)
    }
    if (!isOfKind(snapshot, settings)) {
      return disappear({ record, open }, 'no managed user of the enterprise any more', trail)
    }
    return compare({ record, open }, snapshot, trail)
  }

  async function appear(snapshot: BoxUser | undefined, trail: Trail): Promise<RefreshOutcome> {
    if (snapshot === undefined || !isOfKind(snapshot, settings)) return 'done'
    if (!isShownIn(snapshot, await parts.own(trail), settings)) return 'done'
    return directory.transaction(async (tx) => {
      const known = await tx.users.get(snapshot.id)
      if (known !== undefined) return soonAgain
      // Perhaps the bridge's own, by a creation whose answer was lost.
      if (await isBeingCreated(tx, snapshot)) return whenJournalIsDone
      const now = clock.now()
      await tx.putUser(newUser(snapshot, {}, settings, now))
      await endInvite(tx, snapshot, { trail, now })
      await report(tx, snapshot.id, [{ kind: 'created', notes: ['created in Box'] }], trail)
      return 'done'
    })
  }

  async function disappear(
    { record, open }: Known,
    reason: string,
    trail: Trail
  ): Promise<RefreshOutcome> {
    return directory.transaction(async (tx) => {
      if (!(await parts.deletions.admits(tx, 'users'))) return untilAllowed
      await forgetUser(tx, record.id, open, clock.now())
      await report(tx, record.id, [{ kind: 'deleted', notes: [reason] }], trail)
      return 'done'
    })
  }

  async function compare(
    { record, open }: Known,
    snapshot: BoxUser,
    trail: Trail
  ): Promise<RefreshOutcome> {
    const changes = await changesOf(record, snapshot)
    const shown = showSeen(record, snapshot)
    const plan = planUserRestoration({ before: record, seen: shown, ...changes }, settings)
    const mayRestore = open.length === 0
    const after = plan.deactivation === undefined ? asUnlinked(shown, open) : shown
    const differences = differencesOf(record, after, changes)
    const seen = { before: record, after, differences, deactivation: plan.deactivation }
    if (mayRestore && plan.operations.length > 0) {
      await unfinished.begin(userSubject(record.id), changes)
      const isRestored = await restore(after, plan.operations as readonly UserOperation[], trail)
      if (isRestored) {
        for (const kind of classesOf(plan.operations)) signals.driftRestored(kind)
        return reportOnly(seen, trail)
      }
    }
    return recordSeen(seen, trail)
  }

  /** What was changed in Box, now or before a restoration that was cut off. */
  async function changesOf(record: UserRecord, snapshot: BoxUser): Promise<Unfinished> {
    const noted = await unfinished.of(userSubject(record.id))
    const found = changedUserFields(record.snapshot, snapshot)
    const changed = [...new Set([...(noted?.changed ?? []), ...found])]
    return { changed, wasActive: noted?.wasActive === true || isActive(record, settings) }
  }

  function showSeen(record: UserRecord, snapshot: BoxUser): UserRecord {
    const isAsWritten = snapshot.status === record.snapshot.status && snapshot.status !== 'active'
    const deactivatedByBridge = record.deactivatedByBridge && isAsWritten
    return changeUser(record, { snapshot, deactivatedByBridge }, settings, clock.now())
  }

  /** Somebody who left and was let in again in Box is somebody whom SCIM has yet to link. */
  function asUnlinked(shown: UserRecord, open: readonly JournalEntry[]): UserRecord {
    const leaves = open.some(({ operation }) => isRemoval(operation))
    if (!shown.tombstone || leaves || !isActive(shown, settings)) return shown
    const unlinked = { tombstone: false, linked: false, shadow: {} }
    return changeUser(shown, unlinked, settings, clock.now())
  }

  async function recordSeen(seen: Seen, trail: Trail): Promise<RefreshOutcome> {
    const { before, after, differences, deactivation } = seen
    if (differences.length === 0 && isDeepStrictEqual(before, after)) return 'done'
    const outcome = await directory.transaction(async (tx) => {
      if (!isDeepStrictEqual(await tx.users.get(before.id), before)) return soonAgain
      await tx.putUser(after)
      if (before.tombstone !== after.tombstone) await touchGroupsOf(tx, after.id, clock.now())
      const { correlationId } = trail.context
      await keepLeaverWork(tx, { before, after }, { settings, correlationId, now: clock.now() })
      await report(tx, after.id, differences, trail)
      if (deactivation !== undefined) {
        const open = await tx.journal.openFor(userSubject(after.id))
        if (!open.some(({ operation }) => isSameOperation(operation, deactivation))) {
          await tx.appendJournal([newEntry(deactivation, correlationId, clock.now())])
        }
      }
      return 'done'
    })
    if (deactivation !== undefined) {
      if (outcome === 'done') signals.driftRestored('access')
      parts.onAcknowledged()
    }
    return outcome
  }

  async function reportOnly(seen: Seen, trail: Trail): Promise<RefreshOutcome> {
    await directory.transaction((tx) => report(tx, seen.before.id, seen.differences, trail))
    return 'done'
  }

  /** Sets again what the IdP last set; false where Box refuses it. Throws where Box cannot be asked. */
  async function restore(
    record: UserRecord,
    operations: readonly UserOperation[],
    { context }: Trail
  ): Promise<boolean> {
    const trail = createTrail('drift.restore', context)
    const work = { record, operations, replaces: [], final: { shadow: record.shadow } }
    try {
      const carryOut = () => parts.carryOut(work, inBackground(trail))
      await audited(trail, userSubject(record.id), carryOut)
      return true
    } catch (error) {
      if (error instanceof BoxUnavailableError) throw error
      const reason = error instanceof Error ? error.name : 'error'
      const about = { userId: record.id, ...personalData(record, settings) }
      log.warn({ ...about, reason }, 'what was changed in Box cannot be restored')
      return false
    }
  }

  function differencesOf(
    before: UserRecord,
    after: UserRecord,
    { changed, wasActive }: Unfinished
  ): readonly Difference[] {
    const attributes = changed.filter((name) => name !== 'status')
    const differences: Difference[] = []
    if (attributes.length > 0) {
      differences.push({ kind: 'users', notes: [`changed in Box: ${attributes.join(', ')}`] })
    }
    if (changed.includes('status')) {
      const isActiveNow = isActive(after, settings)
      const word = isActiveNow === wasActive ? 'status changed' : accessWord(isActiveNow)
      const unlinked =
        before.tombstone && !after.tombstone ? ['a deleted person is unlinked again'] : []
      differences.push({ kind: 'access', notes: [`${word} in Box`, ...unlinked] })
    }
    return differences
  }

  async function report(
    tx: Parameters<typeof reportDrift>[0],
    id: BoxUserId,
    differences: readonly Difference[],
    trail: Trail
  ): Promise<void> {
    for (const difference of differences) {
      await reportDrift(tx, userSubject(id), difference, { trail, now: clock.now(), signals })
    }
  }
}

/** What of a person the operations set again. */
function classesOf(operations: readonly BoxOperation[]): ReadonlySet<DriftClass> {
  const fields = operations.flatMap((operation) =>
    operation.kind === 'update-user' ? Object.keys(operation.fields) : ['login']
  )
  return new Set(fields.map((name) => (name === 'status' ? 'access' : 'users')))
}

function accessWord(isActiveNow: boolean): string {
  return isActiveNow ? 'activated' : 'deactivated'
}

async function isBeingCreated(
  { journal }: DirectoryTransaction,
  { login, externalAppUserId }: BoxUser
): Promise<boolean> {
  const byLogin = await journal.openFor(loginSubject(login))
  const byId =
    externalAppUserId === '' ? [] : await journal.openFor(externalIdSubject(externalAppUserId))
  return byLogin.length + byId.length > 0
}
