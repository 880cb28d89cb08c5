import type { EpochMs } from '../../lib/clock.ts'
import type { CarryOutUserWork } from '../carry-out.ts'
import type { Dependencies } from '../dependencies.ts'
import type { UpdateGroup } from '../group-update.ts'
import { hintKey, type NotedHint } from '../hints.ts'
import type { OwnAccount } from '../population.ts'
import { createTrail, type Trail } from '../trail.ts'
import { createDeletionGuard } from './deletions.ts'
import { createRecordSeenMembership } from './membership-seen.ts'
import type { RefreshOutcome } from './outcome.ts'
import { createRefreshGroup } from './refresh-group.ts'
import { createRefreshMembers } from './refresh-members.ts'
import { createRefreshMembership } from './refresh-membership.ts'
import { createRefreshUser } from './refresh-user.ts'

/**
 * Works one hint: reads in Box what it is about, records what has changed there, restores it where
 * DRIFT_RESTORE says so, and removes the hint or has it rest. Throws where Box cannot be asked or the
 * answer cannot be understood; the hint then stays as it is.
 */
export type Refresh = (noted: NotedHint, deadline: EpochMs) => Promise<void>

/** What refreshing works with. */
export interface RefreshParts {
  readonly carryOut: CarryOutUserWork
  readonly update: UpdateGroup
  /** Is told of work that is left to the journal worker. */
  readonly onAcknowledged: () => void
}

/** Creates {@link Refresh}. */
export function createRefresh(dependencies: Dependencies, parts: RefreshParts): Refresh {
  const { box, clock, directory } = dependencies
  const { carryOut, update, onAcknowledged } = parts
  const deletions = createDeletionGuard(dependencies)
  const record = createRecordSeenMembership(dependencies)
  const refreshUser = createRefreshUser(dependencies, {
    carryOut,
    deletions,
    own: ownAccount,
    onAcknowledged
  })
  const refreshGroup = createRefreshGroup(dependencies, { update, deletions })
  const members = createRefreshMembers(dependencies, { refreshGroup, record, onAcknowledged })
  const membershipParts = { refreshUser, refreshGroup, record, onAcknowledged }
  const membership = createRefreshMembership(dependencies, membershipParts)
  let own: Promise<OwnAccount> | undefined

  return async (noted, deadline) => {
    const correlationId = `${hintKey(noted.hint)}@${clock.now()}`
    const context = { correlationId, actor: 'bridge', deadline }
    const outcome = await look(noted, createTrail('drift.restore', context))
    await directory.transaction((tx) =>
      outcome === 'done'
        ? tx.dropHint(noted)
        : tx.postponeHint(noted, clock.now() + outcome.againAfter)
    )
  }

  function look({ hint }: NotedHint, trail: Trail): Promise<RefreshOutcome> {
    switch (hint.kind) {
      case 'user':
        return refreshUser(hint.userId, trail)
      case 'group':
        return refreshGroup(hint.groupId, trail)
      case 'members':
        return members(hint.groupId, trail)
      case 'membership':
        return membership(hint.groupId, hint.userId, trail)
    }
  }

  /** Asked once: the account that an application acts as never changes. */
  async function ownAccount(trail: Trail): Promise<OwnAccount> {
    own ??= box.getOwnAccount(trail.call('background'))
    try {
      return await own
    } catch (error) {
      own = undefined
      throw error
    }
  }
}
