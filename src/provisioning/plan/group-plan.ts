import { boxGroupFields, type BoxField, type MappedGroupField } from '../mapping/box-fields.ts'
import { mapGroup } from '../mapping/group-mapping.ts'
import type { Mapping } from '../mapping/mapping.ts'
import { nextShadow } from '../mapping/shadow.ts'
import type { BoxGroupFields, GroupRecord, ScimDocument } from '../model.ts'

/** What shall become of a group's attributes. */
export interface GroupPlan {
  /** The fields to change; undefined where Box holds everything already. */
  readonly fields: BoxGroupFields | undefined
  /** The shadow once Box has them. */
  readonly shadow: ScimDocument
  /** What could not be taken over as it is, for the audit. */
  readonly notes: readonly string[]
}

/** Plans the way from what Box holds to what SCIM shall show next: pure. */
export function planGroup(record: GroupRecord, next: ScimDocument, mapping: Mapping): GroupPlan {
  const { snapshot } = record
  const shadow = nextShadow(record.shadow, record.resource, next)
  const before = mapGroup(record.resource, mapping).fields
  const after = mapGroup(next, mapping)
  const changed = new Map<string, string>()
  for (const [name, { cleared }] of entries) {
    const value = after.fields[name] ?? (before[name] === undefined ? undefined : cleared)
    if (typeof value !== 'string' || value === snapshot[name]) continue
    // A group that is taken over gets the defaults that Box has nothing for.
    const isDue = !record.linked && name in after.defaults && snapshot[name] === ''
    if (isDue || value !== (before[name] ?? '')) changed.set(name, value)
  }
  const fields = changed.size === 0 ? undefined : Object.fromEntries(changed)
  return { fields, shadow, notes: after.notes }
}

const entries = Object.entries(boxGroupFields) as readonly [MappedGroupField, BoxField][]
