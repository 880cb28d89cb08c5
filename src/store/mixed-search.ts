import { sql } from 'kysely'
import type { CompiledQuery, Kysely } from 'kysely'
import type { MixedResource } from '../provisioning/model.ts'
import type { ResourceReads } from '../provisioning/ports.ts'
import type { MixedSearchRequest, SearchPosition } from '../provisioning/query.ts'
import { orderOf, typeOrder } from './page-order.ts'
import type { Session } from './prepared-query.ts'
import { createAliases } from './query-to-sql.ts'
import { groupKind, userKind } from './resource-scope.ts'
import { countOf, matchesOf, pageOf, toPage } from './search.ts'
import type { FoundRow, PageRow } from './search.ts'
import type { Tables } from './tables.ts'
import { relatedOf, toStoredResource } from './view.ts'

/** People and groups together: what can be done in any session. */
export interface ResourceStore {
  reads(session: Session): ResourceReads
}

/** A row of the page with its place in `typeOrder`. */
type MixedRow = FoundRow & { readonly type_order: number }

/** Creates the searches of people and groups together. */
export function createResourceStore(db: Kysely<Tables>): ResourceStore {
  return {
    reads: (session) => ({
      async search(request) {
        const rows = await session.scan(mixedSearchStatement(db, request))
        const resource = (row: MixedRow) => toMixedResource(row, request)
        return toPage(rows, request, { resource, position })
      }
    })
  }
}

/** Like a search of one kind; the matches of both are put in order together. */
function mixedSearchStatement(
  db: Kysely<Tables>,
  request: MixedSearchRequest
): CompiledQuery<PageRow<MixedRow>> {
  const { users, groups } = request
  if (request.count === 0) {
    return sql<PageRow<MixedRow>>`select ${countOf(userKind, users.query)}
      + ${countOf(groupKind, groups.query)} as total, null as id`.compile(db)
  }
  const sort = users.sort ?? groups.sort
  const tie = ['type_order', 'created', 'id']
  const aliases = createAliases()
  return sql<PageRow<MixedRow>>`with
    matched as materialized (
      select ${typeOrder.User} as type_order, u.* from (${matchesOf(userKind, users, aliases)}) as u
      union all
      select ${typeOrder.Group}, g.* from (${matchesOf(groupKind, groups, aliases)}) as g),
    page as (${pageOf(request, sort, tie)}),
    shown as (
      select u.id, u.text, u.created, u.last_modified, u.revision, page.type_order, page.sort_key,
        ${users.related ? relatedOf(userKind, sql`u.id`) : sql`null`} as related
      from page join users as u on u.id = page.id where page.type_order = ${typeOrder.User}
      union all
      select g.id, g.text, g.created, g.last_modified, g.revision, page.type_order, page.sort_key,
        ${groups.related ? relatedOf(groupKind, sql`g.id`) : sql`null`}
      from page join groups as g on g.id = page.id where page.type_order = ${typeOrder.Group})
    select (select count(*) from matched) as total, page.*
    from (select 1) left join shown as page on true
    order by ${orderOf('page', sort, tie)}`.compile(db)
}

function toMixedResource(row: MixedRow, { users, groups }: MixedSearchRequest): MixedResource {
  const resourceType = typeOf(row)
  const { related } = resourceType === 'User' ? users : groups
  return { ...toStoredResource(row, related), resourceType }
}

function position(row: MixedRow): SearchPosition {
  return { key: row.sort_key, resourceType: typeOf(row), created: row.created, id: row.id }
}

function typeOf({ type_order }: MixedRow): 'User' | 'Group' {
  return type_order === typeOrder.User ? 'User' : 'Group'
}
