import type { EpochMs } from '../lib/clock.ts'
import { fold } from '../lib/text.ts'
import { inTurns } from '../lib/turns.ts'
import { ProvisioningError } from './errors.ts'
import { fuseNames, type FuseName } from './fuse-limit.ts'
import { closeFuse, readFuse } from './fuse.ts'
import { heldMs } from './held.ts'
import { decideReleased } from './membership-decision.ts'
import type { BoxGroupId, BoxUserId } from './model.ts'
import type { JournalEntry } from './operations.ts'
import type { Directory, DirectoryReads, DirectoryTransaction } from './ports.ts'
import { operatorActor } from './trail.ts'

/** A removal that the fuse holds, as a person wants to see it. Printed as JSON too. */
export interface HeldRemoval {
  /** The journal entry. */
  readonly id: number
  readonly removal: 'deactivation' | 'deletion' | 'membership' | 'group deletion'
  /** Whom it is about; null where all of a group is meant. */
  readonly userId: string | null
  /** The Box login; null also where the person is gone. */
  readonly login: string | null
  readonly groupId: string | null
  /** The group's name in Box. */
  readonly group: string | null
  readonly heldAt: EpochMs
  /** When it is dropped, unless somebody has released it until then. */
  readonly expiresAt: EpochMs
  /** The name of the token with which it was asked for first. */
  readonly askedBy: string
  /** Finds the request in log and audit. */
  readonly correlationId: string
}

/** Both fuses and what they hold. */
export interface FuseReport {
  readonly fuses: Readonly<
    Record<FuseName, { readonly openedAt: EpochMs | null; readonly held: number }>
  >
  /** Oldest first. */
  readonly held: readonly HeldRemoval[]
}

/** What a person can do with what is held. */
export type FuseVerb = 'release' | 'discard'

/** What came of it. */
export interface FuseAction {
  /** How many removals were released or discarded. */
  readonly removals: number
  /** The fuses that were open and are closed now. */
  readonly closed: readonly FuseName[]
}

/** How many are worked in one transaction: a server on the same database waits for it. */
const batchSize = 200

/** Tells what the fuses hold. */
export async function reportFuses(directory: DirectoryReads): Promise<FuseReport> {
  const entries = await directory.journal.heldUntil(Number.MAX_SAFE_INTEGER)
  const held: HeldRemoval[] = []
  for (const entry of entries) held.push(await describe(directory, entry))
  const report = async (fuse: FuseName) => ({
    openedAt: (await readFuse(directory, fuse)).openedAt ?? null,
    held: entries.filter((entry) => fuseOf(entry) === fuse).length
  })
  return {
    fuses: { people: await report('people'), memberships: await report('memberships') },
    held
  }
}

/**
 * Releases or discards what is held: where `names` are given only what is about those logins, user ids,
 * group names or group ids, and the fuses stay as they are; else everything, and the fuses close.
 *
 * @throws ProvisioningError `not_found` where nothing is held for a name, and nothing is done then.
 */
export async function actOnHeld(
  directory: Directory,
  verb: FuseVerb,
  names: readonly string[],
  at: { readonly now: EpochMs; readonly correlationId: string }
): Promise<FuseAction> {
  const { held } = await reportFuses(directory)
  const chosen = names.length === 0 ? held : choose(held, names)
  let removals = 0
  for await (const batch of inTurns(chosen, batchSize)) {
    removals += await directory.transaction(async (tx) => {
      let done = 0
      for (const { id } of batch) done += (await act(tx, verb, id, at.now)) ? 1 : 0
      return done
    })
  }
  if (names.length > 0) return { removals, closed: [] }
  return directory.transaction(async (tx) => {
    // What was held meanwhile goes with the others: nothing may be left behind a closed fuse.
    for (const { id } of await tx.journal.heldUntil(Number.MAX_SAFE_INTEGER)) {
      removals += (await act(tx, verb, id, at.now)) ? 1 : 0
    }
    return { removals, closed: await closeAll(tx, at) }
  })
}

function fuseOf({ operation }: JournalEntry): FuseName {
  return operation.kind === 'deactivate-user' ? 'people' : 'memberships'
}

