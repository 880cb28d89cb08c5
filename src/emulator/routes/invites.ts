import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isJsonObject } from '../../lib/json.ts'
import type { JsonObject, JsonValue } from '../../lib/json.ts'
import { BodyReader, isEmail } from '../body-reader.ts'
import { paramOf, queryOf } from '../context.ts'
import type { EmulatorContext } from '../context.ts'
import type { InviteRecord } from '../records.ts'
import {
  accessDenied,
  badRequest,
  badRequestBecause,
  conflict,
  forbidden,
  invalidParameter,
  notFound
} from '../refusal.ts'
import { readFields } from '../render.ts'
import { requireScope } from '../scopes.ts'

const INVITE_FIELDS = [
  'invited_to',
  'actionable_by',
  'invited_by',
  'status',
  'created_at',
  'modified_at'
] as const

/** `/invites` (https://developer.box.com/reference/resources/invite/). */
export function registerInviteRoutes(app: FastifyInstance, context: EmulatorContext): void {
  const show = (invite: InviteRecord, request: FastifyRequest): JsonObject => {
    const choice = { known: INVITE_FIELDS, standard: INVITE_FIELDS }
    const fields = readFields(queryOf(request), choice, context.guesses)
    const values = render(context, invite)
    const shown = fields.map((field) => [field, values[field]] as const)
    return { type: 'invite', id: invite.id, ...Object.fromEntries(shown) }
  }

  app.post('/invites', (request) => {
    requireScope(context, 'manage_enterprise_properties')
    return show(invite(context, request.body), request)
  })

  app.get('/invites/:id(^\\d+$)', (request) => {
    requireScope(context, 'manage_enterprise_properties')
    const found = context.enterprise.invites.get(paramOf(request, 'id'))
    const isGone = context.guesses.answeredInvite === 'gone' && found?.status !== 'pending'
    if (found === undefined || isGone) throw notFound()
    return show(found, request)
  })
}

const mini = ({ id, login, name }: InviteRecord['invited']): JsonObject => ({
  type: 'user',
  id,
  name,
  login
})

function render(
  { enterprise }: EmulatorContext,
  { invited, status, created_at, modified_at }: InviteRecord
): Readonly<Record<(typeof INVITE_FIELDS)[number], JsonValue>> {
  const { id, fields } = enterprise.serviceAccount
  return {
    invited_to: { ...enterprise.info },
    actionable_by: mini(invited),
    invited_by: mini({ id, login: fields.login, name: fields.name }),
    status,
    created_at,
    modified_at
  }
}

/** Invites somebody who has a Box account outside every enterprise. */
function invite(context: EmulatorContext, body: unknown): InviteRecord {
  const { enterprise, guesses } = context
  const { enterpriseId, login } = readInvite(body)
  if (enterpriseId !== enterprise.info.id) throw accessDenied()
  if ((enterprise.users.byLogin(login) ?? enterprise.users.byAlias(login)) !== undefined) {
    throw guesses.inviteOfMember === 'conflict'
      ? conflict()
      : badRequest(invalidParameter('login', login))
  }
  const account = enterprise.foreignByLogin(login)
  if (account === undefined) throw notFound()
  if (account.kind === 'other-enterprise') {
    const reason = 'Cannot invite user who belongs to a different enterprise'
    throw guesses.inviteOfOtherEnterprise === 'forbidden'
      ? forbidden(reason)
      : badRequestBecause(reason)
  }
  const former = enterprise.invites.pendingFor(account.id)
  if (former === undefined || guesses.repeatedInvite === 'new') {
    return enterprise.invites.create(account)
  }
  if (guesses.repeatedInvite === 'conflict') throw conflict()
  return former
}

function readInvite(body: unknown): { readonly enterpriseId: string; readonly login: string } {
  const read = new BodyReader(body)
  const enterpriseId = keyOf(read, 'enterprise', 'id')
  const login = keyOf(read, 'actionable_by', 'login')
  if (login !== '' && !isEmail(login)) read.refuse('actionable_by')
  read.finish()
  return { enterpriseId, login }
}

/** A text inside an object of the body; notes the problem where there is none. */
function keyOf(read: BodyReader, name: string, key: string): string {
  const value = read.raw(name)
  const text = isJsonObject(value ?? null) ? (value as JsonObject)[key] : undefined
  if (typeof text === 'string' && text !== '') return text
  if (value === undefined) read.require(name)
  else read.refuse(name)
  return ''
}
