import { runUnderAll } from '../lib/keyed-lock.ts'
import { fold } from '../lib/text.ts'
import type { Dependencies } from './dependencies.ts'
import { BoxRefusedError, BoxUnavailableError, unlessTrouble } from './errors.ts'
import { isFromAttempt } from './interrupted.ts'
import { textOf, without } from './mapping/document.ts'
import { mapUser } from './mapping/user-mapping.ts'
import { isActive } from './mapping/user-resource.ts'
import type { BoxUser, ScimDocument, UserRecord } from './model.ts'
import {
  externalIdSubject,
  isUserCreation,
  loginSubject,
  userSubject,
  type JournalEntry,
  type UserCreationOperation
} from './operations.ts'
import type { DirectoryTransaction } from './ports.ts'
import { newUserFields } from './new-fields.ts'
import { applicationOf } from './population.ts'
import { newUser } from './records.ts'
import { beingCreated, creationRefused, externalIdTaken, loginTaken } from './refusals.ts'
import { putSeen } from './user-seen.ts'
import type { Trail } from './trail.ts'
import {
  assertSamePerson,
  findCreated,
  readHandles,
  userNameLock,
  type UserAssociation
} from './user-association.ts'
import type { ClaimParts, ClaimRequest, UserClaims } from './user-claim.ts'
import { endInvite, type UserInvitation } from './user-invitation.ts'

/** How people come to be. */
export interface UserCreation {
  /** Creates, links or restores the person whom a POST describes. */
  create(document: ScimDocument, trail: Trail): Promise<UserRecord>
  /** Finds the person who signs in, or creates them: SCIM has yet to link who is new. */
  connect(document: ScimDocument, trail: Trail): Promise<Connected>
  /**
   * Finds out what became of interrupted creations and invites with this subject and records what Box
   * shows.
   */
  look(subject: string, trail: Trail): Promise<void>
}

/** Who was connected. */
export interface Connected {
  readonly record: UserRecord
  /** True for whom this very request created. */
  readonly created: boolean
}

/** What {@link createUserCreation} works with. */
export interface CreationParts extends ClaimParts {
  readonly association: UserAssociation
  readonly claims: UserClaims
  readonly invitation: UserInvitation
}

/**
 * How long Box may take to show somebody in a search, as far as anybody knows. Of a managed user Box
 * would refuse a second one; of an app user it makes two.
 */
const unseenMs = 120_000

