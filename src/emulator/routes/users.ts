import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { JsonObject } from '../../lib/json.ts'
import { fold } from '../../lib/text.ts'
import { callerOf, misfortuneOf, paramOf, queryOf } from '../context.ts'
import type { EmulatorContext } from '../context.ts'
import type { UserFields, UserRecord } from '../records.ts'
import {
  accessDenied,
  badRequest,
  badRequestBecause,
  conflict,
  forbidden,
  invalidParameter,
  loginTaken,
  missingParameter,
  ownsContent,
  retained
} from '../refusal.ts'
import { readFields, renderUser, STANDARD_USER_FIELDS, USER_FIELDS } from '../render.ts'
import type { View } from '../render.ts'
import type { SettableUserFields } from '../seed.ts'
import type { Caller } from '../tokens.ts'
import { readUserBody } from '../user-body.ts'
import { listUsers } from '../user-list.ts'
import { findManageableUser, findUser } from '../user-rights.ts'

/** `/users` (https://developer.box.com/reference/resources/user/). */
export function registerUserRoutes(app: FastifyInstance, context: EmulatorContext): void {
  const view = (request: FastifyRequest): View<keyof UserFields> => ({
    fields: readFields(
      queryOf(request),
      { known: USER_FIELDS, standard: STANDARD_USER_FIELDS },
      context.guesses
    ),
    guesses: context.guesses,
    misfortune: misfortuneOf(request)
  })

  app.get('/users', (request) =>
    listUsers(context, queryOf(request), { view: view(request), caller: callerOf(request) })
  )

  app.post('/users', (request, reply) => {
    const shown = view(request)
    const user = createUser(context, request)
    return reply.code(201).send(renderUser(user, shown))
  })

  app.get('/users/me', (request) => renderUser(context.enterprise.serviceAccount, view(request)))

  app.get('/users/:id(^\\d+$)', (request) =>
    findUser(context.enterprise, paramOf(request, 'id'), view(request))
  )

  app.put('/users/:id(^\\d+$)', (request): JsonObject => {
    const shown = view(request)
    return renderUser(updateUser(context, request), shown)
  })

  app.delete('/users/:id(^\\d+$)', (request, reply) => deleteUser(context, request, reply))
}

function createUser(context: EmulatorContext, request: FastifyRequest): UserRecord {
  const { enterprise, guesses } = context
  const caller = callerOf(request)
  const fields = readUserBody(request.body, context, 'create')
  const { name } = fields
  if (name === undefined) throw badRequest(missingParameter('name'))
  const login = fields.is_platform_access_only
    ? appUserLogin(context)
    : freeLogin(context, fields.login)
  assertFreeExternalId(context, caller, fields.external_app_user_id)
  assertSeat(context, fields.is_platform_access_only === true)
  return enterprise.createUser({
    ...fields,
    name,
    login,
    createdBy: caller.clientId,
    listDelayMs: misfortuneOf(request).listDelay ?? guesses.listDelayMs
  })
}

/** A user who is inactive takes a seat as well; the service account takes none. */
function assertSeat({ enterprise, guesses }: EmulatorContext, isAppUser: boolean): void {
  const takesSeat = (appUser: boolean) => !appUser || guesses.appUsersTakeSeats
  const taken = enterprise.users.sorted.filter(
    ({ id, fields }) =>
      id !== enterprise.serviceAccount.id && takesSeat(fields.is_platform_access_only)
  ).length
  if (!takesSeat(isAppUser) || taken < enterprise.seats) return
  const reason = 'All seats of the enterprise are taken'
  throw guesses.noSeatLeft === 'forbidden' ? forbidden(reason) : badRequestBecause(reason)
}

/** App users get an address from Box that nobody can write to. */
function appUserLogin({ credentials, random }: EmulatorContext): string {
  const suffix = random.uuid().replaceAll('-', '').slice(0, 10)
  return `AppUser_${credentials.enterpriseId}_${suffix}@boxdevedition.com`
}

