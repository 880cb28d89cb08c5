import { createDryBox } from '../../dry-run/dry-box.ts'
import { createMemoryLog } from '../../dry-run/memory-log.ts'
import { loginUsed } from '../../dry-run/refused.ts'
import { createStillBox } from '../../dry-run/still-box.ts'
import type { Clock } from '../../lib/clock.ts'
import { createKeyedLock } from '../../lib/keyed-lock.ts'
import type { Logger } from '../../lib/logger.ts'
import { fold } from '../../lib/text.ts'
import type { BoxPort } from '../../provisioning/box-port.ts'
import type { DryWrite } from '../../provisioning/dry-run/writes.ts'
import { ProvisioningError } from '../../provisioning/errors.ts'
import { textOf } from '../../provisioning/mapping/document.ts'
import { mapUser } from '../../provisioning/mapping/user-mapping.ts'
import type { ScimDocument, UserRecord } from '../../provisioning/model.ts'
import type { Directory } from '../../provisioning/ports.ts'
import { userProtection } from '../../provisioning/protection.ts'
import { createProvisioning } from '../../provisioning/provisioning.ts'
import { noSignals } from '../../provisioning/signals.ts'
import type { ProvisioningSettings } from '../../provisioning/settings.ts'
import { parseResource } from '../../scim/protocol/resource.ts'
import { resourceTypes } from '../../scim/protocol/schemas.ts'
import type { FilePerson } from './people-file.ts'

/** What becomes of somebody whom an identity provider sends. */
export type Outcome =
  /** Has a Box user, which is taken over. */
  | 'linked'
  /** Was deleted in SCIM, and comes back with the same Box user. */
  | 'restored'
  | 'created'
  /** Was taken over before. */
  | 'unchanged'
  /** Is refused, or is not what the file takes the person for. */
  | 'conflict'

/** Somebody of the file, and what becomes of them. */
export interface PreviewedPerson {
  readonly line: number
  readonly login: string
  readonly externalId: string
  readonly name: string
  readonly outcome: Outcome
  /** The Box user that it is about; null where there is none. */
  readonly userId: string | null
  /** An error's code as in the audit, `duplicate` or `external_id_taken`; null where all is well. */
  readonly code: string | null
  /** Why it is a conflict, or what else is to be known; null where there is nothing to say. */
  readonly reason: string | null
  /** What would be written to Box. */
  readonly writes: readonly DryWrite[]
}

/** Somebody in Box whom the file does not have. */
export interface PersonInBoxOnly {
  readonly userId: string
  readonly login: string
  readonly name: string
  /** Whether SCIM has taken the person over. */
  readonly linked: boolean
  /** Whether provisioning may not change the person anyway. */
  readonly protected: boolean
}

/** What becomes of everybody in a file and in Box. */
export interface Preview {
  /** In the order of the file. */
  readonly people: readonly PreviewedPerson[]
  /** In the order of logins. */
  readonly inBoxOnly: readonly PersonInBoxOnly[]
}

/** What a preview works with. */
export interface PreviewParts {
  /** A scratch: everything is tried out on it. */
  readonly directory: Directory
  readonly settings: ProvisioningSettings
  readonly clock: Clock
  readonly log: Logger
}

/**
 * Tries out what a POST of each of these people would do, in order, on a scratch directory and in front
 * of a Box that only pretends: the decisions are those of provisioning itself.
 */
