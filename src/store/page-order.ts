import { sql } from 'kysely'
import type { ResourceSearch, SearchPosition } from '../provisioning/query.ts'
import type { Sql } from './value-tests.ts'

/** The number that orders people before groups. */
export const typeOrder = { User: 0, Group: 1 } as const

/**
 * The order of results (RFC 7644 §3.4.2.3): absent values come last, or first where descending; then
 * by the columns of `tie`, which no two resources have in common.
 */
export function orderOf(
  table: 'matched' | 'page',
  sort: ResourceSearch['sort'],
  tie: readonly string[]
): Sql {
  const stable = sql.join(tie.map((column) => sql.ref(`${table}.${column}`)))
  if (sort === undefined) return stable
  const key = sql.ref(`${table}.sort_key`)
  const direction = sort.descending ? sql`desc` : sql`asc`
  return sql`${key} is null ${direction}, ${key} ${direction}, ${stable}`
}

/** The condition for everything that comes behind a place in that order. */
export function afterPosition(position: SearchPosition, sort: ResourceSearch['sort']): Sql {
  const later = isLater(position)
  if (sort === undefined) return later
  const { key } = position
  if (key === null) {
    const tied = sql`(sort_key is null and ${later})`
    return sort.descending ? sql`(sort_key is not null or ${tied})` : tied
  }
  const tied = sql`(sort_key = ${key} and ${later})`
  return sort.descending
    ? sql`(sort_key < ${key} or ${tied})`
    : sql`(sort_key > ${key} or sort_key is null or ${tied})`
}

function isLater({ resourceType, created, id }: SearchPosition): Sql {
  return resourceType === undefined
    ? sql`(created, id) > (${created}, ${id})`
    : sql`(type_order, created, id) > (${typeOrder[resourceType]}, ${created}, ${id})`
}
