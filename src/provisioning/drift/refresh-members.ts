import { inTurns } from '../../lib/turns.ts'
import type { Dependencies } from '../dependencies.ts'
import { BoxRefusedError } from '../errors.ts'
import type { Hint } from '../hints.ts'
import type { BoxGroupId, BoxMembership, BoxUserId, MembershipRow } from '../model.ts'
import { createTrail, type Trail } from '../trail.ts'
import { isAsKnown, type RecordSeenMembership, type SeenMembership } from './membership-seen.ts'
import { whenJournalIsDone, type RefreshOutcome } from './outcome.ts'
import type { RefreshGroup } from './refresh-group.ts'

/** Lists a group's members in Box and records what has changed. Throws where Box cannot be asked. */
export type RefreshMembers = (groupId: BoxGroupId, trail: Trail) => Promise<RefreshOutcome>

/** What {@link createRefreshMembers} works with. */
export interface RefreshMembersParts {
  readonly refreshGroup: RefreshGroup
  readonly record: RecordSeenMembership
  /** Is told of work that is left to the journal worker. */
  readonly onAcknowledged: () => void
}

/** Creates {@link RefreshMembers}. */
export function createRefreshMembers(
  dependencies: Dependencies,
  parts: RefreshMembersParts
): RefreshMembers {
  const { box, clock, directory } = dependencies

  return async (groupId, trail) => {
    const group = await directory.groups.get(groupId)
    if (group === undefined) return parts.refreshGroup(groupId, trail)
    const rows = await directory.memberships.ofGroup(groupId)
    const listed = await list(groupId, trail)
    if (listed === undefined) return noteGroup(groupId)
    const seen = differing(groupId, rows, listed)
    const known = await directory.users.snapshots(seen.map(({ userId }) => userId))
    const ofKnown = seen.filter(({ userId }) => known.has(userId))
    // Somebody whom the directory does not know is read first, each before the membership.
    const unknown = seen.filter(({ userId }) => !known.has(userId))
    return record(ofKnown, unknown, { groupId, revision: group.revision, trail })
  }

  async function list(
    groupId: BoxGroupId,
    trail: Trail
  ): Promise<
    { readonly entries: readonly BoxMembership[]; readonly truncated: boolean } | undefined
  > {
    const entries: BoxMembership[] = []
    let truncated = false
    try {
      for (let offset: number | undefined = 0; offset !== undefined;) {
        const page = await box.listGroupMemberships(groupId, offset, trail.call('background'))
        entries.push(...page.entries)
        truncated ||= page.truncated
        offset = page.nextOffset
      }
    } catch (error) {
      if (error instanceof BoxRefusedError && error.status === 404) return undefined
      throw error
    }
    return { entries, truncated }
  }

  /** Whether there is no such group any more is for its own look to find out. */
  async function noteGroup(groupId: BoxGroupId): Promise<RefreshOutcome> {
    const now = clock.now()
    await directory.transaction((tx) => tx.noteHints([{ kind: 'group', groupId }], 'bridge', now))
    return 'done'
  }

  async function record(
    seen: readonly SeenMembership[],
    unknown: readonly SeenMembership[],
    look: { readonly groupId: BoxGroupId; readonly revision: number; readonly trail: Trail }
  ): Promise<RefreshOutcome> {
    const { groupId, revision, trail } = look
    let restores = false
    const outcome = await directory.transaction(async (tx): Promise<RefreshOutcome> => {
      const group = await tx.groups.get(groupId)
      // The members changed during the listing: what it says may be older than that.
      if (group?.revision !== revision) return whenJournalIsDone
      // One of them at a time goes to the audit without the calls of the listing.
      const each = createTrail('drift.restore', trail.context)
      const again: Hint[] = unknown.map(hintOf)
      for await (const batch of inTurns(seen)) {
        for (const one of batch) {
          const result = await parts.record(tx, one, each)
          restores ||= result === 'restoring'
          if (result === 'busy') again.push(hintOf(one))
        }
      }
      await tx.noteHints(again, 'bridge', clock.now())
      return 'done'
    })
    if (restores) parts.onAcknowledged()
    return outcome
  }
}

/** Where a listing and the directory differ. What a listing cannot show counts as there. */
function differing(
  groupId: BoxGroupId,
  rows: readonly MembershipRow[],
  listed: { readonly entries: readonly BoxMembership[]; readonly truncated: boolean }
): readonly SeenMembership[] {
  const rest = new Map<BoxUserId, MembershipRow>(rows.map((row) => [row.userId, row]))
  const seen: SeenMembership[] = []
  for (const found of listed.entries) {
    const before = rest.get(found.userId)
    rest.delete(found.userId)
    seen.push({ groupId, userId: found.userId, before, found })
  }
  if (!listed.truncated) {
    for (const before of rest.values()) {
      seen.push({ groupId, userId: before.userId, before, found: undefined })
    }
  }
  return seen.filter((one) => !isAsKnown(one))
}

function hintOf({ groupId, userId }: SeenMembership): Hint {
  return { kind: 'membership', groupId, userId }
}
