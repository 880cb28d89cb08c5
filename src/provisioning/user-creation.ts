import { fold } from '../lib/text.ts'
import type { Dependencies } from './dependencies.ts'
import { BoxRefusedError, BoxUnavailableError, unlessTrouble } from './errors.ts'
import { isFromAttempt } from './interrupted.ts'
import { textOf, without } from './mapping/document.ts'
import { mapUser } from './mapping/user-mapping.ts'
import type { BoxUser, ScimDocument, UserRecord } from './model.ts'
import { loginSubject, userSubject, type JournalEntry } from './operations.ts'
import type { DirectoryTransaction } from './ports.ts'
import { newUserFields } from './new-fields.ts'
import { changeUser, newUser } from './records.ts'
import { creationRefused, loginMissing, loginTaken } from './refusals.ts'
import type { Trail } from './trail.ts'
import { createClaimUser, type ClaimParts, type ClaimRequest } from './user-claim.ts'
import { endInvite, isInvitation, type UserInvitation } from './user-invitation.ts'

/** How people come to be. */
export interface UserCreation {
  /** Creates, links or restores the person whom a POST describes. */
  create(document: ScimDocument, trail: Trail): Promise<UserRecord>
  /** Finds out what became of interrupted creations and invites of a login and records what Box shows. */
  look(login: string, trail: Trail): Promise<void>
}

/** What {@link createUserCreation} works with. */
export interface CreationParts extends ClaimParts {
  readonly invitation: UserInvitation
}

/** Creates {@link UserCreation}. */
export function createUserCreation(dependencies: Dependencies, parts: CreationParts): UserCreation {
  const { box, clock, directory, locks, runJournaled, settings } = dependencies
  const claim = createClaimUser(dependencies, parts)

  return {
    async create(document, trail) {
      const { fields, notes } = mapUser(document, settings.mapping)
      const { login } = fields
      if (login === undefined) throw loginMissing()
      trail.notes.push(...notes)
      const wanted = { document, login, trail }
      const userName = textOf(document, 'userName') ?? ''
      return locks.run(`username:${fold(userName)}`, () =>
        locks.run(loginSubject(login), async () => {
          const owner = await directory.users.findByAddress(login)
          await assertUserNameFree(userName, owner)
          return owner === undefined ? create(wanted) : claimOrCreate(owner, wanted)
        })
      )
    },

    async look(login, trail) {
      await locks.run(loginSubject(login), async () => {
        const interrupted = await settleInvites(login, trail)
        if (interrupted.length > 0) await settleCreation(login, interrupted, trail)
      })
    }
  }

  async function assertUserNameFree(
    userName: string,
    owner: UserRecord | undefined
  ): Promise<void> {
    const namesake = await directory.users.findByUserName(userName)
    if (namesake !== undefined && namesake.id !== owner?.id) throw loginTaken(userName, namesake)
  }

  /** Settles interrupted invites of the login; resolves to its interrupted creations. */
  async function settleInvites(login: string, trail: Trail): Promise<readonly JournalEntry[]> {
    const open = await directory.journal.openFor(loginSubject(login))
    await parts.invitation.settle(login, open, trail)
    return open.filter((entry) => !isInvitation(entry))
  }

  async function create(wanted: ClaimRequest): Promise<UserRecord> {
    const interrupted = await settleInvites(wanted.login, wanted.trail)
    if (interrupted.length > 0) {
      const found = await settleCreation(wanted.login, interrupted, wanted.trail)
      if (found !== undefined) return claimOrCreate(found, wanted)
    }
    try {
      return await createInBox(wanted)
    } catch (error) {
      if (isLoginTaken(error)) return claimFromBox(wanted, error, interrupted)
      if (error instanceof BoxUnavailableError && error.effect === 'unknown') {
        const open = await directory.journal.openFor(loginSubject(wanted.login))
        const look = settleCreation(wanted.login, open, wanted.trail, 'keep')
        const found = await unlessTrouble(look)
        if (found !== undefined) return claimOrCreate(found, wanted)
      }
      throw error
    }
  }

  async function createInBox({ document, trail }: ClaimRequest): Promise<UserRecord> {
    const isInactive = document['active'] === false
    // Box takes a notification e-mail in an update only ("Create user").
    const { notificationEmail, ...sent } = newUserFields(document, settings).fields
    const isAll = notificationEmail === undefined
    const shadow = without(document, ['active'])
    let record: UserRecord | undefined
    await runJournaled({
      operation: { kind: 'create-user', fields: sent },
      lane: 'client',
      trail,
      send: (call) => box.createUser(sent, call),
      settle: async (tx, snapshot) => {
        const facts = {
          linked: isAll,
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
      throw error instanceof BoxRefusedError && !isLoginTaken(error)
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
    const final = { linked: true, shadow }
    const work = { record, operations: [update], replaces: [], final }
    return locks.run(userSubject(record.id), () => parts.carryOut(work, trail))
  }

  /**
   * Looks up what became of interrupted creations of this login; `keep` leaves the entries open
   * where Box has nobody yet.
   */
  async function settleCreation(
    login: string,
    entries: readonly JournalEntry[],
    trail: Trail,
    otherwise: 'close' | 'keep' = 'close'
  ): Promise<UserRecord | undefined> {
    const found = await box.findUserByLogin(login, trail.call('client'))
    if (found === undefined && otherwise === 'keep') return undefined
    const isDone = found !== undefined
    const outcome = isDone ? 'found done' : 'found not done'
    trail.notes.push(`create-user ${outcome}`)
    return directory.transaction(async (tx) => {
      const ids = entries.map(({ id }) => id)
      await tx.updateJournal(ids, { state: isDone ? 'confirmed' : 'refused', outcome })
      return isDone ? recordSeen(tx, found, entries, trail) : undefined
    })
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
    const now = clock.now()
    const known = await tx.users.get(found.id)
    const createdByBridge = attempts.some((entry) => isFromAttempt(found.createdAt, entry))
    const record =
      known === undefined
        ? newUser(found, { createdByBridge }, settings, now)
        : changeUser(known, { snapshot: found }, settings, now)
    await tx.putUser(record)
    await endInvite(tx, found, { trail, now })
    return record
  }

  /**
   * Box knows the login and the directory does not: it came to Box behind the bridge's back, or by one
   * of the interrupted `attempts` that Box came round to after the look.
   */
  async function claimFromBox(
    wanted: ClaimRequest,
    cause: BoxRefusedError,
    attempts: readonly JournalEntry[]
  ): Promise<UserRecord> {
    const { login, trail } = wanted
    const found = await box.findUserByLogin(login, trail.call('client'))
    if (found === undefined) throw await parts.invitation.answer(wanted, cause)
    if (found.isPlatformAccessOnly) throw loginTaken(login, { id: found.id, tombstone: false })
    const record = await directory.transaction((tx) => recordSeen(tx, found, attempts, trail))
    const claimed = await claim(record, wanted)
    // It was there a moment ago: whatever took it away, the IdP's retry finds out.
    if (claimed === undefined) throw loginTaken(login, record)
    return claimed
  }

  async function claimOrCreate(owner: UserRecord, wanted: ClaimRequest): Promise<UserRecord> {
    return (await claim(owner, wanted)) ?? create(wanted)
  }
}

function isLoginTaken(error: unknown): error is BoxRefusedError {
  return error instanceof BoxRefusedError && error.status === 409
}
