import { fold } from '../lib/text.ts'
import type { CarryOutUserWork } from './carry-out.ts'
import type { Dependencies } from './dependencies.ts'
import { BoxRefusedError, BoxUnavailableError, ProvisioningError } from './errors.ts'
import { textOf, without } from './mapping/document.ts'
import { assertProvisionableRole } from './mapping/roles.ts'
import { mapUser } from './mapping/user-mapping.ts'
import { isFromAttempt } from './interrupted.ts'
import type { Memberships } from './memberships.ts'
import type { BoxUser, BoxUserFields, ScimDocument, UserRecord } from './model.ts'
import { loginSubject, userSubject, type JournalEntry } from './operations.ts'
import { isProtected, planUser } from './plan/user-plan.ts'
import type { DirectoryTransaction } from './ports.ts'
import { changeUser, newUser } from './records.ts'
import type { Trail } from './trail.ts'
import type { UserOperation } from './user-operations.ts'
import type { SettleUser } from './user-settlement.ts'

/** How people come to be. */
export interface UserCreation {
  /** Creates, links or restores the person whom a POST describes. */
  create(document: ScimDocument, trail: Trail): Promise<UserRecord>
  /** Finds out what became of interrupted creations of a login and records what Box shows. */
  look(login: string, trail: Trail): Promise<void>
}

interface Wanted {
  readonly document: ScimDocument
  readonly login: string
  readonly fields: BoxUserFields
  readonly trail: Trail
}

/** Creates {@link UserCreation}. */
export function createUserCreation(
  dependencies: Dependencies,
  parts: {
    readonly settle: SettleUser
    readonly carryOut: CarryOutUserWork
    readonly memberships: Memberships
  }
): UserCreation {
  const { box, clock, directory, locks, mirror, runJournaled, settings } = dependencies

  return {
    async create(document, trail) {
      const { fields, notes } = mapUser(document, settings)
      const { login } = fields
      if (login === undefined) throw loginMissing()
      trail.notes.push(...notes)
      const wanted = { document, login, fields, trail }
      return locks.run(loginSubject(login), async () => {
        const owner = await directory.users.findByAddress(login)
        await assertUserNameFree(document, owner)
        return owner === undefined ? create(wanted) : claimLocked(owner, wanted)
      })
    },

    async look(login, trail) {
      await locks.run(loginSubject(login), async () => {
        const open = await directory.journal.openFor(loginSubject(login))
        if (open.length > 0) await settleCreation(login, open, trail)
      })
    }
  }

  async function assertUserNameFree(
    document: ScimDocument,
    owner: UserRecord | undefined
  ): Promise<void> {
    const userName = textOf(document, 'userName') ?? ''
    const namesake = await directory.users.findByUserName(userName)
    if (namesake !== undefined && namesake.id !== owner?.id) throw loginTaken(userName, namesake.id)
  }

  async function create(wanted: Wanted): Promise<UserRecord> {
    const interrupted = await directory.journal.openFor(loginSubject(wanted.login))
    if (interrupted.length > 0) {
      const found = await settleCreation(wanted.login, interrupted, wanted.trail)
      if (found !== undefined) return claimLocked(found, wanted)
    }
    try {
      return await createInBox(wanted)
    } catch (error) {
      if (isLoginTaken(error)) return claimFromBox(wanted, error, interrupted)
      if (error instanceof BoxUnavailableError && error.effect === 'unknown') {
        const open = await directory.journal.openFor(loginSubject(wanted.login))
        const found = await settleCreation(wanted.login, open, wanted.trail, 'keep')
        if (found !== undefined) return claimLocked(found, wanted)
      }
      throw error
    }
  }

  async function createInBox({ document, fields, trail, login }: Wanted): Promise<UserRecord> {
    const isInactive = document['active'] === false
    assertProvisionableRole(fields.role)
    // Box takes a notification e-mail in an update only ("Create user").
    const { notificationEmail, ...atOnce } = fields
    const isAll = notificationEmail === undefined
    const shadow = without(document, ['active'])
    const sent = {
      ...atOnce,
      name: fields.name ?? textOf(document, 'userName') ?? login,
      ...(isInactive ? { status: settings.deactivatedStatus } : {})
    }
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
        record = newUser(snapshot, facts, settings, clock.now())
        await tx.putUser(record)
        if (isAll) await tx.audit(trail.audit(userSubject(record.id), 'done', clock.now()))
      }
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
    const ids = entries.map(({ id }) => id)
    return directory.transaction(async (tx) => {
      const outcome = found === undefined ? 'found not done' : 'found done'
      const state = found === undefined ? 'refused' : 'confirmed'
      await tx.updateJournal(ids, { state, outcome })
      if (found === undefined) return undefined
      return recordSeen(tx, found, entries)
    })
  }

  /** Somebody created within the time of one of the attempts is ours. */
  async function recordSeen(
    tx: DirectoryTransaction,
    found: BoxUser,
    attempts: readonly JournalEntry[]
  ): Promise<UserRecord> {
    const known = await tx.users.get(found.id)
    const createdByBridge = attempts.some((entry) => isFromAttempt(found.createdAt, entry))
    const record =
      known === undefined
        ? newUser(found, { createdByBridge }, settings, clock.now())
        : changeUser(known, { snapshot: found }, settings, clock.now())
    await tx.putUser(record)
    return record
  }

  /**
   * Box knows the login and the directory does not: it came to Box behind the bridge's back, or by one
   * of the interrupted `attempts` that Box came round to after the look.
   */
  async function claimFromBox(
    wanted: Wanted,
    cause: BoxRefusedError,
    attempts: readonly JournalEntry[]
  ): Promise<UserRecord> {
    const found = await box.findUserByLogin(wanted.login, wanted.trail.call('client'))
    if (found === undefined) throw takenOutside(wanted.login, cause)
    if (found.isPlatformAccessOnly) throw loginTaken(wanted.login, found.id)
    const record = await directory.transaction((tx) => recordSeen(tx, found, attempts))
    return claimLocked(record, wanted)
  }

  async function claimLocked(owner: UserRecord, wanted: Wanted): Promise<UserRecord> {
    const claimed = await locks.run(userSubject(owner.id), async () => {
      const current = await directory.users.get(owner.id)
      if (current === undefined) return undefined
      const { record, pending } = await parts.settle(current, wanted.trail, 'client')
      if (record === undefined) return undefined
      assertClaimable(record, wanted)
      if (record.tombstone) await parts.memberships.leaveAll(record.id, wanted.trail)
      return claim(record, pending, wanted)
    })
    return claimed ?? create(wanted)
  }

  function assertClaimable(record: UserRecord, { login, document }: Wanted): void {
    if (fold(record.snapshot.login) !== fold(login)) throw loginTaken(login, record.id)
    if (record.tombstone) {
      if (textOf(record.shadow, 'externalId') !== textOf(document, 'externalId')) {
        throw heldByLeaver(login, record.id)
      }
      return
    }
    const mayLink = settings.onExisting === 'link' || record.createdByBridge
    if (record.linked || !mayLink) throw loginTaken(login, record.id)
  }

  /** Links or restores: what the POST says is written over what Box has. */
  async function claim(
    record: UserRecord,
    replaces: readonly JournalEntry[],
    { document, trail }: Wanted
  ): Promise<UserRecord> {
    // Somebody who comes back is active, unless the IdP says otherwise.
    const next = record.tombstone ? { active: true, ...document } : document
    const base = record.tombstone ? { ...record, shadow: {} } : record
    const deactivates = document['active'] === false
    const plan = planUser(base, next, { settings, mirror, deactivates })
    const operations = [plan.deactivation, ...plan.operations].filter(
      (operation) => operation !== undefined
    ) as readonly UserOperation[]
    if (isProtected(record) && operations.length > 0) throw protectedAccount(record.id)
    const final = { linked: true, tombstone: false, shadow: without(document, ['active']) }
    return parts.carryOut({ record, operations, replaces, final }, trail)
  }
}