/** Creates {@link UserCreation}. */
export function createUserCreation(dependencies: Dependencies, parts: CreationParts): UserCreation {
  const { box, clock, directory, locks, runJournaled, settings } = dependencies
  const { association, claims } = parts

  return {
    async create(document, trail) {
      const { record } = await begin({ document, trail, by: 'scim' })
      return record
    },

    connect: (document, trail) => begin({ document, trail, by: 'connect' }),

    async look(subject, trail) {
      await locks.run(subject, async () => {
        const interrupted = await settleInvites([subject], trail)
        if (interrupted.length > 0) await settleCreation(interrupted, { trail })
      })
    }
  }

  async function begin(
    request: Pick<ClaimRequest, 'document' | 'trail' | 'by'>
  ): Promise<Connected> {
    const { document, trail } = request
    const handles = readHandles(request, settings)
    const { notes } = mapUser(document, settings.mapping)
    const wanted = { ...request, ...handles }
    const userName = textOf(document, 'userName')
    const keys = [
      ...(userName === undefined ? [] : [userNameLock(userName)]),
      ...subjectsOf(wanted)
    ]
    return runUnderAll(locks, keys, async () => {
      const owner = await association.find(handles, trail)
      // Finding who signs in is reading: the audit has nothing to say.
      if (owner === undefined || wanted.by === 'scim') trail.notes.push(...notes)
      if (userName !== undefined && (owner === undefined || wanted.by === 'scim')) {
        await assertUserNameFree(userName, owner)
      }
      return owner === undefined ? create(wanted) : claimOrCreate(owner, wanted)
    })
  }

  async function openEntries(subjects: readonly string[]): Promise<readonly JournalEntry[]> {
    const open = await Promise.all(subjects.map((one) => directory.journal.openFor(one)))
    return open.flat()
  }

  async function openCreations(wanted: ClaimRequest): Promise<readonly JournalEntry[]> {
    return (await openEntries(subjectsOf(wanted))).filter(isCreation)
  }

  async function assertUserNameFree(
    userName: string,
    owner: UserRecord | undefined
  ): Promise<void> {
    const namesake = await directory.users.findByUserName(userName)
    if (namesake !== undefined && namesake.id !== owner?.id) throw loginTaken(userName, namesake)
  }

  /** Settles interrupted invites with these subjects; resolves to the interrupted creations. */
  async function settleInvites(
    subjects: readonly string[],
    trail: Trail
  ): Promise<readonly JournalEntry[]> {
    const open = await openEntries(subjects)
    for (const { operation } of open) {
      if (operation.kind === 'invite-user') {
        await parts.invitation.settle(operation.login, open, trail)
      }
    }
    return open.filter(isCreation)
  }

  async function create(wanted: ClaimRequest): Promise<Connected> {
    const interrupted = await settleInvites(subjectsOf(wanted), wanted.trail)
    if (interrupted.length > 0) {
      const found = await settleCreation(interrupted, wanted)
      if (found !== undefined) return claimAttempt(found, wanted)
      await assertSettled(wanted)
    }
    try {
      return { record: await createInBox(wanted), created: true }
    } catch (error) {
      if (isTaken(error)) return claimFromBox(wanted, error, interrupted)
      if (error instanceof BoxUnavailableError && error.effect === 'unknown') {
        const open = await openCreations(wanted)
        const look = settleCreation(open, wanted, 'keep')
        const found = await unlessTrouble(look)
        if (found !== undefined) return claimAttempt(found, wanted)
      }
      throw error
    }
  }

  /** Where Box may yet show what an interrupted attempt created, it is not tried again. */
  async function assertSettled(wanted: ClaimRequest): Promise<void> {
    const [open] = await openCreations(wanted)
    if (open === undefined) return
    throw beingCreated(Math.max(1, Math.ceil((open.notBefore - clock.now()) / 1000)))
  }

  async function createInBox(wanted: ClaimRequest): Promise<UserRecord> {
    const { document, trail } = wanted
    const isInactive = document['active'] === false
    const linked = wanted.by === 'scim'
    // Box takes a notification e-mail in an update only ("Create user").
    const { notificationEmail, ...sent } = newUserFields(document, settings).fields
    const isAll = notificationEmail === undefined
    const shadow = without(document, ['active'])
    const operation = creationOf(wanted, sent)
    let record: UserRecord | undefined
    await runJournaled({
      operation,
      lane: 'client',
      trail,
      send: (call) =>
        operation.kind === 'create-user'
          ? box.createUser(sent, call)
          : box.createAppUser(sent, call),
      settle: async (tx, snapshot) => {
        const facts = {
          linked: linked && isAll,
          createdByBridge: true,
          deactivatedByBridge: isInactive,
          shadow: isAll ? shadow : {}
        }
        const now = clock.now()
        record = newUser(snapshot, facts, settings, now)
        await tx.putUser(record)
        await endInvite(tx, snapshot, { trail, now })
        if (isAll) await tx.audit(trail.audit(userSubject(record.id), 'done', now))
      }
    }).catch((error: unknown) => {
      throw error instanceof BoxRefusedError && !isTaken(error)
        ? creationRefused(sent.login, error)
        : error
    })
    if (record === undefined) throw new TypeError('A settled creation left no record')
    if (isAll) return record
    const update = {
      kind: 'update-user',
      userId: record.id,
      fields: { notificationEmail }
    } as const
    const final = { linked, shadow }
    const work = { record, operations: [update], replaces: [], final }
    return locks.run(userSubject(record.id), () => parts.carryOut(work, trail))
  }

  /**
   * Looks up what became of interrupted creations; `keep` leaves the entries open where Box has nobody
   * yet, and so does one whose repetition could make a second account.
   */
  async function settleCreation(
    entries: readonly JournalEntry[],
    { login, trail }: { readonly login?: string | undefined; readonly trail: Trail },
    otherwise: 'close' | 'keep' = 'close'
  ): Promise<UserRecord | undefined> {
    const found = await findAttempt(entries, trail)
    if (found === undefined && otherwise === 'keep') return undefined
    const isDone = found !== undefined
    const outcome = isDone ? 'found done' : 'found not done'
    return directory.transaction(async (tx) => {
      const now = clock.now()
      const unseen = isDone ? [] : entries.filter((entry) => mayAppear(entry, login, now))
      for (const { id, sentAt = now } of unseen) {
        await tx.updateJournal([id], { notBefore: sentAt + unseenMs })
      }
      const ids = entries.filter((entry) => !unseen.includes(entry)).map(({ id }) => id)
      if (ids.length > 0) trail.notes.push(`create-user ${outcome}`)
      await tx.updateJournal(ids, { state: isDone ? 'confirmed' : 'refused', outcome })
      return isDone ? recordSeen(tx, found, entries, trail) : undefined
    })
  }

  /** A managed user is found by the login, which is unique in all of Box. */
  async function findAttempt(
    entries: readonly JournalEntry[],
    trail: Trail
  ): Promise<BoxUser | undefined> {
    const call = trail.call('client')
    const creations = entries.map(({ operation }) => operation).filter(isUserCreation)
    const fields = creations.map(({ fields }) => fields)
    const logins = new Set(fields.map(({ login }) => login).filter(isPresent))
    for (const login of logins) {
      const found = await box.findUserByLogin(login, call)
      if (found !== undefined) return found
    }
    if (logins.size > 0) return undefined
    const externalId = fields.map((one) => one.externalAppUserId).find(isPresent)
    return externalId === undefined ? undefined : findCreated(box, externalId, settings, call)
  }

  /**
   * Takes somebody whom Box has into the directory; one who is there keeps all but the snapshot.
   * Somebody created within the time of one of the attempts is ours.
   */
  async function recordSeen(
    tx: DirectoryTransaction,
    found: BoxUser,
    attempts: readonly JournalEntry[],
    trail: Trail
  ): Promise<UserRecord> {
    const createdByBridge = attempts.some((entry) => isFromAttempt(found.createdAt, entry))
    return putSeen(tx, found, { createdByBridge, settings, trail, now: clock.now() })
  }

  /**
   * Box knows the login, or the externalId, and the directory does not: it came to Box behind the
   * bridge's back, or by one of the interrupted `attempts` that Box came round to after the look.
   */
  async function claimFromBox(
    wanted: ClaimRequest,
    cause: BoxRefusedError,
    attempts: readonly JournalEntry[]
  ): Promise<Connected> {
    const { login, trail } = wanted
    const found =
      login === undefined ? undefined : await box.findUserByLogin(login, trail.call('client'))
    if (found === undefined) return claimByExternalId(wanted, cause)
    // Nobody signs in with the login of an application.
    if (found.isPlatformAccessOnly || applicationOf(found.login) !== undefined)
      throw loginTaken(found.login, { id: found.id, tombstone: false })
    const record = await directory.transaction((tx) => recordSeen(tx, found, attempts, trail))
    assertSamePerson(record, wanted)
    const claimed = await claims.claim(record, wanted)
    // It was there a moment ago: whatever took it away, the IdP's retry finds out.
    if (claimed === undefined) throw loginTaken(found.login, record)
    return { record: claimed, created: false }
  }

  /** Perhaps it is the externalId that Box wants to be unique; it answers a login differently. */
  async function claimByExternalId(
    wanted: ClaimRequest,
    cause: BoxRefusedError
  ): Promise<Connected> {
    const { document, externalId, login, trail } = wanted
    const sent = textOf(document, 'externalId')
    const isLogin = login !== undefined && (cause.code === loginTakenCode || sent === undefined)
    const record =
      isLogin || sent === undefined ? undefined : await association.findInBox(sent, trail)
    if (record === undefined && login !== undefined) {
      throw await parts.invitation.answer({ ...wanted, login }, cause)
    }
    if (record === undefined) throw cause
    const claimed = externalId === undefined ? undefined : await claims.claim(record, wanted)
    if (claimed === undefined) throw externalIdTaken(sent ?? '', record)
    return { record: claimed, created: false }
  }

  async function claimOrCreate(owner: UserRecord, wanted: ClaimRequest): Promise<Connected> {
    const record = await claims.claim(owner, wanted)
    return record === undefined ? create(wanted) : { record, created: false }
  }

  /**
   * Whom an attempt of ours created without anybody having been told is created by this request, but
   * for somebody who was created inactive: nobody comes to access by signing in.
   */
  async function claimAttempt(found: UserRecord, wanted: ClaimRequest): Promise<Connected> {
    assertSamePerson(found, wanted)
    const isUntold =
      found.createdByBridge && !found.linked && Object.keys(found.shadow).length === 0
    const isNew = isUntold && isActive(found, settings)
    const claimed = await (isNew ? claims.finish(found, wanted) : claims.claim(found, wanted))
    return claimed === undefined ? create(wanted) : { record: claimed, created: isNew }
  }
}

