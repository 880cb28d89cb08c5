import { fold } from '../../lib/text.ts'
import type { AuditRecord } from '../audit.ts'
import {
  isResourceId,
  type BoxGroupId,
  type BoxUserId,
  type GroupRecord,
  type UserRecord
} from '../model.ts'
import type { DirectoryReads } from '../ports.ts'
import type { AttributeRef } from '../query.ts'
import { textOf } from '../mapping/document.ts'
import { externalIdSubject, loginSubject } from '../operations.ts'
import { allEntries } from './entries.ts'
import {
  arrivalSubjects,
  groupStory,
  requestStory,
  userStory,
  type Named,
  type StorySubject
} from './subject.ts'

/** Somebody or something that a text can mean. */
export interface Found {
  readonly subject: StorySubject
  /** True where the directory has it; else only the audit can tell. */
  readonly isKnown: boolean
}

const externalId: AttributeRef = {
  path: ['externalId'],
  type: 'string',
  caseExact: true,
  known: true
}

/** How many with one externalId are named. */
const mostNamesakes = 5

/** Everything that a text can mean. What the directory does not know may still be in the audit. */
export async function findSubjects(
  directory: DirectoryReads,
  what: string
): Promise<readonly Found[]> {
  const [, kind, text = what] = /^(user|group):(.+)$/.exec(what) ?? []
  const known = [
    ...(kind === 'group' ? [] : (await findPeople(directory, text)).map(knownUser)),
    ...(kind === 'user' ? [] : (await groupsNamed(directory, text)).map(knownGroup))
  ]
  if (known.length > 0) return known
  const named = isResourceId(text) ? { id: text, names: [] } : { id: undefined, names: [text] }
  return [
    ...(kind === 'group' ? [] : await peopleInAudit(directory, named)),
    ...(kind === 'user' ? [] : [{ subject: groupStory(named), isKnown: false }]),
    ...(kind === undefined ? [{ subject: requestStory(what), isKnown: false }] : [])
  ]
}

async function peopleInAudit(directory: DirectoryReads, named: Named): Promise<readonly Found[]> {
  const [text] = named.names
  const ids = text === undefined ? [] : await idsCalled(directory, text)
  if (ids.length === 0) return [{ subject: userStory(named), isKnown: false }]
  const records = await Promise.all(ids.map((id) => directory.users.get(id)))
  return records.map((record, index) =>
    record === undefined
      ? { subject: userStory({ ...named, id: ids[index] }), isKnown: false }
      : knownUser(record)
  )
}

/** The ids of those who were once called so, by login, userName or externalId, as the audit knows it. */
export async function idsCalled(
  directory: Pick<DirectoryReads, 'history'>,
  text: string
): Promise<readonly BoxUserId[]> {
  const subjects = new Set([loginSubject(text), externalIdSubject(text)])
  const isIt = (value: unknown) => typeof value === 'string' && fold(value) === fold(text)
  const tells = ({ outcome, asked, plan }: AuditRecord) =>
    outcome === 'done' &&
    (isIt(asked?.values['userName']) ||
      asked?.values['externalId'] === text ||
      plan.some(
        (one) =>
          arrivalSubjects(one).some((subject) => subjects.has(subject)) ||
          [one.email, one.values?.['login']].some(isIt)
      ))
  const entries = await allEntries(directory, [text], tells)
  const ids = entries.flatMap(({ target }) => /^user:(.+)$/.exec(target)?.[1] ?? [])
  return [...new Set(ids)].filter(isResourceId) as BoxUserId[]
}

/** The people whom an id, a login, an alias, a userName or an externalId means. */
export async function findPeople(
  { users }: DirectoryReads,
  text: string
): Promise<readonly UserRecord[]> {
  const found = [
    isResourceId(text) ? await users.get(text as BoxUserId) : undefined,
    await users.findByAddress(text),
    await users.findByUserName(text)
  ]
  const page = await users.search({ ...byExternalId(text) })
  for (const { id } of page.resources) found.push(await users.get(id as BoxUserId))
  return distinct(found)
}

async function groupsNamed(
  { groups }: DirectoryReads,
  text: string
): Promise<readonly GroupRecord[]> {
  const found = [
    isResourceId(text) ? await groups.get(text as BoxGroupId) : undefined,
    await groups.findByName(text)
  ]
  const page = await groups.search({ ...byExternalId(text) })
  for (const { id } of page.resources) found.push(await groups.get(id as BoxGroupId))
  return distinct(found)
}

function byExternalId(value: string) {
  const query = { kind: 'compare', attribute: externalId, operator: 'eq', value } as const
  return { query, related: false, startIndex: 1, count: mostNamesakes }
}

function distinct<Record extends { readonly id: string }>(
  found: readonly (Record | undefined)[]
): readonly Record[] {
  const byId = new Map(found.filter((one) => one !== undefined).map((one) => [one.id, one]))
  return [...byId.values()]
}

function knownUser(record: UserRecord): Found {
  return { subject: userStory(namedAs(record)), isKnown: true }
}

/** Everything that a person is called; a Box login first. */
export function namedAs({ id, snapshot, aliases, resource }: UserRecord): Required<Named> {
  const textsAt = (name: string) => [textOf(resource, name)].filter((text) => text !== undefined)
  return {
    id,
    names: [...new Set([snapshot.login, ...textsAt('userName'), ...aliases])],
    externalIds: textsAt('externalId')
  }
}

function knownGroup({ id, snapshot }: GroupRecord): Found {
  return { subject: groupStory({ id, names: [snapshot.name] }), isKnown: true }
}

/** How the directory has it now, in a sentence. */
export async function stateOf(
  { users, groups }: DirectoryReads,
  { kind, id = '' }: StorySubject
): Promise<string> {
  if (kind === 'request') return ''
  if (kind === 'group') {
    const group = await groups.get(id as BoxGroupId)
    return group === undefined ? notThere : `${placeOf(group)}.`
  }
  const user = await users.get(id as BoxUserId)
  return user === undefined ? notThere : `${placeOf(user)}; Box status ${user.snapshot.status}.`
}

const notThere = 'The directory does not have it.'

function placeOf({ linked, tombstone }: UserRecord | GroupRecord): string {
  if (tombstone) return 'Deleted in SCIM and kept in Box'
  return linked ? 'Linked: SCIM writes it' : 'Known from Box only: SCIM has never written it'
}
