import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { RelatedResource, StoredResource } from '../provisioning/model.ts'
import type { SearchPage, SearchRequest } from '../provisioning/query.ts'
import { countParam, prepareRead } from './prepared-query.ts'
import type { Param, Session } from './prepared-query.ts'
import type { ResourceKind } from './resource-scope.ts'
import type { Tables } from './tables.ts'
import { relationsOf, shownOf, toStoredResource, visibleViews } from './view.ts'
import type { ViewRow } from './view.ts'

/** Reads a page of everything visible; all its statements see one state. */
type PageReader = (session: Session, request: SearchRequest) => SearchPage<StoredResource>

/** Prepares the pages of a kind of resource in the order of creation. */
export function createPageReader(db: Kysely<Tables>, kind: ResourceKind): PageReader {
  const total = prepareRead(
    db,
    () => sql<{ readonly visible: number }>`select visible from visible_counts
      where resource_table = ${sql.lit(kind.table)}`
  )
  const page = prepareRead(
    db,
    (count: Param<number>, skipped: Param<number>) =>
      sql<ViewRow>`${visibleViews(kind, false)} order by r.created, r.id
        limit ${countParam(count)} offset ${countParam(skipped)}`
  )
  const relations = prepareRead(db, (ids: Param<string>) => relationsOf(kind, ids))
  const shown = prepareRead(db, (ids: Param<string>) => shownOf(kind, ids))

  return (session, { startIndex, count, related }) => {
    const rows = count === 0 ? [] : page(session, count, startIndex - 1)
    const resources = rows.map((row) => toStoredResource(row, false))
    return {
      total: total(session)[0]?.visible ?? 0,
      resources: related ? withRelated(session, resources) : resources
    }
  }

  /** Adds the related resources of all, each of which is read once. */
  function withRelated(
    session: Session,
    resources: readonly StoredResource[]
  ): readonly StoredResource[] {
    const [row] = relations(session, JSON.stringify(resources.map(({ id }) => id)))
    const pairs = JSON.parse(row?.pairs ?? '[]') as readonly (readonly [number, string])[]
    const others = shown(session, JSON.stringify([...new Set(pairs.map(([, other]) => other))]))
    return attach(resources, pairs, others)
  }
}

function attach(
  resources: readonly StoredResource[],
  pairs: readonly (readonly [number, string])[],
  others: readonly RelatedResource[]
): readonly StoredResource[] {
  const relatedTo = resources.map((): RelatedResource[] => [])
  const shown = new Map(others.map((other) => [other.value, other]))
  for (const [position, id] of pairs) {
    const other = shown.get(id)
    if (other !== undefined) relatedTo[position]?.push(other)
  }
  return resources.map((resource, position) => ({
    ...resource,
    related: relatedTo[position]?.toSorted(byId) ?? []
  }))
}

/** The order in which single resources show them. */
function byId(left: RelatedResource, right: RelatedResource): number {
  return left.value < right.value ? -1 : 1
}
