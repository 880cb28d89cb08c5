import { sql } from 'kysely'
import { fold } from '../lib/text.ts'
import type { AttributeRef, Literal, Query } from '../provisioning/query.ts'
import { compareValue, hasContent, never } from './value-tests.ts'
import type { Sql, SqlValue } from './value-tests.ts'

/** What attributes mean in one place: in a resource, or in an element of a multi-valued attribute. */
export interface Scope {
  /** True where some value of the attribute passes the test; an array counts as its elements. */
  any(attribute: AttributeRef, test: (value: SqlValue) => Sql): Sql
  /** True where some single element satisfies `where`, whose paths start at the element. */
  element(attribute: AttributeRef, where: (scope: Scope) => Sql): Sql
  /** A condition that an index answers, where the attribute has one and compares in this way. */
  indexed?(attribute: AttributeRef, literal: string): Sql | undefined
}

/**
 * Turns a query into a condition. `ne` is the complement of `eq`: it holds where the attribute has
 * no value, and for a multi-valued attribute where none of its values is equal. Comparing with null
 * asks for absence. A comparison that makes no sense for the attribute's type holds for no value.
 */
export function queryToSql(query: Query, scope: Scope): Sql {
  switch (query.kind) {
    case 'and':
    case 'or':
      return joinTerms(
        query.terms.map((term) => queryToSql(term, scope)),
        query.kind
      )
    case 'not':
      return sql`not ${queryToSql(query.term, scope)}`
    case 'present':
      return scope.any(query.attribute, hasContent)
    case 'element':
      return scope.element(query.attribute, (inner) => queryToSql(query.where, inner))
    case 'compare':
    default:
      return comparison(query, scope)
  }
}

function comparison(query: Query & { kind: 'compare' }, scope: Scope): Sql {
  const { attribute, operator, value } = query
  if (operator === 'ne') return sql`not ${comparison({ ...query, operator: 'eq' }, scope)}`
  if (value === null) {
    return operator === 'eq' ? sql`not ${scope.any(attribute, hasContent)}` : never
  }
  return (
    (operator === 'eq' ? indexed(attribute, value, scope) : undefined) ??
    scope.any(attribute, (candidate) => compareValue(candidate, { attribute, operator, value }))
  )
}

function indexed(attribute: AttributeRef, literal: Literal, scope: Scope): Sql | undefined {
  return typeof literal === 'string' ? scope.indexed?.(attribute, literal) : undefined
}

/** Joined pairwise: SQLite limits the depth of an expression, and a chain is as deep as it is long. */
function joinTerms(terms: readonly Sql[], operator: 'and' | 'or'): Sql {
  const [first, ...others] = terms
  if (first === undefined) return operator === 'and' ? sql`1` : never
  if (others.length === 0) return first
  const middle = Math.ceil(terms.length / 2)
  const left = joinTerms(terms.slice(0, middle), operator)
  const right = joinTerms(terms.slice(middle), operator)
  return operator === 'and' ? sql`(${left} and ${right})` : sql`(${left} or ${right})`
}

/** Makes aliases that are unique within one statement. */
export type Aliases = () => Sql

/** Aliases `v1`, `v2`, … */
export function createAliases(): Aliases {
  let count = 0
  return () => {
    count += 1
    return sql.id(`v${count}`)
  }
}

/** The scope of a JSON object. */
export function jsonScope(json: Sql, aliases: Aliases): Scope {
  return {
    any(attribute, test) {
      const { tables, conditions, last } = walk(json, attribute, aliases)
      return exists(tables, [...conditions, test(last)])
    },
    element(attribute, where) {
      const { tables, conditions, last } = walk(json, attribute, aliases)
      const isElement = sql`${last.type} <> 'null'`
      return exists(tables, [...conditions, isElement, where(jsonScope(objectOf(last), aliases))])
    }
  }
}

function exists(tables: readonly Sql[], conditions: readonly Sql[]): Sql {
  return sql`exists (select 1 from ${sql.join(tables)} where ${joinTerms(conditions, 'and')})`
}

/** The way to an attribute's values: what to select from, under which conditions. */
export interface Walk {
  readonly tables: readonly Sql[]
  readonly conditions: readonly Sql[]
  /** The aliases of the steps' values, in order. */
  readonly steps: readonly Sql[]
  readonly last: SqlValue
}

/** Follows the attribute's path through a JSON object; every array on the way counts as its elements. */
export function walk(json: Sql, attribute: AttributeRef, aliases: Aliases): Walk {
  const tables: Sql[] = []
  const conditions: Sql[] = []
  const steps: Sql[] = []
  let base = json
  let last: SqlValue = { value: json, type: sql`'object'` }
  for (const key of attribute.path) {
    const step = aliases()
    if (attribute.known && isPlainKey(key)) {
      tables.push(sql`json_each(${valuesAt(base, key)}) as ${step}`)
    } else {
      const entry = aliases()
      tables.push(
        sql`json_each(${base}) as ${entry}`,
        sql`json_each(${valuesOf(entry)}) as ${step}`
      )
      conditions.push(sql`fold(${entry}.key) = ${fold(key)}`)
    }
    steps.push(step)
    last = { value: sql`${step}.value`, type: sql`${step}.type` }
    base = objectOf(last)
  }
  return { tables, conditions, steps, last }
}

/** SQLite's paths have no way to write these; no schema's names have them either. */
function isPlainKey(key: string): boolean {
  return !/["\\]/.test(key)
}

/** The values under one key as a JSON array; null where there is none. */
function valuesAt(object: Sql, key: string): Sql {
  const path = `$."${key}"`
  return sql`case json_type(${object}, ${path}) when 'array' then ${object} -> ${path}
    else '[' || (${object} -> ${path}) || ']' end`
}

/** The values of one entry of a `json_each` as a JSON array. */
function valuesOf(entry: Sql): Sql {
  return sql`case ${entry}.type when 'array' then ${entry}.value
    when 'object' then '[' || ${entry}.value || ']'
    when 'true' then '[true]' when 'false' then '[false]' when 'null' then '[]'
    else json_array(${entry}.value) end`
}

/** A step leads on from objects only; from anything else as if from an empty one. */
function objectOf({ value, type }: SqlValue): Sql {
  return sql`case ${type} when 'object' then ${value} else '{}' end`
}
