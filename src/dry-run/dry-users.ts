import type { BoxCall, BoxPort } from '../provisioning/box-port.ts'
import { dryIdOf, type DryWriteEntry } from '../provisioning/dry-run/writes.ts'
import type { BoxUser, BoxUserFields, BoxUserId } from '../provisioning/model.ts'
import { applicationOf } from '../provisioning/population.ts'
import { isSameText, unlessDry, type DryParts } from './dry-parts.ts'
import { badRequest, denied, loginUsed, notFound } from './refused.ts'

type DryUsers = Pick<
  BoxPort,
  | 'getUser'
  | 'findUserByLogin'
  | 'findUsersByExternalId'
  | 'listUsers'
  | 'createUser'
  | 'createAppUser'
  | 'updateUser'
  | 'deleteUser'
  | 'transferContent'
  | 'endSessions'
  | 'listAliases'
  | 'addAlias'
  | 'removeAlias'
>

/** The calls about people. */
export function createDryUsers({ reads, pretended, write }: DryParts): DryUsers {
  const getInBox = unlessDry((id: BoxUserId, call: BoxCall) => reads.getUser(id, call))

  async function getUser(id: BoxUserId, call: BoxCall): Promise<BoxUser | undefined> {
    return pretended.user(id, pretended.hasCreated(id) ? undefined : await getInBox(id, call))
  }

  async function existing(id: BoxUserId, call: BoxCall): Promise<BoxUser> {
    const user = await getUser(id, call)
    if (user === undefined) throw notFound('user')
    return user
  }

  /** Those of `ids` of whom `matches` is true. */
  async function among(
    ids: readonly BoxUserId[],
    matches: (user: BoxUser) => boolean,
    call: BoxCall
  ): Promise<readonly BoxUser[]> {
    const users = await Promise.all(ids.map((id) => getUser(id, call)))
    return users.filter((user) => user !== undefined && matches(user)) as readonly BoxUser[]
  }

  async function findUserByLogin(login: string, call: BoxCall): Promise<BoxUser | undefined> {
    const hasLogin = (user: BoxUser) => isSameText(user.login, login)
    const [user] = await among(pretended.usersByLogin(login), hasLogin, call)
    if (user !== undefined) return user
    const found = await reads.findUserByLogin(login, call)
    const shown = found && pretended.user(found.id, found)
    return shown !== undefined && hasLogin(shown) ? shown : undefined
  }

  function created(entry: DryWriteEntry): BoxUser {
    const user = pretended.user(dryIdOf(entry) as BoxUserId, undefined)
    if (user === undefined) throw new TypeError('Nobody was created')
    return user
  }

  async function listAliases(id: BoxUserId, call: BoxCall) {
    const isCreated = pretended.hasCreated(id)
    return pretended.aliases(id, isCreated ? [] : await reads.listAliases(id, call))
  }

  /** Nothing tells of the aliases that only Box knows, but of those of this person. */
  async function assertFree(login: string, call: BoxCall): Promise<void> {
    const owner = await findUserByLogin(login, call)
    if (owner !== undefined || pretended.hasAlias(login)) throw loginUsed()
  }

  const assertNotPretended = (login: string) => () => {
    if (pretended.usersByLogin(login).length > 0 || pretended.hasAlias(login)) throw loginUsed()
  }

  async function assertLoginSettable(user: BoxUser, login: string, call: BoxCall): Promise<void> {
    if (isSameText(user.login, login)) return
    const aliases = await listAliases(user.id, call)
    if (!aliases.some(({ email }) => isSameText(email, login))) {
      throw badRequest('a new login has to be a confirmed alias of the user first')
    }
  }

  return {
    getUser,
    findUserByLogin,
    listAliases,

    async findUsersByExternalId(externalAppUserId, call) {
      const has = (user: BoxUser) => user.externalAppUserId === externalAppUserId
      const found = await reads.findUsersByExternalId(externalAppUserId, call)
      const shown = found.map((user) => pretended.user(user.id, user))
      const inBox = shown.filter((user) => user !== undefined && has(user)) as readonly BoxUser[]
      const seen = new Set(inBox.map(({ id }) => id))
      const ids = pretended.usersByExternalId(externalAppUserId).filter((id) => !seen.has(id))
      return [...inBox, ...(await among(ids, has, call))]
    },

    async listUsers(marker, call) {
      const page = await reads.listUsers(marker, call)
      const shown = page.users.map((user) => pretended.user(user.id, user))
      const users = shown.filter((user) => user !== undefined)
      const isLast = page.nextMarker === undefined
      return { ...page, users: isLast ? [...users, ...pretended.createdUsers()] : users }
    },

    async createUser(fields, call) {
      const { login = '' } = fields
      await assertFree(login, call)
      const decided = { kind: 'create-user', fields, isAppUser: false } as const
      return created(await write(decided, assertNotPretended(login)))
    },

    async createAppUser({ login: _ofBox, ...fields }, call) {
      const own = await reads.getOwnAccount(call)
      const application = applicationOf(own.login) ?? ''
      return created(await write({ kind: 'create-user', fields, isAppUser: true, application }))
    },

    async updateUser(userId, fields, call) {
      const user = await existing(userId, call)
      if (isAdmin(user)) throw denied()
      if (fields.login !== undefined) await assertLoginSettable(user, fields.login, call)
      const before = pick(user, fields)
      await write({ kind: 'update-user', userId, fields, before })
      return pretended.user(userId, user) ?? user
    },

    async deleteUser(userId, { force }, call) {
      const user = await getUser(userId, call)
      if (user === undefined) return
      if (isAdmin(user)) throw denied()
      if (!force && user.spaceUsed > 0) throw badRequest('the user owns content')
      await write({ kind: 'delete-user', userId, login: user.login, force })
    },

    async transferContent({ from, to }, call) {
      const people = [await existing(from, call), await existing(to, call)]
      if (people.some(isAdmin)) throw denied()
      const entry = await write({ kind: 'transfer-content', userId: from, to })
      return { id: dryIdOf(entry), name: `${people[0]?.name ?? ''}'s Files and Folders` }
    },

    async endSessions(ids, call) {
      for (const id of ids) await existing(id, call)
      for (const userId of ids) await write({ kind: 'end-sessions', userId })
    },

    async addAlias(userId, email, call) {
      const aliases = await listAliases(userId, call)
      const known = aliases.find((alias) => isSameText(alias.email, email))
      if (known !== undefined) return known
      await assertFree(email, call)
      const decided = { kind: 'add-alias', userId, email } as const
      const entry = await write(decided, assertNotPretended(email))
      return { id: dryIdOf(entry), email }
    },

    async removeAlias(userId, aliasId, call) {
      const alias = (await listAliases(userId, call)).find(({ id }) => id === aliasId)
      if (alias === undefined) return
      await write({ kind: 'remove-alias', userId, aliasId, email: alias.email })
    }
  }
}

function isAdmin({ role }: BoxUser): boolean {
  return role === 'admin' || role === 'coadmin'
}

/** What the user has in those fields. */
function pick(user: BoxUser, fields: BoxUserFields): BoxUserFields {
  const names = Object.keys(fields) as (keyof BoxUserFields)[]
  return Object.fromEntries(names.map((name) => [name, user[name]]))
}
