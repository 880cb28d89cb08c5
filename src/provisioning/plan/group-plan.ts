import { mapGroup } from '../mapping/group-mapping.ts'
import { nextShadow } from '../mapping/shadow.ts'
import type { BoxGroupFields, GroupRecord, ScimDocument } from '../model.ts'

/** What shall become of a group's attributes. */
export interface GroupPlan {
  /** The fields to change; undefined where Box holds everything already. */
  readonly fields: BoxGroupFields | undefined
  /** The shadow once Box has them. */
  readonly shadow: ScimDocument
}

/** Fields that Box can be asked to forget. */
const clearable = ['externalSyncIdentifier', 'description'] as const

/** Plans the way from what Box holds to what SCIM shall show next: pure. */
export function planGroup(record: GroupRecord, next: ScimDocument): GroupPlan {
  const { snapshot } = record
  const shadow = nextShadow(record.shadow, record.resource, next)
  const before = mapGroup(record.resource)
  const after = mapGroup(next)
  const changed = new Map<string, string>()
  for (const [name, value] of Object.entries(after) as [keyof BoxGroupFields, string][]) {
    if (value !== before[name] && value !== snapshot[name]) changed.set(name, value)
  }
  for (const name of clearable) {
    if (after[name] === undefined && before[name] !== undefined && snapshot[name] !== '') {
      changed.set(name, '')
    }
  }
  return { fields: changed.size === 0 ? undefined : Object.fromEntries(changed), shadow }
}
