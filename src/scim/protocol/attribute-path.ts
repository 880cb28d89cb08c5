import { fold } from '../../lib/text.ts'
import type { AttributeRef } from '../../provisioning/query.ts'
import type { AttributeDefinition, ResourceType, SchemaDefinition } from './schemas.ts'
import {
  enterpriseUserUrn,
  findCoreAttribute,
  findExtension,
  findSchemaAttribute,
  findSubAttribute
} from './schemas.ts'

/** What an attribute path stands for (RFC 7644 §3.10). */
export interface ResolvedAttribute {
  /** `resource`: the core URN alone, `extension`: an extension's URN alone. */
  readonly kind: 'attribute' | 'extension' | 'resource'
  /** False: some part is in no schema, and the names are as they were written. */
  readonly known: boolean
  /** The keys to follow in a resource's JSON, in the schema's letter case where `known`. */
  readonly path: readonly string[]
  /** The extension's URN where the attribute belongs to one, known or not. */
  readonly extension: string | undefined
  /** The attribute's name; absent where `kind` is not `attribute`. */
  readonly name: string | undefined
  /** The sub-attribute's name where one was given. */
  readonly subName: string | undefined
  /** The attribute's definition, where it is in a schema. */
  readonly attribute: AttributeDefinition | undefined
  /** The sub-attribute's definition, where it is in a schema. */
  readonly subAttribute: AttributeDefinition | undefined
}

/** No attribute path is longer; a longer key of a body is not worth the time to take it apart. */
export const maxAttributePathLength = 1024

/** RFC 7644 §3.4.2.2 `attrPath` without its URN; `$ref` is the one name that begins otherwise. */
const namePattern = /^([a-z][\w-]*|\$ref)(?:\.([a-z][\w-]*|\$ref))?$/i

/** A schema URN by its shape: everything up to a version and a name (RFC 7643 §10.2.1). */
const urnPattern = /^(urn:.+:\d+(?:\.\d+)*:[a-z][\w-]*)(?:[:.](.+))?$/i

interface UrnAndRest {
  readonly urn: string
  readonly rest: string
}

/** Takes `urn` off the front of `text`; a dot after the URN is what some clients send for the colon. */
function takeUrn(text: string, urn: string): UrnAndRest | undefined {
  if (fold(text.slice(0, urn.length)) !== fold(urn)) return undefined
  const separator = text.charAt(urn.length)
  if (separator === '') return { urn, rest: '' }
  return separator === ':' || separator === '.'
    ? { urn, rest: text.slice(urn.length + 1) }
    : undefined
}

/** Takes a URN that is in no schema off the front: by its shape, or up to the last colon. */
function takeUnknownUrn(text: string): UrnAndRest | undefined {
  const shaped = urnPattern.exec(text)
  if (shaped !== null) return { urn: shaped[1] ?? '', rest: shaped[2] ?? '' }
  const colon = text.lastIndexOf(':')
  return colon <= 'urn:'.length
    ? undefined
    : { urn: text.slice(0, colon), rest: text.slice(colon + 1) }
}

function whole(kind: 'extension' | 'resource', known: boolean, urn?: string): ResolvedAttribute {
  return {
    kind,
    known,
    path: urn === undefined ? [] : [urn],
    extension: urn,
    name: undefined,
    subName: undefined,
    attribute: undefined,
    subAttribute: undefined
  }
}

interface Origin {
  readonly extension: string | undefined
  readonly find: (name: string) => AttributeDefinition | undefined
}

function resolveNames(text: string, origin: Origin): ResolvedAttribute | undefined {
  const match = namePattern.exec(text)
  if (match === null) return undefined
  const [, writtenName = '', writtenSub] = match
  const attribute = origin.find(writtenName)
  const subAttribute =
    attribute === undefined || writtenSub === undefined
      ? undefined
      : findSubAttribute(attribute, writtenSub)
  const name = attribute?.name ?? writtenName
  const subName = subAttribute?.name ?? writtenSub
  return {
    kind: 'attribute',
    known: attribute !== undefined && (writtenSub === undefined || subAttribute !== undefined),
    path: [origin.extension, name, subName].filter((key) => key !== undefined),
    extension: origin.extension,
    name,
    subName,
    attribute,
    subAttribute
  }
}

