import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AdminError } from './admin-error.ts'
import type { Admin, AdminUserChanges } from './admin.ts'
import type { RecordedCall } from './call-log.ts'
import { paramOf } from './context.ts'
import type { NewGroup, NewUser } from './newcomers.ts'
import type { EventDisturbance, EventLog } from './event-log.ts'
import type { JsonObject } from '../lib/json.ts'
import type { EnterpriseAdmin, EnterpriseChanges } from './enterprise-admin.ts'
import type { Fault } from './faults.ts'
import type { Guesses } from './guesses.ts'
import type { ForeignAccount, MemberRole } from './records.ts'
import { notFound } from './refusal.ts'
import { demoSeed, emptySeed } from './seed.ts'
import type { Seed } from './seed.ts'
import type { EnterpriseState } from './state.ts'
import * as schemas from './control-schemas.ts'

/** What can be seen of an emulator and done to it, past the Box API. */
export interface Controls {
  /** The enterprise as plain data: users by login, groups by name. */
  state(): EnterpriseState
  /** The calls of clients so far, the token endpoint's included. */
  readonly calls: readonly RecordedCall[]
  /** Forgets the recorded calls. */
  clearCalls(): void
  /** What is to go wrong. */
  readonly faults: {
    /** Arms a fault. */
    add(fault: Fault): void
    /** Disarms all. */
    clear(): void
    /** The armed faults with what is left of them. */
    readonly armed: readonly Fault[]
  }
  /** What the event stream tells, and what is to befall the next events. */
  readonly events: Pick<EventLog, 'recorded' | 'inject' | 'disturb'>
  /** Changes that a person makes in Box behind the client's back. */
  readonly admin: Admin
  /** What is taken for the truth where Box says nothing. */
  readonly guesses: Guesses
  /** Changes it; the order of lists and what counts as the same group name only with a reset. */
  guess(changes: Partial<Guesses>): void
  /** Makes every issued token invalid. */
  revokeTokens(): void
  /** Begins anew with a seed, default the first one: no calls, faults, tokens or spent rate. */
  reset(seed?: Seed): void
}

/** What the control surface offers, for people. */
const DIRECTORY = {
  about:
    'Controls of the Box emulator. Bodies are JSON. Users by id or login, groups by id or name.',
  'GET /_control/state': 'the enterprise: users by login, groups by name',
  'GET /_control/calls': 'the calls that clients have made',
  'DELETE /_control/calls': 'forget them',
  'GET /_control/faults': 'the armed faults',
  'POST /_control/faults':
    'arm one: {"kind": "503-after", "times": 1, "method": "POST", "path": "/2.0/users"}',
  'DELETE /_control/faults': 'disarm all',
  'GET /_control/guesses': 'what is taken for the truth where Box says nothing',
  'PATCH /_control/guesses': 'change some: {"deleteWithContent": "bad-request", …}',
  'DELETE /_control/tokens': 'revoke all tokens',
  'GET /_control/events': 'what the event stream holds',
  'POST /_control/events': 'put an event of any form into the stream',
  'POST /_control/events/disturbances':
    'let the next events be lost, twice, reversed or unreadable: {"kind": "lost", "times": 1}',
  'POST /_control/users': 'add a user as an admin in Box would: {"login", "name", …}',
  'PATCH /_control/users/:user':
    'change fields, status, role, login, ownsContent, retained, barred, transferMs, concealed',
  'DELETE /_control/users/:user': 'delete a user',
  'POST /_control/groups': 'add a group: {"name", …}',
  'PATCH /_control/groups/:group': 'change a group',
  'DELETE /_control/groups/:group': 'delete a group',
  'PUT /_control/groups/:group/members/:user': 'put in with {"role": "member" | "admin"}',
  'DELETE /_control/groups/:group/members/:user': 'take out',
  'PATCH /_control/enterprise':
    'change {"domains", "seats" (null for any number)} and what the application may do: {"scopes", "manages", "isAuthorised", "access"}',
  'POST /_control/accounts':
    'add an account outside: {"login", "name", "kind": "personal" | "other-enterprise", "collaborates"}',
  'DELETE /_control/accounts/:login': 'close an account outside',
  'PUT /_control/invites/:invite':
    'answer an invite, by its id or login: {"answer": "accepted" | "rejected"}',
  'POST /_control/reset': 'begin anew: {"seed": "demo" | "empty"}, default the first seed'
}

/**
 * The control surface at `/_control`: unprotected, hence only for callers on this machine that are
 * no web pages; to anybody else it does not exist.
 */
export function registerControlRoutes(app: FastifyInstance, emulator: Controls): void {
  void app.register(
    async (control) => {
      control.addHook('onRequest', async (request) => {
        if (!isLocal(request)) throw notFound()
      })
      control.setErrorHandler((error, _request, reply) => {
        const { status, message } = describeError(error)
        return reply.code(status).send({ error: message })
      })
      control.get('/', () => DIRECTORY)
      registerObservation(control, emulator)
      registerFaults(control, emulator)
      registerEvents(control, emulator)
      registerUserChanges(control, emulator)
      registerGroupChanges(control, emulator)
      registerEnterpriseChanges(control, emulator.admin)
    },
    { prefix: '/_control' }
  )
}

