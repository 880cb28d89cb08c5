import type { JsonObject } from '../../lib/json.ts'
import type { BoxGroup, BoxGroupFields, ScimDocument } from '../model.ts'
import { complexOf, textOf } from './document.ts'
import { boxTextLimits, onOneLine, shorten } from './limits.ts'
import { boxGroupUrn } from './urns.ts'
import { assigned } from './user-resource.ts'

const extensionTexts = [
  'description',
  'provenance',
  'invitabilityLevel',
  'memberViewabilityLevel'
] as const

/** Maps a SCIM group to Box fields. */
export function mapGroup(document: ScimDocument): BoxGroupFields {
  const extension = complexOf(document, boxGroupUrn)
  const fields: Record<string, string | undefined> = {
    name: short(textOf(document, 'displayName'), boxTextLimits.groupName),
    externalSyncIdentifier: textOf(document, 'externalId')
  }
  for (const name of extensionTexts) {
    fields[name] = short(textOf(extension, name), boxTextLimits.groupText)
  }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

function short(text: string | undefined, limit: number): string | undefined {
  return text === undefined ? undefined : shorten(onOneLine(text, ' '), limit)
}

/** The SCIM group; `members` and `meta` are added when it is sent. */
export function showGroup(shadow: ScimDocument, snapshot: BoxGroup): ScimDocument {
  const mapped = mapGroup(shadow)
  const written: JsonObject = complexOf(shadow, boxGroupUrn) ?? {}
  const extension = Object.fromEntries(
    extensionTexts.map((name) => [
      name,
      mapped[name] === snapshot[name] ? (written[name] ?? '') : snapshot[name]
    ])
  )
  return assigned({
    ...shadow,
    externalId: shadow['externalId'] ?? snapshot.externalSyncIdentifier,
    displayName: mapped.name === snapshot.name ? (shadow['displayName'] ?? '') : snapshot.name,
    [boxGroupUrn]: assigned({ ...written, ...extension })
  })
}
