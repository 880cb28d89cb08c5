import { runUnderAll } from '../lib/keyed-lock.ts'
import { fold } from '../lib/text.ts'
import { createRunAudited } from './audited.ts'
import { accessFirst, changesAccess, type CarryOutUserWork, type UserWork } from './carry-out.ts'
import type { Dependencies } from './dependencies.ts'
import { keepUnfinished } from './drift/unfinished.ts'
import { DeactivatedOnlyError, ProvisioningError } from './errors.ts'
import { textOf } from './mapping/document.ts'
import { loginOf } from './mapping/mapping.ts'
import { isResourceId, type BoxUserId, type StoredResource, type UserRecord } from './model.ts'
import {
  externalIdSubject,
  isSameOperation,
  mayHaveReachedBox,
  newEntry,
  userSubject,
  type JournalEntry
} from './operations.ts'
import { personalData } from './personal.ts'
import { deactivationOf, planUser, type UserPlan } from './plan/user-plan.ts'
import { changeUser } from './records.ts'
import { assertVersion } from './precondition.ts'
import { isAdmin, userProtection } from './protection.ts'
import type { ConnectService, RequestContext, UserChange, UserService } from './requests.ts'
import { createTrail, type Trail } from './trail.ts'
import { fuseOpen, goneFromBox, loginTaken, userNotFound } from './refusals.ts'
import { keepExternalId, type UserAssociation } from './user-association.ts'
import type { UserCreation } from './user-creation.ts'
import type { UserOperation } from './user-operations.ts'
import type { SettleUser } from './user-settlement.ts'

/** A request that takes somebody's access away. */
type Removal = 'deactivate' | 'delete'

/** What shall be done to a person, or only their deactivation and why the rest is refused. */
interface Decision {
  readonly plan: UserPlan
  readonly refusal?: Error
}

