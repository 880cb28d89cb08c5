import type { ScimDocument, TrackingCode } from '../model.ts'
import { complexOf, elementsOf, textOf } from './document.ts'
import { boxUserUrn } from './urns.ts'

/** The tracking codes that a document's Box extension names; undefined where it names none. */
export function trackingCodesOf(document: ScimDocument): readonly TrackingCode[] | undefined {
  const extension = complexOf(document, boxUserUrn)
  const codes = elementsOf(extension ?? {}, 'trackingCodes').flatMap((code) => {
    const name = textOf(code, 'name')
    return name === undefined ? [] : [{ name, value: textOf(code, 'value') ?? '' }]
  })
  return codes.length === 0 ? undefined : codes
}

/**
 * The list to send, since Box replaces the whole one: what Box has, with these codes changed. A code
 * without a value is taken off the list; the others stay as they are.
 */
export function mergeCodes(
  box: readonly TrackingCode[],
  changes: readonly TrackingCode[]
): readonly TrackingCode[] {
  const merged = new Map(box.map(({ name, value }) => [name, value] as const))
  for (const { name, value } of changes) {
    if (value === '') merged.delete(name)
    else merged.set(name, value)
  }
  return [...merged].map(([name, value]) => ({ name, value }))
}
