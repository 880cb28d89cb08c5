import type { BoxCall, BoxPort } from '../provisioning/box-port.ts'
import { dryIdOf } from '../provisioning/dry-run/writes.ts'
import type { BoxGroup, BoxGroupFields, BoxGroupId } from '../provisioning/model.ts'
import { isSameText, unlessDry, type DryParts } from './dry-parts.ts'
import { denied, nameUsed, notFound } from './refused.ts'

type DryGroups = Pick<
  BoxPort,
  'getGroup' | 'findGroupByName' | 'listGroups' | 'createGroup' | 'updateGroup' | 'deleteGroup'
>

/** The calls about groups, without their members. */
export function createDryGroups({ reads, pretended, write }: DryParts): DryGroups {
  const getInBox = unlessDry((id: BoxGroupId, call: BoxCall) => reads.getGroup(id, call))

  async function getGroup(id: BoxGroupId, call: BoxCall): Promise<BoxGroup | undefined> {
    return pretended.group(id, pretended.hasCreated(id) ? undefined : await getInBox(id, call))
  }

  async function findGroupByName(name: string, call: BoxCall): Promise<BoxGroup | undefined> {
    const isCalled = (group: BoxGroup) => isSameText(group.name, name)
    for (const id of pretended.groupsByName(name)) {
      const group = await getGroup(id, call)
      if (group !== undefined && isCalled(group)) return group
    }
    const found = await reads.findGroupByName(name, call)
    const shown = found && pretended.group(found.id, found)
    return shown !== undefined && isCalled(shown) ? shown : undefined
  }

  const assertNotPretended = (name: string, own?: BoxGroupId) => () => {
    if (pretended.groupsByName(name).some((id) => id !== own)) throw nameUsed()
  }

  return {
    getGroup,
    findGroupByName,

    async listGroups(offset, call) {
      const page = await reads.listGroups(offset, call)
      const shown = page.entries.map((group) => pretended.group(group.id, group))
      const groups = shown.filter((group) => group !== undefined)
      const isLast = page.nextOffset === undefined
      return { ...page, entries: isLast ? [...groups, ...pretended.createdGroups()] : groups }
    },

    async createGroup(fields, call) {
      const { name = '' } = fields
      if ((await findGroupByName(name, call)) !== undefined) throw nameUsed()
      const entry = await write({ kind: 'create-group', fields }, assertNotPretended(name))
      const group = pretended.group(dryIdOf(entry) as BoxGroupId, undefined)
      if (group === undefined) throw new TypeError('No group was created')
      return group
    },

    async updateGroup(groupId, fields, call) {
      const group = await getGroup(groupId, call)
      if (group === undefined) throw notFound('group')
      const { name } = fields
      const isRenamed = name !== undefined && !isSameText(name, group.name)
      if (isRenamed && (await findGroupByName(name, call)) !== undefined) throw nameUsed()
      const check = isRenamed ? assertNotPretended(name, groupId) : undefined
      await write({ kind: 'update-group', groupId, fields, before: pick(group, fields) }, check)
      return pretended.group(groupId, group) ?? group
    },

    async deleteGroup(groupId, call) {
      const group = await getGroup(groupId, call)
      if (group === undefined) return
      if (group.groupType !== 'managed_group') throw denied()
      await write({ kind: 'delete-group', groupId, name: group.name })
    }
  }
}

/** What the group has in those fields. */
function pick(group: BoxGroup, fields: BoxGroupFields): BoxGroupFields {
  const names = Object.keys(fields) as (keyof BoxGroupFields)[]
  return Object.fromEntries(names.map((name) => [name, group[name]]))
}
