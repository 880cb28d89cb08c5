import type { BoxPort } from '../provisioning/box-port.ts'
import { checked, orGone, shown } from './api.ts'
import type { BoxApi } from './api.ts'
import { decodeInvite } from './decode.ts'

type BoxInvites = Pick<BoxPort, 'createInvite' | 'getInvite'>

/** The calls about people who are asked to join the enterprise. */
export function createBoxInvites(api: BoxApi, enterpriseId: string): BoxInvites {
  return {
    async createInvite(login, call) {
      const request = { enterprise: { id: enterpriseId }, actionableBy: { login } }
      const body = await api.call({ repeat: 'never', call }, ({ invites }) =>
        invites.createInvite(request)
      )
      return shown(decodeInvite(body), 'new invite', true)
    },

    async getInvite(id, call) {
      const work = api.call({ repeat: 'harmless', call }, ({ invites }) =>
        invites.getInviteById(checked(id))
      )
      const found = await orGone(work.then((body) => ({ body })))
      return found && shown(decodeInvite(found.body), 'invite', false)
    }
  }
}
