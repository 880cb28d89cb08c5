import type { BoxProbe, BoxRights, Probed } from '../../box/probe.ts'
import type { Milliseconds } from '../../lib/clock.ts'
import { fail, ok, warn, type CheckName, type Finding } from './finding.ts'

const authorise =
  'a Box admin authorises it again in the Admin Console: Integrations, Platform Apps Manager (docs/box-app.md)'

/** What asking Box has shown. */
export function boxFindings({ token, clockAheadMs, rights }: BoxProbe): readonly Finding[] {
  return [
    tokenFinding(token),
    ...(clockAheadMs === undefined ? [] : [clockFinding(clockAheadMs)]),
    ...(rights === undefined ? [] : rightsFindings(rights))
  ]
}

function tokenFinding(token: Probed): Finding {
  const check = 'box token'
  if (token.kind === 'granted') return ok(check, 'Box gives the bridge an access token')
  if (token.kind === 'unreachable') return unreachable(check, token.reason)
  const { code, message } = token
  const found = `Box refuses the credentials: ${[code, message].filter(Boolean).join(', ')}`
  if (code === 'unauthorized_client') {
    const advice = `The app is not authorised: ${authorise}.`
    return fail(check, found, advice)
  }
  return fail(
    check,
    found,
    'Compare BOX_CLIENT_ID, BOX_CLIENT_SECRET and BOX_ENTERPRISE_ID, or the JWT file, with the Developer Console; the secret changes when somebody resets it. Are they right, then the App Access Level must be App + Enterprise Access, and a Box admin must have authorised the app (docs/box-app.md).'
  )
}

function unreachable(check: CheckName, reason: string): Finding {
  return fail(
    check,
    reason,
    'Check BOX_API_URL, name resolution, firewall and proxy rules from this machine to Box (TCP 443), and https://status.box.com.'
  )
}

/** Box's name of it, which ON_DELETE=transfer needs. */
const contentScope = 'Read and write all files and folders stored in Box'

/** An assertion lasts less than a minute, and `Date` tells whole seconds. */
const noticeableMs: Milliseconds = 5_000
const harmfulMs: Milliseconds = 30_000

function clockFinding(aheadMs: Milliseconds): Finding {
  const seconds = Math.round(Math.abs(aheadMs) / 1000)
  const apart = Math.abs(aheadMs)
  if (apart < noticeableMs) return ok('clock', "it agrees with Box's to within five seconds")
  const found = `this machine's clock is ${seconds} s ${aheadMs > 0 ? 'behind' : 'ahead of'} Box's`
  const advice =
    'Have this machine set its clock by NTP: JWT assertions, tokens of OIDC issuers and the ends of access tokens are judged by it.'
  return (apart < harmfulMs ? warn : fail)('clock', found, advice)
}

function rightsFindings(rights: BoxRights): readonly Finding[] {
  const { users, groups, events, content, seesPeople } = rights
  return [
    scopeFinding('users', users, 'Manage users'),
    scopeFinding('groups', groups, 'Manage groups'),
    ...(seesPeople === undefined ? [] : [accessFinding(seesPeople)]),
    asWarning(scopeFinding('events', events, 'Manage enterprise properties')),
    ...(content === undefined ? [] : [scopeFinding('content', content, contentScope)])
  ]
}

function scopeFinding(check: CheckName, probed: Probed, scope: string): Finding {
  if (probed.kind === 'granted') return ok(check, `the app has the scope ${scope}`)
  if (probed.kind === 'unreachable') return unreachable(check, probed.reason)
  const { status, code } = probed
  const found = `Box refuses to tell of ${check}: ${status} ${code}`
  const levels =
    code === 'insufficient_scope'
      ? ''
      : ' Set the App Access Level to App + Enterprise Access there too.'
  return fail(
    check,
    found,
    `In the Developer Console tick the scope "${scope}" and save.${levels} Then ${authorise}, and the bridge is started again.`
  )
}

function accessFinding(seesPeople: boolean): Finding {
  const check = 'enterprise access'
  return seesPeople
    ? ok(check, 'the app sees the people of the enterprise')
    : fail(
        check,
        'the app sees nobody but itself',
        `In the Developer Console set the App Access Level to App + Enterprise Access and save. Then ${authorise}, and the bridge is started again.`
      )
}

/** Without events the bridge works all the same: changes made in Box are found later. */
function asWarning(finding: Finding): Finding {
  return finding.state === 'fail' ? { ...finding, state: 'warn' } : finding
}
