import { excerpt, fold } from '../../lib/text.ts'
import type { Comparison, Query } from '../../provisioning/query.ts'
import type { ResolvedAttribute } from './attribute-path.ts'
import {
  comparedAttribute,
  definitionOf,
  resolveAttribute,
  resolveSubAttribute,
  toAttributeRef
} from './attribute-path.ts'
import type { Token } from './filter-lexer.ts'
import { invalidFilter, tokenise } from './filter-lexer.ts'
import { comparisonValue } from './filter-literal.ts'
import type { ResourceType } from './schemas.ts'

/** How deep parentheses, `not` and brackets may be nested. */
export const maxFilterDepth = 32

/** How many comparisons a filter may have. */
export const maxFilterTerms = 200

/** What the names of a filter stand for: attributes of a resource, or of an element in brackets. */
export interface FilterScope {
  /** Undefined: the text is no attribute path here. */
  readonly resolve: (text: string) => ResolvedAttribute | undefined
  /** True inside brackets, where no further brackets are allowed. */
  readonly nested: boolean
}

const comparisons: ReadonlySet<string> = new Set<Comparison>([
  'eq',
  'ne',
  'co',
  'sw',
  'ew',
  'gt',
  'ge',
  'lt',
  'le'
])

function isComparison(word: string): word is Comparison {
  return comparisons.has(word)
}

/** Joins terms, without nesting `and` in `and` or `or` in `or`. */
function join(kind: 'and' | 'or', terms: readonly Query[]): Query {
  const [first] = terms
  if (first !== undefined && terms.length === 1) return first
  return { kind, terms: terms.flatMap((term) => (term.kind === kind ? term.terms : [term])) }
}

/** A recursive-descent parser of RFC 7644 §3.4.2.2; see {@link parseFilter} for what it accepts. */
export class FilterParser {
  readonly #tokens: readonly Token[]
  #next = 0
  #depth = 0
  #terms = 0

  constructor(text: string) {
    this.#tokens = tokenise(text)
  }

  /** The token to be read next; the last one is `end`. */
  peek(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', text: '', position: 0 }
  }

  /** Reads a token. */
  take(): Token {
    const token = this.peek()
    if (token.kind !== 'end') this.#next += 1
    return token
  }

  /** Reads a token of this kind, or refuses the text. */
  expect(kind: Token['kind'], what: string): Token {
    return this.peek().kind === kind ? this.take() : this.refuse(what)
  }

  /** Refuses the text, saying what should have come next. */
  refuse(expected: string): never {
    const { kind, text, position } = this.peek()
    const found = kind === 'end' ? 'the filter ends' : `there is "${excerpt(text)}"`
    throw invalidFilter(`At position ${position} ${expected} is expected, but ${found}.`)
  }