/** A browser names the page's origin with every request that could change anything. */
function isLocal({ raw, headers }: FastifyRequest): boolean {
  const address = (raw.socket.remoteAddress ?? '').replace(/^::ffff:/, '')
  const host = (headers.host ?? '').replace(/:\d+$/, '')
  const isLoopbackName = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(host)
  const isLoopbackAddress = address === '::1' || address.startsWith('127.')
  return isLoopbackAddress && isLoopbackName && headers.origin === undefined
}

function describeError(error: unknown): { readonly status: number; readonly message: string } {
  if (error instanceof AdminError) return error
  const { statusCode, status, message } = error as {
    readonly statusCode?: number
    readonly status?: number
    readonly message: string
  }
  return { status: statusCode ?? status ?? (error instanceof TypeError ? 400 : 500), message }
}

function registerObservation(control: FastifyInstance, emulator: Controls): void {
  control.get('/state', () => emulator.state())
  control.get('/calls', () => emulator.calls)
  control.delete('/calls', (_request, reply) => {
    emulator.clearCalls()
    return reply.code(204).send()
  })
  control.post('/reset', { schema: { body: schemas.reset } }, (request, reply) => {
    const { seed } = (request.body ?? {}) as { readonly seed?: 'demo' | 'empty' }
    if (seed === undefined) emulator.reset()
    else emulator.reset(seed === 'demo' ? demoSeed : emptySeed)
    return reply.code(204).send()
  })
}

function registerFaults(control: FastifyInstance, emulator: Controls): void {
  control.get('/faults', () => emulator.faults.armed)
  control.post('/faults', { schema: { body: schemas.fault } }, (request, reply) => {
    emulator.faults.add(request.body as Fault)
    return reply.code(201).send(emulator.faults.armed)
  })
  control.delete('/faults', (_request, reply) => {
    emulator.faults.clear()
    return reply.code(204).send()
  })
  control.get('/guesses', () => emulator.guesses)
  control.patch('/guesses', schemaOf(schemas.guessChanges), (request, reply) => {
    emulator.guess(request.body as Partial<Guesses>)
    return reply.code(204).send()
  })
  control.delete('/tokens', (_request, reply) => {
    emulator.revokeTokens()
    return reply.code(204).send()
  })
}

function registerEvents(control: FastifyInstance, emulator: Controls): void {
  control.get('/events', () => emulator.events.recorded)
  control.post('/events', { schema: { body: schemas.event } }, (request, reply) => {
    emulator.events.inject(request.body as JsonObject)
    return reply.code(204).send()
  })
  const disturbances = '/events/disturbances'
  control.post(disturbances, { schema: { body: schemas.eventDisturbance } }, (request, reply) => {
    const { kind, times } = request.body as {
      readonly kind: EventDisturbance
      readonly times?: number
    }
    emulator.events.disturb(kind, times)
    return reply.code(204).send()
  })
}

function registerUserChanges(control: FastifyInstance, { admin }: Controls): void {
  control.post('/users', { schema: { body: schemas.newUser } }, (request, reply) =>
    reply.code(201).send({ id: admin.createUser(request.body as NewUser) })
  )
  control.patch('/users/:user', { schema: { body: schemas.userChanges } }, (request, reply) => {
    admin.updateUser(paramOf(request, 'user'), request.body as AdminUserChanges)
    return reply.code(204).send()
  })
  control.delete('/users/:user', (request, reply) => {
    admin.deleteUser(paramOf(request, 'user'))
    return reply.code(204).send()
  })
}

function registerGroupChanges(control: FastifyInstance, { admin }: Controls): void {
  control.post('/groups', { schema: { body: schemas.newGroup } }, (request, reply) =>
    reply.code(201).send({ id: admin.createGroup(request.body as NewGroup) })
  )
  control.patch('/groups/:group', { schema: { body: schemas.groupChanges } }, (request, reply) => {
    admin.updateGroup(paramOf(request, 'group'), request.body as Partial<NewGroup>)
    return reply.code(204).send()
  })
  control.delete('/groups/:group', (request, reply) => {
    admin.deleteGroup(paramOf(request, 'group'))
    return reply.code(204).send()
  })
  const member = '/groups/:group/members/:user'
  control.put(member, { schema: { body: schemas.member } }, (request) => {
    const { role } = (request.body ?? {}) as { readonly role?: MemberRole }
    return { id: admin.putMember(paramOf(request, 'group'), paramOf(request, 'user'), role) }
  })
  control.delete(member, (request, reply) => {
    admin.removeMember(paramOf(request, 'group'), paramOf(request, 'user'))
    return reply.code(204).send()
  })
}

const schemaOf = (body: object) => ({ schema: { body } })

function registerEnterpriseChanges(control: FastifyInstance, admin: EnterpriseAdmin): void {
  control.patch('/enterprise', schemaOf(schemas.enterpriseChanges), (request, reply) => {
    admin.changeEnterprise(request.body as EnterpriseChanges)
    return reply.code(204).send()
  })
  control.post('/accounts', schemaOf(schemas.newAccount), (request, reply) =>
    reply
      .code(201)
      .send({ id: admin.createForeignAccount(request.body as Omit<ForeignAccount, 'id'>) })
  )
  control.delete('/accounts/:login', (request, reply) => {
    admin.deleteForeignAccount(paramOf(request, 'login'))
    return reply.code(204).send()
  })
  control.put('/invites/:invite', schemaOf(schemas.inviteAnswer), (request, reply) => {
    const { answer } = request.body as { readonly answer: 'accepted' | 'rejected' }
    admin.answerInvite(paramOf(request, 'invite'), answer)
    return reply.code(204).send()
  })
}
