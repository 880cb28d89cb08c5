import type { EpochMs } from '../lib/clock.ts'

/** No zone of today changes its offset at any other moment than a whole quarter of an hour UTC. */
const QUARTER = 15 * 60_000

/**
 * Writes times as Box does: RFC 3339 without milliseconds, with the offset that `timeZone` has at
 * that time, daylight saving included
 * (https://developer.box.com/guides/api-calls/types-and-formats/).
 */
export function createTimestamps(timeZone: string): (at: EpochMs) => string {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
  // Asking Intl for every user of a large seed would be slow.
  let cached = { quarter: Number.NaN, offset: '+00:00' }

  const offsetAt = (at: EpochMs): string => {
    const quarter = Math.floor(at / QUARTER)
    if (cached.quarter !== quarter) {
      const zone = format.formatToParts(at).find((part) => part.type === 'timeZoneName')
      const offset = zone?.value.replace('GMT', '') ?? ''
      cached = { quarter, offset: offset === '' ? '+00:00' : offset }
    }
    return cached.offset
  }

  return (at) => {
    const offset = offsetAt(at)
    const sign = offset.startsWith('-') ? -1 : 1
    const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4, 6))
    const local = new Date(at + sign * minutes * 60_000)
    return `${local.toISOString().slice(0, 19)}${offset}`
  }
}
