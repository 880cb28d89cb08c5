import type { EpochMs } from '../lib/clock.ts'
import { excerpt } from '../lib/text.ts'
import { inTurns } from '../lib/turns.ts'
import type { Admit } from './fuse.ts'
import { dropHeld, holdRemovals } from './held.ts'
import type { BoxGroupId, BoxUserId, MembershipRow } from './model.ts'
import {
  groupMembersSubject,
  mayHaveReachedBox,
  newEntry,
  subjectOf,
  type BoxOperation,
  type JournalEntry
} from './operations.ts'
import type { Mirror } from './plan/user-plan.ts'
import type { DirectoryTransaction, UserReads } from './ports.ts'
import { unknownMembers } from './refusals.ts'
import type { MemberChange } from './requests.ts'
import type { ProvisioningSettings } from './settings.ts'
import type { Trail } from './trail.ts'

type MembershipKind = 'add-membership' | 'remove-membership'

/**
 * How the fuse looks at removals: `ask` it; `counted`: it has let them pass and counts them; `free`: they
 * are the bridge's own work, or a person has released them.
 */
export type RemovalStanding = 'ask' | 'counted' | 'free'

/** What a decision is made with. */
export interface DecisionContext {
  readonly groupId: BoxGroupId
  readonly settings: ProvisioningSettings
  readonly mirror: Mirror
  readonly trail: Trail
  readonly now: EpochMs
  readonly admit: Admit
  readonly standing: RemovalStanding
}

/** What was decided about members. */
export interface MembershipDecision {
  /** To be worked, those joined from earlier requests included. */
  readonly entries: readonly JournalEntry[]
  /** True where the fuse holds the removals, all of them; the additions are among the entries. */
  readonly isHeld: boolean
}

/**
 * Decides what a change of members means for each person and records the intent: SCIM shows it from
 * here on, except for removals that the fuse holds.
 *
 * A row that is intended and has a Box id is settled. Everything else has an open journal entry.
 */
export async function decideMemberships(
  tx: DirectoryTransaction,
  changes: readonly MemberChange[],
  context: DecisionContext
): Promise<MembershipDecision> {
  const rows = await readRows(tx, changes, context.groupId)
  const wanted = await resolveChanges(tx, changes, rows, context)
  const visible = await visiblePeople(tx, wanted, rows, context)
  const people = { wanted, rows, visible }
  const taken = await takenAway(tx, people, context)
  const standing = await standingOf(tx, taken, context)
  const isHeld = standing === 'refused'
  if (isHeld) {
    await holdRemovals(tx, taken, context.trail, context.now)
    for (const { userId } of taken) wanted.delete(userId)
  }
  await dropContradicted(tx, changes, wanted, context)
  const { rowsToPut, operations, joined } = await decideAll(tx, people, context)
  if (rowsToPut.length > 0) await tx.putMemberships(rowsToPut)
  const changed = rowsToPut.some(
    (row) => row.intended !== (rows.get(row.userId)?.intended ?? false)
  )
  if (changed) await tx.touchGroup(context.groupId, context.now)
  const counted = standing === 'counted' ? new Set(taken.map(subjectOf)) : new Set<string>()
  const entries = [...joined, ...(await append(tx, operations, counted, context))]
  return { entries, isHeld }
}

interface MembershipRemoval {
  readonly kind: 'remove-membership'
  readonly groupId: BoxGroupId
  readonly userId: BoxUserId
}

/** The removals of memberships that SCIM shows and Box has or may have. */
async function takenAway(
  tx: DirectoryTransaction,
  { wanted, rows }: People,
  { groupId }: DecisionContext
): Promise<readonly MembershipRemoval[]> {
  const taken: MembershipRemoval[] = []
  for await (const batch of inTurns([...wanted])) {
    for (const [id, isWanted] of batch) {
      const row = rows.get(id)
      if (isWanted || row?.intended !== true) continue
      const removal = { kind: 'remove-membership', groupId, userId: row.userId } as const
      if (row.boxId !== undefined || !(await isUnsent(tx, removal))) taken.push(removal)
    }
  }
  return taken
}

/** Tells whether all there is of a membership is an addition that has certainly not reached Box. */
async function isUnsent(tx: DirectoryTransaction, operation: BoxOperation): Promise<boolean> {
  const open = await openEntries(tx, operation)
  const adds = open.filter(isKind('add-membership'))
  return adds.length > 0 && !adds.some(mayHaveReachedBox)
}

async function standingOf(
  tx: DirectoryTransaction,
  taken: readonly MembershipRemoval[],
  { admit, standing, trail }: DecisionContext
) {
  return standing === 'ask' ? admit(tx, 'memberships', taken.length, trail) : standing
}

