import type { Operator } from '../compose/operator.ts'
import type { EpochMs } from '../lib/clock.ts'
import { operatorOf, runCommand } from './command.ts'
import type { CommandIo } from './command.ts'
import { count, duration, harmless, moment } from './words.ts'

type Status = Awaited<ReturnType<Operator['status']>>

/** How many open removals are written out for a person; `--json` has them all. */
const listedRemovals = 20

/** Prints how the directory is, for a person or as JSON. */
export function status(io: CommandIo, options: { readonly json?: boolean }): Promise<number> {
  return runCommand(io, async () => {
    const found = await operatorOf(io).status()
    if (options.json === true) io.out(JSON.stringify(found, null, 2))
    else for (const line of describe(found, Date.now())) io.out(line)
  })
}

function describe(status: Status, now: EpochMs): readonly string[] {
  const { database, box, importedAt, events, people, groups } = status
  return [
    row('Directory', database),
    row('Box', box === null ? 'none yet' : `enterprise ${box.enterpriseId} at ${box.host}`),
    row('First import', importedAt === null ? 'not done; so far:' : `done ${moment(importedAt)}`),
    row(
      'People',
      `${count(people.shown)} (${count(people.active)} active, ${count(people.inactive)} inactive), ${linkage(people)}`
    ),
    row('Groups', `${count(groups.shown)}, ${linkage(groups)}`),
    row('Box events', describeEvents(events, now)),
    ...describeJournal(status, now),
    ...describeCalls(status),
    ...describeDrift(status, now),
    ...describeLeavers(status),
    row('Invites', describeInvites(status, now)),
    ...describeFuses(status),
    ...describeAudit(status)
  ]
}

function describeEvents(events: Status['events'], now: EpochMs): string {
  if (events?.isForbidden)
    return 'not followed: the app lacks the scope Manage enterprise properties'
  const readAt = events?.readAt ?? null
  return readAt === null ? 'not followed' : `read ${duration(now - readAt)} ago`
}

function row(label: string, text: string): string {
  return `${label.padEnd(14)}${text}`
}

function item(text: string): string {
  return row('', text)
}

function linkage({ linked, tombstones }: Status['groups']): string {
  return `${count(linked)} linked; ${count(tombstones)} tombstones`
}

function describeCalls({ calls }: Status): readonly string[] {
  if (calls === null) return [row('Box calls', 'none counted yet')]
  const { month, allowance } = calls
  const used =
    allowance === null
      ? ''
      : ` of ${count(allowance)} (${Math.floor((calls.calls * 100) / allowance)} %)`
  return [row('Box calls', `${count(calls.calls)}${used} in ${month}`)]
}

/** When the memberships will be done at the rate that was seen last. */
function remaining({ journal }: Status): string {
  const { pendingMemberships, membershipRate: rate } = journal
  if (pendingMemberships === 0 || rate === null) return ''
  const left = (pendingMemberships / rate.perMinute) * 60_000
  return `; about ${duration(left)} left at ${count(rate.perMinute)} a minute`
}

function describeJournal(status: Status, now: EpochMs): readonly string[] {
  const { journal } = status
  const { states, oldestOpenAt, pendingMemberships, openRemovals } = journal
  const named = Object.entries(states).map(([state, entries]) => `${count(entries)} ${state}`)
  const unlisted = openRemovals.length - listedRemovals
  return [
    row('Journal', named.join(', ')),
    row(
      'Oldest open',
      oldestOpenAt === null ? 'none' : `decided ${duration(now - oldestOpenAt)} ago`
    ),
    row(
      'Memberships',
      `${count(pendingMemberships)} acknowledged and not carried out yet${remaining(status)}`
    ),
    row('Removals', `${count(openRemovals.length)} open`),
    ...openRemovals
      .slice(0, listedRemovals)
      .map(({ id, operation, subject, state, attempts, decidedAt }) =>
        item(
          `#${id} ${operation} ${subject}: ${state}, decided ${duration(now - decidedAt)} ago, attempts: ${attempts}`
        )
      ),
    ...(unlisted > 0 ? [item(`and ${count(unlisted)} more; --json has them all`)] : [])
  ]
}

function describeDrift({ drift }: Status, now: EpochMs): readonly string[] {
  const { last24h, restored24h, hints, reconcile, deletionsStoppedAt } = drift
  const { doneAt, alarm, acceptedAt } = reconcile
  const named = Object.entries(last24h).map(([kind, entries]) => `${count(entries)} ${kind}`)
  const oldest = hints.oldestAt === null ? '' : `, the oldest for ${duration(now - hints.oldestAt)}`
  return [
    row('Drift', `${named.join(', ')} in the last 24 hours; ${count(restored24h)} restored`),
    row('To be read', `${count(hints.waiting)} in Box${oldest}`),
    row('Reconcile', doneAt === null ? 'none yet' : `done ${moment(doneAt)}`),
    ...(alarm === null
      ? []
      : [
          item(
            `STOPPED ${moment(alarm.at)}: ${count(alarm.missing)} of ${count(alarm.of)} ${alarm.kind} missing in Box${acceptedAt === null ? '' : `; accepted ${moment(acceptedAt)}`}`
          )
        ]),
    ...(deletionsStoppedAt === null
      ? []
      : [item(`STOPPED ${moment(deletionsStoppedAt)}: too much has disappeared from Box in a day`)])
  ]
}

function describeLeavers({ leavers }: Status): readonly string[] {
  const { waiting, nextAt, open, refused } = leavers
  const next = nextAt === null ? '' : `, the next until ${moment(nextAt)}`
  return [
    row(
      'Leavers',
      `${count(waiting)} in their grace period${next}; ${count(open)} under way, ${count(refused.length)} refused`
    ),
    ...refused.slice(0, listedRemovals).map(({ id, operation, userId, reason, againAt }) => {
      const rest = againAt === null ? 'given up' : `again ${moment(againAt)}`
      return item(`#${id} ${operation} user:${userId}: ${harmless(reason)}; ${rest}`)
    })
  ]
}

function describeInvites({ invites }: Status, now: EpochMs): string {
  const { states, oldestAt } = invites
  if (oldestAt === null) return 'none'
  const named = Object.entries(states).map(([state, sent]) => `${count(sent)} ${harmless(state)}`)
  return `${named.join(', ')}, the oldest for ${duration(now - oldestAt)}: see box-scim invite list`
}

function describeFuses({ fuses }: Status): readonly string[] {
  return Object.entries(fuses).map(([name, { openedAt, held }], index) => {
    const state = openedAt === null ? 'closed' : `OPEN since ${moment(openedAt)}`
    const advice = openedAt === null && held === 0 ? '' : ': see box-scim fuse list'
    return row(index === 0 ? 'Fuses' : '', `${name} ${state}, ${count(held)} held${advice}`)
  })
}

function describeAudit({ audit }: Status): readonly string[] {
  return [
    row('Failures', `${count(audit.failures24h)} in the last 24 hours`),
    row('Last changes', audit.last.length === 0 ? 'none' : ''),
    ...audit.last.map(({ at, actor, action, target, outcome }) =>
      item(harmless(`${moment(at)} ${actor} ${action} ${target}: ${outcome}`))
    )
  ]
}
