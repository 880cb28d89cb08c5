import type { JsonObject, JsonValue } from '../../lib/json.ts'
import { isJsonObject } from '../../lib/json.ts'
import { fold } from '../../lib/text.ts'
import type { AskedAttribute } from '../../provisioning/audit.ts'
import { resolveAttribute } from './attribute-path.ts'
import type { ResolvedAttribute } from './attribute-path.ts'
import { isList, readAnyCase } from './document.ts'
import type { ResourceType } from './schemas.ts'

/**
 * The attributes that a body sets or removes, for the audit, in the schema's letter case where they are
 * in a schema. Only syntax is looked at and nothing is refused; what chooses elements, `[…]`, is left
 * out, since values stand there.
 */
export function askedAttributes(body: unknown, type: ResourceType): readonly AskedAttribute[] {
  if (!isJsonObject(body)) return []
  const operations = readAnyCase(body, 'Operations')
  return isList(operations)
    ? operations.flatMap((operation) => inOperation(operation, type))
    : inObject(body, type)
}

function inOperation(operation: JsonValue, type: ResourceType): readonly AskedAttribute[] {
  if (!isJsonObject(operation)) return []
  const path = readAnyCase(operation, 'path') ?? ''
  const value = readAnyCase(operation, 'value')
  if (typeof path !== 'string') return []
  const text = path.trim().replaceAll(/\[.*\]/gs, '')
  if (text !== '') return atPath(text, value, type)
  return isJsonObject(value) ? inObject(value, type) : []
}

function inObject(object: JsonObject, type: ResourceType): readonly AskedAttribute[] {
  return Object.entries(object)
    .filter(([key]) => fold(key) !== 'schemas')
    .flatMap(([key, value]) => atPath(key.trim(), value, type))
}

function atPath(
  text: string,
  value: JsonValue | undefined,
  type: ResourceType
): readonly AskedAttribute[] {
  const resolved = resolveAttribute(text, type)
  if (resolved === undefined || resolved.kind === 'attribute') {
    return [{ name: nameOf(resolved, text), value }]
  }
  if (!isJsonObject(value)) return [{ name: text, value }]
  const urn = resolved.extension
  return Object.entries(value).map(([key, inner]) => {
    const full = urn === undefined ? key : `${urn}:${key}`
    return { name: nameOf(resolveAttribute(full, type), full), value: inner }
  })
}

function nameOf(resolved: ResolvedAttribute | undefined, text: string): string {
  if (resolved?.name === undefined) return text
  const { extension, name, subName } = resolved
  const local = subName === undefined ? name : `${name}.${subName}`
  return extension === undefined ? local : `${extension}:${local}`
}
