import { excerpt, fold } from '../../lib/text.ts'
import type { AttributeRef, AttributeType, Comparison, Literal } from '../../provisioning/query.ts'
import type { Token } from './filter-lexer.ts'
import { invalidFilter } from './filter-lexer.ts'

/** RFC 7644 §3.4.2.2: no order on booleans and binaries, no substrings of what is no text. */
const equality: readonly Comparison[] = ['eq', 'ne']
const ordered: readonly Comparison[] = [...equality, 'gt', 'ge', 'lt', 'le']
const substring: readonly Comparison[] = [...equality, 'co', 'sw', 'ew']
const every: readonly Comparison[] = [...ordered, 'co', 'sw', 'ew']

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i

const xsdDateTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?<offset>Z|[+-]\d\d:\d\d)?$/i

/**
 * An xsd:dateTime (RFC 7643 §2.3.5) as epoch milliseconds, or undefined. Without an offset it is
 * taken as UTC; digits beyond milliseconds are cut off.
 */
export function parseDateTime(text: string): number | undefined {
  const match = xsdDateTime.exec(text)
  if (match === null) return undefined
  const instant = Date.parse(match.groups?.['offset'] === undefined ? `${text}Z` : text)
  return Number.isNaN(instant) ? undefined : instant
}

/** A literal by its own form: JSON, or unquoted text, which some clients send for a string. */
function ownLiteral(token: Token): Literal {
  if (token.kind === 'string') return token.text
  const folded = fold(token.text)
  if (folded === 'null') return null
  if (folded === 'true' || folded === 'false') return folded === 'true'
  return numberLiteral(token.text) ?? token.text
}

/** `"True"` against a boolean is what an identity provider sends for its role filters. */
function booleanLiteral(text: string): boolean | undefined {
  const folded = fold(text)
  return folded === 'true' ? true : folded === 'false' ? false : undefined
}

/** A JSON number, unless it is too large for one. */
function numberLiteral(text: string): number | undefined {
  const value = jsonNumber.test(text) ? Number(text) : Number.NaN
  return Number.isFinite(value) ? value : undefined
}

function dateTimeLiteral(text: string): string | undefined {
  const instant = parseDateTime(text)
  return instant === undefined ? undefined : new Date(instant).toISOString()
}

const asText = (token: Token) => token.text
const asNumber = (token: Token) => numberLiteral(token.text)

const literalReaders: Readonly<Record<AttributeType, (token: Token) => Literal | undefined>> = {
  string: asText,
  reference: asText,
  binary: asText,
  boolean: (token) => booleanLiteral(token.text),
  integer: asNumber,
  decimal: asNumber,
  dateTime: (token) => dateTimeLiteral(token.text),
  complex: () => undefined,
  unknown: ownLiteral
}

function operatorsFor(type: AttributeType, value: Literal): readonly Comparison[] {
  if (value === null || typeof value === 'boolean') return equality
  if (typeof value === 'number' || type === 'dateTime') return ordered
  return type === 'binary' ? substring : every
}

/**
 * The comparison value that a token stands for beside an attribute: of the attribute's type where
 * that is known, a date as ISO 8601 in UTC with milliseconds.
 *
 * @throws ScimError `invalidFilter` where the value or the operator does not go with the attribute.
 */
export function comparisonValue(
  attribute: AttributeRef,
  operator: Comparison,
  token: Token
): Literal {
  const name = excerpt(attribute.path.join('.'))
  const isNull = token.kind === 'word' && fold(token.text) === 'null'
  const value = isNull ? null : literalReaders[attribute.type](token)
  if (value === undefined) {
    throw invalidFilter(
      `${name} is of type ${attribute.type}; "${excerpt(token.text)}" is no such value.`
    )
  }
  if (!operatorsFor(attribute.type, value).includes(operator)) {
    throw invalidFilter(
      `${name} cannot be compared by "${operator}" with ${excerpt(JSON.stringify(value))}.`
    )
  }
  return value
}
