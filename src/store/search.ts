import { sql } from 'kysely'
import type { CompiledQuery, Kysely } from 'kysely'
import type { StoredResource } from '../provisioning/model.ts'
import type {
  PageRequest,
  ResourceSearch,
  SearchPage,
  SearchPosition,
  SearchRequest
} from '../provisioning/query.ts'
import { afterPosition, orderOf } from './page-order.ts'
import type { Run } from './prepared-query.ts'
import { createAliases, queryToSql } from './query-to-sql.ts'
import type { Aliases } from './query-to-sql.ts'
import { resourceScope } from './resource-scope.ts'
import type { ResourceKind } from './resource-scope.ts'
import { sortKey } from './sort-key.ts'
import type { Tables } from './tables.ts'
import type { Sql } from './value-tests.ts'
import { relatedOf, toStoredResource } from './view.ts'
import type { ViewRow } from './view.ts'

/** A resource of the page, with what it was sorted by. */
export type FoundRow = ViewRow & { readonly sort_key: string | number | null }

/** A row of the page; all but `total` are null in the one row of an empty page. */
export type PageRow<Row extends FoundRow = FoundRow> = { readonly total: number } & (
  Row | { readonly id: null }
)

/** Reads a page and the number of all matches from one state of the directory. */
export async function search(
  run: Run,
  statement: CompiledQuery<PageRow>,
  request: SearchRequest
): Promise<SearchPage<StoredResource>> {
  const resource = (row: FoundRow) => toStoredResource(row, request.related)
  return toPage(await run(statement), request, { resource, position })
}

/** What the rows of a page become. */
interface Reading<Row, Resource> {
  readonly resource: (row: Row) => Resource
  readonly position: (row: Row) => SearchPosition
}

/** Makes a page of its rows, of which a page by cursor has one more than are shown. */
export function toPage<Row extends FoundRow, Resource>(
  rows: readonly PageRow<Row>[],
  { count, cursor }: PageRequest,
  { resource, position }: Reading<Row, Resource>
): SearchPage<Resource> {
  const found = rows.flatMap((row) => (row.id === null ? [] : [row as Row]))
  const last = cursor === undefined || found.length <= count ? undefined : found[count - 1]
  return {
    total: rows[0]?.total ?? 0,
    resources: found.slice(0, count).map(resource),
    ...(last === undefined ? {} : { next: position(last) })
  }
}

function position({ sort_key, created, id }: FoundRow): SearchPosition {
  return { key: sort_key, created, id }
}

/** Selects the id, the time of creation and, where results are sorted, the sort key of each match. */
export function matchesOf(
  kind: ResourceKind,
  { query, sort }: Pick<ResourceSearch, 'query' | 'sort'>,
  aliases: Aliases
): Sql {
  const key = sort === undefined ? sql`null` : sortKey(sort.attribute, kind, aliases)
  return sql`select r.id, r.created, ${key} as sort_key ${visible(kind, query, aliases)}`
}

function visible(kind: ResourceKind, query: ResourceSearch['query'], aliases: Aliases): Sql {
  const condition =
    query === undefined ? sql`` : sql`and ${queryToSql(query, resourceScope(kind, aliases))}`
  return sql`from ${sql.table(kind.table)} as r where r.tombstone = 0 ${condition}`
}

/** Counts the matches. */
export function countOf(kind: ResourceKind, query: ResourceSearch['query']): Sql {
  return sql`(select count(*) from (select 1 ${visible(kind, query, createAliases())}))`
}

/** The rows of the page: a page by cursor reads one more, which tells that there is a next page. */
export function pageOf(request: PageRequest, sort: ResourceSearch['sort'], tie: readonly string[]) {
  const { cursor, count, startIndex } = request
  const begin =
    cursor?.after === undefined ? sql`` : sql`where ${afterPosition(cursor.after, sort)}`
  const limit = cursor === undefined ? sql`${count} offset ${startIndex - 1}` : sql`${count + 1}`
  return sql`select * from matched ${begin} order by ${orderOf('matched', sort, tie)} limit ${limit}`
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
  const { query, sort } = request
  if (request.count === 0) {
    return sql<PageRow>`select ${countOf(kind, query)} as total, null as id`.compile(db)
  }
  const related = request.related ? relatedOf(kind, sql`t.id`) : sql`null`
  const tie = ['created', 'id']
  return sql<PageRow>`with
    matched as ${query === undefined ? sql`not materialized` : sql`materialized`}
      (${matchesOf(kind, request, createAliases())}),
    page as (${pageOf(request, sort, tie)})
    select (select count(*) from matched) as total,
      t.id, t.text, t.created, t.last_modified, t.revision, page.sort_key,
      case when t.id is not null then ${related} end as related
    from (select 1) left join page on true left join ${sql.table(kind.table)} as t on t.id = page.id
    order by ${orderOf('page', sort, tie)}`.compile(db)
}
