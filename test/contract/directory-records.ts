import type { Invite } from '../../src/provisioning/invites.ts'
import type { JsonValue } from '../../src/lib/json.ts'
import type {
  BoxGroup,
  BoxGroupId,
  BoxMembershipId,
  BoxUser,
  BoxUserId,
  GroupRecord,
  MembershipRow,
  ScimDocument,
  UserRecord
} from '../../src/provisioning/model.ts'
import type { NewJournalEntry } from '../../src/provisioning/operations.ts'
import type { AttributeRef, SearchRequest } from '../../src/provisioning/query.ts'

/** A user id. */
export const userId = (id: number | string) => String(id) as BoxUserId

/** A group id. */
export const groupId = (id: number | string) => String(id) as BoxGroupId

function boxUser(id: string, login: string): BoxUser {
  return {
    id: userId(id),
    login,
    name: `Person ${id}`,
    status: 'active',
    role: 'user',
    language: 'en',
    timezone: 'Europe/Berlin',
    spaceAmount: -1,
    jobTitle: '',
    phone: '',
    address: '',
    externalAppUserId: '',
    trackingCodes: [{ name: 'cost centre', value: '7' }],
    notificationEmail: null,
    isSyncEnabled: true,
    canSeeManagedUsers: true,
    isExternalCollabRestricted: false,
    isExemptFromDeviceLimits: false,
    isExemptFromLoginVerification: false,
    spaceUsed: 1_234_567_890_123,
    maxUploadSize: 5_368_709_120,
    createdAt: '2026-01-02T03:04:05-08:00',
    modifiedAt: '',
    isPlatformAccessOnly: false,
    avatarUrl: '',
    hostname: '',
    enterpriseName: 'Example',
    myTags: []
  }
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** A person with the resource given. */
export function user(
  id: number | string,
  resource: ScimDocument = {},
  changes: Partial<UserRecord> = {}
): UserRecord {
  const userName = textOf(resource['userName']) ?? `user${id}@example.com`
  return {
    id: userId(id),
    linked: true,
    tombstone: false,
    createdByBridge: false,
    deactivatedByBridge: false,
    externalIdRefused: false,
    aliases: [],
    shadow: { userName },
    snapshot: boxUser(String(id), userName),
    resource: { userName, ...resource },
    created: 1_000 + Number(id),
    lastModified: 2_000 + Number(id),
    revision: 1,
    ...changes
  }
}

/** A group with the resource given. */
export function group(
  id: number | string,
  resource: ScimDocument = {},
  changes: Partial<GroupRecord> = {}
): GroupRecord {
  const displayName = textOf(resource['displayName']) ?? `Group ${id}`
  const snapshot: BoxGroup = {
    id: groupId(id),
    name: displayName,
    externalSyncIdentifier: '',
    description: '',
    provenance: '',
    invitabilityLevel: 'admins_and_members',
    memberViewabilityLevel: 'admins_only',
    groupType: 'managed_group',
    createdAt: '',
    modifiedAt: ''
  }
  return {
    id: groupId(id),
    linked: false,
    tombstone: false,
    createdByBridge: true,
    shadow: {},
    snapshot,
    resource: { displayName, ...resource },
    created: 1_000 + Number(id),
    lastModified: 2_000 + Number(id),
    revision: 1,
    ...changes
  }
}

/** A membership that is shown. */
export function membership(
  group: number | string,
  user: number | string,
  changes: Partial<MembershipRow> = {}
): MembershipRow {
  return {
    groupId: groupId(group),
    userId: userId(user),
    intended: true,
    boxId: `${group}${user}` as BoxMembershipId,
    role: 'member',
    ...changes
  }
}

/** A journal entry about to be written. */
export function newEntry(subject: string, changes: Partial<NewJournalEntry> = {}): NewJournalEntry {
  return {
    correlationId: 'c-1',
    subject,
    operation: { kind: 'add-alias', userId: userId(1), email: 'old@example.com' },
    state: 'decided',
    acknowledged: false,
    notBefore: 5_000,
    decidedAt: 5_000,
    sentAt: undefined,
    countedAt: undefined,
    heldAt: undefined,
    askedBy: undefined,
    ...changes
  }
}

/** An invite of which nobody knows whether it has arrived. */
export function invite(login: string, sentAt: number): Invite {
  return { login, id: undefined, status: 'unknown', sentAt, correlationId: 'c-1' }
}

/** A reference to an attribute; a text without regard to case where nothing else is said. */
export function attribute(path: string, changes: Partial<AttributeRef> = {}): AttributeRef {
  return { path: path.split('.'), type: 'string', caseExact: false, known: true, ...changes }
}

/** A search for everything. */
export function request(changes: Partial<SearchRequest> = {}): SearchRequest {
  return { startIndex: 1, count: 100, related: false, ...changes }
}
