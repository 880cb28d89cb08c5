import { isJsonObject } from '../../lib/json.ts'
import type { JsonObject } from '../../lib/json.ts'
import { ScimError } from './errors.ts'

/** The body as an object; anything else is 400 `invalidSyntax` (RFC 7644 §3.12). */
export function requireObjectBody(body: unknown): JsonObject {
  if (isJsonObject(body)) return body
  throw new ScimError(400, 'The body must be a JSON object.', 'invalidSyntax')
}
