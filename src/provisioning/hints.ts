import type { EpochMs } from '../lib/clock.ts'
import type { BoxGroupId, BoxUserId } from './model.ts'

/** Something in Box that may differ from the directory, to be read again by its id. */
export type Hint =
  | { readonly kind: 'user'; readonly userId: BoxUserId }
  /** A group's attributes. */
  | { readonly kind: 'group'; readonly groupId: BoxGroupId }
  | { readonly kind: 'membership'; readonly groupId: BoxGroupId; readonly userId: BoxUserId }
  /** All members of a group. */
  | { readonly kind: 'members'; readonly groupId: BoxGroupId }

/** Who gave a hint: the event feed, the reconcile, or the bridge's own work. */
export type HintSource = 'events' | 'reconcile' | 'bridge'

/** A hint that waits for its turn. There is one for each thing, however often it was noted. */
export interface NotedHint {
  readonly hint: Hint
  readonly source: HintSource
  /** When it was noted first. */
  readonly notedAt: EpochMs
  /** Not to be worked before this time. */
  readonly notBefore: EpochMs
  /** Counts how often it was noted. */
  readonly revision: number
}

/** What a hint is about: hints with one key are one. */
export function hintKey(hint: Hint): string {
  switch (hint.kind) {
    case 'user':
      return `user:${hint.userId}`
    case 'membership':
      return `membership:${hint.groupId}/${hint.userId}`
    default:
      return `${hint.kind}:${hint.groupId}`
  }
}