async function describe(directory: DirectoryReads, entry: JournalEntry): Promise<HeldRemoval> {
  const { id, operation, heldAt = entry.decidedAt, askedBy = '', correlationId } = entry
  return {
    id,
    removal: removalOf(entry),
    ...(await describePerson(directory, 'userId' in operation ? operation.userId : null)),
    ...(await describeGroup(directory, 'groupId' in operation ? operation.groupId : null)),
    heldAt,
    expiresAt: heldAt + heldMs,
    askedBy,
    correlationId
  }
}

async function describePerson({ users }: DirectoryReads, userId: BoxUserId | null) {
  const user = userId === null ? undefined : await users.get(userId)
  return { userId, login: user?.snapshot.login ?? null }
}

async function describeGroup({ groups }: DirectoryReads, groupId: BoxGroupId | null) {
  const group = groupId === null ? undefined : await groups.get(groupId)
  return { groupId, group: group?.snapshot.name ?? null }
}

function removalOf({ operation }: JournalEntry): HeldRemoval['removal'] {
  if (operation.kind === 'deactivate-user') return operation.tombstone ? 'deletion' : 'deactivation'
  return operation.kind === 'remove-membership' ? 'membership' : 'group deletion'
}

function choose(held: readonly HeldRemoval[], names: readonly string[]): readonly HeldRemoval[] {
  const chosen = new Set<HeldRemoval>()
  for (const name of names) {
    const people = held.filter(({ userId, login }) => isNamed(name, userId, login))
    const groups = held.filter(({ groupId, group }) => isNamed(name, groupId, group))
    if (people.length === 0 && groups.length === 0) throw nothingHeld(name)
    if (people.length > 0 && groups.length > 0) throw ambiguous(name)
    for (const removal of [...people, ...groups]) chosen.add(removal)
  }
  return held.filter((removal) => chosen.has(removal))
}

function isNamed(name: string, id: string | null, text: string | null): boolean {
  return id === name || (text !== null && fold(text) === fold(name))
}

function nothingHeld(name: string): ProvisioningError {
  return new ProvisioningError(
    'not_found',
    `Nothing is held for ${name}, and nothing was done. \`box-scim fuse list\` shows what is held.`
  )
}

function ambiguous(name: string): ProvisioningError {
  return new ProvisioningError(
    'not_found',
    `${name} names a person and a group for whom removals are held, and nothing was done. ` +
      'Give the login or the name of the group.'
  )
}

/** Resolves to false where the entry is not held any more. */
async function act(
  tx: DirectoryTransaction,
  verb: FuseVerb,
  id: number,
  now: EpochMs
): Promise<boolean> {
  const entry = await tx.journal.get(id)
  if (entry?.state !== 'held') return false
  if (verb === 'discard') await tx.updateJournal([id], { state: 'cancelled', outcome: 'discarded' })
  else await release(tx, entry, now)
  const { correlationId, subject, operation } = entry
  await tx.audit({
    at: now,
    correlationId,
    actor: operatorActor,
    action: `fuse.${verb}`,
    target: subject,
    plan: [operation],
    calls: [],
    outcome: 'done',
    notes: []
  })
  return true
}

/** The server's journal worker carries it out, at once or when it starts. */
async function release(tx: DirectoryTransaction, entry: JournalEntry, now: EpochMs): Promise<void> {
  if (entry.operation.kind === 'remove-membership') await decideReleased(tx, entry, now)
  else await tx.updateJournal([entry.id], { state: 'decided' })
}

async function closeAll(
  tx: DirectoryTransaction,
  { now, correlationId }: { readonly now: EpochMs; readonly correlationId: string }
): Promise<readonly FuseName[]> {
  const closed: FuseName[] = []
  for (const fuse of fuseNames) {
    if ((await readFuse(tx, fuse)).openedAt === undefined) continue
    await closeFuse(tx, fuse)
    await tx.audit({
      at: now,
      correlationId,
      actor: operatorActor,
      action: 'fuse.close',
      target: `fuse:${fuse}`,
      plan: [],
      calls: [],
      outcome: 'done',
      notes: []
    })
    closed.push(fuse)
  }
  return closed
}