/**
 * A bare name is a core attribute, else one of the enterprise extension: identity providers send
 * `manager` without its URN. Names of other extensions need their URN, since a client's own `status`
 * or `role` must not change Box's.
 */
function resolveBareName(text: string, type: ResourceType): ResolvedAttribute | undefined {
  const core = resolveNames(text, inCore(type))
  const enterprise = findExtension(type, enterpriseUserUrn)
  if (core === undefined || core.attribute !== undefined || enterprise === undefined) return core
  const extended = resolveNames(text, inExtension(enterprise))
  return extended?.attribute === undefined ? core : extended
}

function inCore(type: ResourceType): Origin {
  return { extension: undefined, find: (name) => findCoreAttribute(type, name) }
}

function inExtension(schema: SchemaDefinition): Origin {
  return { extension: schema.id, find: (name) => findSchemaAttribute(schema, name) }
}

/**
 * Resolves `attr`, `attr.sub`, `URN:attr`, `URN:attr.sub`, the same with a dot after the URN, and a
 * URN alone, in any letter case (RFC 7643 §2.1, RFC 7644 §3.10). Names that are in no schema resolve
 * to `known: false`; undefined says that the text is no attribute path at all.
 */
export function resolveAttribute(text: string, type: ResourceType): ResolvedAttribute | undefined {
  if (text.length > maxAttributePathLength) return undefined
  if (!/^urn:/i.test(text)) return resolveBareName(text, type)

  const core = takeUrn(text, type.core.id)
  if (core !== undefined) {
    return core.rest === '' ? whole('resource', true) : resolveNames(core.rest, inCore(type))
  }
  for (const schema of type.extensions) {
    const taken = takeUrn(text, schema.id)
    if (taken === undefined) continue
    return taken.rest === ''
      ? whole('extension', true, schema.id)
      : resolveNames(taken.rest, inExtension(schema))
  }
  const unknown = takeUnknownUrn(text)
  if (unknown === undefined) return undefined
  return unknown.rest === ''
    ? whole('extension', false, unknown.urn)
    : resolveNames(unknown.rest, { extension: unknown.urn, find: () => undefined })
}

/**
 * Resolves a name inside the brackets of a value path (RFC 7644 §3.4.2.2): a sub-attribute of
 * `parent`, whose keys follow `prefix`. Undefined says that the text is no plain name.
 */
export function resolveSubAttribute(
  text: string,
  parent: AttributeDefinition | undefined,
  prefix: readonly string[]
): ResolvedAttribute | undefined {
  const resolved = resolveNames(text, {
    extension: undefined,
    find: (name) => (parent === undefined ? undefined : findSubAttribute(parent, name))
  })
  if (resolved?.subName !== undefined) return undefined
  return resolved && { ...resolved, path: [...prefix, ...resolved.path] }
}

/**
 * The attribute whose values are compared: a complex attribute stands for its `value`, as in
 * `emails co "x"` (RFC 7644 §3.4.2.2) or `members eq "id"`. Undefined where it has none.
 */
export function comparedAttribute(resolved: ResolvedAttribute): ResolvedAttribute | undefined {
  if (resolved.kind !== 'attribute') return undefined
  const definition = definitionOf(resolved)
  if (definition?.type !== 'complex') return resolved
  const value = findSubAttribute(definition, 'value')
  return (
    value && {
      ...resolved,
      path: [...resolved.path, value.name],
      subName: value.name,
      subAttribute: value
    }
  )
}

/** The definition of the value that a path ends at, where it is in a schema. */
export function definitionOf(resolved: ResolvedAttribute): AttributeDefinition | undefined {
  return resolved.known ? (resolved.subAttribute ?? resolved.attribute) : undefined
}

/** A resolved attribute as a query names it. */
export function toAttributeRef(resolved: ResolvedAttribute): AttributeRef {
  const { path, known } = resolved
  if (resolved.kind !== 'attribute') return { path, type: 'complex', caseExact: false, known }
  const definition = definitionOf(resolved)
  return definition === undefined
    ? { path, type: 'unknown', caseExact: false, known: false }
    : { path, type: definition.type, caseExact: definition.caseExact, known: true }
}
