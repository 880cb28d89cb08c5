import { fold } from '../lib/text.ts'
import { createRunAudited } from './audited.ts'
import type { Dependencies } from './dependencies.ts'
import { groupName, type GroupCreation } from './group-creation.ts'
import type { SettleGroup } from './group-settlement.ts'
import type { UpdateGroup } from './group-update.ts'
import { groupNotFound, nameTaken } from './refusals.ts'
import type { Memberships } from './memberships.ts'
import { isResourceId, type BoxGroupId, type GroupRecord, type StoredResource } from './model.ts'
import { groupSubject } from './operations.ts'
import { planGroup, type GroupPlan } from './plan/group-plan.ts'
import { assertVersion } from './precondition.ts'
import { assertGroupChangeable } from './protection.ts'
import type { GroupChange, GroupService } from './requests.ts'
import { createTrail, type Trail } from './trail.ts'

/** Creates the use cases about groups. */
export function createGroups(
  dependencies: Dependencies,
  parts: {
    readonly settle: SettleGroup
    readonly update: UpdateGroup
    readonly creation: GroupCreation
    readonly memberships: Memberships
  }
): GroupService {
  const { assertImported, directory, locks, settings } = dependencies
  const audited = createRunAudited(dependencies, { onTrouble: true })
  const { settle, update, creation, memberships } = parts

  return {
    async create(document, members, context) {
      assertImported()
      const trail = createTrail('group.create', context)
      const id = await audited(trail, `group:${groupName(document)}`, async () => {
        await memberships.assertKnown([{ kind: 'add', ids: members }])
        const record = await creation.create(document, trail)
        if (members.length > 0) await memberships.begin(record.id, members, trail)
        return record.id
      })
      return view(id, false)
    },

    async change(id, change, context) {
      assertImported()
      const groupId = parseId(id)
      const trail = createTrail(`group.${change.verb}`, context)
      await audited(trail, groupSubject(groupId), async () => {
        await memberships.assertKnown(change.members)
        const changeMembers = () => memberships.change(groupId, change.members, trail, context)
        if (!change.touchesAttributes) return changeMembers()
        const hasMembers = change.members.length > 0
        // Members first: whatever becomes of the attributes, nobody keeps access for it.
        const changeAll = async (last: () => Promise<void>) => {
          await assertAttributes(groupId, change, trail)
          if (hasMembers) await changeMembers()
          await last()
        }
        const last = () => changeAttributes(groupId, change, trail)
        // A version that is asked for must hold for all of the change.
        return context.ifMatch === undefined
          ? changeAll(() => locks.run(groupSubject(groupId), last))
          : locks.run(groupSubject(groupId), () => changeAll(last))
      })
      return view(groupId, false)
    },

    async delete(id, context) {
      assertImported()
      const groupId = parseId(id)
      const trail = createTrail('group.delete', context)
      await audited(trail, groupSubject(groupId), () =>
        memberships.dissolve(groupId, trail, context)
      )
    },

    async view(id, related) {
      assertImported()
      return view(parseId(id), related)
    },

    async search(request) {
      assertImported()
      return directory.groups.search(request)
    }
  }

  async function view(id: BoxGroupId, related: boolean): Promise<StoredResource> {
    const resource = await directory.groups.view(id, related)
    if (resource === undefined) throw groupNotFound(id)
    return resource
  }

  /** Refuses what cannot be done before anything of the request is done. */
  async function assertAttributes(
    id: BoxGroupId,
    change: GroupChange,
    { context }: Trail
  ): Promise<void> {
    const record = await read(id)
    assertVersion(record, context)
    await plan(record, change)
  }

  /** Call it under the group's lock. */
  async function changeAttributes(
    id: BoxGroupId,
    change: GroupChange,
    trail: Trail
  ): Promise<void> {
    const record = await settle(await read(id), trail, 'client')
    if (record === undefined) throw groupNotFound(id)
    const { fields, shadow, notes } = await plan(record, change)
    trail.notes.push(...notes)
    await update(record, fields, { linked: true, shadow }, trail)
  }

  async function read(id: BoxGroupId): Promise<GroupRecord> {
    const record = await directory.groups.get(id)
    if (record === undefined || record.tombstone) throw groupNotFound(id)
    return record
  }

  async function plan(record: GroupRecord, change: GroupChange): Promise<GroupPlan> {
    const next = change.apply({ resource: record.resource, shadow: record.shadow })
    const planned = planGroup(record, next, settings.mapping)
    if (planned.fields !== undefined) assertGroupChangeable(record, settings)
    if (planned.fields?.name !== undefined) await assertNameFree(record, planned.fields.name)
    return planned
  }

  async function assertNameFree(record: GroupRecord, name: string): Promise<void> {
    if (fold(name) === fold(record.snapshot.name)) return
    const namesake = await directory.groups.findByName(name)
    if (namesake !== undefined && namesake.id !== record.id) throw nameTaken(name, namesake)
  }
}

function parseId(id: string): BoxGroupId {
  if (!isResourceId(id)) throw groupNotFound(id)
  return id as BoxGroupId
}
