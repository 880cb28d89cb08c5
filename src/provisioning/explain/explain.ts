import type { EpochMs } from '../../lib/clock.ts'
import { fold } from '../../lib/text.ts'
import type { AuditRecord } from '../audit.ts'
import { ProvisioningError } from '../errors.ts'
import { isEnded, type Invite } from '../invites.ts'
import { isResourceId, type BoxGroupId, type BoxUserId } from '../model.ts'
import type { JournalEntry } from '../operations.ts'
import type { DirectoryReads } from '../ports.ts'
import { allEntries } from './entries.ts'
import { findSubjects, stateOf } from './find.ts'
import type { Names } from './operation-words.ts'
import { arrivalSubjects, type StorySubject } from './subject.ts'
import { tellStory, type Story } from './story.ts'

/**
 * Tells what happened to a person, a group or a request: `what` is a login, a userName, an externalId, the
 * name of a group, a Box id, `user:ID` or `group:ID`, or a correlation id.
 *
 * @throws ProvisioningError `not_found` where nothing is known of it, or where it means several.
 */
export async function explain(
  directory: DirectoryReads,
  what: string,
  now: EpochMs
): Promise<Story> {
  const found = await findSubjects(directory, what.trim())
  const told: {
    subject: StorySubject
    entries: readonly AuditRecord[]
    open: readonly JournalEntry[]
  }[] = []
  for (const { subject, isKnown } of found) {
    const entries = await entriesAbout(directory, subject)
    const open = await openAbout(directory, subject, entries)
    if (isKnown || entries.length > 0 || open.length > 0) told.push({ subject, entries, open })
  }
  const [only, ...others] = told
  if (only === undefined) throw unknown(what)
  if (others.length > 0)
    throw ambiguous(
      what,
      told.map(({ subject }) => subject)
    )
  const state = await stateOf(directory, only.subject)
  const names = await namesIn(directory, only)
  const invites = await invitesIn(directory, only)
  return tellStory({ ...only, state, names, invites, now })
}

/** Invites of the person, or of that request, that may still be accepted. */
async function invitesIn(
  { invites }: DirectoryReads,
  told: { readonly subject: StorySubject; readonly entries: readonly AuditRecord[] }
): Promise<readonly Invite[]> {
  if (told.subject.kind === 'group') return []
  const invited = told.entries.flatMap(({ plan }) => plan.flatMap(({ login }) => login ?? []))
  const logins = new Set([...told.subject.texts, ...invited].map(fold))
  return (await invites.list()).filter(
    (invite) => logins.has(fold(invite.login)) && !isEnded(invite)
  )
}

async function entriesAbout(
  directory: DirectoryReads,
  subject: StorySubject
): Promise<readonly AuditRecord[]> {
  const own = await allEntries(directory, subject.texts, subject.isIn)
  // The opening of a fuse is about nobody; the request that opened it is.
  const stopped = own.filter(({ outcome }) => outcome === 'fuse_open')
  if (stopped.length === 0 || subject.kind === 'request') return own
  const requests = new Set(stopped.map(({ correlationId }) => correlationId))
  const openings = await allEntries(
    directory,
    [...requests],
    ({ action, correlationId }) => action === 'fuse.open' && requests.has(correlationId)
  )
  return [...own, ...openings].toSorted((left, right) => left.id - right.id)
}

async function openAbout(
  { journal }: DirectoryReads,
  { kind, id, texts, awaits }: StorySubject,
  entries: readonly AuditRecord[]
): Promise<readonly JournalEntry[]> {
  const isUnknown = kind === 'user' && id === undefined
  // The arrival of somebody may be journaled under another name than the one that was asked for.
  const arrivals = new Set(
    isUnknown ? entries.flatMap(({ plan }) => plan.flatMap(arrivalSubjects)) : []
  )
  const open = await journal.mentioning([...texts, ...arrivals], 'open')
  return open.filter((entry) => awaits(entry) || arrivals.has(entry.subject))
}

/** What the people and groups are called that the story names. */
async function namesIn(
  { users, groups }: DirectoryReads,
  told: { readonly entries: readonly AuditRecord[]; readonly open: readonly JournalEntry[] }
): Promise<Names> {
  const operations = [
    ...told.entries.flatMap(({ plan }) => plan),
    ...told.open.map(({ operation }) => operation)
  ]
  const ids = (key: 'userId' | 'groupId') =>
    [
      ...new Set(
        operations.flatMap((operation) => (key in operation ? [valueOf(operation, key)] : []))
      )
    ].filter(isResourceId)
  const people = await users.snapshots(ids('userId') as BoxUserId[])
  const teams = await groups.snapshots(ids('groupId') as BoxGroupId[])
  return new Map([
    ...[...people].map(([id, { login }]): [string, string] => [`user:${id}`, login]),
    ...[...teams].map(([id, { name }]): [string, string] => [`group:${id}`, name])
  ])
}

function valueOf(operation: object, key: string): string {
  return String(new Map<string, unknown>(Object.entries(operation)).get(key))
}

function unknown(what: string): ProvisioningError {
  return new ProvisioningError(
    'not_found',
    `Nothing is known of ${what}: neither a person nor a group, nor anything in the audit. ` +
      'Give a login, the name of a group, a Box id, an externalId or a correlation id.'
  )
}

function ambiguous(what: string, subjects: readonly StorySubject[]): ProvisioningError {
  const choices = subjects.map(({ kind, id, title }) =>
    id === undefined ? title : `${kind}:${id} for ${title}`
  )
  return new ProvisioningError(
    'not_found',
    `${what} can mean several: say ${choices.join(', or ')}.`
  )
}
