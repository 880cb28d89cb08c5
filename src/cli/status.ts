import type { Operator } from '../operator.ts'
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
  const { database, box, importedAt, people, groups } = status
  return [
    row('Directory', database),
    row('Box', box === null ? 'none yet' : `enterprise ${box.enterpriseId} at ${box.host}`),
    row('First import', importedAt === null ? 'not done; so far:' : `done ${moment(importedAt)}`),
    row(
      'People',
      `${count(people.shown)} (${count(people.active)} active, ${count(people.inactive)} inactive), ${linkage(people)}`
    ),
    row('Groups', `${count(groups.shown)}, ${linkage(groups)}`),
    ...describeJournal(status, now),
    ...describeFuses(status),
    ...describeAudit(status)
  ]
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

function describeJournal({ journal }: Status, now: EpochMs): readonly string[] {
  const { states, oldestOpenAt, pendingMemberships, openRemovals } = journal
  const named = Object.entries(states).map(([state, entries]) => `${count(entries)} ${state}`)
  const unlisted = openRemovals.length - listedRemovals
  return [
    row('Journal', named.join(', ')),
    row(
      'Oldest open',
      oldestOpenAt === null ? 'none' : `decided ${duration(now - oldestOpenAt)} ago`
    ),
    row('Memberships', `${count(pendingMemberships)} acknowledged and not carried out yet`),
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