/** What a creation is journaled and locked under: whichever of the two another request comes with. */
function subjectsOf({ login, externalId }: ClaimRequest): readonly string[] {
  return [
    ...(externalId === undefined ? [] : [externalIdSubject(externalId)]),
    ...(login === undefined ? [] : [loginSubject(login)])
  ]
}

function creationOf(
  { login, externalId }: ClaimRequest,
  fields: UserCreationOperation['fields']
): UserCreationOperation {
  const kind = login === undefined ? 'create-app-user' : 'create-user'
  return { kind, fields, ...(externalId === undefined ? {} : { foundBy: 'externalId' }) }
}

/** Whom Box does not show yet could be made a second time, unless it is with the same login. */
function mayAppear(
  { operation, sentAt }: JournalEntry,
  login: string | undefined,
  now: number
): boolean {
  if (!isUserCreation(operation) || operation.foundBy !== 'externalId') return false
  const { login: sent } = operation.fields
  const isRefused = sent !== undefined && login !== undefined && fold(sent) === fold(login)
  return !isRefused && sentAt !== undefined && sentAt + unseenMs > now
}

function isCreation({ operation }: JournalEntry): boolean {
  return isUserCreation(operation)
}

/** Box's code for a login that is in use ("Create user"). */
const loginTakenCode = 'user_login_already_used'

function isTaken(error: unknown): error is BoxRefusedError {
  return error instanceof BoxRefusedError && error.status === 409
}

function isPresent(text: string | undefined): text is string {
  return text !== undefined
}
