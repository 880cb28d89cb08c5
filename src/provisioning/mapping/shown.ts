import type { JsonValue } from '../../lib/json.ts'
import type { ScimDocument } from '../model.ts'
import type { Scalar } from './box-fields.ts'
import { accept } from './box-fields.ts'
import { sameValue } from './compare.ts'
import type { FieldMapping, MappedValue } from './field-mapping.ts'
import { hasRoot, withoutRoots } from './roots.ts'
import { rootOf } from './path.ts'
import { boxGroupUrn, boxUserUrn } from './urns.ts'
import { writePath } from './write-path.ts'

/** A Box field as Box holds it; null and '' are nothing. */
type Held = Scalar | null | undefined

/** Tells whether Box holds what a document means; a field left out for Box agrees. */
export function agrees({ field }: FieldMapping, { value }: MappedValue, held: Held): boolean {
  return value === undefined || sameValue(field, value, held)
}

/**
 * Tells whether SCIM stops showing what it wrote where Box holds something else: then what it wrote is
 * not what it stands for any more.
 */
export function isShown({ name, roots, shows }: FieldMapping): boolean {
  return (
    shows.some(({ where }) => where !== 'absent') ||
    roots.some(([urn, inner]) => inner === name && (urn === boxUserUrn || urn === boxGroupUrn))
  )
}

/**
 * The document with a field as SCIM shows it: its own text where Box holds what it means, else what
 * Box holds. Extensions of Box are shown elsewhere.
 */
export function showField(
  document: ScimDocument,
  field: FieldMapping,
  shadow: ScimDocument,
  held: Held
): ScimDocument {
  if (field.shows.length === 0) return document
  const mapped = field.evaluate(shadow)
  const isKept = field.isWritten(shadow) && agrees(field, mapped, held)
  const rules = field.shows.filter(({ path, where }) => {
    const isWritten = hasRoot(shadow, rootOf(path))
    if (isKept) return where === 'always' && !isWritten
    return where !== 'absent' || !isWritten
  })
  const replaced = isKept
    ? []
    : rules.filter(({ path }) => !path.multiValued).map(({ path }) => rootOf(path))
  const element = mapped.source?.element
  return rules.reduce(
    (shown, { path, convert }) => {
      const value = held === undefined || held === null || held === '' ? undefined : convert(held)
      return writePath(shown, { path, value, element })
    },
    withoutRoots(document, replaced)
  )
}

/** What an attribute of a Box extension shows: what SCIM wrote while it means what Box holds. */
export function showOwn(
  { field }: FieldMapping,
  written: JsonValue | undefined,
  held: JsonValue
): JsonValue {
  if (typeof written === 'object' || written === undefined) return held
  const accepted = accept(field, written)
  return accepted !== undefined && sameValue(field, accepted.value, held) ? written : held
}
