import { fold } from '../lib/text.ts'
import { accessFirst, type CarryOutUserWork } from './carry-out.ts'
import type { Dependencies } from './dependencies.ts'
import { assertNotBeingDeleted } from './leaver-work.ts'
import { textOf, without } from './mapping/document.ts'
import type { Memberships } from './memberships.ts'
import type { ScimDocument, UserRecord } from './model.ts'
import { mayHaveReachedBox, userSubject, type JournalEntry } from './operations.ts'
import { planUser } from './plan/user-plan.ts'
import { userProtection } from './protection.ts'
import { changeUser } from './records.ts'
import { loginHeldByLeaver, loginTaken } from './refusals.ts'
import type { Trail } from './trail.ts'
import type { SettleUser } from './user-settlement.ts'

/** A POST for a login that the directory knows. */
export interface ClaimRequest {
  readonly document: ScimDocument
  readonly login: string
  readonly trail: Trail
}

/**
 * Links or restores the person who has the login already, or says why not. Resolves to undefined where
 * it turns out that nobody has it any more.
 */
export type ClaimUser = (
  owner: UserRecord,
  request: ClaimRequest
) => Promise<UserRecord | undefined>

/** What {@link createClaimUser} works with. */
export interface ClaimParts {
  readonly settle: SettleUser
  readonly carryOut: CarryOutUserWork
  readonly memberships: Memberships
}

/** Creates {@link ClaimUser}. */
export function createClaimUser(dependencies: Dependencies, parts: ClaimParts): ClaimUser {
  const { box, clock, directory, locks, mirror, settings } = dependencies

  return (owner, request) =>
    locks.run(userSubject(owner.id), async () => {
      const current = await directory.users.get(owner.id)
      if (current === undefined) return undefined
      const { record, pending } = await parts.settle(current, request.trail, 'client')
      if (record === undefined) return undefined
      if (isSomebodyElse(record, request)) return leaverMovedOn(record, request)
      assertClaimable(record, request)
      if (record.tombstone) await assertNotBeingDeleted(directory, record.id)
      if (record.tombstone) await parts.memberships.leaveAll(record.id, request.trail)
      return claim(record, pending, request)
    })

  function assertClaimable(record: UserRecord, { login }: ClaimRequest): void {
    if (fold(record.snapshot.login) !== fold(login)) throw loginTaken(login, record)
    const mayLink = settings.onExisting === 'link' || record.createdByBridge
    if (!record.tombstone && (record.linked || !mayLink)) throw loginTaken(login, record)
  }

  /**
   * A leaver's files must not pass to a namesake: the address is free only once Box shows that the
   * leaver has another login or is gone, as the refusal advises.
   */
  async function leaverMovedOn(
    record: UserRecord,
    { login, trail }: ClaimRequest
  ): Promise<undefined> {
    const snapshot = await box.getUser(record.id, trail.call('client'))
    if (snapshot !== undefined && fold(snapshot.login) === fold(login)) {
      throw loginHeldByLeaver(login, record.id)
    }
    await directory.transaction((tx) =>
      snapshot === undefined
        ? tx.deleteUser(record.id)
        : tx.putUser(changeUser(record, { snapshot, aliases: [] }, settings, clock.now()))
    )
  }

  /** What the POST says is written over what Box has. */
  async function claim(
    record: UserRecord,
    pending: readonly JournalEntry[],
    { document, trail }: ClaimRequest
  ): Promise<UserRecord> {
    // Somebody who comes back is active, unless the IdP says otherwise.
    const next = record.tombstone ? { active: true, ...document } : document
    const base = record.tombstone ? { ...record, shadow: {} } : record
    const activates = next['active'] === true
    const plan = planUser(base, next, {
      settings,
      mirror,
      deactivates: next['active'] === false,
      accessInDoubt: activates && pending.some(mayHaveReachedBox)
    })
    const operations = accessFirst(plan, pending, activates)
    const refusal = operations.length > 0 ? userProtection(record, settings) : undefined
    if (refusal !== undefined) throw refusal
    const final = { linked: true, tombstone: false, shadow: without(document, ['active']) }
    const held = activates ? await directory.journal.heldFor(userSubject(record.id)) : []
    const replaces = [...pending, ...held]
    return parts.carryOut({ record, operations, replaces, final }, trail)
  }
}

/** Box still holds the login for somebody who was deleted here and is not the person of the POST. */
function isSomebodyElse(record: UserRecord, { document }: ClaimRequest): boolean {
  return (
    record.tombstone && textOf(record.resource, 'externalId') !== textOf(document, 'externalId')
  )
}