export async function previewPeople(
  people: readonly FilePerson[],
  parts: PreviewParts
): Promise<Preview> {
  const { directory, settings } = parts
  const before = await recordsOf(directory)
  const { create, writes } = await createTrial(before, parts)
  const holders = new Map(
    [...before.values()].flatMap((record) => {
      const externalId = textOf(record.resource, 'externalId')
      return externalId === undefined || record.tombstone ? [] : [[externalId, record] as const]
    })
  )
  const isMatchedById = settings.association === 'external_app_user_id'
  /** The lines on which people of Box and external ids were met. */
  const met = { users: new Map<string, number>(), externalIds: new Map<string, number>() }
  const found: PreviewedPerson[] = []
  for (const person of people) {
    const done = writes.length
    const verdict = withoutDoubt(person, await judge(person))
    const { line, login, externalId, name } = person
    const written = writes.slice(done).map(({ write }) => write)
    found.push({ line, login, externalId, name, ...verdict, writes: written })
    if (verdict.userId !== null) meet(met.users, verdict.userId, line)
    if (externalId !== '') meet(met.externalIds, externalId, line)
  }
  const inBoxOnly = [...before.values()]
    .filter((record) => !record.tombstone && !met.users.has(record.id))
    .map((record) => inBoxOnlyOf(record, settings))
    .toSorted((left, right) => (left.login < right.login ? -1 : 1))
  return { people: found, inBoxOnly }

  async function judge(person: FilePerson): Promise<Verdict> {
    let document: ScimDocument
    try {
      document = documentOf(person)
    } catch (error) {
      return refusedAs('invalid_value', messageOf(error), null)
    }
    try {
      const { id } = await create(document)
      meet(met.users, id, person.line)
      const known = before.get(id)
      if (known === undefined) return accepted('created', null)
      return accepted(known.tombstone ? 'restored' : 'linked', id)
    } catch (error) {
      if (!(error instanceof ProvisioningError)) throw error
      return explain(document, error)
    }
  }

  /** Somebody who was taken over before is refused by a POST, and found by a client that looks first. */
  async function explain(document: ScimDocument, error: ProvisioningError): Promise<Verdict> {
    const { owner, isMeant, isNamed } = await ownerOf(document)
    if (owner === undefined) {
      return duplicateOf(document, error) ?? refusedAs(error.code, error.message, null)
    }
    const line = met.users.get(owner.id)
    if (line !== undefined) {
      return refusedAs('duplicate', `It is the same Box user as on line ${line}.`, null)
    }
    const wasLinked = before.get(owner.id)?.linked === true && !owner.tombstone
    if (takenCodes.has(error.code) && isNamed && wasLinked) return accepted('unchanged', owner.id)
    return refusedAs(error.code, error.message, isMeant ? owner.id : null)
  }

  /** Whose names the POST came upon: by userName, login or alias, else by what ASSOCIATION says. */
  async function ownerOf(document: ScimDocument) {
    const userName = textOf(document, 'userName') ?? ''
    const { login = userName } = mapUser(document, settings.mapping).fields
    const { users } = directory
    const named = (await users.findByUserName(userName)) ?? (await users.findByAddress(login))
    const called = new Set([userName, login].map(fold))
    const isNamed = named !== undefined && addressesOf(named).some((own) => called.has(own))
    const owner = named ?? (isMatchedById ? holders.get(externalIdOf(document)) : undefined)
    return { owner, isNamed, isMeant: isNamed || named === undefined }
  }

  function duplicateOf(document: ScimDocument, { code }: ProvisioningError): Verdict | undefined {
    const line = met.externalIds.get(externalIdOf(document))
    if (code !== 'external_id_taken' || line === undefined) return undefined
    return refusedAs('duplicate', `Line ${line} has the same external id.`, null)
  }

  /** What no POST looks at: an external id that stands for two people is a mistake somewhere. */
  function withoutDoubt({ externalId }: FilePerson, verdict: Verdict): Verdict {
    if (externalId === '' || verdict.outcome === 'conflict') return verdict
    const line = met.externalIds.get(externalId)
    if (line !== undefined) {
      return refusedAs('duplicate', `Line ${line} has the same external id.`, verdict.userId)
    }
    const holder = holders.get(externalId)
    if (holder !== undefined && holder.id !== verdict.userId) {
      const { id, snapshot } = holder
      const reason = `The external id belongs to user ${id} (${snapshot.login}) already: one of the two is the wrong person, or the login has changed.`
      return refusedAs('external_id_taken', reason, verdict.userId)
    }
    const known = verdict.userId === null ? undefined : before.get(verdict.userId)
    const other = known?.linked === true ? textOf(known.resource, 'externalId') : undefined
    const isOther = other !== undefined && other !== externalId
    return isOther ? { ...verdict, reason: `The external id is ${other} so far.` } : verdict
  }
}

