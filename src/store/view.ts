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
  /** See {@link relatedOf}; null where there is none, and where it was not asked for. */
  readonly related: string | null
}

/** Selects everything visible; more conditions, joined by `and`, can follow. */
export function visibleViews(kind: ResourceKind, related: boolean): RawBuilder<ViewRow> {
  return sql<ViewRow>`select r.id, r.text, r.created, r.last_modified, r.revision,
    ${related ? relatedOf(kind, sql`r.id`) : sql`null`} as related
    from ${sql.table(kind.table)} as r where r.tombstone = 0`
}

/** Selects one visible resource. */
export function viewOf(kind: ResourceKind, id: Sql, related: boolean): RawBuilder<ViewRow> {
  return sql<ViewRow>`${visibleViews(kind, related)} and r.id = ${id}`
}

/**
 * The visible members of a group, or the visible groups of a person, in the order of their ids: one
 * text however many they are. Each has a line, its id and then its display as a JSON string, so that
 * the text can be read piece by piece. Null where there is none.
 */
export function relatedOf({ relation }: ResourceKind, id: Sql): Sql {
  const other = sql`m.${sql.id(relation.other)}`
  return sql`(select group_concat(line, char(10)) from (
    select ${other} || json_quote(o.display) as line
    from memberships as m join ${sql.table(relation.otherTable)} as o on o.id = ${other}
    where m.${sql.id(relation.own)} = ${id} and m.intended = 1 and o.tombstone = 0
    order by ${other}))`
}

/** Which resource of a list is related to which other one, as pairs of its position and the other's id. */
export interface RelationsRow {
  /** JSON. */
  readonly pairs: string
}

/**
 * Selects the relations of all resources in `ids`, the JSON text of a list. For many resources this
 * is less work than {@link relatedOf} for each, where they have most of their relations in common.
 */
export function relationsOf({ relation }: ResourceKind, ids: Sql): RawBuilder<RelationsRow> {
  const other = sql`m.${sql.id(relation.other)}`
  return sql<RelationsRow>`select json_group_array(json_array(asked.key, ${other})) as pairs
    from json_each(${ids}) as asked
    cross join memberships as m on m.${sql.id(relation.own)} = asked.value
    where m.intended = 1`
}

/** Selects what the visible ones among `ids`, the JSON text of a list, show as related resources. */
export function shownOf({ relation }: ResourceKind, ids: Sql): RawBuilder<RelatedResource> {
  return sql<RelatedResource>`select o.id as value, o.display
    from json_each(${ids}) as asked join ${sql.table(relation.otherTable)} as o on o.id = asked.value
    where o.tombstone = 0`
}

/** Turns a row into what a read returns; `related` says whether it was asked for. */
export function toStoredResource(row: ViewRow, related: boolean): StoredResource {
  const resource = {
    id: row.id,
    text: row.text,
    created: row.created,
    lastModified: row.last_modified,
    revision: row.revision
  }
  return related ? { ...resource, related: toRelated(row.related ?? '') } : resource
}

/** A text that is read at once: it holds about a hundred lines. */
const shortText = 4_096

function toRelated(text: string): Iterable<RelatedResource> {
  const lines = new RelatedLines(text)
  return text.length > shortText ? lines : [...lines]
}

/** Reads the lines of {@link relatedOf} as they are asked for. */
class RelatedLines implements Iterable<RelatedResource> {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  *[Symbol.iterator](): Generator<RelatedResource> {
    const text = this.#text
    for (let start = 0; start < text.length;) {
      const quote = text.indexOf('"', start)
      const newline = text.indexOf('\n', quote)
      const end = newline === -1 ? text.length : newline
      yield {
        value: text.slice(start, quote),
        display: JSON.parse(text.slice(quote, end)) as string
      }
      start = end + 1
    }
  }
}
