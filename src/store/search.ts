import { sql } from 'kysely'
import type { CompiledQuery, Kysely } from 'kysely'
import type { StoredResource } from '../provisioning/model.ts'
import type { SearchPage, SearchRequest } from '../provisioning/query.ts'
import type { Run } from './prepared-query.ts'
import { createAliases, queryToSql } from './query-to-sql.ts'
import { resourceScope } from './resource-scope.ts'
import type { ResourceKind } from './resource-scope.ts'
import { sortKey } from './sort-key.ts'
import type { Tables } from './tables.ts'
import type { Sql } from './value-tests.ts'
import { relatedOf, toStoredResource } from './view.ts'
import type { ViewRow } from './view.ts'

/** A row of the page; all but `total` are null in the one row of an empty page. */
type PageRow = { readonly total: number } & (ViewRow | { readonly id: null })

/** Reads a page and the number of all matches from one state of the directory. */
export async function search(
  run: Run,
  statement: CompiledQuery<PageRow>,
  related: boolean
): Promise<SearchPage<StoredResource>> {
  const rows = await run(statement)
  return {
    total: rows[0]?.total ?? 0,
    resources: rows.flatMap((row) => (row.id === null ? [] : [toStoredResource(row, related)]))
  }
}

/**
 * A search as one statement, so that its parts see the same state. What a filter selects is found
 * once and then counted and paged; everything visible is counted and paged by index.
 */
export function searchStatement(
  db: Kysely<Tables>,
  kind: ResourceKind,
  request: SearchRequest
): CompiledQuery<PageRow> {
  const aliases = createAliases()
  const { query, sort } = request
  const table = sql.table(kind.table)
  const condition =
    query === undefined ? sql`` : sql`and ${queryToSql(query, resourceScope(kind, aliases))}`
  const key = sort === undefined ? sql`null` : sortKey(sort.attribute, kind, aliases)
  const matched = sql`select r.id, r.created${sort === undefined ? sql`` : sql`, ${key} as sort_key`}
    from ${table} as r where r.tombstone = 0 ${condition}`
  if (request.count === 0) {
    return sql<PageRow>`select count(*) as total, null as id
      from (select 1 from ${table} as r where r.tombstone = 0 ${condition})`.compile(db)
  }
  const related = request.related ? relatedOf(kind, sql`t.id`) : sql`null`
  return sql<PageRow>`with
    matched as ${query === undefined ? sql`not materialized` : sql`materialized`} (${matched}),
    page as (select * from matched order by ${orderOf('matched', sort)}
      limit ${request.count} offset ${request.startIndex - 1})
    select (select count(*) from matched) as total,
      t.id, t.text, t.created, t.last_modified, t.revision,
      case when t.id is not null then ${related} end as related
    from (select 1) left join page on true left join ${table} as t on t.id = page.id
    order by ${orderOf('page', sort)}`.compile(db)
}

/** Absent values come last, or first where descending; then the order in which resources were made. */
function orderOf(table: 'matched' | 'page', sort: SearchRequest['sort']): Sql {
  const column = (name: string) => sql.ref(`${table}.${name}`)
  const stable = sql`${column('created')}, ${column('id')}`
  if (sort === undefined) return stable
  const key = column('sort_key')
  const direction = sort.descending ? sql`desc` : sql`asc`
  return sql`${key} is null ${direction}, ${key} ${direction}, ${stable}`
}
