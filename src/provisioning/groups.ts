import { sameJson } from '../lib/json.ts'
import { fold } from '../lib/text.ts'
import { createRunAudited } from './audited.ts'
import type { Dependencies } from './dependencies.ts'
import { groupName, type GroupCreation } from './group-creation.ts'
import type { SettleGroup } from './group-settlement.ts'
import { groupNotFound, nameTaken, type UpdateGroup } from './group-update.ts'
import type { Memberships } from './memberships.ts'
import { isBoxId, type BoxGroupId, type GroupRecord, type StoredResource } from './model.ts'
import { groupSubject } from './operations.ts'
import { planGroup } from './plan/group-plan.ts'
import { assertVersion } from './precondition.ts'
import type { GroupChange, GroupService, RequestContext } from './requests.ts'
import { createTrail, type Trail } from './trail.ts'
import { writeGroup } from './write-group.ts'

type Condition = Pick<RequestContext, 'ifMatch'>

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
  const { assertImported, clock, directory, locks } = dependencies
  const audited = createRunAudited(dependencies, { onSuccess: true, onTrouble: true })
  const { settle, update, creation, memberships } = parts

  return {
    async create(document, members, context) {
      assertImported()
      const trail = createTrail('group.create', context)
      const id = await audited(trail, `group:${groupName(document)}`, async () => {
        const record = await creation.create(document, trail)
        if (members.length > 0) {
          await memberships.change(record.id, [{ kind: 'add', ids: members }], trail)
        }
        return record.id
      })
      return view(id, false)
    },

    async change(id, change, context) {
      assertImported()
      const groupId = parseId(id)
      const trail = createTrail(`group.${change.verb}`, context)
      await audited(trail, groupSubject(groupId), async () => {
        await assertVisible(groupId)
        const condition = change.touchesAttributes
          ? await changeAttributes(groupId, change, trail)
          : context
        const isDone = change.touchesAttributes || context.ifMatch === undefined
        if (change.members.length === 0 && isDone) return
        await memberships.change(groupId, change.members, trail, condition)
      })
      return view(groupId, false)
    },

    async delete(id, context) {
      assertImported()
      const groupId = parseId(id)
      const trail = createTrail('group.delete', context)
      await audited(trail, groupSubject(groupId), async () => {
        await assertVisible(groupId)
        await memberships.empty(groupId, trail, context)
        await hide(groupId)
      })
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

  async function assertVisible(id: BoxGroupId): Promise<void> {
    await view(id, false)
  }

  /**
   * Returns the condition for the rest of the change: nobody else may have changed the group since
   * its version was compared.
   */
  async function changeAttributes(
    id: BoxGroupId,
    change: GroupChange,
    trail: Trail
  ): Promise<Condition> {
    return locks.run(groupSubject(id), async () => {
      const found = await directory.groups.get(id)
      if (found === undefined || found.tombstone) throw groupNotFound(id)
      const record = await settle(found, trail, 'client')
      if (record === undefined) throw groupNotFound(id)
      assertVersion(record, trail.context)
      const next = change.apply({ resource: record.resource, shadow: record.shadow })
      const { fields, shadow } = planGroup(record, next)
      if (fields?.name !== undefined) await assertNameFree(record, fields.name)
      const after = await update(record, fields, { linked: true, shadow }, trail)
      if (trail.context.ifMatch === undefined) return {}
      const isSame = sameJson(record.resource, after.resource)
      return { ifMatch: [isSame ? record.revision : record.revision + 1] }
    })
  }

  async function assertNameFree(record: GroupRecord, name: string): Promise<void> {
    if (fold(name) === fold(record.snapshot.name)) return
    const namesake = await directory.groups.findByName(name)
    if (namesake !== undefined && namesake.id !== record.id) throw nameTaken(name, namesake.id)
  }

  async function hide(id: BoxGroupId): Promise<void> {
    await locks.run(groupSubject(id), async () => {
      const record = await directory.groups.get(id)
      if (record === undefined) return
      await directory.transaction((tx) => writeGroup(tx, record, { tombstone: true }, clock.now()))
    })
  }
}

function parseId(id: string): BoxGroupId {
  if (!isBoxId(id)) throw groupNotFound(id)
  return id as BoxGroupId
}
