import type { Clock, EpochMs, Milliseconds } from '../lib/clock.ts'
import { bridgeActor } from './audit.ts'
import type { Admit } from './fuse.ts'
import { isActive } from './mapping/user-resource.ts'
import {
  isRemoval,
  isSameOperation,
  newEntry,
  subjectOf,
  type BoxOperation,
  type JournalEntry
} from './operations.ts'
import type { Directory, DirectoryTransaction } from './ports.ts'
import type { ProvisioningSettings } from './settings.ts'
import type { Trail } from './trail.ts'

type Deactivation = Extract<BoxOperation, { readonly kind: 'deactivate-user' }>

/** `held`: kept back by the fuse; otherwise when it is counted, or that it is not. */
type DeactivationAdmission = 'held' | { readonly countedAt: EpochMs | undefined }

/**
 * The one gate before a new entry for a deactivation: lets it pass, or journals it as held. Call it in
 * the transaction that journals it. Whoever is shown inactive, or has an open deactivation, which was
 * let pass before, is not asked about again.
 */
export type AdmitDeactivation = (
  tx: DirectoryTransaction,
  operation: Deactivation,
  trail: Trail
) => Promise<DeactivationAdmission>

/** How long a held removal waits for a person; after that it is dropped. */
export const heldMs: Milliseconds = 72 * 3_600_000

/** Creates {@link AdmitDeactivation}. */
export function createAdmitDeactivation(dependencies: {
  readonly clock: Clock
  readonly settings: ProvisioningSettings
  readonly admit: Admit
}): AdmitDeactivation {
  const { clock, settings, admit } = dependencies

  return async (tx, operation, trail) => {
    const now = clock.now()
    const admission = (await takesAccess(tx, operation))
      ? await admit(tx, 'people', 1, trail)
      : 'free'
    if (admission === 'refused') {
      await holdRemovals(tx, [operation], trail, now)
      return 'held'
    }
    await dropHeld(tx, await tx.journal.heldFor(subjectOf(operation)))
    return { countedAt: admission === 'counted' ? now : undefined }
  }

  async function takesAccess(tx: DirectoryTransaction, operation: Deactivation): Promise<boolean> {
    const open = await tx.journal.openFor(subjectOf(operation))
    if (open.some((entry) => isRemoval(entry.operation))) return false
    const record = await tx.users.get(operation.userId)
    return record !== undefined && isActive(record, settings)
  }
}

/** Journals removals as held. One that is held already stays in its place and says what was said last. */
export async function holdRemovals(
  tx: DirectoryTransaction,
  operations: readonly BoxOperation[],
  trail: Trail,
  now: EpochMs
): Promise<void> {
  const { actor, correlationId } = trail.context
  for (const operation of operations) {
    const [held] = await tx.journal.heldFor(subjectOf(operation))
    if (held === undefined) {
      const entry = newEntry(operation, correlationId, now)
      await tx.appendJournal([{ ...entry, state: 'held', heldAt: now, askedBy: actor }])
    } else if (!isSameOperation(held.operation, operation)) {
      await tx.updateJournal([held.id], { operation })
    }
  }
  trail.operations.push(...operations)
  trail.notes.push(`${operations.length} removals held by the fuse`)
}

/** Drops held entries whose place a later change takes. */
export async function dropHeld(
  tx: DirectoryTransaction,
  held: readonly JournalEntry[]
): Promise<void> {
  if (held.length === 0) return
  const ids = held.map(({ id }) => id)
  await tx.updateJournal(ids, { state: 'cancelled', outcome: 'replaced' })
}

/** Drops removals that nobody has released in time. */
export type ExpireHeld = () => Promise<void>

/** Creates {@link ExpireHeld}. */
export function createExpireHeld(dependencies: {
  readonly clock: Clock
  readonly directory: Directory
}): ExpireHeld {
  const { clock, directory } = dependencies
  return async () => {
    const now = clock.now()
    const until = now - heldMs
    if ((await directory.journal.heldUntil(until)).length === 0) return
    await directory.transaction(async (tx) => {
      for (const { id, correlationId, subject, operation } of await tx.journal.heldUntil(until)) {
        await tx.updateJournal([id], { state: 'cancelled', outcome: 'expired' })
        await tx.audit({
          at: now,
          correlationId,
          actor: bridgeActor,
          action: 'fuse.expire',
          target: subject,
          plan: [operation],
          calls: [],
          outcome: 'expired',
          notes: []
        })
      }
    })
  }
}