/** A later change of a membership takes the place of its held removal; members for a group, of its held deletion. */
async function dropContradicted(
  tx: DirectoryTransaction,
  changes: readonly MemberChange[],
  wanted: ReadonlyMap<string, boolean>,
  { groupId }: DecisionContext
): Promise<void> {
  const held = await tx.journal.heldOfGroup(groupId)
  const contradicted = held.filter(
    ({ operation }) => 'userId' in operation && wanted.has(operation.userId)
  )
  await dropHeld(tx, contradicted)
  if (changes.some(({ kind }) => kind === 'add' || kind === 'set')) {
    await dropHeld(tx, await tx.journal.heldFor(groupMembersSubject(groupId)))
  }
}

interface NewOperation {
  readonly operation: BoxOperation
  readonly isDoubtful: boolean
}

/** Whom a change is about. */
interface People {
  /** Who shall be a member, and who shall not. */
  readonly wanted: ReadonlyMap<string, boolean>
  readonly rows: ReadonlyMap<string, MembershipRow>
  readonly visible: ReadonlySet<string>
}

async function decideAll(
  tx: DirectoryTransaction,
  { wanted, rows, visible }: People,
  context: DecisionContext
) {
  const rowsToPut: MembershipRow[] = []
  const operations: NewOperation[] = []
  const joined: JournalEntry[] = []
  for await (const batch of inTurns([...wanted])) {
    for (const [userId, isWanted] of batch) {
      if (!visible.has(userId) && (isWanted || !rows.has(userId))) continue
      const decide = isWanted ? decideAdd : decideRemove
      const decision = await decide(tx, userId as BoxUserId, rows.get(userId), context)
      if (decision.row !== undefined) rowsToPut.push(decision.row)
      const { operation, isDoubtful = false } = decision
      if (operation !== undefined) operations.push({ operation, isDoubtful })
      joined.push(...(decision.joined ?? []))
    }
  }
  return { rowsToPut, operations, joined }
}

interface Decision {
  readonly row?: MembershipRow
  readonly operation?: BoxOperation
  /** True where Box may have either: an open entry that may have reached it is given up. */
  readonly isDoubtful?: boolean
  readonly joined?: readonly JournalEntry[]
}

async function decideAdd(
  tx: DirectoryTransaction,
  userId: BoxUserId,
  row: MembershipRow | undefined,
  { groupId }: DecisionContext
): Promise<Decision> {
  const operation = { kind: 'add-membership', groupId, userId } as const
  const intended = { groupId, userId, intended: true, role: row?.role ?? 'member' }
  if (row === undefined) return { row: { ...intended, boxId: undefined }, operation }
  if (row.intended && row.boxId !== undefined) return {}
  const open = await openEntries(tx, operation)
  const adds = open.filter(isKind('add-membership'))
  const running = adds.filter(({ state }) => state !== 'unknown')
  if (row.intended && running.length > 0) return { joined: running }
  const removals = open.filter(isKind('remove-membership'))
  const isDoubtful = open.some(mayHaveReachedBox)
  await giveUp(tx, [...adds, ...removals])
  if (removals.length > 0 && !isDoubtful && row.boxId !== undefined) {
    return { row: { ...row, intended: true } }
  }
  return { row: { ...intended, boxId: undefined }, operation, isDoubtful }
}

async function decideRemove(
  tx: DirectoryTransaction,
  userId: BoxUserId,
  row: MembershipRow | undefined,
  { groupId, mirror, now }: DecisionContext
): Promise<Decision> {
  const operation = { kind: 'remove-membership', groupId, userId } as const
  const gone = { groupId, userId, intended: false, boxId: row?.boxId, role: row?.role ?? 'member' }
  if (row === undefined) return mirror.isCurrent() ? {} : { row: gone, operation }
  if (row.intended && row.boxId !== undefined) return { row: gone, operation }
  const open = await openEntries(tx, operation)
  if (!row.intended) {
    const removals = open.filter(isKind('remove-membership'))
    if (removals.length > 0) return { joined: removals }
  }
  const adds = open.filter(isKind('add-membership'))
  await giveUp(tx, adds)
  if (adds.length > 0 && !adds.some(mayHaveReachedBox)) {
    await tx.deleteMembership(groupId, userId)
    await tx.touchGroup(groupId, now)
    return {}
  }
  return { row: gone, operation }
}

/**
 * Decides a held removal of a membership that a person has released: SCIM does not show it from here on,
 * and it is worked like any other.
 */
export async function decideReleased(
  tx: DirectoryTransaction,
  { id, operation }: JournalEntry,
  now: EpochMs
): Promise<void> {
  if (operation.kind !== 'remove-membership') return
  const { groupId, userId } = operation
  const row = await tx.memberships.get(groupId, userId)
  const isMoot = await isUnsent(tx, operation)
  await giveUp(tx, (await openEntries(tx, operation)).filter(isKind('add-membership')))
  if (isMoot) await tx.deleteMembership(groupId, userId)
  else if (row !== undefined) await tx.putMemberships([{ ...row, intended: false }])
  if (row?.intended === true) await tx.touchGroup(groupId, now)
  const moot = { state: 'cancelled', outcome: 'contradicted' } as const
  await tx.updateJournal([id], isMoot ? moot : { state: 'decided' })
}

