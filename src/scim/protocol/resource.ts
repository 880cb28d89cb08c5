import type { JsonObject, JsonValue } from '../../lib/json.ts'
import type { ScimDocument } from '../../provisioning/model.ts'
import { assignmentsOf } from './assignments.ts'
import { assigned, isList } from './document.ts'
import { memberIds } from './members.ts'
import { normaliseResource } from './normalise.ts'
import { requireObjectBody } from './request-body.ts'
import type { ResourceType } from './schemas.ts'
import { validateDocument } from './validate.ts'

/** The body of a POST or PUT. */
export interface ParsedResource {
  /** The resource in canonical form, members aside. */
  readonly document: ScimDocument
  /** A group's members, each once; empty for `[]`, undefined where the body names none. */
  readonly members: readonly string[] | undefined
}

/**
 * Reads the body of a POST or PUT (RFC 7644 §3.3, §3.5.1): normalises it, then validates it.
 *
 * @throws ScimError 400 `invalidSyntax` where it is no object, 400 `invalidValue` for what it holds
 */
export function parseResource(type: ResourceType, body: unknown): ParsedResource {
  const object = requireObjectBody(body)
  const document = normaliseResource(type, object)
  validateDocument(type, document)
  return { document, members: readMembers(type, object) }
}

/** Only a literal `[]` says that there are none: null is an attribute that was not given. */
function readMembers(type: ResourceType, body: JsonObject): readonly string[] | undefined {
  if (type.related.mutability === 'readOnly') return undefined
  let given: JsonValue | undefined
  for (const assignment of assignmentsOf(body, { type, paths: false })) {
    if (assignment.kind !== 'assign' || assignment.target.attribute !== type.related) continue
    given = assignment.target.subName === undefined ? assignment.raw : given
  }
  if (isList(given) && given.length === 0) return []
  const ids = assigned(given) === undefined ? [] : memberIds(given)
  return ids.length === 0 ? undefined : ids
}
