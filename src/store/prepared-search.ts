import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { StoredResource } from '../provisioning/model.ts'
import type { SearchPage, SearchRequest } from '../provisioning/query.ts'
import { prepareSql } from './prepared-query.ts'
import type { Param, Session } from './prepared-query.ts'
import { isIndexed, keyOf } from './keys.ts'
import type { Key } from './keys.ts'
import type { ResourceKind } from './resource-scope.ts'
import { search, searchStatement } from './search.ts'
import type { Tables } from './tables.ts'
import { relatedOf, toStoredResource } from './view.ts'
import type { ViewRow } from './view.ts'

/** Answers a search. */
export type Search = (
  session: Session,
  request: SearchRequest
) => Promise<SearchPage<StoredResource>>

/**
 * Searches a kind of resource. What clients ask for all the time has statements that were compiled
 * once: a page of everything visible, and the look-up of an indexed attribute, e.g.
 * `userName eq "..."`. What no index leads to runs as a scan, and so does what lists members.
 */
export function createSearch(db: Kysely<Tables>, kind: ResourceKind): Search {
  const table = sql.table(kind.table)
  const columns = (
    related: boolean
  ) => sql`select r.id, r.text, r.created, r.last_modified, r.revision,
    ${related ? relatedOf(kind, sql`r.id`) : sql`null`} as related
    from ${table} as r where r.tombstone = 0`
  const order = sql`order by r.created, r.id`

  const total = prepareSql(
    db,
    () => sql<{ readonly visible: number }>`select visible from visible_counts
      where resource_table = ${sql.lit(kind.table)}`
  )
  const page = bothWays((related) =>
    prepareSql(
      db,
      (count: Param<number>, skipped: Param<number>) =>
        sql<ViewRow>`${columns(related)} ${order} limit ${count} offset ${skipped}`
    )
  )
  const lookUps = new Map(
    [...kind.keys.values()].map(({ column }) => [
      column,
      bothWays((related) =>
        prepareSql(
          db,
          (key: Param<string>, count: Param<number>) => sql<ViewRow>`${columns(related)}
            and r.${sql.id(column)} = ${key} ${order} limit ${count}`
        )
      )
    ])
  )

  return (session, request) => {
    const { query, sort, startIndex, cursor } = request
    if (sort !== undefined || cursor !== undefined) return searchAnything(session, request)
    if (query === undefined && !isLong(request)) return readPage(session, request)
    const key = startIndex === 1 ? keyOf(kind, query) : undefined
    return key === undefined ? searchAnything(session, request) : lookUp(session, key, request)
  }

  async function searchAnything(
    session: Session,
    request: SearchRequest
  ): Promise<SearchPage<StoredResource>> {
    const run = isIndexed(kind, request.query) && !isLong(request) ? session.run : session.scan
    return search(run, searchStatement(db, kind, request), request)
  }

  /** A page that lists members may be as long as all groups together. */
  function isLong({ related }: SearchRequest): boolean {
    return related && kind.relation.attribute === 'members'
  }

  /** Finds few resources or none; where there are more than a page holds, they have to be counted. */
  async function lookUp(
    session: Session,
    { column, literal }: Key,
    request: SearchRequest
  ): Promise<SearchPage<StoredResource>> {
    const { count, related } = request
    const statement = lookUps.get(column)?.(related)
    if (statement === undefined || isLong(request)) return searchAnything(session, request)
    const rows = await statement(session, literal, count + 1)
    if (rows.length > count) return searchAnything(session, request)
    return { total: rows.length, resources: rows.map((row) => toStoredResource(row, related)) }
  }

  /** Both statements run before anything else can: they see one state. */
  async function readPage(
    session: Session,
    { startIndex, count, related }: SearchRequest
  ): Promise<SearchPage<StoredResource>> {
    const counting = total(session)
    const reading = count === 0 ? [] : page(related)(session, count, startIndex - 1)
    const [counts, rows] = [await counting, await reading]
    return {
      total: counts[0]?.visible ?? 0,
      resources: rows.map((row) => toStoredResource(row, related))
    }
  }
}

/** One of two statements: with the related resources, or without. */
function bothWays<Statement>(prepareOne: (related: boolean) => Statement) {
  const withRelated = prepareOne(true)
  const without = prepareOne(false)
  return (related: boolean): Statement => (related ? withRelated : without)
}