function isLoginTaken(error: unknown): error is BoxRefusedError {
  return error instanceof BoxRefusedError && error.status === 409
}

function loginMissing(): ProvisioningError {
  return new ProvisioningError(
    'login_missing',
    'Box needs an e-mail address as login: send one as userName or as primary or work e-mail, or set LOGIN_DOMAIN.'
  )
}

/** The answer for an address that belongs to somebody in the directory already. */
export function loginTaken(login: string, ownerId: string): ProvisioningError {
  return new ProvisioningError(
    'login_taken',
    `${login} belongs to user ${ownerId} already: match that user instead of creating another.`
  )
}

function takenOutside(login: string, cause: BoxRefusedError): ProvisioningError {
  return new ProvisioningError(
    'login_taken_outside',
    `Box already has an account with the login ${login} that is not a user of this enterprise: a personal ` +
      'account, another enterprise, or an alias of somebody. Its owner must change the address, or be ' +
      `invited from Box's Admin Console and accept (Box request id ${cause.requestId}).`,
    { cause }
  )
}

function heldByLeaver(login: string, ownerId: string): ProvisioningError {
  return new ProvisioningError(
    'login_held_by_leaver',
    `Box still holds ${login} for user ${ownerId}, who left, and the externalId differs: the files of a ` +
      'leaver are not handed to a namesake. Change the login of that user in the Box Admin Console, ' +
      'or delete the user there, and provision again.'
  )
}

/** The answer for a change of somebody whom only Box's owner may change. */
export function protectedAccount(id: string): ProvisioningError {
  return new ProvisioningError(
    'protected',
    `User ${id} is an admin or co-admin in Box, whom the bridge cannot change. Change the person in the ` +
      'Box Admin Console, or take them out of the scope of provisioning.'
  )
}
