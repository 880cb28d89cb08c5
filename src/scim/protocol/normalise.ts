import type { ScimDocument } from '../../provisioning/model.ts'
import { applyChanges } from './apply-changes.ts'
import { assignmentsOf } from './assignments.ts'
import { changesAt } from './changes.ts'
import { requireFewChanges, requireFewValues, requireShallow } from './limits.ts'
import { requireObjectBody } from './request-body.ts'
import type { ResourceType } from './schemas.ts'

/**
 * The canonical document of a resource in a client's body (RFC 7643 §2, §3): names and URNs in the
 * schema's letter case, booleans and numbers that came as text converted, one value where several are
 * possible as an array, and whatever is unassigned (null, '', [] and {}) left out. Read-only
 * attributes, `schemas`, `members` and `password` are left out; attributes and extensions that no
 * schema knows are kept in their own letter case. Of two keys that name the same attribute the later
 * one counts. `schemas` may be missing or name anything.
 *
 * @throws ScimError 400 `invalidSyntax` where the body is no object, 400 `invalidValue` where it is too
 *   large, too deep, or has an extension that is no object
 */
export function normaliseResource(type: ResourceType, body: unknown): ScimDocument {
  const object = requireObjectBody(body)
  requireShallow(object)
  const assignments = assignmentsOf(object, { type, paths: false })
    .filter((assignment) => assignment.kind === 'assign')
    .filter(({ target }) => target.attribute !== type.related)
  requireFewChanges(assignments.length)
  requireFewValues(assignments.map(({ raw }) => raw))
  return applyChanges(
    {},
    assignments.flatMap(({ target, raw }) => changesAt('replace', target, raw))
  )
}
