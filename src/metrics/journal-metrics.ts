import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import type { EpochMs } from '../lib/clock.ts'
import { isEnded, type Invite } from '../provisioning/invites.ts'
import type { OpenJournal } from '../provisioning/ports.ts'
import type { Signals } from '../provisioning/signals.ts'

/** Counts what becomes of memberships that a client was told will be done. */
export function createMembershipMetrics(
  register: Registry
): Pick<Signals, 'membershipSettled' | 'membershipRefused'> {
  const settled = new Counter({
    name: 'box_scim_memberships_settled_total',
    help: 'Acknowledged memberships that were carried out, or given up for a later change.',
    registers: [register]
  })
  const refused = new Counter({
    name: 'box_scim_memberships_refused_total',
    help: 'Memberships that Box refused after a client was told that they will be done.',
    registers: [register]
  })
  return {
    membershipSettled: () => settled.inc(),
    membershipRefused: () => refused.inc()
  }
}

/** What the journal's gauges show. */
export interface JournalState {
  readonly open: OpenJournal
  readonly invites: readonly Invite[]
  /** Seconds that the pending memberships will still take. */
  readonly secondsLeft: number
  readonly now: EpochMs
}

/** Shows what is on its way to Box. */
export function createJournalGauges(register: Registry): (state: JournalState) => void {
  const registers = [register]
  const entries = new Gauge({
    name: 'box_scim_journal_entries',
    help: 'Open and held entries of the journal, by state.',
    labelNames: ['state'],
    registers
  })
  const oldest = new Gauge({
    name: 'box_scim_journal_oldest_seconds',
    help: 'Age of the oldest open entry of the journal; 0 where there is none.',
    registers
  })
  const removals = new Gauge({
    name: 'box_scim_removals_open',
    help: 'Removals that are not carried out yet: access that is still to be taken away.',
    registers
  })
  const oldestRemoval = new Gauge({
    name: 'box_scim_removals_oldest_seconds',
    help: 'Age of the oldest open removal; 0 where there is none.',
    registers
  })
  const pending = new Gauge({
    name: 'box_scim_memberships_pending',
    help: 'Acknowledged memberships that are not carried out yet.',
    registers
  })
  const left = new Gauge({
    name: 'box_scim_memberships_remaining_seconds',
    help: 'Estimated time until the pending memberships are carried out.',
    registers
  })
  const invited = new Gauge({
    name: 'box_scim_invites',
    help: 'Invites that may still be accepted (waiting), and those that came to nothing (ended).',
    labelNames: ['state'],
    registers
  })
  return ({ open, invites, secondsLeft, now }) => {
    const ended = invites.filter(isEnded).length
    invited.set({ state: 'waiting' }, invites.length - ended)
    invited.set({ state: 'ended' }, ended)
    const age = (at: EpochMs | undefined) => (at === undefined ? 0 : Math.max(0, now - at) / 1000)
    for (const [state, count] of Object.entries(open.states)) entries.set({ state }, count)
    entries.set({ state: 'held' }, open.held)
    oldest.set(age(open.oldestAt))
    removals.set(open.removals)
    oldestRemoval.set(age(open.oldestRemovalAt))
    pending.set(open.pendingMemberships)
    left.set(secondsLeft)
  }
}
