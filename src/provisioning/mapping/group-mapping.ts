import type { JsonValue } from '../../lib/json.ts'
import type { BoxGroup, BoxGroupFields, ScimDocument } from '../model.ts'
import type { MappedGroupField } from './box-fields.ts'
import { complexOf } from './document.ts'
import type { FieldMapping } from './field-mapping.ts'
import type { Mapping } from './mapping.ts'
import { showField, showOwn } from './shown.ts'
import { boxGroupUrn } from './urns.ts'
import { assigned } from './user-resource.ts'

/** What a SCIM group means for Box. */
export interface MappedGroup {
  /** The fields that the document has something to say about. */
  readonly fields: BoxGroupFields
  /** Those of them that are defaults: the document itself says nothing. */
  readonly defaults: BoxGroupFields
  /** What could not be taken over as it is, for the audit. */
  readonly notes: readonly string[]
}

/** The attributes of the Box extension; each is named like its field. */
export const ownGroupAttributes = [
  'description',
  'provenance',
  'invitabilityLevel',
  'memberViewabilityLevel'
] as const satisfies readonly MappedGroupField[]

const owned: ReadonlySet<string> = new Set(ownGroupAttributes)

/** Maps a SCIM group to Box fields. */
export function mapGroup(document: ScimDocument, { group }: Mapping): MappedGroup {
  const fields = new Map<string, unknown>()
  const defaults = new Map<string, unknown>()
  const notes: string[] = []
  for (const { name, evaluate } of group) {
    const { value, source, note } = evaluate(document)
    if (value !== undefined) fields.set(name, value)
    if (source?.constant === true) defaults.set(name, value)
    if (note !== undefined) notes.push(note)
  }
  return {
    fields: Object.fromEntries(fields),
    defaults: Object.fromEntries(defaults),
    notes
  }
}

/** The SCIM group; `members` and `meta` are added when it is sent. */
export function showGroup(
  shadow: ScimDocument,
  snapshot: BoxGroup,
  { group }: Mapping
): ScimDocument {
  const heldOf = ({ name }: FieldMapping) => snapshot[name as MappedGroupField]
  const shown = group.reduce(
    (document, field) => showField(document, field, shadow, heldOf(field)),
    shadow
  )
  const written = complexOf(shadow, boxGroupUrn) ?? {}
  const extension: Record<string, JsonValue> = {}
  for (const name of ownGroupAttributes) extension[name] = snapshot[name]
  for (const field of group) {
    const { name } = field
    if (owned.has(name)) extension[name] = showOwn(field, written[name], heldOf(field))
  }
  return assigned({
    ...shown,
    displayName: shown['displayName'] ?? snapshot.name,
    [boxGroupUrn]: assigned({ ...complexOf(shown, boxGroupUrn), ...extension })
  })
}
