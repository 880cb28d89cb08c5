import { badPaging } from './refusal.ts'

/** How many entries a page has unasked, and at most. */
const USUAL_LIMITS = { usual: 100, max: 1000 }

/** The API reference refuses larger offsets. */
const MAX_OFFSET = 10_000

/** Reads `limit`: 100 if absent, at most 1,000, or as `limits` says. Throws 400 `invalid_limit`. */
export function readLimit(query: URLSearchParams, limits = USUAL_LIMITS): number {
  const given = query.get('limit')
  if (given === null) return limits.usual
  if (!/^\d+$/.test(given) || Number(given) === 0) throw badPaging('limit', given)
  return Math.min(Number(given), limits.max)
}

/** Reads `offset`: 0 if absent. Throws 400 `invalid_offset`, above 10,000 as well. */
function readOffset(query: URLSearchParams): number {
  const given = query.get('offset')
  if (given === null) return 0
  if (!/^\d+$/.test(given) || Number(given) > MAX_OFFSET) throw badPaging('offset', given)
  return Number(given)
}

/** A page by offset (https://developer.box.com/guides/api-calls/pagination/offset-based/). */
export interface OffsetPage<Entry> {
  readonly total_count: number
  readonly entries: readonly Entry[]
  readonly limit: number
  readonly offset: number
}

/** Cuts the page that `query` asks for out of `all` and shows its entries with `show`. */
export function offsetPage<Row, Entry>(
  all: readonly Row[],
  query: URLSearchParams,
  show: (row: Row) => Entry
): OffsetPage<Entry> {
  const limit = readLimit(query)
  const offset = readOffset(query)
  return {
    total_count: all.length,
    entries: all.slice(offset, offset + limit).map(show),
    limit,
    offset
  }
}
