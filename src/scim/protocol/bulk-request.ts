import serviceProviderConfig from '../../../scim-schemas/service-provider-config.json' with { type: 'json' }
import { isJsonObject } from '../../lib/json.ts'
import type { JsonObject, JsonValue } from '../../lib/json.ts'
import { isList, readAnyCase } from './document.ts'
import { ScimError } from './errors.ts'
import { requireMessageSchema } from './message-schema.ts'
import { requireObjectBody } from './request-body.ts'
import { resourceTypes } from './schemas.ts'
import type { ResourceType } from './schemas.ts'

/** The limits that the ServiceProviderConfig announces. */
export const bulkLimits = serviceProviderConfig.bulk

const bulkRequestSchema = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest'

/** What a bulk operation may do. */
export type BulkMethod = 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** What a bulk operation asks for, once it can be understood. */
export interface BulkWork {
  readonly type: ResourceType
  readonly method: BulkMethod
  /** The id in the path, maybe a `bulkId:` reference; undefined in a POST only. */
  readonly id: string | undefined
  /** The body; undefined in a DELETE. */
  readonly data: JsonObject | undefined
}

/** An operation of a bulk request: its work, or why there is none. */
export interface BulkOperation {
  /** As it was written; shown in the result. */
  readonly method: JsonValue | undefined
  readonly path: JsonValue | undefined
  readonly bulkId: string | undefined
  /** An entity tag that the resource must have. */
  readonly version: string | undefined
  readonly work: BulkWork | ScimError
}

/** A bulk request. */
export interface BulkRequest {
  readonly operations: readonly BulkOperation[]
  /** After this many errors the rest is left undone; undefined: everything is tried. */
  readonly failOnErrors: number | undefined
}

/**
 * Reads a bulk request (RFC 7644 §3.7). An operation that makes no sense fails by itself.
 *
 * @throws ScimError 400 where the message is none, 413 where it has too many operations
 */
export function parseBulkRequest(body: unknown): BulkRequest {
  const message = requireObjectBody(body)
  requireMessageSchema(message, bulkRequestSchema, { isOptional: false })
  const operations = readAnyCase(message, 'Operations')
  if (!isList(operations)) throw syntaxError('A bulk request needs Operations: an array.')
  if (operations.length > bulkLimits.maxOperations) {
    const { maxOperations } = bulkLimits
    throw new ScimError(413, `More than ${maxOperations} operations (maxOperations).`)
  }
  const seen = new Set<string>()
  return {
    operations: operations.map((raw) => readOperation(raw, seen)),
    failOnErrors: errorLimit(readAnyCase(message, 'failOnErrors') ?? undefined)
  }
}

function errorLimit(value: JsonValue | undefined): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value || undefined
  throw new ScimError(400, 'failOnErrors must be a whole number.', 'invalidValue')
}

function readOperation(raw: JsonValue, seen: Set<string>): BulkOperation {
  const object = isJsonObject(raw) ? raw : {}
  const bulkId = textIn(object, 'bulkId')
  const isRepeated = bulkId !== undefined && seen.has(bulkId)
  if (bulkId !== undefined) seen.add(bulkId)
  return {
    method: readAnyCase(object, 'method'),
    path: readAnyCase(object, 'path'),
    bulkId,
    version: textIn(object, 'version'),
    work: isRepeated
      ? new ScimError(400, 'Another operation has this bulkId.', 'invalidValue')
      : readWork(object, bulkId)
  }
}

function readWork(object: JsonObject, bulkId: string | undefined): BulkWork | ScimError {
  const method = methodIn(object)
  if (method === undefined) return syntaxError('method must be POST, PUT, PATCH or DELETE.')
  const target = targetIn(object)
  if (target === undefined || (target.id === undefined) !== (method === 'POST')) {
    return syntaxError('path must be /Users or /Groups for POST, else with an id behind it.')
  }
  if (method === 'POST' && bulkId === undefined) return syntaxError('POST needs a bulkId.')
  if (method === 'DELETE') return { ...target, method, data: undefined }
  const data = readAnyCase(object, 'data')
  return isJsonObject(data)
    ? { ...target, method, data }
    : syntaxError(`${method} needs data: a JSON object.`)
}

const methods: readonly BulkMethod[] = ['POST', 'PUT', 'PATCH', 'DELETE']

function methodIn(object: JsonObject): BulkMethod | undefined {
  const text = textIn(object, 'method')?.toUpperCase()
  return methods.find((method) => method === text)
}

function targetIn(object: JsonObject): Pick<BulkWork, 'type' | 'id'> | undefined {
  const path = textIn(object, 'path') ?? ''
  for (const type of Object.values(resourceTypes)) {
    if (path === type.endpoint) return { type, id: undefined }
    const id = path.startsWith(`${type.endpoint}/`) ? path.slice(type.endpoint.length + 1) : ''
    if (id !== '' && !/[/?#]/.test(id)) return { type, id }
  }
  return undefined
}

function textIn(object: JsonObject, name: string): string | undefined {
  const value = readAnyCase(object, name)
  return typeof value === 'string' && value !== '' ? value : undefined
}

function syntaxError(detail: string): ScimError {
  return new ScimError(400, detail, 'invalidSyntax')
}
