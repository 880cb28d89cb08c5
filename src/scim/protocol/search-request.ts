import type { JsonValue } from '../../lib/json.ts'
import { readAnyCase } from './document.ts'
import { requireMessageSchema } from './message-schema.ts'
import { requireObjectBody } from './request-body.ts'

const searchRequestSchema = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest'

const parameterNames = [
  'filter',
  'sortBy',
  'sortOrder',
  'startIndex',
  'count',
  'cursor',
  'attributes',
  'excludedAttributes'
] as const

/**
 * The parameters of a search by POST (RFC 7644 §3.4.3), as a query string would have them. Names may
 * be in any letter case; null is a parameter that was not given.
 *
 * @throws ScimError 400 `invalidSyntax` where the body is no SearchRequest
 */
export function searchParameters(body: unknown): Readonly<Record<string, JsonValue>> {
  const message = requireObjectBody(body)
  requireMessageSchema(message, searchRequestSchema, { isOptional: false })
  const given = parameterNames.map((name) => [name, readAnyCase(message, name)] as const)
  return Object.fromEntries(
    given.filter((entry): entry is [(typeof entry)[0], JsonValue] => (entry[1] ?? null) !== null)
  )
}
