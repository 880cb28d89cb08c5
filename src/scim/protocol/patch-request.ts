import { isJsonObject } from '../../lib/json.ts'
import type { JsonObject, JsonValue } from '../../lib/json.ts'
import { fold } from '../../lib/text.ts'
import type { ChangeKind } from './changes.ts'
import { isList, readAnyCase } from './document.ts'
import { ScimError } from './errors.ts'
import { requireMessageSchema } from './message-schema.ts'
import { requireFewOperations } from './limits.ts'
import { requireObjectBody } from './request-body.ts'

/** The schema of a PATCH message (RFC 7644 §3.5.2). */
export const patchSchema = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'

/** One operation of a PATCH message. */
export interface PatchOperation {
  readonly kind: ChangeKind
  /** Absent: the operation is about the resource itself. */
  readonly path: string | undefined
  /** Absent where the operation has no `value`, which is not the same as null. */
  readonly value: JsonValue | undefined
}

/**
 * The operations of a PATCH message, not yet looked at. `Operations` may be written in any letter case
 * and may be empty, which asks for nothing.
 *
 * @throws ScimError 400 `invalidSyntax` where the body is no object or has no array of operations, 413
 *   where it has too many
 */
export function patchOperations(body: unknown): readonly JsonValue[] {
  const operations = readAnyCase(requireObjectBody(body), 'Operations')
  if (isList(operations)) {
    requireFewOperations(operations)
    return operations
  }
  throw syntaxError('A PATCH needs Operations: an array of operations.')
}

/**
 * Refuses a message whose `schemas` names something else than a PATCH; a missing one is let through.
 *
 * @throws ScimError 400 `invalidSyntax`
 */
export function requirePatchSchema(body: JsonObject): void {
  requireMessageSchema(body, patchSchema, { isOptional: true })
}

const kinds: ReadonlyMap<string, ChangeKind> = new Map([
  ['add', 'add'],
  ['replace', 'replace'],
  ['remove', 'remove']
])

/**
 * Reads one operation; `op` may be in any letter case, as in Microsoft Entra ID's `Add`.
 *
 * @throws ScimError 400 `invalidSyntax`, or 400 `invalidPath` where the path is no string
 */
export function readOperation(raw: JsonValue): PatchOperation {
  if (!isJsonObject(raw)) throw syntaxError('Each of the Operations must be an object.')
  const op = readAnyCase(raw, 'op')
  const kind = typeof op === 'string' ? kinds.get(fold(op.trim())) : undefined
  if (kind === undefined)
    throw syntaxError('The op of an operation must be add, replace or remove.')
  const path = readAnyCase(raw, 'path') ?? ''
  if (typeof path !== 'string') {
    throw new ScimError(400, 'The path of an operation must be a string.', 'invalidPath')
  }
  return { kind, path: path.trim() === '' ? undefined : path, value: readAnyCase(raw, 'value') }
}

function syntaxError(detail: string): ScimError {
  return new ScimError(400, detail, 'invalidSyntax')
}
