import type { Dependencies } from '../dependencies.ts'
import { BoxUnavailableError } from '../errors.ts'
import { allUsersGroupType } from '../group-creation.ts'
import type { UpdateGroup } from '../group-update.ts'
import type { BoxGroup, BoxGroupFields, BoxGroupId, GroupRecord } from '../model.ts'
import { groupNameSubject, groupSubject } from '../operations.ts'
import { planGroupRestoration } from '../plan/restore-plan.ts'
import { changeGroup, newGroup } from '../records.ts'
import { createRunAudited } from '../audited.ts'
import { createTrail, inBackground, type Trail } from '../trail.ts'
import { writeGroup } from '../write-group.ts'
import { untilAllowed, type DeletionGuard } from './deletions.ts'
import { changedGroupFields } from './drift.ts'
import { soonAgain, whenJournalIsDone, type RefreshOutcome } from './outcome.ts'
import { reportDrift } from './report.ts'
import { keepUnfinished } from './unfinished.ts'

/**
 * Reads a group's attributes in Box and records what has changed there. Throws where Box cannot be
 * asked. A group that appears has its members read next.
 */
export type RefreshGroup = (id: BoxGroupId, trail: Trail) => Promise<RefreshOutcome>

/** Creates {@link RefreshGroup}. */
export function createRefreshGroup(
  dependencies: Dependencies,
  parts: { readonly update: UpdateGroup; readonly deletions: DeletionGuard }
): RefreshGroup {
  const { box, clock, directory, locks, log, settings, signals } = dependencies
  const audited = createRunAudited(dependencies, { onTrouble: false })
  const unfinished = keepUnfinished(directory)

  return (id, trail) =>
    locks.run(groupSubject(id), async () => {
      const open = await directory.journal.openFor(groupSubject(id))
      if (open.length > 0) return whenJournalIsDone
      const record = await directory.groups.get(id)
      const snapshot = await box.getGroup(id, trail.call('background'))
      if (record === undefined) return appear(snapshot, trail)
      if (snapshot === undefined) {
        // Only where the bridge itself is let in does a 404 mean that the group is gone.
        await box.getOwnAccount(trail.call('background'))
        return disappear(id, 'deleted in Box', trail)
      }
      if (snapshot.groupType === allUsersGroupType) return disappear(id, 'of everyone now', trail)
      return compare(record, snapshot, trail)
    })

  async function appear(snapshot: BoxGroup | undefined, trail: Trail): Promise<RefreshOutcome> {
    if (snapshot === undefined || snapshot.groupType === allUsersGroupType) return 'done'
    const { id, name } = snapshot
    return directory.transaction(async (tx) => {
      const now = clock.now()
      if ((await tx.groups.get(id)) !== undefined) return soonAgain
      // Perhaps the bridge's own, by a creation whose answer was lost.
      const creations = await tx.journal.openFor(groupNameSubject(name))
      if (creations.length > 0) return whenJournalIsDone
      await tx.putGroup(newGroup(snapshot, {}, settings, now))
      await tx.noteHints([{ kind: 'members', groupId: id }], 'bridge', now)
      const difference = { kind: 'created', notes: ['created in Box'] } as const
      await reportDrift(tx, groupSubject(id), difference, { trail, now, signals })
      return 'done'
    })
  }

  async function disappear(id: BoxGroupId, reason: string, trail: Trail): Promise<RefreshOutcome> {
    return directory.transaction(async (tx) => {
      if (!(await parts.deletions.admits(tx, 'groups'))) return untilAllowed
      await tx.deleteGroup(id)
      const difference = { kind: 'deleted', notes: [reason] } as const
      await reportDrift(tx, groupSubject(id), difference, { trail, now: clock.now(), signals })
      return 'done'
    })
  }

  async function compare(
    record: GroupRecord,
    snapshot: BoxGroup,
    trail: Trail
  ): Promise<RefreshOutcome> {
    const found = changedGroupFields(record.snapshot, snapshot)
    const subject = groupSubject(record.id)
    const noted = await unfinished.of(subject)
    const changed = [...new Set([...(noted?.changed ?? []), ...found])]
    if (changed.length === 0) return 'done'
    const seen = changeGroup(record, { snapshot }, settings, clock.now())
    const fields = planGroupRestoration(seen, changed, settings)
    if (fields !== undefined) await unfinished.begin(subject, { changed, wasActive: false })
    const isRestored = fields !== undefined && (await restore(seen, fields, trail))
    if (isRestored) signals.driftRestored('groups')
    await directory.transaction(async (tx) => {
      const current = await tx.groups.get(record.id)
      if (current === undefined) return
      if (!isRestored) await writeGroup(tx, current, { snapshot }, { settings, now: clock.now() })
      const difference = {
        kind: 'groups',
        notes: [`changed in Box: ${changed.join(', ')}`]
      } as const
      await reportDrift(tx, subject, difference, { trail, now: clock.now(), signals })
    })
    await unfinished.end(subject)
    return 'done'
  }

  /** Sets again what the IdP last set; false where Box refuses it. Throws where Box cannot be asked. */
  async function restore(
    seen: GroupRecord,
    fields: BoxGroupFields,
    { context }: Trail
  ): Promise<boolean> {
    const trail = createTrail('drift.restore', context)
    try {
      await audited(trail, groupSubject(seen.id), () =>
        parts.update(seen, fields, {}, inBackground(trail))
      )
      return true
    } catch (error) {
      if (error instanceof BoxUnavailableError) throw error
      const reason = error instanceof Error ? error.name : 'error'
      log.warn({ groupId: seen.id, reason }, 'what was changed in Box cannot be restored')
      return false
    }
  }
}
