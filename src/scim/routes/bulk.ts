import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Clock } from '../../lib/clock.ts'
import type { JsonObject } from '../../lib/json.ts'
import type { StoredResource } from '../../provisioning/model.ts'
import type { ResourceTypeName } from '../../provisioning/query.ts'
import { bodyOf } from '../plugins/bodies.ts'
import { asScim } from '../plugins/content-type.ts'
import { contextOf } from '../plugins/deadline.ts'
import { explainError } from '../plugins/errors.ts'
import type { BaseUrl } from '../plugins/urls.ts'
import { nextOperation, resolveReferences } from '../protocol/bulk-order.ts'
import { bulkLimits, parseBulkRequest } from '../protocol/bulk-request.ts'
import type { BulkMethod, BulkOperation, BulkWork } from '../protocol/bulk-request.ts'
import { parseIfMatch } from '../protocol/entity-tags.ts'
import { errorBody, ScimError } from '../protocol/errors.ts'
import { resourceLocation, resourceVersion } from '../protocol/resource-text.ts'
import { serve, writeRights } from './endpoint.ts'
import type { ResourceEndpoint } from './resources.ts'

const bulkResponseSchema = 'urn:ietf:params:scim:api:messages:2.0:BulkResponse'

/** What bulk requests are worked with. */
export interface BulkContext {
  readonly endpoints: Readonly<Record<ResourceTypeName, ResourceEndpoint>>
  readonly baseUrlOf: BaseUrl
  readonly clock: Clock
  /** Most bytes of any body. */
  readonly bodyLimit: number
}

const successes: Readonly<Record<BulkMethod, string>> = {
  POST: '201',
  PUT: '200',
  PATCH: '200',
  DELETE: '204'
}

/**
 * Serves bulk requests (RFC 7644 §3.7): the operations go one after another through the use cases of
 * single requests, within the time that one request has.
 */
export function serveBulk(app: FastifyInstance, context: BulkContext): void {
  const bodyLimit = Math.min(bulkLimits.maxPayloadSize, context.bodyLimit)
  const handlers = {
    POST: async (request: FastifyRequest, reply: Parameters<typeof asScim>[0]) => {
      const results = await workAll(request, context)
      return asScim(reply, JSON.stringify({ schemas: [bulkResponseSchema], Operations: results }))
    }
  }
  // Which kinds it writes stands in the body, which is read after this is decided.
  serve(app, '/Bulk', handlers, { bodyLimit, rights: writeRights('User', 'Group') })
}

/** The results in the order of the request, whatever was worked first. */
async function workAll(
  request: FastifyRequest,
  context: BulkContext
): Promise<readonly JsonObject[]> {
  const { operations, failOnErrors = Number.POSITIVE_INFINITY } = parseBulkRequest(bodyOf(request))
  const results = new Map<BulkOperation, JsonObject>()
  const created = new Map<string, string | undefined>()
  let errors = 0
  while (results.size < operations.length && errors < failOnErrors) {
    const waiting = operations.filter((operation) => !results.has(operation))
    const ready = nextOperation(waiting, created)
    const operation = ready ?? waiting[0]
    if (operation === undefined) break
    const outcome =
      ready === undefined
        ? failure(operation, circular(), request, context)
        : await work(operation, { request, context, created })
    results.set(operation, outcome.result)
    if (outcome.id === undefined) errors += 1
    const isCreation = operation.work instanceof ScimError || operation.work.method === 'POST'
    const { bulkId } = operation
    if (bulkId !== undefined && isCreation && !created.has(bulkId)) created.set(bulkId, outcome.id)
  }
  return operations.flatMap((operation) => {
    const result = results.get(operation)
    return result === undefined ? [] : [result]
  })
}

/** What came of an operation; `id` is that of the resource where it succeeded. */
interface Outcome {
  readonly id?: string
  readonly result: JsonObject
}

async function work(
  operation: BulkOperation,
  parts: {
    readonly request: FastifyRequest
    readonly context: BulkContext
    readonly created: ReadonlyMap<string, string | undefined>
  }
): Promise<Outcome> {
  const { request, context, created } = parts
  let resolved: BulkWork | undefined
  try {
    if (operation.work instanceof ScimError) throw operation.work
    resolved = resolveReferences(operation.work, created)
    if (context.clock.now() >= request.deadline) throw outOfTime()
    const stored = await carryOut(resolved, operation.version, request, context)
    const id = stored?.id ?? resolved.id ?? ''
    return {
      id,
      result: {
        ...echo(operation),
        location: resourceLocation(resolved.type, id, context.baseUrlOf(request)),
        ...(stored === undefined ? {} : { version: resourceVersion(stored.revision) }),
        status: successes[resolved.method]
      }
    }
  } catch (error) {
    return failure({ ...operation, work: resolved ?? operation.work }, error, request, context)
  }
}

async function carryOut(
  { type, method, id = '', data }: BulkWork,
  version: string | undefined,
  request: FastifyRequest,
  { endpoints }: BulkContext
): Promise<StoredResource | undefined> {
  const endpoint = endpoints[type.name]
  const asked = { ...contextOf(request), ifMatch: parseIfMatch(version) }
  switch (method) {
    case 'POST':
      return endpoint.create(data, asked)
    case 'PUT':
      return endpoint.replace(id, data, asked)
    case 'PATCH':
      return endpoint.patch(id, data, asked)
    case 'DELETE':
      await endpoint.delete(id, asked)
      return undefined
  }
}

function failure(
  operation: BulkOperation,
  error: unknown,
  request: FastifyRequest,
  { baseUrlOf, bodyLimit }: BulkContext
): Outcome {
  const answer = explainError(error, request, bodyLimit)
  const { work } = operation
  const id = work instanceof ScimError ? undefined : work.id
  const location =
    work instanceof ScimError || id === undefined
      ? {}
      : { location: resourceLocation(work.type, id, baseUrlOf(request)) }
  return {
    result: {
      ...echo(operation),
      ...location,
      status: String(answer.status),
      response: errorBody(answer)
    }
  }
}

function echo({ method, bulkId }: BulkOperation): JsonObject {
  return {
    ...(method === undefined ? {} : { method }),
    ...(bulkId === undefined ? {} : { bulkId })
  }
}

function circular(): ScimError {
  return new ScimError(409, 'The operation waits for others that wait for it.')
}

function outOfTime(): ScimError {
  return new ScimError(503, 'There was no time left to begin this operation: send it again.')
}
