import type { BoxUserFields, TrackingCode } from '../model.ts'
import { boxUserFields, type BoxField } from './box-fields.ts'

/** Tells whether two values of a Box field mean the same to Box. */
export function sameValue({ same }: BoxField, left: unknown, right: unknown): boolean {
  return same === undefined ? asText(left) === asText(right) : same(left, right)
}

/** Tells whether two values of a Box user field mean the same to Box. */
export function sameField(field: keyof BoxUserFields, left: unknown, right: unknown): boolean {
  return field === 'trackingCodes'
    ? sameTrackingCodes(left, right)
    : sameValue(boxUserFields[field], left, right)
}

/** Tells whether every code on the left is on the right, with the same value; none is ''. */
function sameTrackingCodes(left: unknown, right: unknown): boolean {
  const codes = new Map(
    (right as readonly TrackingCode[]).map(({ name, value }) => [name, value] as const)
  )
  return (left as readonly TrackingCode[]).every(
    ({ name, value }) => (codes.get(name) ?? '') === value
  )
}

/** Box trims texts and shows none as ''. */
function asText(value: unknown): unknown {
  if (value === null || value === undefined) return ''
  return typeof value === 'string' ? value.trim() : value
}
