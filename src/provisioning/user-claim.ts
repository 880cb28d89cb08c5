import { fold } from '../lib/text.ts'
import { accessFirst, type CarryOutUserWork } from './carry-out.ts'
import type { Dependencies } from './dependencies.ts'
import { unlessTrouble, type ProvisioningError } from './errors.ts'
import { assertNotBeingDeleted } from './leaver-work.ts'
import { textOf, without } from './mapping/document.ts'
import { isActive } from './mapping/user-resource.ts'
import type { Memberships } from './memberships.ts'
import type { ScimDocument, UserRecord } from './model.ts'
import { isRemoval, mayHaveReachedBox, userSubject, type JournalEntry } from './operations.ts'
import { planUser } from './plan/user-plan.ts'
import { userProtection } from './protection.ts'
import { changeUser } from './records.ts'
import { deprovisioned, externalIdTaken, loginHeldByLeaver, loginTaken } from './refusals.ts'
import type { Trail } from './trail.ts'
import { hasExternalId, keepExternalId, type Handles } from './user-association.ts'
import type { UserOperation } from './user-operations.ts'
import type { SettleUser } from './user-settlement.ts'

/** A request for a person who may be there already. */
export interface ClaimRequest extends Handles {
  readonly document: ScimDocument
  /** `scim`: a POST, which links and writes; `connect`: a sign-in, which finds. */
  readonly by: 'scim' | 'connect'
  readonly trail: Trail
}

/** A claim: resolves to undefined where it turns out that nobody is there any more. */
type Claim = (owner: UserRecord, request: ClaimRequest) => Promise<UserRecord | undefined>

/** What becomes of a person who is there already. */
export interface UserClaims {
  /** Links or restores whom a POST describes, finds who signs in, or says why not. */
  readonly claim: Claim
  /** Gives somebody whom an interrupted request created what it would have recorded. */
  readonly finish: Claim
}

/** What {@link createUserClaims} works with. */
export interface ClaimParts {
  readonly settle: SettleUser
  readonly carryOut: CarryOutUserWork
  readonly memberships: Memberships
}

/** Creates {@link UserClaims}. */
export function createUserClaims(dependencies: Dependencies, parts: ClaimParts): UserClaims {
  const { box, clock, directory, locks, mirror, settings } = dependencies

  return {
    claim: (owner, request) =>
      request.by === 'scim' ? take(owner, request) : meet(owner, request),
    finish: take
  }

  function take(owner: UserRecord, request: ClaimRequest): Promise<UserRecord | undefined> {
    return locks.run(userSubject(owner.id), async () => {
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
  }

  /**
   * Somebody who signs in is found, and nothing but the externalId is written about them. Nobody who
   * left comes back this way; what the journal still has to take away counts as taken.
   */
  async function meet(owner: UserRecord, request: ClaimRequest): Promise<UserRecord | undefined> {
    const found = await directory.users.get(owner.id)
    if (found !== undefined && !isSomebodyElse(found, request)) {
      await assertPresent(found, request)
      // Who is known does not wait for what is being done about them in Box.
      if (isRemembered(found, request)) return found
    }
    return locks.run(userSubject(owner.id), async () => {
      const record = await directory.users.get(owner.id)
      if (record === undefined) return undefined
      if (isSomebodyElse(record, request)) return leaverMovedOn(record, request)
      await assertPresent(record, request)
      if (isRemembered(record, request)) return record
      const settled = await unlessTrouble(parts.settle(record, request.trail, 'client'))
      if (settled === undefined) return record
      if (settled.record === undefined) return undefined
      // What was unknown may have taken their access away.
      await assertPresent(settled.record, request)
      return (await unlessTrouble(remember(settled.record, request))) ?? settled.record
    })
  }

  async function assertPresent(record: UserRecord, request: ClaimRequest): Promise<void> {
    assertMatched(record, request)
    const open = await directory.journal.openFor(userSubject(record.id))
    const leaves = open.some(({ operation }) => isRemoval(operation))
    if (record.tombstone || leaves || !isActive(record, settings)) throw deprovisioned(record.id)
  }

  function isRemembered(record: UserRecord, { externalId }: ClaimRequest): boolean {
    const isKnown = externalId === undefined || hasExternalId(record, { externalId })
    return isKnown || userProtection(record, settings) !== undefined
  }

  /** Whom the login found is found by the externalId from now on. */
  function remember(
    record: UserRecord,
    { externalId = '', trail }: ClaimRequest
  ): Promise<UserRecord> {
    trail.notes.push('found by login')
    const next = { ...record.resource, externalId }
    const context = { settings, mirror, deactivates: false, accessInDoubt: false }
    const { operations, shadow } = planUser(record, next, context)
    const work = {
      record,
      operations: operations as readonly UserOperation[],
      replaces: [],
      final: { shadow }
    }
    return parts.carryOut(work, trail)
  }

  function assertClaimable(record: UserRecord, request: ClaimRequest): void {
    assertMatched(record, request)
    const mayLink = settings.onExisting === 'link' || record.createdByBridge
    if (!record.tombstone && (record.linked || !mayLink)) throw taken(record, request)
  }

  /**
   * A leaver's files must not pass to a namesake: the address is free only once Box shows that the
   * leaver has another login or is gone, as the refusal advises.
   */
  async function leaverMovedOn(
    record: UserRecord,
    { login = '', trail }: ClaimRequest
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
    { by, document: asked, trail }: ClaimRequest
  ): Promise<UserRecord> {
    const document = keepExternalId(record, asked, settings)
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
    const final = { linked: by === 'scim', tombstone: false, shadow: without(document, ['active']) }
    const held = activates ? await directory.journal.heldFor(userSubject(record.id)) : []
    const replaces = [...pending, ...held]
    return parts.carryOut({ record, operations, replaces, final }, trail)
  }
}

function taken(record: UserRecord, { login, externalId }: ClaimRequest): ProvisioningError {
  return externalId !== undefined && hasExternalId(record, { externalId })
    ? externalIdTaken(externalId, record)
    : loginTaken(login ?? '', record)
}

/** Box still holds the login for somebody who was deleted here and is not the person of the POST. */
function isSomebodyElse(record: UserRecord, { document }: ClaimRequest): boolean {
  return (
    record.tombstone && textOf(record.resource, 'externalId') !== textOf(document, 'externalId')
  )
}

function assertMatched(record: UserRecord, request: ClaimRequest): void {
  const { login } = request
  const hasLogin = login !== undefined && fold(record.snapshot.login) === fold(login)
  if (!hasLogin && !hasExternalId(record, request)) throw taken(record, request)
}
