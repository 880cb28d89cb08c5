import type { EpochMs } from '../lib/clock.ts'

/** Nobody knows whether Box has the invite: the answer to it was lost, and Box has no list to look in. */
export const inviteUnknown = 'unknown'

/** Box knows the invite no longer: it was answered, withdrawn, or has run out. */
export const inviteGone = 'gone'

/** An invite of somebody with a Box account outside the enterprise, kept until it is accepted or forgotten. */
export interface Invite {
  /** The invited login, as it was sent. */
  readonly login: string
  /** Box's id of it; undefined where the answer was lost. */
  readonly id: string | undefined
  /** Box's word as last seen, of which it documents `pending` alone; or one of the two above. */
  readonly status: string
  /** When it was sent, or was about to be. */
  readonly sentAt: EpochMs
  /** The request that sent it. */
  readonly correlationId: string
}

/** Statuses of an invite that may still be accepted, or was and Box does not show the person yet. */
const hopeful: ReadonlySet<string> = new Set(['pending', 'accepted', inviteUnknown])

/** Tells whether an invite has come to nothing: no other is sent until somebody has it forgotten. */
export function isEnded({ status }: Pick<Invite, 'status'>): boolean {
  return !hopeful.has(status)
}
