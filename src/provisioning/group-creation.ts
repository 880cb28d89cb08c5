import type { Dependencies } from './dependencies.ts'
import { BoxRefusedError, BoxUnavailableError, unlessTrouble } from './errors.ts'
import type { UpdateGroup } from './group-update.ts'
import { groupBeingDeleted, nameTaken } from './refusals.ts'
import { isFromAttempt } from './interrupted.ts'
import { textOf } from './mapping/document.ts'
import type { BoxGroup, BoxGroupFields, BoxGroupId, GroupRecord, ScimDocument } from './model.ts'
import {
  groupMembersSubject,
  groupNameSubject,
  groupSubject,
  type JournalEntry
} from './operations.ts'
import { planGroup } from './plan/group-plan.ts'
import { assertGroupChangeable } from './protection.ts'
import type { DirectoryTransaction } from './ports.ts'
import { newGroupFields } from './new-fields.ts'
import { changeGroup, newGroup } from './records.ts'
import type { Trail } from './trail.ts'
import { writeGroup } from './write-group.ts'

/** How groups come to be. */
export interface GroupCreation {
  /** Creates, links or brings back the group that a POST describes. */
  create(document: ScimDocument, trail: Trail): Promise<GroupRecord>
  /** Finds out what became of interrupted creations of a name and records what Box shows. */
  look(name: string, trail: Trail): Promise<void>
}

interface Wanted {
  readonly document: ScimDocument
  readonly name: string
  readonly fields: BoxGroupFields
  readonly trail: Trail
}

/** The group of everyone that Box makes itself: hidden and never touched. */
export const allUsersGroupType = 'all_users_group'

/** Creates {@link GroupCreation}. */
export function createGroupCreation(
  dependencies: Dependencies,
  updateGroup: UpdateGroup
): GroupCreation {
  const { box, clock, directory, locks, runJournaled, settings } = dependencies

  return {
    async create(document, trail) {
      const { fields, notes } = newGroupFields(document, settings)
      const { name } = fields
      trail.notes.push(...notes)
      const wanted = { document, name, fields, trail }
      return locks.run(groupNameSubject(name), async () => {
        const owner = await directory.groups.findByName(name)
        return owner === undefined ? create(wanted) : claimLocked(owner, wanted)
      })
    },

    async look(name, trail) {
      await locks.run(groupNameSubject(name), async () => {
        const open = await directory.journal.openFor(groupNameSubject(name))
        if (open.length > 0) await settleCreation(name, open, trail)
      })
    }
  }

  async function create(wanted: Wanted): Promise<GroupRecord> {
    const subject = groupNameSubject(wanted.name)
    const interrupted = await directory.journal.openFor(subject)
    if (interrupted.length > 0) {
      const found = await settleCreation(wanted.name, interrupted, wanted.trail)
      if (found !== undefined) return claimLocked(found, wanted)
    }
    try {
      return await createInBox(wanted)
    } catch (error) {
      if (error instanceof BoxRefusedError && error.status === 409) {
        return claimFromBox(wanted, interrupted)
      }
      if (error instanceof BoxUnavailableError && error.effect === 'unknown') {
        const open = await directory.journal.openFor(subject)
        const look = settleCreation(wanted.name, open, wanted.trail, 'keep')
        const found = await unlessTrouble(look)
        if (found !== undefined) return claimLocked(found, wanted)
      }
      throw error
    }
  }

  async function createInBox({ document, fields, trail }: Wanted): Promise<GroupRecord> {
    let record: GroupRecord | undefined
    await runJournaled({
      operation: { kind: 'create-group', fields },
      lane: 'client',
      trail,
      send: (call) => box.createGroup(fields, call),
      settle: async (tx, snapshot) => {
        const facts = { linked: true, createdByBridge: true, shadow: document }
        record = newGroup(snapshot, facts, settings, clock.now())
        await tx.putGroup(record)
      }
    })
    if (record === undefined) throw new TypeError('A settled creation left no record')
    return record
  }

  /** Like the settlement of a person's creation: what was made within an attempt's time is ours. */
  async function settleCreation(
    name: string,
    entries: readonly JournalEntry[],
    trail: Trail,
    otherwise: 'close' | 'keep' = 'close'
  ): Promise<GroupRecord | undefined> {
    const found = await box.findGroupByName(name, trail.call('client'))
    if (found === undefined && otherwise === 'keep') return undefined
    return directory.transaction(async (tx) => {
      await tx.updateJournal(
        entries.map(({ id }) => id),
        found === undefined
          ? { state: 'refused', outcome: 'found not done' }
          : { state: 'confirmed', outcome: 'found done' }
      )
      if (found === undefined) return undefined
      trail.notes.push(`create-group found done: group ${found.id}`)
      return recordSeen(tx, found, entries)
    })
  }

  /** Like the record of a person whom Box has: one that is there keeps all but the snapshot. */
  async function recordSeen(
    tx: DirectoryTransaction,
    snapshot: BoxGroup,
    attempts: readonly JournalEntry[]
  ): Promise<GroupRecord> {
    const known = await tx.groups.get(snapshot.id)
    if (known !== undefined)
      return writeGroup(tx, known, { snapshot }, { settings, now: clock.now() })
    const createdByBridge = attempts.some((entry) => isFromAttempt(snapshot.createdAt, entry))
    const record = newGroup(snapshot, { createdByBridge }, settings, clock.now())
    await tx.putGroup(record)
    return record
  }

  /** Whether Box still has the group is not known until its deletion is settled. */
  async function assertNotBeingDeleted(
    found: GroupRecord | undefined,
    id: BoxGroupId
  ): Promise<void> {
    const open = await directory.journal.openFor(groupMembersSubject(id))
    const isLeaving = open.some(({ operation }) => operation.kind === 'delete-group')
    if (found === undefined || isLeaving) throw groupBeingDeleted(id)
  }

  async function claimFromBox(
    wanted: Wanted,
    attempts: readonly JournalEntry[]
  ): Promise<GroupRecord> {
    const found = await box.findGroupByName(wanted.name, wanted.trail.call('client'))
    if (found === undefined || found.groupType === allUsersGroupType) throw nameTaken(wanted.name)
    const record = await directory.transaction((tx) => recordSeen(tx, found, attempts))
    return claimLocked(record, wanted)
  }

  async function claimLocked(owner: GroupRecord, wanted: Wanted): Promise<GroupRecord> {
    return locks.run(groupSubject(owner.id), async () => {
      const found = await directory.groups.get(owner.id)
      if (owner.tombstone) await assertNotBeingDeleted(found, owner.id)
      const record = found ?? owner
      const mayLink = settings.onExisting === 'link' || record.createdByBridge
      if (!record.tombstone && (record.linked || !mayLink)) throw nameTaken(wanted.name, record)
      const base = record.tombstone
        ? changeGroup(record, { shadow: {} }, settings, clock.now())
        : record
      const { fields } = planGroup(base, wanted.document, settings.mapping)
      if (fields !== undefined) assertGroupChangeable(record, settings)
      const final = { linked: true, tombstone: false, shadow: wanted.document }
      return updateGroup(record, fields, final, wanted.trail)
    })
  }
}

/** The name of the group in a document, for messages and the audit. */
export function groupName(document: ScimDocument): string {
  return textOf(document, 'displayName') ?? ''
}
