import { fold } from '../lib/text.ts'
import { BoxRefusedError } from '../provisioning/errors.ts'
import type { BoxUserId } from '../provisioning/model.ts'
import type { BoxAlias, BoxCall, BoxPort } from '../provisioning/box-port.ts'
import {
  checked,
  decodeEntries,
  decodePage,
  findInPages,
  listOf,
  orGone,
  pageLimit,
  shown
} from './api.ts'
import type { BoxApi } from './api.ts'
import { decodeAlias, decodeUser, textAt, userFields } from './decode.ts'
import { encodeNewAppUser, encodeNewUser, encodeUser } from './encode.ts'

type BoxUsers = Pick<
  BoxPort,
  | 'getOwnAccount'
  | 'getUser'
  | 'findUserByLogin'
  | 'findUsersByExternalId'
  | 'listUsers'
  | 'createUser'
  | 'createAppUser'
  | 'updateUser'
  | 'listAliases'
  | 'addAlias'
  | 'removeAlias'
>

const queryParams = { fields: userFields }

/** The calls about people. */
export function createBoxUsers(api: BoxApi): BoxUsers {
  async function listAliases(id: BoxUserId, call: BoxCall): Promise<readonly BoxAlias[]> {
    const how = { repeat: 'harmless', call } as const
    const body = await api.call(how, ({ aliases }) => aliases.getUserEmailAliases(checked(id)))
    return decodeEntries(listOf(body, 'aliases'), { what: 'aliases', api }, decodeAlias)
  }

  return {
    listAliases,

    async getOwnAccount(call) {
      const body = await api.call({ repeat: 'harmless', call }, ({ users }) =>
        users.getUserMe({ fields: ['id', 'login'] })
      )
      const { id, login } = shown(decodeUser(body), 'own account', false)
      return { id, login }
    },

    async getUser(id, call) {
      const work = api.call({ repeat: 'harmless', call }, ({ users }) =>
        users.getUserById(checked(id), { queryParams })
      )
      const found = await orGone(work.then((body) => ({ body })))
      return found && shown(decodeUser(found.body), 'user', false)
    },

    findUserByLogin(login, call) {
      const wanted = fold(login)
      return findInPages(
        async (offset) => {
          const body = await api.call({ repeat: 'harmless', call }, ({ users }) =>
            users.getUsers({
              ...queryParams,
              filterTerm: login,
              userType: 'managed',
              limit: pageLimit,
              offset
            })
          )
          return decodePage(body, { offset, what: 'users', api }, decodeUser)
        },
        (user) => fold(user.login) === wanted
      )
    },

    async findUsersByExternalId(externalAppUserId, call) {
      // An empty filter may stand for none, and be answered with everybody.
      if (externalAppUserId === '') return []
      const body = await api.call({ repeat: 'harmless', call }, ({ users }) =>
        users.getUsers({
          ...queryParams,
          externalAppUserId,
          userType: 'managed',
          limit: pageLimit,
          offset: 0
        })
      )
      const { entries } = decodePage(body, { offset: 0, what: 'users', api }, decodeUser)
      return entries.filter((user) => user.externalAppUserId === externalAppUserId)
    },

    async listUsers(marker, call) {
      const body = await api.call({ repeat: 'harmless', call }, ({ users }) =>
        users.getUsers({
          ...queryParams,
          userType: 'managed',
          limit: pageLimit,
          usemarker: true,
          ...(marker === undefined ? {} : { marker })
        })
      )
      const users = decodeEntries(listOf(body, 'users'), { what: 'users', api }, decodeUser)
      return { users, nextMarker: textAt(body, 'next_marker') || undefined }
    },

    async createUser(fields, call) {
      const body = await api.call({ repeat: 'never', call }, ({ users }) =>
        users.createUser(encodeNewUser(fields), { queryParams })
      )
      return shown(decodeUser(body), 'new user', true)
    },

    async createAppUser(fields, call) {
      const body = await api.call({ repeat: 'never', call }, ({ users }) =>
        users.createUser(encodeNewAppUser(fields), { queryParams })
      )
      return shown(decodeUser(body), 'new app user', true)
    },

    async updateUser(id, fields, call) {
      const body = await api.call({ repeat: 'harmless', call }, ({ users }) =>
        users.updateUserById(checked(id), { requestBody: encodeUser(fields), queryParams })
      )
      return shown(decodeUser(body), 'changed user', true)
    },

    async addAlias(id, email, call) {
      try {
        // The SDK cannot send `is_confirmed`, without which the address cannot become the login.
        const path = `/users/${checked(id)}/email_aliases`
        const body = await api.post(path, { email, is_confirmed: true }, call)
        return shown(decodeAlias(body), 'new alias', true)
      } catch (error) {
        if (!(error instanceof BoxRefusedError) || ![400, 409].includes(error.status)) throw error
        // An earlier attempt, whose answer was lost, may have added it.
        const existing = await listAliases(id, call)
        const alias = existing.find((one) => fold(one.email) === fold(email))
        if (alias === undefined) throw error
        return alias
      }
    },

    async removeAlias(id, aliasId, call) {
      const work = api.call({ repeat: 'harmless', call }, ({ aliases }) =>
        aliases.deleteUserEmailAliasById(checked(id), checked(aliasId))
      )
      await orGone(work)
    }
  }
}
