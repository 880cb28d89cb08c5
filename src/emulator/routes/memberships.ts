import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isJsonObject } from '../../lib/json.ts'
import { BodyReader } from '../body-reader.ts'
import { paramOf, queryOf } from '../context.ts'
import type { EmulatorContext } from '../context.ts'
import { offsetPage } from '../paging.ts'
import type { MemberPermissions, MembershipRecord, MemberRole } from '../records.ts'
import {
  accessDenied,
  badRequest,
  conflict,
  forbiddenByPolicy,
  invalidParameter,
  notFound
} from '../refusal.ts'
import {
  MEMBERSHIP_FIELDS,
  readFields,
  renderListedMembership,
  renderMembership
} from '../render.ts'
import { assertEditable } from './groups.ts'

const ONE = '/group_memberships/:id(^\\d+$)'

/** What a group's admin may be allowed to do. */
const PERMISSIONS = [
  'can_run_reports',
  'can_instant_login',
  'can_create_accounts',
  'can_edit_accounts'
] as const

/**
 * `/group_memberships` and the lists of a group's and a user's memberships
 * (https://developer.box.com/reference/resources/group-membership/).
 */
export function registerMembershipRoutes(app: FastifyInstance, context: EmulatorContext): void {
  const show = (membership: MembershipRecord, request: FastifyRequest) => {
    const choice = { known: MEMBERSHIP_FIELDS, standard: MEMBERSHIP_FIELDS }
    const fields = readFields(queryOf(request), choice, context.guesses)
    return renderMembership(membership, context.enterprise, fields)
  }
  const list = (memberships: readonly MembershipRecord[], request: FastifyRequest) =>
    offsetPage(memberships, queryOf(request), (membership) =>
      renderListedMembership(membership, context.enterprise)
    )

  app.get('/groups/:id(^\\d+$)/memberships', (request) => {
    const { groups, memberships } = context.enterprise
    const group = groups.get(paramOf(request, 'id'))
    if (group === undefined) throw notFound()
    return list(memberships.ofGroup(group.id), request)
  })

  app.get('/users/:id(^\\d+$)/memberships', (request) => {
    const { users, memberships } = context.enterprise
    const user = users.get(paramOf(request, 'id'))
    if (user === undefined) throw notFound()
    return list(memberships.ofUser(user.id), request)
  })

  app.post('/group_memberships', (request, reply) => {
    const { created, membership } = addMember(context, request.body)
    return reply.code(created ? 201 : 200).send(show(membership, request))
  })

  app.get(ONE, (request) => show(findMembership(context, request), request))

  app.put(ONE, (request) => {
    const membership = findMembership(context, request)
    const { role, permissions } = readMemberBody(request.body)
    const changes = {
      role: role ?? membership.role,
      ...(permissions !== undefined && { configurable_permissions: permissions })
    }
    const settled = {
      ...changes,
      ...(changes.role === 'member' && { configurable_permissions: null })
    }
    return show(context.enterprise.changeMembership(membership, settled), request)
  })

  app.delete(ONE, (request, reply) => {
    context.enterprise.memberships.delete(findMembership(context, request).id)
    return reply.code(204).send()
  })
}

function findMembership({ enterprise }: EmulatorContext, request: FastifyRequest) {
  const membership = enterprise.memberships.get(paramOf(request, 'id'))
  if (membership === undefined) throw notFound()
  return membership
}

function addMember(
  context: EmulatorContext,
  body: unknown
): { readonly created: boolean; readonly membership: MembershipRecord } {
  const { enterprise, guesses } = context
  const { userId, groupId, role, permissions } = readNewMember(body)
  const user = enterprise.users.get(userId)
  const group = enterprise.groups.get(groupId)
  if (user === undefined) throw unknownMember(context, 'user', userId)
  if (group === undefined) throw unknownMember(context, 'group', groupId)
  assertEditable(group, context)
  if (user.fields.status === 'inactive' && !guesses.inactiveMayJoin) throw accessDenied()
  if (user.barred) throw forbiddenByPolicy()
  const present = enterprise.memberships.find(groupId, userId)
  if (present !== undefined) {
    if (guesses.repeatedMembership === 'conflict') throw conflict()
    return { created: false, membership: present }
  }
  const configurable_permissions = role === 'admin' ? (permissions ?? readPermissions({})) : null
  const membership = enterprise.addMember({ userId, groupId, role, configurable_permissions })
  return { created: true, membership }
}

function unknownMember({ guesses }: EmulatorContext, name: 'user' | 'group', id: string) {
  const detail = invalidParameter(name, id)
  return guesses.unknownMember === 'not-found' ? notFound(detail) : badRequest(detail)
}

function readNewMember(body: unknown) {
  const read = new BodyReader(body)
  const userId = readReference(read, 'user')
  const groupId = readReference(read, 'group')
  const { role = 'member', permissions } = readMember(read)
  read.finish()
  return { userId, groupId, role, permissions }
}

function readMemberBody(body: unknown) {
  const read = new BodyReader(body)
  const member = readMember(read)
  read.finish()
  return member
}

function readReference(read: BodyReader, name: 'user' | 'group'): string {
  const value = read.raw(name)
  const id = isJsonObject(value ?? null) ? (value as { readonly id?: unknown }).id : undefined
  if (typeof id === 'string') return id
  if (value === undefined) read.require(name)
  else read.refuse(name)
  return ''
}

function readMember(read: BodyReader): {
  readonly role: MemberRole | undefined
  readonly permissions: MemberPermissions | undefined
} {
  const role = read.oneOf('role', ['member', 'admin'])
  const given = read.raw('configurable_permissions')
  if (given === undefined) return { role, permissions: undefined }
  if (given !== null && !isJsonObject(given)) {
    return { role, permissions: read.refuse('configurable_permissions') }
  }
  return { role, permissions: readPermissions(given) }
}

/** Permissions that are left out are granted; null denies all. */
function readPermissions(given: object | null): MemberPermissions {
  const denied = (name: string) =>
    given === null || (given as Readonly<Record<string, unknown>>)[name] === false
  return Object.fromEntries(PERMISSIONS.map((name) => [name, !denied(name)]))
}
