import { sameJson } from '../lib/json.ts'
import type { Dependencies } from './dependencies.ts'
import { BoxRefusedError, BoxUnavailableError, unlessTrouble } from './errors.ts'
import { isGroupChanged, type SettleGroup } from './group-settlement.ts'
import type { BoxGroupFields, GroupRecord } from './model.ts'
import { changeGroup } from './records.ts'
import { groupNotFound, nameTaken } from './refusals.ts'
import type { Trail } from './trail.ts'
import { writeGroup } from './write-group.ts'

/**
 * Sends the changed attributes of a group, none where `fields` is undefined, and records `final` with
 * them. Call it under the group's lock.
 */
export type UpdateGroup = (
  record: GroupRecord,
  fields: BoxGroupFields | undefined,
  final: Partial<Pick<GroupRecord, 'linked' | 'tombstone' | 'shadow'>>,
  trail: Trail
) => Promise<GroupRecord>

/** Creates {@link UpdateGroup}. */
export function createUpdateGroup(dependencies: Dependencies, settle: SettleGroup): UpdateGroup {
  const { box, clock, directory, runJournaled, settings } = dependencies
  return update

  async function update(...[record, fields, final, trail]: Parameters<UpdateGroup>) {
    let after = record
    if (fields === undefined) {
      if (isSameRecord(record, changeGroup(record, final, settings, clock.now()))) return record
      return directory.transaction((tx) =>
        writeGroup(tx, record, final, { settings, now: clock.now() })
      )
    }
    try {
      await runJournaled({
        operation: { kind: 'update-group', groupId: record.id, fields },
        lane: 'client',
        trail,
        send: (call) => box.updateGroup(record.id, fields, call),
        settle: async (tx, snapshot) => {
          after = await writeGroup(
            tx,
            record,
            { ...final, snapshot },
            { settings, now: clock.now() }
          )
        }
      })
      return after
    } catch (error) {
      if (error instanceof BoxRefusedError) throw await refusedUpdate(record, fields, error, trail)
      if (!(error instanceof BoxUnavailableError) || error.effect === 'none') throw error
      const look = settle(record, trail, 'client').then((found) => ({ found }))
      const seen = await unlessTrouble(look)
      if (seen === undefined) throw error
      if (seen.found === undefined) throw groupNotFound(record.id)
      if (!isGroupChanged(seen.found.snapshot, fields)) throw error
      return update(seen.found, undefined, final, trail)
    }
  }

  async function refusedUpdate(
    record: GroupRecord,
    fields: BoxGroupFields,
    error: BoxRefusedError,
    trail: Trail
  ): Promise<Error> {
    if (error.status === 409) return nameTaken(fields.name ?? record.snapshot.name)
    if (error.status !== 404) return error
    const call = trail.call('client')
    if ((await box.getGroup(record.id, call)) !== undefined) return error
    await box.getOwnAccount(call)
    await directory.transaction((tx) => tx.deleteGroup(record.id))
    return groupNotFound(record.id)
  }
}

function isSameRecord(before: GroupRecord, after: GroupRecord): boolean {
  return (
    before.linked === after.linked &&
    before.tombstone === after.tombstone &&
    sameJson(before.shadow, after.shadow)
  )
}
