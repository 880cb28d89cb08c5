import { isJsonObject } from '../../src/lib/json.ts'
import type { JsonObject, JsonValue } from '../../src/lib/json.ts'
import type { GroupRecord, MembershipRow, UserRecord } from '../../src/provisioning/model.ts'
import type { AttributeRef, Comparison, Query } from '../../src/provisioning/query.ts'

// A plain evaluation of queries, which shares nothing with the compiler to SQL but the types.

/** People, groups and who is in which. */
export interface World {
  readonly users: readonly UserRecord[]
  readonly groups: readonly GroupRecord[]
  readonly memberships: readonly MembershipRow[]
}

/** What a filter sees of a person: the resource with everything that is kept beside it. */
export function userDocument(record: UserRecord, world: World): JsonObject {
  const groups = world.memberships
    .filter((row) => row.intended && row.userId === record.id)
    .flatMap((row) => world.groups.filter(({ id, tombstone }) => id === row.groupId && !tombstone))
    .map(({ id, resource }) => ({
      value: id,
      display: resource['displayName'] ?? '',
      type: 'direct'
    }))
  return {
    ...record.resource,
    id: record.id,
    meta: {
      resourceType: 'User',
      created: new Date(record.created).toISOString(),
      lastModified: new Date(record.lastModified).toISOString()
    },
    groups
  }
}

/** What a filter sees of a group. */
export function groupDocument(record: GroupRecord, world: World): JsonObject {
  const members = world.memberships
    .filter((row) => row.intended && row.groupId === record.id)
    .flatMap((row) => world.users.filter(({ id, tombstone }) => id === row.userId && !tombstone))
    .map(({ id, resource }) => ({
      value: id,
      display: (resource['displayName'] || resource['userName']) ?? '',
      type: 'User'
    }))
  return { ...record.resource, id: record.id, meta: { resourceType: 'Group' }, members }
}

function valuesOf(base: JsonValue, { path, known }: AttributeRef): readonly JsonValue[] {
  const same = (key: string, step: string) =>
    known ? key === step : key.toLowerCase() === step.toLowerCase()
  let values: readonly JsonValue[] = [base]
  for (const step of path) {
    values = values
      .flatMap((value) => (isJsonObject(value) ? Object.entries(value) : []))
      .flatMap(([key, value]) => (same(key, step) ? [value] : []))
      .flatMap((value) => (Array.isArray(value) ? (value as readonly JsonValue[]) : [value]))
  }
  return values.filter((value) => value !== null)
}

function isEmpty(value: JsonValue): boolean {
  return (
    value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0)
  )
}

function ordered<Value>(left: Value, operator: Comparison, right: Value): boolean {
  if (operator === 'eq') return left === right
  if (operator === 'gt') return left > right
  if (operator === 'ge') return left >= right
  if (operator === 'lt') return left < right
  return operator === 'le' && left <= right
}

function holds(value: JsonValue, query: Query & { kind: 'compare' }): boolean {
  const { attribute: ref, operator, value: literal } = query
  const type = ref.type === 'unknown' ? typeof literal : ref.type
  if (type === 'boolean')
    return operator === 'eq' && typeof value === 'boolean' && value === literal
  if (type === 'integer' || type === 'decimal' || type === 'number') {
    return (
      typeof value === 'number' && typeof literal === 'number' && ordered(value, operator, literal)
    )
  }
  if (type === 'complex' || typeof value !== 'string' || typeof literal !== 'string') return false
  if (type === 'dateTime') {
    return (
      /^\d{4}-/.test(value) &&
      /^\d{4}-/.test(literal) &&
      ordered(Date.parse(value), operator, Date.parse(literal))
    )
  }
  const exact = ref.caseExact && ref.type !== 'unknown'
  const [left, right] = exact ? [value, literal] : [value.toLowerCase(), literal.toLowerCase()]
  if (operator === 'co') return left.includes(right)
  if (operator === 'sw') return left.startsWith(right)
  if (operator === 'ew') return left.endsWith(right)
  return ordered(Buffer.compare(Buffer.from(left), Buffer.from(right)), operator, 0)
}

/** Tells whether a document satisfies a query, by walking both. */
export function evaluate(query: Query, base: JsonValue): boolean {
  switch (query.kind) {
    case 'and':
      return query.terms.every((term) => evaluate(term, base))
    case 'or':
      return query.terms.some((term) => evaluate(term, base))
    case 'not':
      return !evaluate(query.term, base)
    case 'present':
      return valuesOf(base, query.attribute).some((value) => !isEmpty(value))
    case 'element':
      return valuesOf(base, query.attribute).some((value) => evaluate(query.where, value))
    case 'compare':
    default: {
      if (query.operator === 'ne') return !evaluate({ ...query, operator: 'eq' }, base)
      if (query.value === null) {
        return (
          query.operator === 'eq' &&
          !evaluate({ kind: 'present', attribute: query.attribute }, base)
        )
      }
      return valuesOf(base, query.attribute).some((value) => holds(value, query))
    }
  }
}
