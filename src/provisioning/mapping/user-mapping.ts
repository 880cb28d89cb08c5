import type { BoxUserFields, ScimDocument, TrackingCode } from '../model.ts'
import { roleUnknown } from '../refusals.ts'
import type { FieldMapping, MappedValue } from './field-mapping.ts'
import type { Mapping } from './mapping.ts'
import { trackingCodesOf } from './tracking-codes.ts'

/** What a SCIM user means for Box. */
export interface MappedUser {
  /** The fields that the document has something to say about. */
  readonly fields: BoxUserFields
  /** What could not be taken over as it is, for the audit. */
  readonly notes: readonly string[]
}

/**
 * Maps a whole SCIM user to Box fields. `active` is no part of it: it is a status, see `plan/`.
 *
 * @throws ProvisioningError `role_not_allowed` for a value that the mapping file refuses
 */
export function mapUser(document: ScimDocument, mapping: Mapping): MappedUser {
  const fields = new Map<string, unknown>()
  const notes: string[] = []
  for (const field of mapping.user) {
    const mapped = field.evaluate(document)
    assertKnown(field, mapped)
    if (mapped.value !== undefined) fields.set(field.name, mapped.value)
    if (mapped.note !== undefined) notes.push(mapped.note)
  }
  const codes = mapCodes(document, mapping)
  if (codes.length > 0) fields.set('trackingCodes', codes)
  return { fields: Object.fromEntries(fields), notes }
}

/** The tracking codes of a document: those that the mapping feeds, and over them those it names itself. */
function mapCodes(document: ScimDocument, mapping: Mapping): readonly TrackingCode[] {
  const codes = new Map<string, string>()
  for (const { name, evaluate } of mapping.trackingCodes) {
    const { value } = evaluate(document)
    if (value !== undefined) codes.set(name, String(value))
  }
  for (const { name, value } of trackingCodesOf(document) ?? []) codes.set(name, value)
  return [...codes].map(([name, value]) => ({ name, value }))
}

/** Throws where a value that Box does not know is to refuse the request. */
export function assertKnown(field: FieldMapping, { unknown }: MappedValue): void {
  if (field.refusesUnknown && unknown !== undefined) throw roleUnknown(field.name, String(unknown))
}
