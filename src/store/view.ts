import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { RelatedResource, StoredResource } from '../provisioning/model.ts'
import type { ResourceKind } from './resource-scope.ts'
import type { Sql } from './value-tests.ts'

/** The columns that a resource is sent from. */
export interface ViewRow {
  readonly id: string
  readonly text: string
  readonly created: number
  readonly last_modified: number
  readonly revision: number
  /** See {@link relatedOf}; null where it was not asked for. */
  readonly related: string | null
}

/** Selects one visible resource. */
export function viewOf(kind: ResourceKind, id: Sql, related: boolean): RawBuilder<ViewRow> {
  return sql<ViewRow>`select r.id, r.text, r.created, r.last_modified, r.revision,
    ${related ? relatedOf(kind, sql`r.id`) : sql`null`} as related
    from ${sql.table(kind.table)} as r where r.id = ${id} and r.tombstone = 0`
}

/**
 * The visible members of a group, or the visible groups of a person, as a JSON array of pairs in the
 * order of their ids: one value however many they are.
 */
export function relatedOf({ relation }: ResourceKind, id: Sql): Sql {
  const other = sql`m.${sql.id(relation.other)}`
  return sql`(select json_group_array(json_array(${other}, o.display) order by ${other})
    from memberships as m join ${sql.table(relation.otherTable)} as o on o.id = ${other}
    where m.${sql.id(relation.own)} = ${id} and m.intended = 1 and o.tombstone = 0)`
}

/** Turns a row into what a read returns. */
export function toStoredResource(row: ViewRow): StoredResource {
  const resource = {
    id: row.id,
    text: row.text,
    created: row.created,
    lastModified: row.last_modified,
    revision: row.revision
  }
  return row.related === null ? resource : { ...resource, related: parseRelated(row.related) }
}

function parseRelated(text: string): readonly RelatedResource[] {
  const pairs = JSON.parse(text) as readonly (readonly [string, string])[]
  return pairs.map(([value, display]) => ({ value, display }))
}
