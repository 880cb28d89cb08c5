import { BoxRefusedError, BoxUnavailableError } from '../provisioning/errors.ts'
import type { BoxPort } from '../provisioning/box-port.ts'
import { checked, orGone, shown } from './api.ts'
import type { BoxApi } from './api.ts'
import { decodeFolder } from './decode.ts'

type BoxLeavers = Pick<BoxPort, 'deleteUser' | 'transferContent' | 'endSessions'>

/** Seconds after which another transfer can be tried while one runs. */
const nextTransferSeconds = 30

/** The calls about people who leave. */
export function createBoxLeavers(api: BoxApi): BoxLeavers {
  let isTransferring = false

  return {
    async deleteUser(id, queryParams, call) {
      const work = api.call({ repeat: 'harmless', call }, ({ users }) =>
        users.deleteUserById(checked(id), { queryParams })
      )
      await orGone(work)
    },

    async transferContent({ from, to, notify }, call) {
      const request = { ownedBy: { id: checked(to) } }
      const queryParams = { notify }
      checked(from)
      if (isTransferring) throw busy('The bridge runs one transfer of content at a time')
      isTransferring = true
      try {
        const how = { repeat: 'never', longRunning: true, call } as const
        const body = await api.call(how, ({ transfers }) =>
          transfers.transferOwnedFolder(from, request, { queryParams })
        )
        return shown(decodeFolder(body), 'folder of a transfer', true)
      } catch (error) {
        if (error instanceof BoxRefusedError && error.code === 'operation_blocked_temporary') {
          throw busy(error.message, error)
        }
        throw error
      } finally {
        isTransferring = false
      }
    },

    async endSessions(ids, call) {
      const userIds = ids.map(checked)
      await api.call({ repeat: 'harmless', call }, ({ sessions }) =>
        sessions.terminateUsersSessions({ userIds, userLogins: [] })
      )
    }
  }
}

/** Nothing is wrong with Box, and nothing was done: the same call can succeed later. */
function busy(message: string, cause?: Error): BoxUnavailableError {
  return new BoxUnavailableError(message, {
    trouble: 'rate-limited',
    effect: 'none',
    retryAfterSeconds: nextTransferSeconds,
    ...(cause !== undefined && { cause })
  })
}
