/**
 * What a search asks for, without SCIM syntax and without SQL: the protocol layer builds it from a
 * filter (RFC 7644 §3.4.2.2) and the store compiles it.
 */
export type Query =
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Query[] }
  | { readonly kind: 'not'; readonly term: Query }
  /** The attribute has a value; '', [] and {} count as none. */
  | { readonly kind: 'present'; readonly attribute: AttributeRef }
  /** Some value of the attribute compares as asked; `ne` also holds where there is no value. */
  | {
      readonly kind: 'compare'
      readonly attribute: AttributeRef
      readonly operator: Comparison
      readonly value: Literal
    }
  /** Some single element of the multi-valued attribute satisfies `where`, whose paths start at the element. */
  | { readonly kind: 'element'; readonly attribute: AttributeRef; readonly where: Query }

/** The comparison operators of RFC 7644 §3.4.2.2. */
export type Comparison = 'eq' | 'ne' | 'co' | 'sw' | 'ew' | 'gt' | 'ge' | 'lt' | 'le'

/** A comparison value. */
export type Literal = string | number | boolean | null

/** How an attribute's values compare. `unknown`: not in any schema, compare by the literal's type. */
export type AttributeType =
  | 'string'
  | 'boolean'
  | 'integer'
  | 'decimal'
  | 'dateTime'
  | 'reference'
  | 'binary'
  | 'complex'
  | 'unknown'

/** An attribute of a resource, or of an element of a multi-valued attribute. */
export interface AttributeRef {
  /**
   * The keys to follow in the resource's JSON, in the schema's letter case: an extension's URN, the
   * attribute, its sub-attribute. A multi-valued step matches any of its elements. `meta.*`,
   * `members.*` and `groups.*` name what the store keeps outside the JSON.
   */
  readonly path: readonly string[]
  readonly type: AttributeType
  /** False: values compare by their folded form. */
  readonly caseExact: boolean
  /** False: not in any schema; the keys match in any letter case. */
  readonly known: boolean
}

/** A page of a search (RFC 7644 §3.4.2.4), already normalised. */
export interface SearchRequest {
  /** Absent: everything visible. */
  readonly query?: Query
  readonly sort?: { readonly attribute: AttributeRef; readonly descending: boolean }
  /** 1-based; at least 1. */
  readonly startIndex: number
  /** At least 0. */
  readonly count: number
  /** Whether `members` or `groups` shall be read too. */
  readonly related: boolean
}

/** One page and the number of all matches. Ordered by creation, then id, where nothing else is asked. */
export interface SearchPage<Resource> {
  readonly total: number
  readonly resources: readonly Resource[]
}
