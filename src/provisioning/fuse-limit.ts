import type { Milliseconds } from '../lib/clock.ts'

/** The fuses: one counts people who lose access, the other memberships. */
export const fuseNames = ['people', 'memberships'] as const

/** What a fuse watches over. */
export type FuseName = (typeof fuseNames)[number]

/** How many removals a fuse lets pass within a window: the larger of a number and a share. */
export interface FuseLimit {
  readonly most: number
  /** Of the linked people who are active, or of all memberships. */
  readonly percent: number
  readonly windowMs: Milliseconds
}

/** The largest whole number of removals that the limit allows where `base` things can be removed. */
export function removalsAllowed({ most, percent }: FuseLimit, base: number): number {
  // A share such as 0.57 % has no exact form in binary: a whole result must not end up below itself.
  return Math.max(most, Math.floor((base * percent) / 100 + 1e-9))
}