  /** expression = conjunction *("or" conjunction) */
  expression(scope: FilterScope): Query {
    const terms = [this.#conjunction(scope)]
    while (this.#takeKeyword('or')) terms.push(this.#conjunction(scope))
    return join('or', terms)
  }

  /** conjunction = factor *("and" factor) */
  #conjunction(scope: FilterScope): Query {
    const terms = [this.#factor(scope)]
    while (this.#takeKeyword('and')) terms.push(this.#factor(scope))
    return join('and', terms)
  }

  /** factor = ["not"] "(" expression ")" / comparison / value path */
  #factor(scope: FilterScope): Query {
    if (this.peek().kind === '(') return this.#group(scope)
    if (this.#isKeyword('not') && this.#tokens[this.#next + 1]?.kind === '(') {
      this.take()
      return { kind: 'not', term: this.#group(scope) }
    }
    const name = this.expect('word', 'an attribute').text
    const resolved = scope.resolve(name)
    if (resolved === undefined)
      throw invalidFilter(`"${excerpt(name)}" is no attribute that can be named here.`)
    refuseSecret(resolved)
    return this.peek().kind === '[' && !scope.nested
      ? this.#valuePath(resolved)
      : this.#comparison(resolved)
  }

  #group(scope: FilterScope): Query {
    this.expect('(', '"("')
    const query = this.#deeper(() => this.expression(scope))
    this.expect(')', '")"')
    return query
  }

  /** The expression between brackets, with names relative to one element of the attribute. */
  bracketed(parent: ResolvedAttribute, prefix: readonly string[]): Query {
    this.expect('[', '"["')
    const query = this.#deeper(() => this.expression(elementScope(parent, prefix)))
    this.expect(']', '"]"')
    return query
  }

  /**
   * A value path, with what clients add beyond the grammar: `emails[type eq "work"].value eq "x"`,
   * whose comparison joins those in brackets, on the same element.
   */
  #valuePath(parent: ResolvedAttribute): Query {
    refuseBrackets(parent)
    const single = definitionOf(parent)?.multiValued === false
    const prefix = single ? parent.path : []
    const terms = [this.bracketed(parent, prefix)]
    if (this.peek().kind === 'word' && this.peek().text.startsWith('.')) {
      const name = this.take().text.slice(1)
      const sub = elementScope(parent, prefix).resolve(name)
      if (sub === undefined) throw invalidFilter(`"${excerpt(name)}" is no sub-attribute.`)
      terms.push(this.#comparison(sub))
    }
    const where = join('and', terms)
    return single ? where : { kind: 'element', attribute: toAttributeRef(parent), where }
  }

  #comparison(resolved: ResolvedAttribute): Query {
    this.#terms += 1
    if (this.#terms > maxFilterTerms) {
      throw invalidFilter(`The filter has more than ${maxFilterTerms} comparisons.`)
    }
    const operator = this.peek().kind === 'word' ? fold(this.peek().text) : ''
    if (operator === 'pr') {
      this.take()
      refuseResource(resolved)
      return { kind: 'present', attribute: toAttributeRef(resolved) }
    }
    if (!isComparison(operator)) return this.refuse('an operator')
    this.take()
    return this.#compare(resolved, operator)
  }

  #compare(resolved: ResolvedAttribute, operator: Comparison): Query {
    const token = this.peek()
    if (token.kind !== 'word' && token.kind !== 'string') return this.refuse('a value')
    this.take()
    const compared = comparedAttribute(resolved)
    if (compared === undefined) {
      throw invalidFilter(`${nameOf(resolved)} is complex: name one of its sub-attributes.`)
    }
    refuseSecret(compared)
    const attribute = toAttributeRef(compared)
    const value = comparisonValue(attribute, operator, token)
    if (value !== null) return { kind: 'compare', attribute, operator, value }
    const present: Query = { kind: 'present', attribute: toAttributeRef(resolved) }
    return operator === 'ne' ? present : { kind: 'not', term: present }
  }

  #isKeyword(word: string): boolean {
    return this.peek().kind === 'word' && fold(this.peek().text) === word
  }

  #takeKeyword(word: string): boolean {
    const found = this.#isKeyword(word)
    if (found) this.take()
    return found
  }

  #deeper(parse: () => Query): Query {
    this.#depth += 1
    if (this.#depth > maxFilterDepth) {
      throw invalidFilter(`The filter is nested more than ${maxFilterDepth} deep.`)
    }
    const query = parse()
    this.#depth -= 1
    return query
  }
}

function elementScope(parent: ResolvedAttribute, prefix: readonly string[]): FilterScope {
  return {
    nested: true,
    resolve: (text) => resolveSubAttribute(text, definitionOf(parent), prefix)
  }
}

/** RFC 7643 §2.2, §7: what is never returned cannot be found out by filtering either. */
function refuseSecret(resolved: ResolvedAttribute): void {
  const definition = definitionOf(resolved)
  if (definition?.returned === 'never' || definition?.mutability === 'writeOnly') {
    throw invalidFilter(`${definition.name} cannot be filtered by.`)
  }
}

/** The core URN alone stands for the resource, which is no attribute that could be there or not. */
function refuseResource(resolved: ResolvedAttribute): void {
  if (resolved.kind === 'resource') {
    throw invalidFilter('The URN of the resource itself needs the name of an attribute after it.')
  }
}

function nameOf({ path }: ResolvedAttribute): string {
  return excerpt(path.join('.'))
}

function refuseBrackets(parent: ResolvedAttribute): void {
  const definition = definitionOf(parent)
  const complex = definition === undefined || definition.type === 'complex'
  if (parent.kind !== 'attribute' || parent.subName !== undefined || !complex) {
    throw invalidFilter(`${nameOf(parent)} has no sub-attributes to filter by.`)
  }
}

/**
 * Parses a filter (RFC 7644 §3.4.2.2). Names, URNs and operators may be in any letter case.
 * Beyond the grammar it accepts what identity providers send: unquoted values, `"True"` against a
 * boolean, a complex attribute for its `value`, and a comparison after a value path.
 *
 * `eq null` becomes "not present". A name that is in no schema is no error: it has no value.
 *
 * @throws ScimError 400 `invalidFilter`
 */
export function parseFilter(text: string, type: ResourceType): Query {
  const parser = new FilterParser(text)
  const query = parser.expression({
    nested: false,
    resolve: (name) => resolveAttribute(name, type)
  })
  if (parser.peek().kind !== 'end') parser.refuse('"and", "or" or the end')
  return query
}