/** Creates the use cases about people. */
export function createUsers(
  dependencies: Dependencies,
  parts: {
    readonly settle: SettleUser
    readonly carryOut: CarryOutUserWork
    readonly creation: UserCreation
    readonly association: UserAssociation
  }
): UserService & ConnectService {
  const {
    admitDeactivation,
    alerts,
    assertImported,
    box,
    clock,
    directory,
    locks,
    mirror,
    settings
  } = dependencies
  const audited = createRunAudited(dependencies, { onTrouble: true })
  const { settle, carryOut, creation, association } = parts
  const unfinished = keepUnfinished(directory)

  return {
    async create(document, context) {
      assertImported()
      const trail = createTrail('user.create', context)
      const record = await audited(trail, `user:${textOf(document, 'userName') ?? ''}`, () =>
        creation.create(document, trail)
      )
      return view(record.id, true)
    },

    async connect(document, context) {
      assertImported()
      const trail = createTrail('user.connect', context)
      const userName = textOf(document, 'userName')
      const target =
        userName === undefined
          ? externalIdSubject(textOf(document, 'externalId') ?? '')
          : `user:${userName}`
      const { record, created } = await audited(trail, target, () =>
        creation.connect(document, trail)
      )
      return { boxUserId: record.id, created }
    },

    async change(id, change, context) {
      assertImported()
      const trail = createTrail(`user.${change.verb}`, context)
      const userId = parseId(id)
      const removal = change.deactivates ? 'deactivate' : undefined
      const work = () =>
        underLock(userId, trail, removal, (record, pending) =>
          apply(record, pending, change, trail)
        )
      await runUnderAll(locks, await association.locksFor(userId, change), work)
      return view(userId, true)
    },

    async delete(id, context) {
      assertImported()
      const trail = createTrail('user.delete', context)
      await underLock(parseId(id), trail, 'delete', async (record, pending) => {
        assertVersion(record, context)
        assertChangeable(record)
        const isSent = planDeactivation(record).deactivation !== undefined
        const operations = isSent ? [deactivationOf(record, settings, true)] : []
        const final = { tombstone: true, shadow: record.shadow }
        const replaces = isSent ? pending : [...pending, ...(await heldFor(record))]
        await carryOut({ record, operations, replaces, final }, trail)
      })
    },

    async view(id, related) {
      assertImported()
      return view(parseId(id), related)
    },

    async search(request) {
      assertImported()
      return directory.users.search(request)
    }
  }

  async function view(id: BoxUserId, related: boolean): Promise<StoredResource> {
    const resource = await directory.users.view(id, related)
    if (resource === undefined) throw userNotFound(id)
    return resource
  }

  /** Runs `work` under the person's lock once nothing about the person is unknown. */
  async function underLock(
    id: BoxUserId,
    trail: Trail,
    removal: Removal | undefined,
    work: (record: UserRecord, pending: readonly JournalEntry[]) => Promise<void>
  ): Promise<void> {
    let found: UserRecord | undefined
    await audited(trail, userSubject(id), () =>
      locks.run(userSubject(id), async () => {
        found = await directory.users.get(id)
        if (found === undefined || found.tombstone) throw userNotFound(id)
        if (removal !== undefined) {
          await unfinished.leaveAccess(userSubject(id))
          await secure(found, removal, trail)
        }
        const { record, pending } = await settle(found, trail, removal ? 'removal' : 'client')
        if (record === undefined) throw goneFromBox(id)
        // What was unknown may have been an earlier DELETE.
        if (record.tombstone && removal === 'delete') return
        if (record.tombstone) throw userNotFound(id)
        await work(removal === undefined ? record : await recheck(record, trail), pending)
      })
    ).catch((error: unknown) => {
      if (found !== undefined) alertOfLeaver(found, removal, error)
      throw error
    })
  }

  /**
   * Journals a removal before anything that needs Box: where something about the person is unknown,
   * finding out can fail, and the removal must not be lost with it.
   */
  async function secure(record: UserRecord, removal: Removal, trail: Trail): Promise<void> {
    const open = await directory.journal.openFor(userSubject(record.id))
    const operation = deactivationOf(record, settings, removal === 'delete')
    const isSafe = open.every(({ state }) => state === 'decided') || isProtected(record)
    if (isSafe || open.some((entry) => isSameOperation(entry.operation, operation))) return
    const entry = newEntry(operation, trail.context.correlationId, clock.now())
    const isHeld = await directory.transaction(async (tx) => {
      const admission = await admitDeactivation(tx, operation, trail)
      if (admission === 'held') return true
      await tx.appendJournal([{ ...entry, ...admission }])
      return false
    })
    if (isHeld) throw fuseOpen('people')
  }

  function heldFor({ id }: UserRecord): Promise<readonly JournalEntry[]> {
    return directory.journal.heldFor(userSubject(id))
  }

  /** Before a leaver is refused as an admin, Box is asked: somebody may have just seen to that. */
  async function recheck(record: UserRecord, trail: Trail): Promise<UserRecord> {
    if (!isAdmin(record)) return record
    const snapshot = await box.getUser(record.id, trail.call('removal'))
    if (snapshot === undefined) return record
    const seen = changeUser(record, { snapshot }, settings, clock.now())
    await directory.transaction((tx) => tx.putUser(seen))
    return seen
  }

  async function apply(
    record: UserRecord,
    pending: readonly JournalEntry[],
    change: UserChange,
    trail: Trail
  ): Promise<void> {
    const { plan, refusal } = await decide(record, pending, change, trail.context)
    const decidesAccess = change.activates || change.deactivates || allOf(plan).some(changesAccess)
    if (!decidesAccess && pending.some(isDeletion)) return completeDeletion(record, pending, trail)
    trail.notes.push(...plan.notes)
    if (allOf(plan).some(changesAccess)) await unfinished.leaveAccess(userSubject(record.id))
    const operations = accessFirst(plan, pending, change.activates)
    const final = { linked: true, shadow: plan.shadow }
    // A deactivation that is asked for again meets the held one when it is journaled.
    const isDecided = decidesAccess && plan.deactivation === undefined
    const replaces = isDecided ? [...pending, ...(await heldFor(record))] : pending
    await carryOutAccessFirst(
      { record, operations, replaces, final },
      plan.deactivation !== undefined,
      trail
    )
    if (refusal !== undefined) throw new DeactivatedOnlyError(refusal)
  }

  /**
   * A change that says nothing of access finds somebody whose DELETE was received and not carried out
   * yet: that comes first, and then there is nobody to be changed.
   */
  async function completeDeletion(
    record: UserRecord,
    pending: readonly JournalEntry[],
    trail: Trail
  ): Promise<never> {
    trail.notes.push('an earlier DELETE comes first')
    const deletions = pending.filter(isDeletion).map(({ operation }) => operation)
    const operations = deletions.slice(0, 1) as readonly UserOperation[]
    const final = { shadow: record.shadow }
    await carryOut({ record, operations, replaces: pending, final }, trail)
    throw userNotFound(record.id)
  }

  /** Once somebody is deactivated, the failure of the rest says so. */
  async function carryOutAccessFirst(
    work: UserWork,
    deactivates: boolean,
    trail: Trail
  ): Promise<void> {
    try {
      await carryOut(work, trail)
    } catch (error) {
      const isDeactivated = trail.operations.length > 1
      if (deactivates && isDeactivated && error instanceof Error) {
        throw new DeactivatedOnlyError(error)
      }
      throw error
    }
  }

  /** Plans the change. Where it is refused and asked for `active: false`, the deactivation is left of it. */
  async function decide(
    record: UserRecord,
    pending: readonly JournalEntry[],
    change: UserChange,
    context: RequestContext
  ): Promise<Decision> {
    const { activates, deactivates } = change
    const accessInDoubt = activates && pending.some(mayHaveReachedBox)
    try {
      assertVersion(record, context)
      const asked = change.apply({ resource: record.resource, shadow: record.shadow })
      const next = keepExternalId(record, asked, settings)
      const plan = planUser(record, next, { settings, mirror, deactivates, accessInDoubt })
      await assertFree(record, textOf(next, 'userName'), loginOf(next, settings.mapping))
      await association.assertFree(record, next)
      assertPlanAllowed(record, plan)
      return { plan }
    } catch (error) {
      if (!deactivates || !(error instanceof Error)) throw error
      const plan = planDeactivation(record)
      assertPlanAllowed(record, plan)
      return { plan, refusal: error }
    }
  }

  async function assertFree(
    record: UserRecord,
    userName: string | undefined,
    login: string | undefined
  ): Promise<void> {
    const shown = textOf(record.resource, 'userName') ?? ''
    if (userName !== undefined && fold(userName) !== fold(shown)) {
      const namesake = await directory.users.findByUserName(userName)
      if (namesake !== undefined && namesake.id !== record.id) throw loginTaken(userName, namesake)
    }
    if (login === undefined || fold(login) === fold(record.snapshot.login)) return
    const owner = await directory.users.findByAddress(login)
    if (owner !== undefined && owner.id !== record.id) throw loginTaken(login, owner)
  }

  function planDeactivation(record: UserRecord): UserPlan {
    const next = { ...record.resource, active: false }
    return planUser(record, next, { settings, mirror, deactivates: true, accessInDoubt: false })
  }

  function isProtected(record: UserRecord): boolean {
    return userProtection(record, settings) !== undefined
  }

  function assertPlanAllowed(record: UserRecord, plan: UserPlan): void {
    const isChanged = plan.deactivation !== undefined || plan.operations.length > 0
    if (isChanged) assertChangeable(record)
  }

  function assertChangeable(record: UserRecord): void {
    const refusal = userProtection(record, settings)
    if (refusal !== undefined) throw refusal
  }

  /** A removal that is refused leaves somebody with access whom the IdP takes for gone. */
  function alertOfLeaver(person: UserRecord, removal: Removal | undefined, error: unknown): void {
    if (removal === undefined || !(error instanceof ProvisioningError)) return
    if (error.code !== 'protected') return
    const { id } = person
    const facts = { subject: userSubject(id), userId: id, removal }
    alerts.raise('protected-leaver', facts, personalData(person, settings))
  }
}

function allOf({ deactivation, operations }: UserPlan): readonly UserOperation[] {
  return [deactivation, ...operations].filter(
    (operation) => operation !== undefined
  ) as readonly UserOperation[]
}

function isDeletion({ operation }: JournalEntry): boolean {
  return operation.kind === 'deactivate-user' && operation.tombstone
}

function parseId(id: string): BoxUserId {
  if (!isResourceId(id)) throw userNotFound(id)
  return id as BoxUserId
}
