import { sameJson } from '../../lib/json.ts'
import type { BoxGroup, BoxUser, TrackingCode } from '../model.ts'

/**
 * What of a difference that the bridge did not make can be restored: attributes of a person, whether a
 * person can use Box, attributes of a group, memberships.
 */
export const driftClasses = ['users', 'access', 'groups', 'memberships'] as const

/** One of them. */
export type DriftClass = (typeof driftClasses)[number]

/** How differences are counted and named in the audit: `drift.` and one of these. */
export const driftKinds = [...driftClasses, 'created', 'deleted'] as const

/** One of them. */
export type DriftKind = (typeof driftKinds)[number]

/** What Box changes by itself, or with every change: no difference of its own. */
const volatileUserFields: ReadonlySet<string> = new Set(['modifiedAt', 'spaceUsed', 'avatarUrl'])

/** The fields in which two snapshots of a person differ, by name. */
export function changedUserFields(before: BoxUser, after: BoxUser): readonly (keyof BoxUser)[] {
  const names = Object.keys(after) as (keyof BoxUser)[]
  return names.filter((name) => {
    if (volatileUserFields.has(name)) return false
    if (name === 'trackingCodes') return !sameCodes(before[name], after[name])
    return !sameJson(before[name], after[name])
  })
}

/** The fields in which two snapshots of a group differ, by name. */
export function changedGroupFields(before: BoxGroup, after: BoxGroup): readonly (keyof BoxGroup)[] {
  const names = Object.keys(after) as (keyof BoxGroup)[]
  return names.filter((name) => name !== 'modifiedAt' && before[name] !== after[name])
}

function sameCodes(before: readonly TrackingCode[], after: readonly TrackingCode[]): boolean {
  return sameJson(inOrder(before), inOrder(after))
}

/** Their order means nothing. */
function inOrder(codes: readonly TrackingCode[]): readonly string[] {
  return codes.map(({ name, value }) => JSON.stringify([name, value])).toSorted()
}
