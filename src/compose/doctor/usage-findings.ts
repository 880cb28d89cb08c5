import type { Config } from '../../config/config.ts'
import type { EpochMs } from '../../lib/clock.ts'
import type { DirectoryStatus } from '../../store/status.ts'
import { ok, warn, type Finding } from './finding.ts'

/** About what Box allows one account in a minute (https://developer.box.com/guides/api-calls/permissions-and-errors/rate-limits/). */
const boxCallsPerMinute = 1000

/** With less, an import or a change of many members takes days. */
const fewestCallsPerMinute = 60

/** Whether the budget suits Box and the bridge. */
export function rateFinding({ boxCallsPerMinute: calls }: Config): Finding {
  const check = 'rate budget'
  const found = `BOX_CALLS_PER_MINUTE is ${calls}`
  if (calls > boxCallsPerMinute) {
    const advice = `Box allows about ${boxCallsPerMinute} a minute; set it lower, so that Box turns nothing away.`
    return warn(check, found, advice)
  }
  if (calls < fewestCallsPerMinute) {
    return warn(check, found, 'Imports and large groups take long with it: raise it if you can.')
  }
  return ok(check, found)
}

/** How much of the month's calls is used. */
export function monthFinding({ calls: note }: Pick<DirectoryStatus, 'calls'>): Finding {
  if (note === null) return ok('month', 'no calls were counted yet')
  const { month, calls, allowance } = note
  if (allowance === null) return ok('month', `${calls} calls in ${month}; no allowance is set`)
  const share = Math.floor((calls * 100) / allowance)
  const found = `${calls} of ${allowance} calls (${share} %) in ${month}`
  return share < 80
    ? ok('month', found)
    : warn('month', found, 'See docs/performance.md for what costs calls, or buy more from Box.')
}

/** For how many intervals a poll counts as recent. */
const lateIntervals = 3

/** Whether a bridge follows Box's events. */
export function streamFinding(
  { events }: DirectoryStatus,
  { boxEventsPollMs }: Config,
  now: EpochMs
): Finding {
  const check = 'event stream'
  if (boxEventsPollMs === 0) return ok(check, 'it is switched off: BOX_EVENTS_POLL_SECONDS is 0')
  if (events?.isForbidden) {
    return warn(
      check,
      'the bridge was refused the events when it asked last',
      'Give the app the scope "Manage enterprise properties" and authorise it again; the bridge asks again within an hour.'
    )
  }
  const readAt = events?.readAt ?? null
  if (readAt === null) {
    return warn(check, 'no events were read yet', 'Start the bridge; it reads them by itself.')
  }
  const seconds = Math.round((now - readAt) / 1000)
  const found = `events were read ${seconds} s ago`
  return now - readAt <= lateIntervals * boxEventsPollMs
    ? ok(check, found)
    : warn(check, found, 'Is the bridge running? Its log says why it cannot read them.')
}
