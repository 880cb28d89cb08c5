import { fold } from '../../lib/text.ts'
import type { SearchRequest } from '../../provisioning/query.ts'
import {
  comparedAttribute,
  definitionOf,
  resolveAttribute,
  toAttributeRef
} from './attribute-path.ts'
import { ScimError } from './errors.ts'
import type { ResourceType } from './schemas.ts'

/** What a request may say about the order of its results (RFC 7644 §3.4.2.3). */
export interface SortParameters {
  /** An attribute path. */
  readonly sortBy?: unknown
  /** `ascending`, which is the default, or `descending`. */
  readonly sortOrder?: unknown
}

const orders: ReadonlyMap<string, 'ascending' | 'descending'> = new Map([
  ['ascending', 'ascending'],
  ['descending', 'descending']
])

/**
 * Reads `sortBy` and `sortOrder` (RFC 7644 §3.4.2.3). A complex attribute stands for its `value`.
 * Undefined where nothing is asked for, and where no resource can have a value to be sorted by: an
 * unknown name, a complex attribute without `value`, a secret. The order is then the usual one.
 *
 * @throws ScimError 400 `invalidValue` where one of them is no text, or the order is no order
 */
export function parseSort(type: ResourceType, parameters: SortParameters): SearchRequest['sort'] {
  const sortBy = textOf(parameters.sortBy, 'sortBy')
  if (sortBy === undefined) return undefined
  const order = orders.get(fold(textOf(parameters.sortOrder, 'sortOrder') ?? 'ascending'))
  if (order === undefined) {
    throw new ScimError(400, 'sortOrder must be ascending or descending.', 'invalidValue')
  }
  const resolved = resolveAttribute(sortBy, type)
  const compared = resolved && comparedAttribute(resolved)
  if (compared === undefined || isSecret(compared)) return undefined
  return { attribute: toAttributeRef(compared), descending: order === 'descending' }
}

/** RFC 7643 §2.2, §7: an order must not tell what is never returned. */
function isSecret(resolved: Parameters<typeof definitionOf>[0]): boolean {
  const definition = definitionOf(resolved)
  return definition?.returned === 'never' || definition?.mutability === 'writeOnly'
}

function textOf(value: unknown, name: string): string | undefined {
  const given: unknown = Array.isArray(value) ? value[0] : value
  if (given === undefined) return undefined
  if (typeof given !== 'string') throw new ScimError(400, `${name} must be a text.`, 'invalidValue')
  return given.trim() === '' ? undefined : given.trim()
}
