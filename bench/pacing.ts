import { setTimeout as wait } from 'node:timers/promises'
import type { EnterpriseState } from '../src/emulator/state.ts'
import type { RecordedCall } from '../src/emulator/call-log.ts'
import { newAttempts, persist } from './client.ts'
import type { Attempts, Write } from './client.ts'
import { groupId, loginOf, userId } from './population.ts'
import type { Process } from './processes/start.ts'
import { onStage } from './stage.ts'
import type { Stage } from './stage.ts'
import type { Row } from './table.ts'

const callsPerMinute = 300
/** What a second without calls saves up for. */
const burst = callsPerMinute / 60
const writesPerSecond = 25
const seconds = 60
const people = 2_000

/** When, in seconds, Box asks for a pause, and how long it is to last. */
const pauses = { at: [15, 45], seconds: 5 } as const

/** When, in seconds, somebody leaves. */
const leavesAt = 30
const leaver = people - 1

/** Calls that were on their way when the answer with the pause was. */
const underWayMs = 250

const patchOp = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'

/** Offers far more writes than Box allows calls, and asks for pauses on top. */
export function measurePacing(): Promise<readonly Row[]> {
  // Box itself would allow more: each 429 is then one of the pauses below.
  const enterprise = { people, groups: [0], callsPerMinute: 10_000, budget: String(callsPerMinute) }
  return onStage(enterprise, async (stage) => {
    const attempts = newAttempts()
    const begun = Date.now()
    const { leftAt } = await offer(stage, attempts)
    const minutes = (Date.now() - begun) / 60_000
    const state = await stage.box.ask<EnterpriseState>('state')
    const calls = await stage.box.ask<readonly RecordedCall[]>('calls')
    return rowsOf({ attempts, calls, leftAt, missing: missingFrom(state), minutes })
  })
}

/** Sends all writes at their time and waits until the last has succeeded. */
async function offer(
  { bridge, box }: Stage,
  attempts: Attempts
): Promise<{ readonly leftAt: number }> {
  const work: Promise<void>[] = []
  let leftAt = 0
  for (let second = 0; second < seconds; second += 1) {
    if (pauses.at.some((at) => at === second)) await askForPause(box)
    if (second === leavesAt) {
      leftAt = Date.now()
      work.push(persist(bridge.baseUrl, patchUser(leaver, 'active', false), attempts))
    }
    for (let n = 0; n < writesPerSecond; n += 1) {
      work.push(persist(bridge.baseUrl, writeOf(second * writesPerSecond + n), attempts))
      await wait(1_000 / writesPerSecond)
    }
  }
  await Promise.all(work)
  return { leftAt }
}

function askForPause(box: Process): Promise<unknown> {
  return box.ask('pause', pauses.seconds)
}

/** Of five writes two are creations, two are changes, one adds a member. */
function writeOf(n: number): Write {
  if (n % 5 < 2) {
    const userName = newLogin(n)
    const schemas = ['urn:ietf:params:scim:schemas:core:2.0:User']
    const body = { schemas, userName, displayName: `New ${n}`, externalId: `new-${n}` }
    return { method: 'POST', path: '/Users', body }
  }
  if (n % 5 < 4) return patchUser(n, 'title', newTitle(n))
  const Operations = [{ op: 'add', path: 'members', value: [{ value: userId(n) }] }]
  return {
    method: 'PATCH',
    path: `/Groups/${groupId(0)}`,
    body: { schemas: [patchOp], Operations }
  }
}

function patchUser(n: number, path: string, value: unknown): Write {
  const body = { schemas: [patchOp], Operations: [{ op: 'replace', path, value }] }
  return { method: 'PATCH', path: `/Users/${userId(n)}`, body }
}

const newLogin = (n: number) => `new${n}@example.com`
const foldedLogin = (n: number) => loginOf(n).toLowerCase()
const newTitle = (n: number) => `Title ${n}`

