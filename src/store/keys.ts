import type { Query } from '../provisioning/query.ts'
import { keyValue } from './resource-scope.ts'
import type { ResourceKind } from './resource-scope.ts'

/** A value that an index leads from. */
export interface Key {
  readonly column: string
  readonly literal: string
}

/** The key that a query asks for and nothing else; undefined for any other query. */
export function keyOf(kind: ResourceKind, query: Query | undefined): Key | undefined {
  if (query?.kind !== 'compare' || query.operator !== 'eq') return undefined
  const { attribute, value } = query
  return typeof value === 'string' ? keyValue(kind, attribute, value) : undefined
}

/** Tells whether indexes lead to everything that a query selects, so that little else is read. */
export function isIndexed(kind: ResourceKind, query: Query | undefined): boolean {
  switch (query?.kind) {
    case 'and':
      return query.terms.some((term) => isIndexed(kind, term))
    case 'or':
      return query.terms.every((term) => isIndexed(kind, term))
    case 'compare':
      return keyOf(kind, query) !== undefined || asksForOneMember(kind, query)
    default:
      return false
  }
}

/** A person is in few groups, but a group may have everybody in it. */
function asksForOneMember(kind: ResourceKind, query: Query & { kind: 'compare' }): boolean {
  const { attribute, operator, value } = query
  const [name, part = 'value', ...rest] = attribute.path
  const isMember = attribute.known && name === 'members' && part === 'value' && rest.length === 0
  return isMember && kind.relation.attribute === name && operator === 'eq' && value !== null
}
