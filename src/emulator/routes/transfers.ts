import type { FastifyInstance } from 'fastify'
import { isJsonObject } from '../../lib/json.ts'
import type { JsonObject } from '../../lib/json.ts'
import type { Milliseconds } from '../../lib/clock.ts'
import { BodyReader } from '../body-reader.ts'
import { paramOf, queryOf } from '../context.ts'
import type { EmulatorContext } from '../context.ts'
import type { TransferRecord, UserRecord } from '../records.ts'
import {
  badRequest,
  badRequestBecause,
  blockedForNow,
  forbidden,
  forbiddenByPolicy,
  invalidParameter,
  notFound
} from '../refusal.ts'
import { readFields } from '../render.ts'
import { requireScope } from '../scopes.ts'

const FOLDER_FIELDS = ['sequence_id', 'etag', 'name', 'owned_by'] as const

/** Box answers after this time whether or not it is through, and goes on. */
const LONGEST_WAIT: Milliseconds = 600_000

/**
 * `PUT /users/:id/folders/0`, the transfer of everything that a user owns
 * (https://developer.box.com/reference/put-users-id-folders-0/). `stopping` ends the waiting.
 */
export function registerTransferRoutes(
  app: FastifyInstance,
  context: EmulatorContext,
  stopping: AbortSignal
): void {
  app.put('/users/:id(^\\d+$)/folders/0', (request) => {
    requireScope(context, 'root_readwrite')
    const choice = { known: FOLDER_FIELDS, standard: FOLDER_FIELDS }
    const fields = readFields(queryOf(request), choice, context.guesses)
    const from = context.enterprise.users.get(paramOf(request, 'id'))
    if (from === undefined) throw notFound()
    const to = receiver(context, request.body)
    assertTransferable(context, from, to)
    const values = render(context.enterprise.transfers.begin(from, to), to)
    const shown = fields.map((field) => [field, values[field]] as const)
    const answer = { type: 'folder', id: values.id, ...Object.fromEntries(shown) }
    if (from.transferMs === 0) return answer
    const wait = context.clock.sleep(Math.min(from.transferMs, LONGEST_WAIT), stopping)
    return wait.then(
      () => answer,
      () => answer
    )
  })
}

function render({ folder }: TransferRecord, { id, fields }: UserRecord) {
  const owned_by: JsonObject = { type: 'user', id, name: fields.name, login: fields.login }
  return { id: folder.id, sequence_id: '0', etag: '0', name: folder.name, owned_by }
}

function receiver({ enterprise, guesses }: EmulatorContext, body: unknown): UserRecord {
  const read = new BodyReader(body)
  const value = read.raw('owned_by')
  const id = isJsonObject(value ?? null) ? (value as JsonObject)['id'] : undefined
  if (value === undefined) read.require('owned_by')
  else if (typeof id !== 'string') read.refuse('owned_by')
  read.finish()
  const found = typeof id === 'string' ? enterprise.users.get(id) : undefined
  if (found !== undefined) return found
  const detail = invalidParameter('owned_by', id)
  throw guesses.transferToNobody === 'not-found' ? notFound(detail) : badRequest(detail)
}

/** Throws the refusals that the API reference lists, and those for what it leaves open. */
function assertTransferable(
  { enterprise, guesses }: EmulatorContext,
  from: UserRecord,
  to: UserRecord
): void {
  const ranksHigher = ({ id, fields }: UserRecord) =>
    fields.role !== 'user' && id !== enterprise.serviceAccount.id
  if (ranksHigher(from) || ranksHigher(to)) {
    throw forbidden('Cannot transfer files from/to higher privileged accounts')
  }
  if (from.barred || to.barred) throw forbiddenByPolicy()
  if (from.id === to.id) throw badRequest(invalidParameter('owned_by', to.id))
  const isBusy = [from, to].some(({ id }) => enterprise.transfers.isBusy(id))
  if (isBusy && guesses.transferWhileRunning === 'blocked') throw blockedForNow()
  if (!from.ownsContent && guesses.transferOfNothing === 'bad-request') {
    throw badRequestBecause('The user owns nothing')
  }
}
