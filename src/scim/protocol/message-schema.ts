import type { JsonObject } from '../../lib/json.ts'
import { fold } from '../../lib/text.ts'
import { assigned, isList, readAnyCase } from './document.ts'
import { ScimError } from './errors.ts'

/**
 * Refuses a message (RFC 7644 §3.1) whose `schemas` names something else than it should; a missing
 * one is let through where `isOptional`.
 *
 * @throws ScimError 400 `invalidSyntax`
 */
export function requireMessageSchema(
  body: JsonObject,
  schema: string,
  { isOptional }: { readonly isOptional: boolean }
): void {
  const given = assigned(readAnyCase(body, 'schemas'))
  if (given === undefined && isOptional) return
  const names = isList(given) ? given : [given]
  if (names.some((name) => typeof name === 'string' && fold(name) === fold(schema))) return
  throw new ScimError(400, `The schemas of this message must name ${schema}.`, 'invalidSyntax')
}
