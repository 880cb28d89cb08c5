import type { EpochMs } from '../lib/clock.ts'
import { inTurns } from '../lib/turns.ts'
import {
  operatorActor,
  type AuditedOperation,
  type AuditErasure,
  type AuditRecord
} from './audit.ts'
import { allEntries } from './explain/entries.ts'
import { findPeople, idsCalled, namedAs } from './explain/find.ts'
import { userStory, type Named, type StorySubject } from './explain/subject.ts'
import { ProvisioningError } from './errors.ts'
import { isBoxId, type BoxUserId, type UserRecord } from './model.ts'
import { externalIdSubject, type BoxOperation, type JournalEntry } from './operations.ts'
import type { Directory } from './ports.ts'

/** What was erased, and where. */
export interface Erasure {
  /** The Box id, by which the audit still knows the person; undefined where none was known. */
  readonly id: string | undefined
  readonly auditEntries: number
  readonly journalEntries: number
  /** True where the directory keeps the Box account of the deleted person, as long as Box has it. */
  readonly isInBox: boolean
}

/** What stands in the place of what was erased. */
const erased = 'erased'

/** How many entries are changed in one transaction: a server on the same database waits for it. */
const batchSize = 100

/** A person who is to be forgotten, with every login that the audit knows. */
interface Leaver extends Required<Named> {
  readonly record: UserRecord | undefined
}

/**
 * Takes the data of somebody who has left out of audit and journal, and out of what the directory keeps of
 * a deleted person. Box ids stay: without them nobody could tell any more what was done. May be repeated.
 *
 * @throws ProvisioningError `not_found` where nothing is known of the person, where SCIM still shows the
 *   person, or where something about the person is still on its way.
 */
export async function erasePerson(
  directory: Directory,
  who: string,
  at: { readonly now: EpochMs; readonly correlationId: string }
): Promise<Erasure> {
  const leaver = await findLeaver(directory, who.trim())
  const subject = userStory(leaver)
  await assertNothingOpen(directory, subject, who)
  const entries = await allEntries(directory, subject.texts, subject.isIn)
  const settled = (await directory.journal.mentioning(subject.texts, 'settled')).filter(
    subject.awaits
  )
  if (leaver.record === undefined && entries.length + settled.length === 0) throw unknown(who)
  for await (const batch of inTurns(entries, batchSize)) {
    await directory.transaction(async (tx) => {
      for (const entry of batch) await tx.eraseFromAudit(entry.id, withoutPerson(entry, leaver))
    })
  }
  for await (const batch of inTurns(settled, batchSize)) {
    await directory.transaction(async (tx) => {
      for (const entry of batch) await tx.eraseFromJournal(entry.id, withoutFields(entry))
    })
  }
  const { id, record } = leaver
  const counts = { auditEntries: entries.length, journalEntries: settled.length }
  await directory.transaction(async (tx) => {
    const current = record && (await tx.users.get(record.id))
    // Who came back meanwhile is not hidden again.
    if (current?.tombstone === true) await tx.putUser(withoutShadow(current))
    await tx.audit({
      at: at.now,
      correlationId: at.correlationId,
      actor: operatorActor,
      action: 'audit.erase',
      target: `user:${id ?? erased}`,
      plan: [],
      calls: [],
      outcome: 'done',
      notes: [
        `entries of the audit: ${counts.auditEntries}, of the journal: ${counts.journalEntries}`
      ]
    })
  })
  return { id, ...counts, isInBox: record !== undefined }
}

async function findLeaver(directory: Directory, who: string): Promise<Leaver> {
  const { record, id } = await findOne(directory, who)
  if (record?.tombstone === false) {
    throw refusal(
      `${who} is still shown in SCIM: delete the person in the identity provider, or in Box, first.`
    )
  }
  const { names = [], externalIds = [] } = record === undefined ? {} : namedAs(record)
  const given = isBoxId(who) || externalIds.includes(who) ? [] : [who]
  const named = { id, externalIds, names: [...names, ...given] }
  return { id, record, ...(await everyName(directory, named)) }
}

