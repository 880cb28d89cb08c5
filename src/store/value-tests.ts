import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import { fold } from '../lib/text.ts'
import type { AttributeRef, Comparison, Literal } from '../provisioning/query.ts'
import { parseInstant } from './instant.ts'

/**
 * A fragment of SQL. Every condition made here and in `query-to-sql.ts` is 0 or 1 and never null
 * where it stands alone, so that `not` is the complement (RFC 7644 §3.4.2.2); every name and value
 * from a client is a bound parameter.
 */
export type Sql = RawBuilder<unknown>

/** The condition that never holds. */
export const never: Sql = sql`0`

/** One value of an attribute. */
export interface SqlValue {
  /** The value as SQLite's JSON functions give it. */
  readonly value: Sql
  /** Its type as `json_type` names it. */
  readonly type: Sql
  /** The value in epoch milliseconds, where the store keeps it so. */
  readonly instant?: Sql
}

/** What a value is compared with. `ne` and null are resolved before. */
export interface ValueComparison {
  readonly attribute: AttributeRef
  readonly operator: Exclude<Comparison, 'ne'>
  readonly value: Exclude<Literal, null>
}

type Way = 'text' | 'number' | 'boolean' | 'instant' | 'none'

const ways = {
  string: 'text',
  reference: 'text',
  binary: 'text',
  boolean: 'boolean',
  integer: 'number',
  decimal: 'number',
  dateTime: 'instant',
  complex: 'none'
} as const satisfies Record<Exclude<AttributeRef['type'], 'unknown'>, Way>

/** The operators with an equivalent in SQL that holds for every ordered type. */
const orderings = new Map<Comparison, Sql>([
  ['eq', sql`=`],
  ['gt', sql`>`],
  ['ge', sql`>=`],
  ['lt', sql`<`],
  ['le', sql`<=`]
])

/** The value counts as one: null, '', [] and {} do not (RFC 7643 §2.5, RFC 7644 §3.4.2.2). */
export function hasContent({ value, type }: SqlValue): Sql {
  return sql`case ${type} when 'null' then 0 when 'text' then ${value} <> ''
    when 'array' then ${value} <> '[]' when 'object' then ${value} <> '{}' else 1 end`
}

/** The value compares with the literal as asked, in the way of the attribute's type. */
export function compareValue(candidate: SqlValue, comparison: ValueComparison): Sql {
  return comparers[wayOf(comparison)](candidate, comparison)
}

const comparers: Record<Way, (candidate: SqlValue, comparison: ValueComparison) => Sql> = {
  text: compareText,
  number: compareNumber,
  boolean: compareBoolean,
  instant: compareInstant,
  none: () => never
}

function wayOf({ attribute, value }: ValueComparison): Way {
  if (attribute.type !== 'unknown') return ways[attribute.type]
  if (typeof value === 'string') return 'text'
  return typeof value === 'number' ? 'number' : 'boolean'
}

function compareText({ value, type }: SqlValue, comparison: ValueComparison): Sql {
  const exact = comparison.attribute.caseExact && comparison.attribute.type !== 'unknown'
  const literal = exact ? String(comparison.value) : fold(String(comparison.value))
  const text = exact ? value : sql`fold(${value})`
  return sql`(${type} = 'text' and ${textTest(text, comparison.operator, literal)})`
}

/** `like` would give a meaning to `%` and `_`, and fold ASCII only. */
function textTest(text: Sql, operator: ValueComparison['operator'], literal: string): Sql {
  if (operator === 'co') return sql`instr(${text}, ${literal}) > 0`
  if (operator === 'sw') return sql`substr(${text}, 1, length(${literal})) = ${literal}`
  if (operator !== 'ew') return ordering(text, operator, literal)
  return literal === '' ? sql`1` : sql`substr(${text}, -length(${literal})) = ${literal}`
}

function compareNumber(
  { value, type }: SqlValue,
  { operator, value: literal }: ValueComparison
): Sql {
  const number = typeof literal === 'string' && literal.trim() === '' ? Number.NaN : Number(literal)
  if (typeof literal === 'boolean' || Number.isNaN(number)) return never
  return sql`(${type} in ('integer', 'real') and ${ordering(value, operator, number)})`
}

function compareBoolean({ type }: SqlValue, { operator, value: literal }: ValueComparison): Sql {
  const asked = fold(String(literal))
  if (operator !== 'eq' || (asked !== 'true' && asked !== 'false')) return never
  return sql`${type} = ${asked}`
}

function compareInstant(candidate: SqlValue, { operator, value: literal }: ValueComparison): Sql {
  const instant = typeof literal === 'string' ? parseInstant(literal) : undefined
  if (instant === undefined) return never
  return ordering(candidate.instant ?? sql`instant(${candidate.value})`, operator, instant)
}

function ordering(value: Sql, operator: Comparison, literal: string | number): Sql {
  const symbol = orderings.get(operator)
  return symbol === undefined ? never : sql`${value} ${symbol} ${literal}`
}
