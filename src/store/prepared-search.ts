import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { StoredResource } from '../provisioning/model.ts'
import type { SearchPage, SearchRequest } from '../provisioning/query.ts'
import { createPageReader } from './page.ts'
import { countParam, prepareRead } from './prepared-query.ts'
import type { Param, Session } from './prepared-query.ts'
import { isIndexed, keyOf } from './keys.ts'
import type { Key } from './keys.ts'
import type { ResourceKind } from './resource-scope.ts'
import { search, searchStatement } from './search.ts'
import type { Tables } from './tables.ts'
import { toStoredResource, visibleViews } from './view.ts'
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
  const readPage = createPageReader(db, kind)
  const lookUps = prepareLookUps(db, kind)

  return async (session, request) => {
    const { query, sort, startIndex, cursor } = request
    if (sort !== undefined || cursor !== undefined || isLong(request)) {
      return searchAnything(session, request)
    }
    if (query === undefined) return readPage(session, request)
    const key = startIndex === 1 ? keyOf(kind, query) : undefined
    const found = key === undefined ? undefined : lookUp(session, key, request)
    return found ?? searchAnything(session, request)
  }

  function searchAnything(
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

  /** Finds few resources or none; undefined where there are more than a page holds. */
  function lookUp(
    session: Session,
    { column, literal }: Key,
    { count, related }: SearchRequest
  ): SearchPage<StoredResource> | undefined {
    const rows = lookUps.get(column)?.(related)(session, literal, count + 1)
    if (rows === undefined || rows.length > count) return undefined
    const inOrder = rows.length > 1 ? rows.toSorted(byCreation) : rows
    return { total: rows.length, resources: inOrder.map((row) => toStoredResource(row, related)) }
  }
}

/**
 * One statement for each attribute with an index. The few rows are put in order afterwards: a sorter
 * would cost more than the look-up.
 */
function prepareLookUps(db: Kysely<Tables>, kind: ResourceKind) {
  return new Map(
    [...kind.keys.values()].map(({ column }) => [
      column,
      bothWays((related) =>
        prepareRead(
          db,
          (key: Param<string>, count: Param<number>) =>
            sql<ViewRow>`${visibleViews(kind, related)}
              and r.${sql.id(column)} = ${key} limit ${countParam(count)}`
        )
      )
    ])
  )
}

/** The order where nothing else is asked for. */
function byCreation(left: ViewRow, right: ViewRow): number {
  return left.created - right.created || (left.id < right.id ? -1 : 1)
}

/** One of two statements: with the related resources, or without. */
function bothWays<Statement>(prepareOne: (related: boolean) => Statement) {
  const withRelated = prepareOne(true)
  const without = prepareOne(false)
  return (related: boolean): Statement => (related ? withRelated : without)
}
