import { excerpt } from '../../lib/text.ts'
import type { Query } from '../../provisioning/query.ts'
import type { ResolvedAttribute } from './attribute-path.ts'
import { resolveAttribute } from './attribute-path.ts'
import { ScimError } from './errors.ts'
import { FilterParser } from './filter-parser.ts'
import type { ResourceType } from './schemas.ts'

/** Where an operation of a PATCH points (RFC 7644 §3.5.2). */
export interface PatchPath {
  /** The attribute, with the sub-attribute that was named, before or after the brackets. */
  readonly attribute: ResolvedAttribute
  /** Which elements of the attribute, with names relative to an element; absent: all of them. */
  readonly filter?: Query
}

function invalidPath(path: string, why: string): ScimError {
  return new ScimError(400, `The path "${excerpt(path)}" ${why}.`, 'invalidPath')
}

function resolve(text: string, path: string, type: ResourceType): ResolvedAttribute {
  const resolved = resolveAttribute(text, type)
  if (resolved === undefined) throw invalidPath(path, 'is malformed')
  return resolved
}

/** Only elements of a multi-valued complex attribute can be chosen; an unknown one may be such. */
function refuseFilter(attribute: ResolvedAttribute, path: string): void {
  const definition = attribute.attribute
  const chosen =
    definition === undefined || (definition.multiValued && definition.type === 'complex')
  if (attribute.kind !== 'attribute' || attribute.subName !== undefined || !chosen) {
    throw invalidPath(path, 'has a filter where no element can be chosen')
  }
}

/**
 * Parses `attr`, `attr.sub`, `attr[filter]`, `attr[filter].sub` or a URN alone, with or without a
 * URN in front, in any letter case. Names that are in no schema are not refused.
 *
 * @throws ScimError 400 `invalidPath`, or `invalidFilter` for what is between the brackets
 */
export function parsePatchPath(text: string, type: ResourceType): PatchPath {
  const path = text.trim()
  if (!path.includes('[')) return { attribute: resolve(path, path, type) }

  const parser = new FilterParser(path)
  const first = parser.take()
  if (first.kind !== 'word' || parser.peek().kind !== '[') throw invalidPath(path, 'is malformed')
  const parent = resolve(first.text, path, type)
  refuseFilter(parent, path)
  const filter = parser.bracketed(parent, [])
  const rest = parser.take()
  if (rest.kind === 'end') return { attribute: parent, filter }
  if (rest.kind !== 'word' || !rest.text.startsWith('.') || parser.peek().kind !== 'end') {
    throw invalidPath(path, 'goes on after the brackets with something else than a sub-attribute')
  }
  return { attribute: resolve(first.text + rest.text, path, type), filter }
}
