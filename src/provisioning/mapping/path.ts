import { fold } from '../../lib/text.ts'
import type { ResourceTypeName } from '../query.ts'
import {
  coreAttributes,
  findAttribute,
  findExtension,
  knownUrns,
  type Attribute
} from './attributes.ts'
import type { Scalar } from './box-fields.ts'

/** A place in a SCIM resource, such as `emails[type eq "work"].value` (RFC 7644 §3.5.2 `PATH`). */
export interface AttributePath {
  /** The extension's URN where the attribute belongs to one. */
  readonly urn: string | undefined
  readonly name: string
  /** What the element's sub-attributes must equal. */
  readonly tests: readonly ElementTest[]
  readonly sub: string | undefined
  /** False: in no schema of this server, so that its letter case is the client's. */
  readonly known: boolean
  readonly multiValued: boolean
  readonly readOnly: boolean
}

/** A comparison in brackets. */
interface ElementTest {
  readonly sub: string
  readonly value: Scalar
}

/** What is wrong with a path. */
interface PathProblem {
  readonly problem: string
  readonly allowed: string
}

const pathShape = /^([A-Za-z][\w-]*)(?:\[(.*)\])?(?:\.([A-Za-z$][\w-]*))?$/s
const testShape = /^\s*([A-Za-z][\w-]*)\s+eq\s+(true|false|"(?:[^"\\]|\\.)*")\s*$/i

/** A URN of a schema by its shape: everything up to a version and a name (RFC 7643 §10.2.1). */
const urnShape = /^(urn:[^[]+:\d+(?:\.\d+)*:[A-Za-z][\w-]*):(.+)$/is

/** Reads a path; names of known schemas take their schema's letter case. */
export function parsePath(text: string, type: ResourceTypeName): AttributePath | PathProblem {
  const split = splitUrn(text, type)
  const match = split && pathShape.exec(split.rest)
  if (!split || !match) return malformed(text)
  const [, name = '', brackets, sub] = match
  const tests = brackets === undefined ? [] : parseTests(brackets)
  if (tests === undefined) return malformed(text)
  const parts = { urn: split.urn, name, tests, sub }
  return split.attributes === undefined
    ? { ...parts, known: false, multiValued: tests.length > 0, readOnly: false }
    : resolve(parts, split.attributes, type)
}

interface Split {
  readonly urn: string | undefined
  readonly rest: string
  /** Undefined where the schema is not known. */
  readonly attributes: readonly Attribute[] | undefined
}

function splitUrn(text: string, type: ResourceTypeName): Split | undefined {
  if (!/^urn:/i.test(text)) {
    return { urn: undefined, rest: text, attributes: coreAttributes(type) }
  }
  const known = knownUrns(type).find((urn) => fold(text).startsWith(`${fold(urn)}:`))
  if (known === undefined) {
    const [, urn = '', rest = ''] = urnShape.exec(text) ?? []
    return rest === '' ? undefined : { urn, rest, attributes: undefined }
  }
  const rest = text.slice(known.length + 1)
  const extension = findExtension(type, known)
  return extension === undefined
    ? { urn: undefined, rest, attributes: coreAttributes(type) }
    : { urn: known, rest, attributes: extension.attributes }
}

function parseTests(brackets: string): readonly ElementTest[] | undefined {
  const tests = brackets.split(/\s+and\s+/i).map((text) => {
    const [, sub, literal] = testShape.exec(text) ?? []
    if (sub === undefined || literal === undefined) return undefined
    const json = literal.startsWith('"') ? literal : literal.toLowerCase()
    return { sub, value: parseLiteral(json) }
  })
  return tests.every((test) => test?.value !== undefined) ? (tests as ElementTest[]) : undefined
}

function parseLiteral(json: string): Scalar | undefined {
  try {
    return JSON.parse(json) as Scalar
  } catch {
    return undefined
  }
}

type Parts = Pick<AttributePath, 'urn' | 'name' | 'tests' | 'sub'>

function resolve(
  parts: Parts,
  attributes: readonly Attribute[],
  type: ResourceTypeName
): AttributePath | PathProblem {
  const attribute = findAttribute(attributes, parts.name)
  if (attribute === undefined) return unknownAttribute(parts, attributes, type)
  const subs = attribute.subAttributes ?? []
  const canonical = (name: string) => findAttribute(subs, name)?.name
  const names = [...parts.tests.map(({ sub }) => sub), ...(parts.sub ? [parts.sub] : [])]
  const wrong = names.find((name) => canonical(name) === undefined)
  if (subs.length === 0 && names.length > 0) {
    return { problem: `${attribute.name} has no sub-attributes`, allowed: attribute.name }
  }
  const allowed = subs.map(({ name }) => `${attribute.name}.${name}`).join(', ')
  if (wrong !== undefined) return { problem: `${attribute.name} has no ${wrong}`, allowed }
  if (subs.length > 0 && parts.sub === undefined) {
    return { problem: `${attribute.name} is complex: name one of its sub-attributes`, allowed }
  }
  if (parts.tests.length > 0 && !attribute.multiValued) {
    return { problem: `${attribute.name} has one value: leave out the brackets`, allowed }
  }
  return {
    urn: parts.urn,
    name: attribute.name,
    tests: parts.tests.map(({ sub, value }) => ({ sub: canonical(sub) ?? sub, value })),
    sub: parts.sub && canonical(parts.sub),
    known: true,
    multiValued: attribute.multiValued,
    readOnly: attribute.mutability === 'readOnly'
  }
}

function unknownAttribute(
  { urn, name }: Parts,
  attributes: readonly Attribute[],
  type: ResourceTypeName
): PathProblem {
  const elsewhere = knownUrns(type).find(
    (other) => findAttribute(findExtension(type, other)?.attributes ?? [], name) !== undefined
  )
  const known = attributes.map((attribute) => attribute.name).join(', ')
  return {
    problem: `${urn ?? type} has no attribute ${name} that can be mapped`,
    allowed: elsewhere === undefined ? known : `${elsewhere}:${name}, or ${known}`
  }
}

function malformed(text: string): PathProblem {
  const isFilter = text.includes('[')
  return {
    problem: isFilter ? 'the brackets cannot be read' : 'it is no attribute path',
    allowed: isFilter
      ? 'comparisons with eq, joined by and, such as emails[type eq "work" and primary eq true].value'
      : 'an attribute path such as title, name.givenName or urn:…:User:department'
  }
}

/** The attributes that a path depends on: the keys to follow from the root of a document. */
export function rootOf({ urn, name }: AttributePath): readonly [string, string | undefined] {
  return urn === undefined ? [name, undefined] : [urn, name]
}
