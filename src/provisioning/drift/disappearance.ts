import type { EpochMs, Milliseconds } from '../../lib/clock.ts'
import { ProvisioningError } from '../errors.ts'
import type { Hint } from '../hints.ts'
import { deletionsKey, reconcileKey, type Directory, type DirectoryReads } from '../ports.ts'
import { dayOf, freshDay, type Deletions } from './deletions.ts'

/** That a reconcile found too much missing in Box, and noted nothing. Kept in {@link reconcileKey}. */
export type ReconcileAlarm = {
  readonly at: EpochMs
  readonly kind: 'users' | 'groups' | 'memberships'
  readonly missing: number
  readonly of: number
}

/** That a person has looked, and so much is really gone. Kept in {@link reconcileKey}. */
export type Acceptance = Partial<Readonly<Record<ReconcileAlarm['kind'], number>>> & {
  readonly at: EpochMs
}

/** What was accepted, for whoever accepted it. */
export interface Accepted {
  /** What the reconcile had found missing; undefined where none was stopped. */
  readonly alarm: ReconcileAlarm | undefined
  /** How many people and groups may leave the directory because their GET says 404. */
  readonly leaving: Readonly<Record<'users' | 'groups', number>>
}

/** An acceptance counts for a day: what disappears later is another matter. */
const acceptedMs: Milliseconds = 24 * 60 * 60_000

/** How much is accepted of what a reconcile finds missing. */
export function acceptedOf(acceptance: Acceptance | null, now: EpochMs) {
  const isInForce = acceptance !== null && now < acceptance.at + acceptedMs
  return (kind: ReconcileAlarm['kind']) => (isInForce ? (acceptance[kind] ?? 0) : 0)
}

/**
 * Accepts what a guard has stopped, and no more than that: everything is reconciled again and what was
 * found missing passes; as many people and groups may leave the directory as were found or held.
 *
 * @throws ProvisioningError `not_found` where nothing is stopped.
 */
export async function acceptDisappearance(
  directory: Directory,
  { now, correlationId }: { readonly now: EpochMs; readonly correlationId: string }
): Promise<Accepted> {
  return directory.transaction(async (tx) => {
    const reconcile = (await tx.state.get(reconcileKey)) as ReconcileNote | undefined
    const deletions = (await tx.state.get(deletionsKey)) as Deletions | undefined
    const alarm = reconcile?.alarm ?? undefined
    const isHeld = (dayOf(deletions, now)?.stoppedAt ?? null) !== null
    if (alarm === undefined && !isHeld) throw nothingStopped
    const held = isHeld ? await heldHints(tx, now) : []
    const leaving = { users: countOf('users', alarm, held), groups: countOf('groups', alarm, held) }
    if (alarm !== undefined) {
      const before = reconcile?.accepted ?? {}
      const accepted = { ...before, [alarm.kind]: alarm.missing, at: now }
      await tx.putState(reconcileKey, { ...reconcile, wanted: true, accepted })
    }
    await tx.putState(deletionsKey, { ...freshDay(now), accepted: leaving })
    await tx.noteHints(held, 'bridge', now)
    await tx.audit({
      at: now,
      correlationId,
      actor: 'operator',
      action: 'reconcile.accept',
      target: 'box',
      plan: [],
      calls: [],
      outcome: 'done',
      notes: notesOf(alarm, leaving)
    })
    return { alarm, leaving }
  })
}

/** What this file needs of the state of the reconcile. */
type ReconcileNote = {
  readonly alarm?: ReconcileAlarm | null
  readonly accepted?: Acceptance | null
}

/** People and groups that wait because too many had left the directory before them. */
async function heldHints({ hints }: DirectoryReads, now: EpochMs): Promise<readonly Hint[]> {
  const waiting = await hints.due(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  return waiting
    .filter(({ hint: { kind }, notBefore }) => {
      return notBefore > now && (kind === 'user' || kind === 'group')
    })
    .map(({ hint }) => hint)
}

function countOf(
  kind: 'users' | 'groups',
  alarm: ReconcileAlarm | undefined,
  held: readonly Hint[]
): number {
  const waiting = held.filter((hint) => `${hint.kind}s` === kind).length
  return Math.max(waiting, alarm?.kind === kind ? alarm.missing : 0)
}

function notesOf(alarm: ReconcileAlarm | undefined, leaving: Accepted['leaving']) {
  const found =
    alarm === undefined ? [] : [`${alarm.missing} of ${alarm.of} ${alarm.kind} missing in Box`]
  return [...found, `up to ${leaving.users} users and ${leaving.groups} groups may leave`]
}

const nothingStopped = new ProvisioningError(
  'not_found',
  'Nothing is stopped, and nothing was done. `box-scim status` shows when the last reconcile ended.'
)
