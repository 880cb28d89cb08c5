import type { EpochMs } from '../lib/clock.ts'

const dateTimePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(Z|[+-]\d\d:\d\d)?$/i

/**
 * The point in time that an xsd:dateTime names (RFC 7643 §2.3.5), whatever its offset and number of
 * fraction digits; undefined where `text` is none. A text without an offset is read as UTC, so that
 * the machine's own time zone never decides what a filter selects.
 */
export function parseInstant(text: string): EpochMs | undefined {
  const match = dateTimePattern.exec(text)
  if (match === null) return undefined
  const instant = Date.parse((match[1] === undefined ? `${text}Z` : text).toUpperCase())
  return Number.isNaN(instant) ? undefined : instant
}
