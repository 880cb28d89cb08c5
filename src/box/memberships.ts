import { BoxRefusedError } from '../provisioning/errors.ts'
import type { BoxGroupId, BoxMembership, BoxUserId } from '../provisioning/model.ts'
import type { BoxCall, BoxPort } from '../provisioning/box-port.ts'
import { checked, decodePage, findInPages, orGone, pageLimit, shown } from './api.ts'
import type { BoxApi } from './api.ts'
import { decodeMembership } from './decode.ts'

type BoxMemberships = Pick<
  BoxPort,
  'listGroupMemberships' | 'findMembership' | 'getMembership' | 'addMembership' | 'removeMembership'
>

/** The calls about who is in which group. */
export function createBoxMemberships(api: BoxApi): BoxMemberships {
  function findMembership(
    groupId: BoxGroupId,
    userId: BoxUserId,
    call: BoxCall
  ): Promise<BoxMembership | undefined> {
    const what = 'memberships'
    const search = findInPages(
      async (offset) => {
        const queryParams = { limit: pageLimit, offset }
        const body = await api.call({ repeat: 'harmless', call }, ({ memberships }) =>
          memberships.getUserMemberships(checked(userId), { queryParams })
        )
        return decodePage(body, { offset, what, api }, (raw) => decodeMembership(raw, { userId }))
      },
      (membership) => membership.groupId === groupId
    )
    return orGone(search)
  }

  return {
    findMembership,

    async listGroupMemberships(id, offset, call) {
      const queryParams = { limit: pageLimit, offset }
      const body = await api.call({ repeat: 'harmless', call }, ({ memberships }) =>
        memberships.getGroupMemberships(checked(id), { queryParams })
      )
      const page = { offset, what: 'memberships', api }
      return decodePage(body, page, (raw) => decodeMembership(raw, { groupId: id }))
    },

    async getMembership(id, call) {
      const work = api.call({ repeat: 'harmless', call }, ({ memberships }) =>
        memberships.getGroupMembershipById(checked(id))
      )
      const found = await orGone(work.then((body) => ({ body })))
      return found && shown(decodeMembership(found.body), 'membership', false)
    },

    async addMembership(groupId, userId, call) {
      const request = { user: { id: checked(userId) }, group: { id: checked(groupId) } }
      try {
        const body = await api.call({ repeat: 'never', call }, ({ memberships }) =>
          memberships.createGroupMembership(request)
        )
        return shown(decodeMembership(body, { userId, groupId }), 'new membership', true)
      } catch (error) {
        if (!(error instanceof BoxRefusedError) || error.status !== 409) throw error
        const existing = await findMembership(groupId, userId, call)
        if (existing === undefined) throw error
        return existing
      }
    },

    async removeMembership(id, call) {
      const work = api.call({ repeat: 'harmless', call }, ({ memberships }) =>
        memberships.deleteGroupMembershipById(checked(id))
      )
      await orGone(work)
    }
  }
}