/** Whom an id or a name means, in the directory or, once the person is gone from it, in the audit. */
async function findOne(directory: Directory, who: string): Promise<Pick<Leaver, 'id' | 'record'>> {
  const records = await findPeople(directory, who)
  const known = records.map((record) => record.id)
  const ids = isBoxId(who) && known.length === 0 ? [who as BoxUserId] : known
  const [id, ...others] = ids.length > 0 ? ids : await idsCalled(directory, who)
  if (others.length > 0) {
    const choices = [id, ...others].join(' or ')
    throw refusal(`${who} can mean several people: give the Box id of one, ${choices}.`)
  }
  return { id, record: id && (await directory.users.get(id)) }
}

/** A change of the login leaves the earlier one behind, in the entries about the person by id. */
async function everyName(
  directory: Directory,
  named: Required<Named>
): Promise<Pick<Leaver, 'names' | 'externalIds'>> {
  const subject = userStory(named)
  const logins = new Set(named.names)
  const externalIds = new Set(named.externalIds)
  for (const { plan, asked, target } of await allEntries(directory, subject.texts, subject.isIn)) {
    for (const { email, login, values = {} } of plan.filter(subject.concerns)) {
      note(logins, email, login, values['login'])
      note(externalIds, values['externalAppUserId'])
    }
    if (target !== `user:${named.id ?? ''}`) continue
    note(logins, asked?.values['userName'])
    note(externalIds, asked?.values['externalId'])
  }
  return { names: [...logins], externalIds: [...externalIds] }
}

async function assertNothingOpen(
  { journal }: Directory,
  { texts, awaits }: StorySubject,
  who: string
): Promise<void> {
  const open = (await journal.mentioning(texts, 'open')).filter(awaits)
  if (open.length === 0) return
  throw refusal(
    `Changes about ${who} are still on their way (${open.length}): box-scim explain shows them. ` +
      'Erase when they are done.'
  )
}

function note(texts: Set<string>, ...found: readonly unknown[]): void {
  for (const text of found) if (typeof text === 'string') texts.add(text)
}

function withoutPerson(entry: AuditRecord, leaver: Leaver): AuditErasure {
  const { target, asked, plan, notes } = entry
  const { id, names, externalIds } = leaver
  const subject = userStory(leaver)
  const isByExternalId = externalIds.map(externalIdSubject).includes(target)
  return {
    target: isByExternalId ? externalIdSubject(erased) : withoutNames(target, names, id),
    asked: asked && { ...asked, values: {} },
    plan: plan.map((operation) =>
      subject.concerns(operation) ? withoutValues(operation) : operation
    ),
    notes: notes.map((note) => withoutNames(note, names, id).replaceAll(/"[^"]*"/g, `"${erased}"`))
  }
}

function withoutValues({ values, email, login, ...rest }: AuditedOperation): AuditedOperation {
  return {
    ...rest,
    ...(values === undefined ? {} : { values: {} }),
    ...(email === undefined ? {} : { email: erased }),
    ...(login === undefined ? {} : { login: erased })
  }
}

/** Logins are compared without regard to case; the longest goes first, since one may begin another. */
function withoutNames(text: string, names: readonly string[], id: string | undefined): string {
  return names
    .toSorted((left, right) => right.length - left.length)
    .reduce((rest, name) => rest.replaceAll(anyCase(name), id ?? erased), text)
}

function anyCase(text: string): RegExp {
  return new RegExp(text.replaceAll(/[^\p{L}\p{N}]/gu, String.raw`\$&`), 'gi')
}

function withoutFields({
  subject,
  operation
}: JournalEntry): Pick<JournalEntry, 'subject' | 'operation'> {
  return {
    subject: subject.replace(/^(login|external-id):.*/s, `$1:${erased}`),
    operation: withoutData(operation)
  }
}

function withoutData(operation: BoxOperation): BoxOperation {
  if ('fields' in operation) return { ...operation, fields: {} }
  if ('login' in operation) return { ...operation, login: erased }
  return 'email' in operation ? { ...operation, email: erased } : operation
}

/**
 * The externalId stays: it alone tells the person from a namesake who is given the address while Box still
 * holds it.
 */
function withoutShadow(record: UserRecord): UserRecord {
  const externalId = record.resource['externalId']
  const kept = externalId === undefined ? {} : { externalId }
  return { ...record, shadow: kept, resource: { userName: record.snapshot.login, ...kept } }
}

function unknown(who: string): ProvisioningError {
  return refusal(`Nothing is known of ${who}, and nothing was done: give a login or a Box id.`)
}

function refusal(message: string): ProvisioningError {
  return new ProvisioningError('not_found', message)
}