function freeLogin({ enterprise, guesses }: EmulatorContext, login: string | undefined): string {
  if (login === undefined) throw badRequest(missingParameter('login'))
  if (guesses.createOutsideDomains === 'refused' && !enterprise.ownsDomainOf(login)) {
    throw badRequest(invalidParameter('login', login))
  }
  const owner =
    enterprise.users.byLogin(login) ??
    enterprise.foreignByLogin(login) ??
    (guesses.aliasesCollideOnCreate ? enterprise.users.byAlias(login) : undefined)
  if (owner === undefined) return login
  throw guesses.loginConflictContext === 'errors'
    ? loginTaken(invalidParameter('login', login))
    : loginTaken()
}

function updateUser(context: EmulatorContext, request: FastifyRequest): UserRecord {
  const { enterprise, guesses } = context
  const caller = callerOf(request)
  const user = findManageableUser(enterprise, paramOf(request, 'id'), caller)
  const sent = readUserBody(request.body, context, 'update')
  assertStays(request.body)
  const { login, ...changes } = ownExternalId(context, { user, caller, changes: sent })
  const newLogin = login === undefined ? undefined : checkLoginChange(context, user, login)
  const renamed = newLogin === undefined ? user : enterprise.promoteAlias(user, newLogin)
  const changed = enterprise.changeUser(renamed, changes)
  if (changes.status === 'inactive' && guesses.inactiveMemberships === 'dropped') {
    enterprise.memberships.deleteUser(user.id)
  }
  return changed
}

/** `enterprise: null` turns a user out of the enterprise, for which the service account lacks the right. */
function assertStays(body: unknown): void {
  if (typeof body === 'object' && body !== null && Object.hasOwn(body, 'enterprise')) {
    throw accessDenied()
  }
}

interface IntendedChange {
  readonly user: UserRecord
  readonly caller: Caller
  readonly changes: Partial<SettableUserFields>
}

/** Only the application that created a user may change `external_app_user_id`. */
function ownExternalId(
  context: EmulatorContext,
  { user, caller, changes }: IntendedChange
): Partial<SettableUserFields> {
  const { external_app_user_id: externalId, ...others } = changes
  if (externalId === undefined) return changes
  if (user.createdBy !== caller.clientId) {
    if (context.guesses.foreignExternalAppUserId === 'forbidden') throw accessDenied()
    return others
  }
  if (externalId !== user.fields.external_app_user_id) {
    assertFreeExternalId(context, caller, externalId)
  }
  return changes
}

function assertFreeExternalId(
  { enterprise, guesses }: EmulatorContext,
  caller: Caller,
  externalId: string | undefined
): void {
  if (!guesses.externalAppUserIdUnique || externalId === undefined || externalId === '') return
  const taken = enterprise.users.sorted.some(
    (other) =>
      other.createdBy === caller.clientId && other.fields.external_app_user_id === externalId
  )
  if (taken) throw conflict('external_app_user_id')
}

/**
 * A login changes only to a confirmed alias of the same user, or else to a free address of the
 * enterprise's domains, and never in letter case alone.
 * Returns undefined where there is nothing to change. Throws 400 naming `new_primary_email`.
 */
function checkLoginChange(
  { enterprise, guesses }: EmulatorContext,
  user: UserRecord,
  login: string
): string | undefined {
  if (login === user.fields.login && guesses.sameLogin === 'harmless') return undefined
  const alias = [...user.aliases.values()].find(({ email }) => fold(email) === fold(login))
  const maySkipAlias =
    !guesses.loginChangeNeedsAlias && alias === undefined && enterprise.isFreeInDomains(login)
  const refused =
    (alias?.is_confirmed !== true && !maySkipAlias) ||
    enterprise.users.byLogin(login) !== undefined ||
    (guesses.loginChangeNeedsConfirmedEmail && !user.emailConfirmed)
  if (refused) throw badRequest(invalidParameter('new_primary_email', login))
  return login
}

function deleteUser(
  context: EmulatorContext,
  request: FastifyRequest,
  reply: FastifyReply
): FastifyReply {
  const { enterprise, guesses } = context
  const user = findManageableUser(enterprise, paramOf(request, 'id'), callerOf(request))
  const force = queryOf(request).get('force') === 'true'
  if (user.ownsContent && !force) {
    throw guesses.deleteWithContent === 'conflict' ? ownsContent() : badRequest()
  }
  if (user.ownsContent && user.retained) throw retained()
  enterprise.deleteUser(user)
  return reply.code(204).send()
}
