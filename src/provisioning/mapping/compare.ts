import { fold } from '../../lib/text.ts'
import type { BoxUserFields, TrackingCode } from '../model.ts'

/** Box shows an unlimited quota, which is set as -1, as a number of this size. */
const unlimitedSpace = 1_000_000_000_000_000

/** Tells whether two values of a Box user field mean the same to Box. */
export function sameField(field: keyof BoxUserFields, left: unknown, right: unknown): boolean {
  switch (field) {
    case 'login':
      return fold(String(left)) === fold(String(right))
    case 'spaceAmount':
      return left === right || (isUnlimited(left) && isUnlimited(right))
    case 'trackingCodes':
      return sameTrackingCodes(left, right)
    default:
      return asText(left) === asText(right)
  }
}

/** Tells whether every code on the left is on the right, with the same value. */
function sameTrackingCodes(left: unknown, right: unknown): boolean {
  const codes = new Map(
    (right as readonly TrackingCode[]).map(({ name, value }) => [name, value] as const)
  )
  return (left as readonly TrackingCode[]).every(({ name, value }) => codes.get(name) === value)
}

function isUnlimited(space: unknown): boolean {
  return typeof space === 'number' && (space === -1 || space >= unlimitedSpace)
}

/** Box trims texts and shows none as ''. */
function asText(value: unknown): unknown {
  if (value === null || value === undefined) return ''
  return typeof value === 'string' ? value.trim() : value
}
