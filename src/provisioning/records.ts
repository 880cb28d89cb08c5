import type { EpochMs } from '../lib/clock.ts'
import { isJsonObject, sameJson } from '../lib/json.ts'
import { without } from './mapping/document.ts'
import { showGroup } from './mapping/group-mapping.ts'
import { boxUserUrn } from './mapping/urns.ts'
import { showUser, volatileExtensionFields } from './mapping/user-resource.ts'
import type { BoxGroup, BoxUser, GroupRecord, ScimDocument, UserRecord } from './model.ts'
import type { ProvisioningSettings } from './settings.ts'

/** What of a person's record can change; the rest is computed from it. */
export type UserChanges = Partial<
  Pick<
    UserRecord,
    | 'linked'
    | 'tombstone'
    | 'createdByBridge'
    | 'shadow'
    | 'snapshot'
    | 'deactivatedByBridge'
    | 'externalIdRefused'
    | 'aliases'
  >
>

/** A record of somebody whom Box has and the directory does not know yet. */
export function newUser(
  snapshot: BoxUser,
  changes: UserChanges,
  settings: ProvisioningSettings,
  now: EpochMs
): UserRecord {
  const facts = {
    linked: false,
    tombstone: false,
    createdByBridge: false,
    shadow: {},
    deactivatedByBridge: false,
    externalIdRefused: false,
    aliases: [],
    ...changes,
    snapshot
  }
  return {
    ...facts,
    id: snapshot.id,
    resource: showUser(facts, settings),
    created: timeOf(snapshot.createdAt, now),
    lastModified: timeOf(snapshot.modifiedAt, now),
    revision: 1
  }
}

/**
 * The record with these changes and everything that follows from them. The revision moves on only
 * where SCIM shows something else; the space used and the avatar do not count.
 */
export function changeUser(
  record: UserRecord,
  changes: UserChanges,
  settings: ProvisioningSettings,
  now: EpochMs
): UserRecord {
  const changed = { ...record, ...changes }
  const resource = showUser(changed, settings)
  const isSame = sameJson(lasting(record.resource), lasting(resource))
  return isSame
    ? { ...changed, resource }
    : { ...changed, resource, lastModified: now, revision: record.revision + 1 }
}

function lasting(resource: ScimDocument): ScimDocument {
  const extension = resource[boxUserUrn]
  return isJsonObject(extension)
    ? { ...resource, [boxUserUrn]: without(extension, volatileExtensionFields) }
    : resource
}

/** What of a group's record can change; the rest is computed from it. */
export type GroupChanges = Partial<
  Pick<GroupRecord, 'linked' | 'tombstone' | 'createdByBridge' | 'shadow' | 'snapshot'>
>

/** A record of a group that Box has and the directory does not know yet. */
export function newGroup(
  snapshot: BoxGroup,
  changes: GroupChanges,
  { mapping }: Pick<ProvisioningSettings, 'mapping'>,
  now: EpochMs
): GroupRecord {
  const facts = { linked: false, tombstone: false, createdByBridge: false, shadow: {}, ...changes }
  return {
    ...facts,
    snapshot,
    id: snapshot.id,
    resource: showGroup(facts.shadow, snapshot, mapping),
    created: timeOf(snapshot.createdAt, now),
    lastModified: timeOf(snapshot.modifiedAt, now),
    revision: 1
  }
}

/** Like {@link changeUser}. */
export function changeGroup(
  record: GroupRecord,
  changes: GroupChanges,
  { mapping }: Pick<ProvisioningSettings, 'mapping'>,
  now: EpochMs
): GroupRecord {
  const changed = { ...record, ...changes }
  const resource = showGroup(changed.shadow, changed.snapshot, mapping)
  return sameJson(record.resource, resource)
    ? { ...changed, resource }
    : { ...changed, resource, lastModified: now, revision: record.revision + 1 }
}

function timeOf(text: string, otherwise: EpochMs): EpochMs {
  const time = Date.parse(text)
  return Number.isNaN(time) ? otherwise : time
}