/** What was acknowledged and is not in Box. */
function missingFrom({ users, groups }: EnterpriseState): readonly string[] {
  const byLogin = new Map(Object.entries(users).map(([login, user]) => [login.toLowerCase(), user]))
  const members = new Set((groups['Group 0']?.members ?? []).map((login) => login.toLowerCase()))
  const isDone = (n: number) => {
    if (n % 5 < 2) return byLogin.has(newLogin(n))
    if (n % 5 < 4) return byLogin.get(foldedLogin(n))?.job_title === newTitle(n)
    return members.has(foldedLogin(n))
  }
  const missing = Array.from({ length: writesPerSecond * seconds }, (_, n) => n)
    .filter((n) => !isDone(n))
    .map((n) => `write ${n}`)
  const isOut = byLogin.get(foldedLogin(leaver))?.status === 'inactive'
  return isOut ? missing : [...missing, 'the deactivation']
}

interface Findings {
  readonly attempts: Attempts
  readonly calls: readonly RecordedCall[]
  readonly leftAt: number
  readonly missing: readonly string[]
  readonly minutes: number
}

function rowsOf({ attempts, calls, leftAt, missing, minutes }: Findings): readonly Row[] {
  const longest = Math.max(...attempts.times) / 1_000
  const statuses = [...attempts.statuses]
    .toSorted(([left], [right]) => left - right)
    .map(([status, n]) => `${n} × ${status}`)
  const api = calls.filter(({ path }) => path.startsWith('/2.0/'))
  const paused = api.filter(({ status }) => status === 429)
  const inPause = callsInPause(api)
  const { between, afterMs } = departure(api, leftAt)
  const offered = writesPerSecond * seconds
  return [
    row('longest answer', `${longest.toFixed(1)} s`, statuses.join(', '), '≤ 30 s', longest <= 30),
    row(
      '429 and 503 without an integer Retry-After',
      String(attempts.unexplained),
      `${attempts.times.length} answers`,
      '0',
      attempts.unexplained === 0
    ),
    row(
      'calls during a pause that Box asked for',
      String(inPause),
      `${paused.length} pauses, ${api.length} calls`,
      '0',
      inPause === 0
    ),
    row(
      'most calls within a minute',
      String(busiestMinute(api)),
      `${api.length} calls`,
      `≤ ${callsPerMinute + burst}`,
      busiestMinute(api) <= callsPerMinute + burst
    ),
    row(
      'creations and members sent to Box before the deactivation that came meanwhile',
      String(between),
      `it took ${(afterMs / 1_000).toFixed(1)} s`,
      '≤ 1, under way already',
      between <= 1
    ),
    row(
      'writes lost or refused, the client retrying as told',
      String(missing.length + attempts.failures.length),
      `${offered + 1} writes in ${minutes.toFixed(1)} minutes ${attempts.failures[0] ?? ''}`,
      '0',
      missing.length + attempts.failures.length === 0
    )
  ]
}

function busiestMinute(calls: readonly RecordedCall[]): number {
  const counts = calls.map(({ at }) => {
    return calls.filter((call) => call.at >= at && call.at < at + 60_000).length
  })
  return Math.max(...counts)
}

/** The pause is the one of the latest 429 at each time; what was under way with it does not count. */
function callsInPause(calls: readonly RecordedCall[]): number {
  const refused = calls.filter(({ status }) => status === 429)
  const spans = refused.map(({ at }) => [at + underWayMs, at + pauses.seconds * 1_000] as const)
  const inSpan = (at: number) => spans.some(([from, to]) => at > from && at < to)
  return calls.filter(({ at, status }) => status !== 429 && inSpan(at)).length
}

function departure(calls: readonly RecordedCall[], leftAt: number) {
  const later = calls.filter(({ at, status }) => at > leftAt && status !== 429)
  const path = `/2.0/users/${userId(leaver)}`
  const index = later.findIndex((call) => call.method === 'PUT' && call.path === path)
  const before = index < 0 ? later : later.slice(0, index)
  const between = before.filter(({ method }) => method === 'POST').length
  return { between, afterMs: index < 0 ? Infinity : (later[index]?.at ?? 0) - leftAt }
}

function row(
  ...[figure, measured, result, target, isMet]: [string, string, string, string, boolean]
): Row {
  const verdict = isMet ? 'met' : 'missed'
  return {
    figure,
    measured,
    baseline: `${writesPerSecond} writes/s`,
    result,
    target,
    verdict,
    isHard: true
  }
}
