import type { FastifyInstance } from 'fastify'
import type { JsonValue } from '../../lib/json.ts'
import { BodyReader } from '../body-reader.ts'
import { callerOf } from '../context.ts'
import type { EmulatorContext } from '../context.ts'
import type { UserRecord } from '../records.ts'
import { badRequestBecause, notFound } from '../refusal.ts'
import { findManageableUser } from '../user-rights.ts'

/**
 * `/users/terminate_sessions` (https://developer.box.com/reference/resources/session-termination/):
 * the answer says that jobs were made, and nothing about how they end.
 */
export function registerSessionRoutes(app: FastifyInstance, context: EmulatorContext): void {
  app.post('/users/terminate_sessions', (request, reply) => {
    const { enterprise } = context
    const read = new BodyReader(request.body)
    const ids = texts(read.raw('user_ids'))
    const logins = texts(read.raw('user_logins'))
    if (ids.length + logins.length === 0) throw badRequestBecause('Users can not be NULL or EMPTY')
    const users = [...ids, ...logins.map((login) => idOf(context, login))].map((id): UserRecord =>
      findManageableUser(enterprise, id, callerOf(request))
    )
    for (const { id } of users) enterprise.sessionEnds.set(id, enterprise.stamp())
    const message = 'Request is successful, please check the admin events for the status of the job'
    return reply.code(202).send({ message })
  })
}

/** Both lists are required, and either may be empty. */
function texts(value: JsonValue | undefined): readonly string[] {
  if (!Array.isArray(value)) throw badRequestBecause('Users can not be NULL or EMPTY')
  const list = value as readonly JsonValue[]
  if (!list.every((entry) => typeof entry === 'string')) {
    throw badRequestBecause('User id format is string')
  }
  return list
}

function idOf({ enterprise }: EmulatorContext, login: string): string {
  const user = enterprise.users.byLogin(login)
  if (user === undefined) throw notFound()
  return user.id
}
