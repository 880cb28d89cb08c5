import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts'
import { excerpt, fold } from '../lib/text.ts'
import type { AskedAttribute, AskedRecord, AskedRequest, AuditedOperation } from './audit.ts'
import type { BoxOperation } from './operations.ts'

/** AUDIT_VALUES: `ids` keeps only values that say whom something is about, `all` every one. */
export type AuditValues = 'ids' | 'all'

/** Box fields that say whom something is about, or who may do what. */
const identifyingFields: ReadonlySet<string> = new Set([
  'login',
  'status',
  'role',
  'externalAppUserId',
  'externalSyncIdentifier'
])

/** SCIM attributes that do. */
const identifyingAttributes: ReadonlySet<string> = new Set(['userName', 'externalId', 'active'])

/** No list of attributes is longer: what a client makes up must not fill the disk. */
const mostAttributes = 100

/** The longest value that is kept, as JSON. */
const longestValue = 4_096

/** The plan of an entry as it is kept. */
export function auditedPlan(
  plan: readonly BoxOperation[],
  policy: AuditValues
): readonly AuditedOperation[] {
  return plan.map((operation) => {
    if (!('fields' in operation)) return operation
    const { fields, ...rest } = operation
    const set = Object.entries(fields).filter(([, value]) => value !== undefined)
    const isOfGroup = operation.kind.endsWith('-group')
    const isKept = (name: string) =>
      policy === 'all' || identifyingFields.has(name) || (isOfGroup && name === 'name')
    return {
      ...rest,
      fields: set.map(([name]) => name),
      values: Object.fromEntries(set.filter(([name]) => isKept(name)))
    }
  })
}

/** What a request asked for as it is kept. No password is, whatever the policy. */
export function askedRecord(asked: AskedRequest, policy: AuditValues): AskedRecord {
  const { method, route, via, source, requests = 1 } = asked
  const all = asked.attributes()
  const isOfGroup = route.includes('/Groups')
  const isKept = ({ name, value }: AskedAttribute) =>
    value !== undefined &&
    !isSecret(name) &&
    (policy === 'all' || identifyingAttributes.has(name) || (isOfGroup && name === 'displayName'))
  const names = [...new Set(all.map(({ name }) => readable(name)))]
  const kept = all.slice(0, mostAttributes).filter(isKept)
  return {
    method,
    route,
    via,
    source,
    attributes: names.slice(0, mostAttributes),
    values: Object.fromEntries(kept.map(({ name, value }) => [readable(name), keptValue(value)])),
    requests
  }
}

/** Names are a client's texts too: what cannot be one is not repeated. */
function readable(name: string): string {
  return /^[$\w:.-]{1,120}$/.test(name) ? name : '(unreadable)'
}

function keptValue(value: JsonValue | undefined): JsonValue {
  const shown = withoutSecrets(value ?? null)
  if (typeof shown === 'string') return excerpt(shown)
  return JSON.stringify(shown).length > longestValue ? '(too long)' : shown
}

function withoutSecrets(value: JsonValue): JsonValue {
  if (isJsonArray(value)) return value.map(withoutSecrets)
  if (!isJsonObject(value)) return value
  const kept: JsonObject = Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !isSecret(name))
      .map(([name, inner]) => [name, withoutSecrets(inner)])
  )
  return kept
}

function isSecret(name: string): boolean {
  return /password|secret|token/.test(fold(name))
}
