import { sql } from 'kysely'
import { fold } from '../lib/text.ts'
import type { AttributeRef, ResourceTypeName } from '../provisioning/query.ts'
import { jsonScope } from './query-to-sql.ts'
import type { Aliases, Scope } from './query-to-sql.ts'
import { never } from './value-tests.ts'
import type { Sql, SqlValue } from './value-tests.ts'

/** How one kind of resource is kept. */
export interface ResourceKind {
  readonly table: 'users' | 'groups'
  /** `meta.resourceType`. */
  readonly resourceType: ResourceTypeName
  readonly coreSchema: string
  /** The attributes with an index, by name. */
  readonly keys: ReadonlyMap<string, { readonly column: string; readonly caseExact: boolean }>
  readonly relation: Relation
}

/** A multi-valued attribute that is read from the memberships. */
interface Relation {
  readonly attribute: 'groups' | 'members'
  /** The membership's column that names the resource itself. */
  readonly own: 'user_id' | 'group_id'
  /** The membership's column that names the related resource. */
  readonly other: 'user_id' | 'group_id'
  readonly otherTable: 'users' | 'groups'
  /** The `type` of every element (RFC 7643 §4.1.2, §4.2). */
  readonly elementType: 'direct' | 'User'
}

/** People: userName is compared without regard to case, externalId and id exactly (RFC 7643 §4.1.1, §3.1). */
export const userKind: ResourceKind = {
  table: 'users',
  resourceType: 'User',
  coreSchema: 'urn:ietf:params:scim:schemas:core:2.0:User',
  keys: new Map([
    ['id', { column: 'id', caseExact: true }],
    ['userName', { column: 'user_name_key', caseExact: false }],
    ['externalId', { column: 'external_id', caseExact: true }]
  ]),
  relation: {
    attribute: 'groups',
    own: 'user_id',
    other: 'group_id',
    otherTable: 'groups',
    elementType: 'direct'
  }
}

/** Groups: displayName is compared without regard to case (RFC 7643 §8.7.1). */
export const groupKind: ResourceKind = {
  table: 'groups',
  resourceType: 'Group',
  coreSchema: 'urn:ietf:params:scim:schemas:core:2.0:Group',
  keys: new Map([
    ['id', { column: 'id', caseExact: true }],
    ['displayName', { column: 'display_name_key', caseExact: false }],
    ['externalId', { column: 'external_id', caseExact: true }]
  ]),
  relation: {
    attribute: 'members',
    own: 'group_id',
    other: 'user_id',
    otherTable: 'users',
    elementType: 'User'
  }
}

/**
 * The scope of a resource: its JSON, and what is kept outside of it. The table's alias must be `r`.
 * `meta.location` and `meta.version` are made when a resource is sent and have no value here.
 */
export function resourceScope(kind: ResourceKind, aliases: Aliases): Scope {
  const json = jsonScope(sql`r.text`, aliases)
  const related = relationScope(kind.relation)
  const scope: Scope = {
    any(attribute, test) {
      if (isMeta(attribute)) {
        const value = metaValue(kind, attribute)
        return value === undefined ? never : test(value)
      }
      if (!isRelation(kind, attribute)) return json.any(attribute, test)
      return hasRelated(kind.relation, related.any(relatedPart(attribute), test))
    },
    element(attribute, where) {
      if (isMeta(attribute)) return where(metaScope(scope))
      if (!isRelation(kind, attribute)) return json.element(attribute, where)
      return hasRelated(kind.relation, where(related))
    },
    indexed(attribute, literal) {
      if (isRelation(kind, attribute)) {
        const condition = related.indexed?.(relatedPart(attribute), literal)
        return condition === undefined ? undefined : hasRelated(kind.relation, condition)
      }
      return keyCondition(kind, attribute, literal)
    }
  }
  return scope
}

/** `is` rather than `=`: it uses the index as well, and is never null. */
function keyCondition(
  kind: ResourceKind,
  attribute: AttributeRef,
  literal: string
): Sql | undefined {
  const key = keyValue(kind, attribute, literal)
  return key && sql`r.${sql.id(key.column)} is ${key.literal}`
}

/** The column with an index that holds the attribute, and the literal as it is kept there. */
export function keyValue(
  kind: ResourceKind,
  { known, path, caseExact }: AttributeRef,
  literal: string
): { readonly column: string; readonly literal: string } | undefined {
  const [name, ...rest] = path
  const key = known && rest.length === 0 && name !== undefined && kind.keys.get(name)
  if (!key || key.caseExact !== caseExact) return undefined
  return { column: key.column, literal: key.caseExact ? literal : fold(literal) }
}

function isMeta({ known, path }: AttributeRef): boolean {
  return known && path[0] === 'meta'
}

/** The value of `meta` or of one of its sub-attributes. */
export function metaValue(kind: ResourceKind, { path }: AttributeRef): SqlValue | undefined {
  switch (path[1]) {
    case undefined:
      return { value: sql`'{"resourceType":""}'`, type: sql`'object'` }
    case 'created':
      return { value: sql`r.created`, type: sql`'text'`, instant: sql`r.created` }
    case 'lastModified':
      return { value: sql`r.last_modified`, type: sql`'text'`, instant: sql`r.last_modified` }
    case 'resourceType':
      return { value: sql.lit(kind.resourceType), type: sql`'text'` }
    default:
      return undefined
  }
}

function metaScope(resource: Scope): Scope {
  return {
    any: (attribute, test) =>
      resource.any({ ...attribute, path: ['meta', ...attribute.path] }, test),
    element: () => never
  }
}

function isRelation(kind: ResourceKind, { known, path }: AttributeRef): boolean {
  return known && path[0] === kind.relation.attribute
}

/** Without a sub-attribute, an element's `value` is meant (RFC 7644 §3.10). */
function relatedPart(attribute: AttributeRef): AttributeRef {
  const [, ...part] = attribute.path
  return { ...attribute, path: part.length === 0 ? ['value'] : part }
}

/** An uncorrelated subquery: it begins at the membership where an index finds it, else runs once. */
function hasRelated(relation: Relation, condition: Sql): Sql {
  return sql`r.id in (select m.${sql.id(relation.own)} from memberships as m
    join ${sql.table(relation.otherTable)} as o on o.id = m.${sql.id(relation.other)}
    where m.intended = 1 and o.tombstone = 0 and ${condition})`
}

/** The scope of one membership `m` with the related resource `o`. */
function relationScope(relation: Relation): Scope {
  const value = sql`m.${sql.id(relation.other)}`
  const parts = new Map<string | undefined, Sql>([
    ['value', value],
    ['display', sql`o.display`],
    ['type', sql.lit(relation.elementType)]
  ])
  return {
    any({ path }, test) {
      const part = path.length === 1 ? parts.get(path[0]) : undefined
      return part === undefined ? never : test({ value: part, type: sql`'text'` })
    },
    element: () => never,
    // Box ids have no letters: their comparison knows no case, whatever the schema says.
    indexed: ({ path }, literal) =>
      path.length === 1 && path[0] === 'value' ? sql`${value} = ${literal}` : undefined
  }
}
