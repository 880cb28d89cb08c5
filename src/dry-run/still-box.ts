import { fold } from '../lib/text.ts'
import type { BoxInvite, BoxReads } from '../provisioning/box-port.ts'
import type { BoxUser, BoxUserId } from '../provisioning/model.ts'

/** Nobody's: what is asked of it are people only. */
const ownAccount = { id: '0' as BoxUserId, login: '' }

const nothing = () => Promise.resolve(undefined)
const noPage = () => Promise.resolve({ entries: [], nextOffset: undefined, truncated: false })

/** A Box in which nothing happens, as a directory remembers it: these people and invites, and no groups. */
export function createStillBox(
  people: readonly BoxUser[],
  invites: readonly BoxInvite[]
): BoxReads {
  const byId = new Map(people.map((user) => [user.id, user]))
  const byLogin = new Map(people.map((user) => [fold(user.login), user]))
  const byExternalId = Map.groupBy(people, ({ externalAppUserId }) => externalAppUserId)
  return {
    getOwnAccount: () => Promise.resolve(ownAccount),
    getUser: (id) => Promise.resolve(byId.get(id)),
    findUserByLogin: (login) => Promise.resolve(byLogin.get(fold(login))),
    findUsersByExternalId: (id) => Promise.resolve(id === '' ? [] : (byExternalId.get(id) ?? [])),
    listUsers: () => Promise.resolve({ users: people, nextMarker: undefined }),
    listAliases: () => Promise.resolve([]),
    getGroup: nothing,
    findGroupByName: nothing,
    listGroups: noPage,
    listGroupMemberships: noPage,
    findMembership: nothing,
    getMembership: nothing,
    listEvents: (position) => Promise.resolve({ events: [], count: 0, nextPosition: position }),
    getInvite: (id) => Promise.resolve(invites.find((invite) => invite.id === id))
  }
}
