import { createHmac, timingSafeEqual } from 'node:crypto'
import type { EpochMs, Milliseconds } from '../../lib/clock.ts'
import type { SearchPosition } from '../../provisioning/query.ts'
import { ScimError } from './errors.ts'

/** What a cursor belongs to: it leads on in the same search only (RFC 9865 §2). */
export interface CursorScope {
  /** The resource type or types, filter and order, as they were asked for. */
  readonly search: string
  readonly count: number
}

/** Makes cursors and reads them back. */
export interface Cursors {
  /** The cursor of the page that begins behind `position`. */
  write(position: SearchPosition, scope: CursorScope): string
  /**
   * The position that a cursor stands for; undefined for '', the first page.
   *
   * @throws ScimError 400 `invalidCursor`, `expiredCursor` or, where the count differs, `invalidCount`
   */
  read(cursor: string, scope: CursorScope): SearchPosition | undefined
}

type Payload = readonly [
  count: number,
  expires: EpochMs,
  key: SearchPosition['key'],
  resourceType: SearchPosition['resourceType'] | null,
  created: EpochMs,
  id: string
]

/** Bytes of the HMAC that a cursor carries. */
const macBytes = 16

/**
 * Cursors that nobody else can make: a position in the order of results and an HMAC over it and over
 * the search it belongs to. Nothing is kept for them, so that they survive a restart; they have
 * unreserved characters only (RFC 3986 §2.3).
 */
export function createCursors(options: {
  readonly secret: string
  readonly now: () => EpochMs
  readonly timeoutMs: Milliseconds
}): Cursors {
  const { secret, now, timeoutMs } = options
  const macOf = (payload: string, { search }: CursorScope) =>
    createHmac('sha256', secret).update(`${payload}\n${search}`).digest().subarray(0, macBytes)

  return {
    write({ key, resourceType, created, id }, scope) {
      const facts: Payload = [
        scope.count,
        now() + timeoutMs,
        key,
        resourceType ?? null,
        created,
        id
      ]
      const payload = Buffer.from(JSON.stringify(facts)).toString('base64url')
      return `${payload}.${macOf(payload, scope).toString('base64url')}`
    },

    read(cursor, scope) {
      if (cursor === '') return undefined
      const [payload = '', mac = ''] = cursor.split('.')
      const given = Buffer.from(mac, 'base64url')
      const isOurs = given.length === macBytes && timingSafeEqual(given, macOf(payload, scope))
      if (!isOurs || cursor.split('.').length !== 2) {
        throw new ScimError(
          400,
          'The cursor is none of this search: begin with an empty cursor.',
          'invalidCursor'
        )
      }
      return positionIn(payload, scope)
    }
  }

  function positionIn(payload: string, scope: CursorScope): SearchPosition {
    const text = Buffer.from(payload, 'base64url').toString()
    const [count, expires, key, resourceType, created, id] = JSON.parse(text) as Payload
    if (expires < now()) {
      throw new ScimError(
        400,
        'The cursor has expired: begin again with an empty cursor.',
        'expiredCursor'
      )
    }
    if (count !== scope.count) {
      throw new ScimError(
        400,
        `The pages of this cursor have a count of ${count}, which must not change.`,
        'invalidCount'
      )
    }
    return { key, created, id, ...(resourceType === null ? {} : { resourceType }) }
  }
}
