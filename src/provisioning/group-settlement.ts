import type { Dependencies } from './dependencies.ts'
import type { BoxGroup, BoxGroupFields, GroupRecord } from './model.ts'
import { groupSubject } from './operations.ts'
import type { Lane } from './box-port.ts'
import type { Trail } from './trail.ts'
import { writeGroup } from './write-group.ts'

/**
 * Finds out what became of changes of a group's attributes whose outcome is unknown, by looking.
 * Resolves to undefined where Box does not have the group any more. Call it under the group's lock.
 */
export type SettleGroup = (
  record: GroupRecord,
  trail: Trail,
  lane: Lane
) => Promise<GroupRecord | undefined>

/** Creates {@link SettleGroup}. */
export function createSettleGroup(dependencies: Dependencies): SettleGroup {
  const { box, clock, directory, settings } = dependencies
  return async (record, trail, lane) => {
    const open = await directory.journal.openFor(groupSubject(record.id))
    if (open.length === 0) return record
    const snapshot = await box.getGroup(record.id, trail.call(lane))
    return directory.transaction(async (tx) => {
      for (const { id, operation } of open) {
        const fields = operation.kind === 'update-group' ? operation.fields : {}
        const isDone = snapshot !== undefined && isGroupChanged(snapshot, fields)
        trail.notes.push(`${operation.kind} found ${isDone ? 'done' : 'not done'}`)
        const state = isDone ? 'confirmed' : 'refused'
        await tx.updateJournal([id], { state, outcome: isDone ? 'found done' : 'found not done' })
      }
      if (snapshot === undefined) {
        await tx.deleteGroup(record.id)
        return undefined
      }
      return writeGroup(tx, record, { snapshot }, { settings, now: clock.now() })
    })
  }
}

/** Tells whether Box holds these fields. */
export function isGroupChanged(snapshot: BoxGroup, fields: BoxGroupFields): boolean {
  return Object.entries(fields).every(
    ([name, value]) => snapshot[name as keyof BoxGroupFields] === value
  )
}