/** A POST is answered so for somebody who was taken over before. */
const takenCodes: ReadonlySet<string> = new Set(['login_taken', 'external_id_taken'])

/** The first line counts. */
function meet(lines: Map<string, number>, key: string, line: number): void {
  if (!lines.has(key)) lines.set(key, line)
}

function externalIdOf(document: ScimDocument): string {
  return textOf(document, 'externalId') ?? ''
}

type Verdict = Pick<PreviewedPerson, 'outcome' | 'userId' | 'code' | 'reason'>

/** What somebody is found by, but for aliases, folded. */
function addressesOf({ resource, snapshot }: UserRecord): readonly string[] {
  return [textOf(resource, 'userName') ?? snapshot.login, snapshot.login].map(fold)
}

function accepted(outcome: Outcome, userId: string | null): Verdict {
  return { outcome, userId, code: null, reason: null }
}

function refusedAs(code: string, reason: string, userId: string | null): Verdict {
  return { outcome: 'conflict', userId, code, reason }
}

function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message
  throw error
}

async function recordsOf({ users }: Directory): Promise<ReadonlyMap<string, UserRecord>> {
  const records = new Map<string, UserRecord>()
  for (let ids = await users.ids(''); ids.length > 0; ids = await users.ids(ids.at(-1) ?? '')) {
    for (const id of ids) {
      const record = await users.get(id)
      if (record !== undefined) records.set(id, record)
    }
  }
  return records
}

/** The use case of a POST, in front of the Box that the directory remembers. */
async function createTrial(
  before: ReadonlyMap<string, UserRecord>,
  { directory, settings, clock, log }: PreviewParts
) {
  const invites = await directory.invites.list()
  const people = [...before.values()].map(({ snapshot }) => snapshot)
  const reads = createStillBox(
    people,
    invites.flatMap(({ id, login, status }) => (id === undefined ? [] : [{ id, login, status }]))
  )
  const written = createMemoryLog()
  const dry = await createDryBox({ reads, log: written, clock })
  const outside = new Set(invites.map(({ login }) => fold(login)))
  const box: BoxPort = {
    ...dry,
    // Nobody is invited whose login is not outside the enterprise.
    createUser: async (fields, call) => {
      if (outside.has(fold(fields.login ?? ''))) throw loginUsed()
      return dry.createUser(fields, call)
    }
  }
  const { users } = createProvisioning(
    {
      directory,
      box,
      clock,
      log,
      settings: { ...settings, dryRun: true },
      mirror: { isCurrent: () => true },
      locks: createKeyedLock(),
      signals: noSignals,
      alerts: { raise() {} },
      assertImported() {}
    },
    () => {}
  )
  const context = () => {
    return { correlationId: 'preview', actor: 'preview', deadline: clock.now() + longestMs }
  }
  return {
    create: (document: ScimDocument) => users.create(document, context()),
    writes: written.entries
  }
}

/** Nothing waits for anything. */
const longestMs = 60_000

/** What the body of the POST would be, as far as the file tells. */
function documentOf(person: FilePerson): ScimDocument {
  const { login, externalId, name, givenName, familyName, email } = person
  const names = given({ givenName, familyName })
  const whole = name === '' ? [givenName, familyName].filter(Boolean).join(' ') : name
  const body = {
    schemas: [resourceTypes.User.core.id],
    active: true,
    ...given({ userName: login, externalId, displayName: whole }),
    ...(Object.keys(names).length > 0 ? { name: names } : {}),
    ...(email === '' ? {} : { emails: [{ value: email, type: 'work', primary: true }] })
  }
  return parseResource(resourceTypes.User, body).document
}

function given(texts: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== ''))
}

function inBoxOnlyOf(record: UserRecord, settings: ProvisioningSettings): PersonInBoxOnly {
  const { id, linked, snapshot } = record
  return {
    userId: id,
    login: snapshot.login,
    name: snapshot.name,
    linked,
    protected: userProtection(record, settings) !== undefined
  }
}
