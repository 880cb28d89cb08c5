import { fold } from '../lib/text.ts'
import type { BoxPort } from '../provisioning/box-port.ts'
import { checked, decodePage, findInPages, orGone, pageLimit, shown } from './api.ts'
import type { BoxApi } from './api.ts'
import { decodeGroup, groupFields } from './decode.ts'
import { encodeNewGroup } from './encode.ts'

type BoxGroups = Pick<
  BoxPort,
  'getGroup' | 'findGroupByName' | 'listGroups' | 'createGroup' | 'updateGroup' | 'deleteGroup'
>

const queryParams = { fields: groupFields }

/** The calls about groups, without their members. */
export function createBoxGroups(api: BoxApi): BoxGroups {
  return {
    async getGroup(id, call) {
      const work = api.call({ repeat: 'harmless', call }, ({ groups }) =>
        groups.getGroupById(checked(id), { queryParams })
      )
      const found = await orGone(work.then((body) => ({ body })))
      return found && shown(decodeGroup(found.body), 'group', false)
    },

    findGroupByName(name, call) {
      const wanted = fold(name)
      return findInPages(
        async (offset) => {
          const query = { ...queryParams, filterTerm: name, limit: pageLimit, offset }
          const how = { repeat: 'harmless', call } as const
          const body = await api.call(how, ({ groups }) => groups.getGroups(query))
          return decodePage(body, { offset, what: 'groups', api }, decodeGroup)
        },
        (group) => fold(group.name) === wanted
      )
    },

    async listGroups(offset, call) {
      const body = await api.call({ repeat: 'harmless', call }, ({ groups }) =>
        groups.getGroups({ ...queryParams, limit: pageLimit, offset })
      )
      return decodePage(body, { offset, what: 'groups', api }, decodeGroup)
    },

    async createGroup(fields, call) {
      const body = await api.call({ repeat: 'never', call }, ({ groups }) =>
        groups.createGroup(encodeNewGroup(fields), { queryParams })
      )
      return shown(decodeGroup(body), 'new group', true)
    },

    async updateGroup(id, fields, call) {
      const body = await api.call({ repeat: 'harmless', call }, ({ groups }) =>
        groups.updateGroupById(checked(id), { requestBody: fields, queryParams })
      )
      return shown(decodeGroup(body), 'changed group', true)
    },

    async deleteGroup(id, call) {
      const work = api.call({ repeat: 'harmless', call }, ({ groups }) =>
        groups.deleteGroupById(checked(id))
      )
      await orGone(work)
    }
  }
}
