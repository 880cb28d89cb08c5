import type { FastifyInstance } from 'fastify'
import type { JsonObject } from '../../lib/json.ts'
import { BodyReader } from '../body-reader.ts'
import { callerOf, paramOf } from '../context.ts'
import type { EmulatorContext } from '../context.ts'
import type { AliasRecord } from '../records.ts'
import { badRequest, conflict, invalidParameter, missingParameter, notFound } from '../refusal.ts'
import { findManageableUser } from '../user-rights.ts'

const PATH = '/users/:id(^\\d+$)/email_aliases'

/** `/users/:id/email_aliases` (https://developer.box.com/reference/resources/email-alias/). */
export function registerEmailAliasRoutes(app: FastifyInstance, context: EmulatorContext): void {
  app.get(PATH, (request) => {
    const user = context.enterprise.users.get(paramOf(request, 'id'))
    if (user === undefined) throw notFound()
    const entries = [...user.aliases.values()].map(renderAlias)
    return { total_count: entries.length, entries }
  })

  app.post(PATH, (request, reply) => {
    const { enterprise } = context
    const user = findManageableUser(enterprise, paramOf(request, 'id'), callerOf(request))
    const { email, isConfirmed } = readAlias(context, request.body)
    return reply.code(201).send(renderAlias(enterprise.addAlias(user, email, isConfirmed)))
  })

  app.delete(`${PATH}/:aliasId(^\\d+$)`, (request, reply) => {
    const { enterprise } = context
    const user = findManageableUser(enterprise, paramOf(request, 'id'), callerOf(request))
    const aliasId = paramOf(request, 'aliasId')
    if (!user.aliases.has(aliasId)) throw notFound()
    enterprise.removeAlias(user, aliasId)
    return reply.code(204).send()
  })
}

function renderAlias({ id, email, is_confirmed }: AliasRecord): JsonObject {
  return { type: 'email_alias', id, email, is_confirmed }
}

/** Reads and checks an alias; an enterprise's admins may declare it confirmed. */
function readAlias(
  { enterprise, guesses }: EmulatorContext,
  body: unknown
): { readonly email: string; readonly isConfirmed: boolean } {
  const read = new BodyReader(body)
  const email = read.email('email')
  const isConfirmed = read.flag('is_confirmed') ?? guesses.ownDomainAliasConfirmsItself
  read.finish()
  if (email === undefined) throw badRequest(missingParameter('email'))
  const isOwnDomain = enterprise.ownsDomainOf(email)
  if (!isOwnDomain && guesses.aliasOutsideDomains !== 'unconfirmed') {
    throw guesses.aliasOutsideDomains === 'conflict'
      ? conflict('email')
      : badRequest(invalidParameter('email', email))
  }
  const owner =
    enterprise.users.byLogin(email) ??
    enterprise.users.byAlias(email) ??
    enterprise.foreignByLogin(email)
  if (owner !== undefined) {
    throw guesses.aliasTaken === 'conflict'
      ? conflict('email')
      : badRequest(invalidParameter('email', email))
  }
  return { email, isConfirmed: isConfirmed && isOwnDomain }
}
