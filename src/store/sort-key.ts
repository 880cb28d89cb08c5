import { sql } from 'kysely'
import type { AttributeRef } from '../provisioning/query.ts'
import { walk } from './query-to-sql.ts'
import type { Aliases } from './query-to-sql.ts'
import { metaValue } from './resource-scope.ts'
import type { ResourceKind } from './resource-scope.ts'
import type { Sql } from './value-tests.ts'

/**
 * What a resource is sorted by (RFC 7644 §3.4.2.3): null where it has no value; of a multi-valued
 * attribute the primary value, else the first; of a complex value its `value`. Members and groups
 * have no order. Texts are ordered by their first 256 characters, so that a key is never large.
 */
export function sortKey(attribute: AttributeRef, kind: ResourceKind, aliases: Aliases): Sql {
  if (attribute.known && attribute.path[0] === 'meta') {
    const meta = metaValue(kind, attribute)
    return meta?.instant ?? sql`null`
  }
  if (attribute.known && attribute.path[0] === kind.relation.attribute) return sql`null`
  const { tables, conditions, steps, last } = walk(sql`r.text`, attribute, aliases)
  const value = sql`case ${last.type} when 'object' then ${last.value} ->> '$.value'
    when 'array' then null else ${last.value} end`
  const key = comparable(value, attribute)
  const order = steps.flatMap((step) => [sql`${isPrimary(step)} desc`, sql`${step}.id`])
  const filters = sql.join(
    [...conditions, sql`${value} <> ''`, sql`${key} is not null`],
    sql` and `
  )
  return sql`(select ${key} from ${sql.join(tables)} where ${filters}
    order by ${sql.join(order)} limit 1)`
}

function comparable(value: Sql, attribute: AttributeRef): Sql {
  if (attribute.type === 'dateTime') return sql`instant(${value})`
  const text = attribute.caseExact ? value : sql`fold(${value})`
  // Whole numbers of a client may be larger than JavaScript reads from an integer column.
  return sql`case typeof(${value}) when 'text' then substr(${text}, 1, 256)
    when 'integer' then ${value} * 1.0 else ${value} end`
}

function isPrimary(step: Sql): Sql {
  return sql`case ${step}.type when 'object' then coalesce(${step}.value ->> '$.primary' = 1, 0) else 0 end`
}
