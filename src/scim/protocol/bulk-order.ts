import { isJsonObject } from '../../lib/json.ts'
import type { JsonObject, JsonValue } from '../../lib/json.ts'
import type { BulkOperation, BulkWork } from './bulk-request.ts'
import { isList, readAnyCase } from './document.ts'
import { ScimError } from './errors.ts'
import { accessInOperations, accessInResource } from './requested-access.ts'

/** RFC 7644 §3.7.2: stands for the id of what another operation creates. */
const reference = /^bulkId:(.+)$/s

/** The ids of what was created, by bulkId; undefined where the creation failed. */
export type CreatedIds = ReadonlyMap<string, string | undefined>

/** The bulkIds that an operation refers to. */
function referencesIn({ id, data }: BulkWork): readonly string[] {
  const found: string[] = []
  const visit = (value: JsonValue): void => {
    if (typeof value === 'string') {
      const bulkId = reference.exec(value)?.[1]
      if (bulkId !== undefined) found.push(bulkId)
    } else if (isList(value)) value.forEach(visit)
    else if (isJsonObject(value)) Object.values(value).forEach(visit)
  }
  visit([id ?? null, data ?? null])
  return found
}

/**
 * The work with the ids of what was created in place of the references to it.
 *
 * @throws ScimError 409 where what is referred to was not created
 */
export function resolveReferences(work: BulkWork, created: CreatedIds): BulkWork {
  const resolveText = (text: string): string => {
    const bulkId = reference.exec(text)?.[1]
    return bulkId === undefined ? text : idOf(bulkId, created)
  }
  const resolve = (value: JsonValue): JsonValue => {
    if (typeof value === 'string') return resolveText(value)
    if (isList(value)) return value.map(resolve)
    return isJsonObject(value) ? resolveObject(value) : value
  }
  const resolveObject = (object: JsonObject): JsonObject =>
    Object.fromEntries(Object.entries(object).map(([key, one]) => [key, resolve(one)]))
  const { id, data } = work
  return {
    ...work,
    id: id === undefined ? undefined : resolveText(id),
    data: data === undefined ? undefined : resolveObject(data)
  }
}

function idOf(bulkId: string, created: CreatedIds): string {
  const id = created.get(bulkId)
  if (id !== undefined) return id
  const shown = bulkId.slice(0, 40)
  throw created.has(bulkId)
    ? new ScimError(409, `The operation with bulkId ${shown} failed, and this one needs it.`)
    : new ScimError(400, `No operation creates something as bulkId ${shown}.`, 'invalidValue')
}

/**
 * Which operation to work next: the first that waits for nothing, one that takes access away before
 * all others. An operation waits for those it refers to and for earlier ones on the same resource.
 * Undefined: each of them waits for another.
 */
export function nextOperation(
  waiting: readonly BulkOperation[],
  created: CreatedIds
): BulkOperation | undefined {
  const awaited = new Set(waiting.filter(creates).map(({ bulkId }) => bulkId))
  const paths = new Set<JsonValue | undefined>()
  const ready = waiting.filter(({ work, path }) => {
    if (work instanceof ScimError) return true
    const isFirst = work.id === undefined || !paths.has(path)
    paths.add(path)
    return isFirst && referencesIn(work).every((id) => created.has(id) || !awaited.has(id))
  })
  return ready.find(takesAccess) ?? ready[0]
}

function creates({ work }: BulkOperation): boolean {
  return !(work instanceof ScimError) && work.method === 'POST'
}

function takesAccess({ work }: BulkOperation): boolean {
  if (work instanceof ScimError || work.type.name !== 'User') return false
  const { method, data = {} } = work
  if (method === 'DELETE') return true
  if (method === 'PUT') return accessInResource(data).deactivates
  const operations = method === 'PATCH' ? readAnyCase(data, 'Operations') : undefined
  return isList(operations) && accessInOperations(operations).deactivates
}