async function readRows(
  tx: DirectoryTransaction,
  changes: readonly MemberChange[],
  groupId: BoxGroupId
): Promise<ReadonlyMap<string, MembershipRow>> {
  const needsAll = changes.some(({ kind }) => kind === 'set' || kind === 'remove-matching')
  const ids = changes.flatMap((change) => (change.kind === 'remove-matching' ? [] : change.ids))
  const rows = needsAll
    ? await tx.memberships.ofGroup(groupId)
    : await tx.memberships.getMany(groupId, [...new Set(ids)] as BoxUserId[])
  return new Map(rows.map((row) => [row.userId, row] as const))
}

/** Works the changes off in order; the last word about a person counts. */
async function resolveChanges(
  tx: DirectoryTransaction,
  changes: readonly MemberChange[],
  rows: ReadonlyMap<string, MembershipRow>,
  context: DecisionContext
): Promise<Map<string, boolean>> {
  const wanted = new Map<string, boolean>()
  for (const change of changes) {
    if (change.kind === 'remove-matching') {
      for await (const members of tx.memberships.shown(context.groupId)) {
        for (const { value, display } of members) {
          if (change.matches({ value, display, type: 'User' })) wanted.set(value, false)
        }
      }
      continue
    }
    if (change.kind === 'set') dropOthers(change.ids, rows, wanted, context)
    for (const id of change.ids) wanted.set(id, change.kind !== 'remove')
  }
  return wanted
}

/** A list of members never drops a group admin: people in Box made them that. */
function dropOthers(
  ids: readonly string[],
  rows: ReadonlyMap<string, MembershipRow>,
  wanted: Map<string, boolean>,
  { trail }: DecisionContext
): void {
  const kept = new Set(ids)
  for (const id of wanted.keys()) if (!kept.has(id)) wanted.set(id, false)
  for (const row of rows.values()) {
    if (kept.has(row.userId) || !row.intended) continue
    if (row.role === 'admin') trail.notes.push(`group admin ${row.userId} kept`)
    else wanted.set(row.userId, false)
  }
}

async function visiblePeople(
  tx: DirectoryTransaction,
  wanted: ReadonlyMap<string, boolean>,
  rows: ReadonlyMap<string, MembershipRow>,
  { settings, trail }: DecisionContext
): Promise<ReadonlySet<string>> {
  const ids = [...wanted].filter(([id, isWanted]) => isWanted || !rows.has(id)).map(([id]) => id)
  const visible = await tx.users.visible(ids)
  const unknown = ids.filter((id) => wanted.get(id) === true && !visible.has(id))
  if (unknown.length === 0) return visible
  if (settings.strictMembers) throw unknownMembers(unknown)
  trail.notes.push(
    `${unknown.length} unknown member ids skipped: ${unknown.slice(0, 20).map(excerpt).join(', ')}`
  )
  return visible
}

/**
 * Refuses additions of people who are not here, before anything else of a request is done.
 *
 * @throws ProvisioningError `unknown_members`
 */
export async function assertKnownMembers(
  users: Pick<UserReads, 'visible'>,
  changes: readonly MemberChange[]
): Promise<void> {
  const ids = changes.flatMap((change) =>
    change.kind === 'add' || change.kind === 'set' ? change.ids : []
  )
  const visible = await users.visible(ids)
  const unknown = ids.filter((id) => !visible.has(id))
  if (unknown.length > 0) throw unknownMembers(unknown)
}

async function openEntries(
  tx: DirectoryTransaction,
  operation: BoxOperation
): Promise<readonly JournalEntry[]> {
  return tx.journal.openFor(subjectOf(operation))
}

function isKind(kind: MembershipKind): (entry: JournalEntry) => boolean {
  return ({ operation }) => operation.kind === kind
}

/** Cancels the entries, except those that are on their way to Box now: they end by themselves. */
async function giveUp(tx: DirectoryTransaction, entries: readonly JournalEntry[]): Promise<void> {
  const idle = entries.filter(({ state }) => state !== 'sent').map(({ id }) => id)
  await tx.updateJournal(idle, { state: 'cancelled', outcome: 'contradicted' })
}

async function append(
  tx: DirectoryTransaction,
  operations: readonly NewOperation[],
  counted: ReadonlySet<string>,
  { trail, now }: DecisionContext
): Promise<readonly JournalEntry[]> {
  if (operations.length === 0) return []
  return tx.appendJournal(
    operations.map(({ operation, isDoubtful }) => {
      const entry = newEntry(operation, trail.context.correlationId, now)
      const countedAt = counted.has(entry.subject) ? now : undefined
      return { ...entry, countedAt, ...(isDoubtful ? { sentAt: now } : {}) }
    })
  )
}
