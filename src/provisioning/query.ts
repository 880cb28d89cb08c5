import type { EpochMs } from '../lib/clock.ts'

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

/** What is asked of one kind of resource. */
export interface ResourceSearch {
  /** Absent: everything visible. */
  readonly query?: Query
  readonly sort?: { readonly attribute: AttributeRef; readonly descending: boolean }
  /** Whether `members` or `groups` shall be read too. */
  readonly related: boolean
}

/** Which page of the results is asked for, already normalised. */
export interface PageRequest {
  /** 1-based; at least 1. Without meaning where there is a `cursor` (RFC 7644 §3.4.2.4). */
  readonly startIndex: number
  /** At least 0. */
  readonly count: number
  /** Pages by cursor (RFC 9865): the page begins behind `after`, or at the beginning. */
  readonly cursor?: { readonly after?: SearchPosition | undefined } | undefined
}

/** A page of a search of one kind of resource. */
export interface SearchRequest extends ResourceSearch, PageRequest {}

/** A page of people and groups together (RFC 7644 §3.4.2.1), each found in its own way. */
export interface MixedSearchRequest extends PageRequest {
  readonly users: ResourceSearch
  readonly groups: ResourceSearch
}

/** The name of a kind of resource (RFC 7643 §6). */
export type ResourceTypeName = 'User' | 'Group'

/**
 * A place in the order of results: that of one resource, which need not be there any more. What is
 * created or deleted meanwhile moves nobody from one side of it to the other.
 */
export interface SearchPosition {
  /** What the resource was sorted by; null where it had no value or nothing is sorted. */
  readonly key: string | number | null
  /** Only in a search of people and groups. */
  readonly resourceType?: ResourceTypeName | undefined
  readonly created: EpochMs
  readonly id: string
}

/**
 * One page and the number of all matches. Ordered by creation, then id, where nothing else is asked;
 * people come before groups.
 */
export interface SearchPage<Resource> {
  readonly total: number
  readonly resources: readonly Resource[]
  /** Where the next page begins, if pages by cursor are asked for and this is not the last. */
  readonly next?: SearchPosition | undefined
}
