import type { Clock, EpochMs, Milliseconds } from '../lib/clock.ts'
import { isJsonObject } from '../lib/json.ts'
import type { Random } from '../lib/random.ts'
import { createBoxTime } from './box-time.ts'
import { createTokenRequest } from './credentials.ts'
import type { BoxCredentials } from './credentials.ts'
import { entriesOf, textAt } from './decode.ts'
import { codeOf, judgeToken } from './errors.ts'
import { createSdkSeam } from './sdk.ts'
import { createTransport, TransportFailure } from './transport.ts'
import type { HttpAnswer, HttpRequest } from './transport.ts'

/** What came of asking Box for something. */
export type Probed =
  | { readonly kind: 'granted' }
  /** Box says no, and why. */
  | {
      readonly kind: 'refused'
      readonly status: number
      readonly code: string
      readonly message: string
    }
  /** No answer that says anything: the network, or Box, is in trouble. */
  | { readonly kind: 'unreachable'; readonly reason: string }

/** What Box lets the bridge do. */
export interface BoxProbe {
  readonly token: Probed
  /** How far Box's clock is ahead of this machine's; undefined where Box has not told. */
  readonly clockAheadMs: Milliseconds | undefined
  /** What can be asked with the token; undefined where there was none. */
  readonly rights: BoxRights | undefined
}

/** What the app may read. Box has one scope for reading and writing each of these. */
export interface BoxRights {
  readonly users: Probed
  readonly groups: Probed
  readonly events: Probed
  /** Whether content can be moved; undefined where that was not asked. */
  readonly content: Probed | undefined
  /** Whether anybody besides the app's own account is seen; undefined where nobody could be asked. */
  readonly seesPeople: boolean | undefined
}

/** Whom to ask, and how. */
export interface BoxProbeOptions {
  /** Base of the API and of the token endpoint, without `/2.0`. */
  readonly apiUrl: string
  readonly credentials: BoxCredentials
  /** Whether the bridge has to move content. */
  readonly movesContent: boolean
  readonly clock: Clock
  readonly random: Random
}

const timeoutMs: Milliseconds = 15_000

const ownPath = '/users/me?fields=id'
const usersLimit = 1000
const usersPath = `/users?user_type=managed&limit=${usersLimit}&fields=id,is_platform_access_only`
const groupsPath = '/groups?limit=1&fields=id'
const eventsPath = '/events?stream_type=admin_logs_streaming&stream_position=now&limit=1'

/**
 * Asks whether a file would be taken, and sends none: the check includes what the application is allowed
 * to (https://developer.box.com/guides/uploads/check/). Reading files takes a scope that says nothing of
 * writing them.
 */
const uploadCheck = {
  method: 'OPTIONS',
  path: '/files/content',
  body: JSON.stringify({ name: 'box-scim-doctor', size: 0, parent: { id: '0' } })
} as const

/** Box's words for a scope that is missing; anything else it says about a file is not about the scope. */
const scopeCodes = new Set(['insufficient_scope', 'access_denied_insufficient_permissions'])

/**
 * Asks Box what the bridge may do, with reads alone: nothing is changed in Box. Trouble with Box is part
 * of the answer.
 *
 * @throws Error when a JWT configuration cannot be used.
 */
export async function probeBox(options: BoxProbeOptions): Promise<BoxProbe> {
  const { apiUrl, credentials, movesContent, clock, random } = options
  const time = createBoxTime(clock)
  const request = createTokenRequest(credentials, { time, random })
  const throughSdk = createSdkSeam(apiUrl)
  const transport = createTransport({ connections: 1, connectTimeoutMs: 5000, clock })
  let clockAheadMs: Milliseconds | undefined

  async function send(asked: HttpRequest): Promise<HttpAnswer> {
    const asksAt = clock.now()
    const answer = await transport.send(asked, timeoutMs)
    clockAheadMs ??= aheadOf(answer, asksAt, clock.now())
    return answer
  }

  async function askToken(): Promise<HttpAnswer> {
    const answer = await throughSdk(send, request)
    const isRefused = judgeToken(answer, clock.now())?.trouble === 'credentials'
    // As the bridge does: an assertion by a wrong clock is made anew by Box's.
    return isRefused && credentials.kind === 'jwt' && time.correct(answer)
      ? throughSdk(send, request)
      : answer
  }

  async function rightsWith(token: string): Promise<BoxRights> {
    const base = `${apiUrl.replace(/\/+$/, '')}/2.0`
    const headers = { accept: 'application/json', authorization: `Bearer ${token}` }
    const read = (path: string) => attempt(() => send({ method: 'GET', url: base + path, headers }))
    const own = await read(ownPath)
    const users = await read(usersPath)
    const groups = await read(groupsPath)
    const events = await read(eventsPath)
    const content = movesContent ? await attempt(() => checkUpload(base, headers)) : undefined
    return {
      users: users.probed,
      groups: groups.probed,
      events: events.probed,
      content: content === undefined ? undefined : pastScope(content.probed),
      seesPeople: users.probed.kind === 'granted' ? seesOthers(users, own) : undefined
    }
  }

  function checkUpload(base: string, headers: Readonly<Record<string, string>>) {
    const { method, path, body } = uploadCheck
    const typed = { ...headers, 'content-type': 'application/json' }
    return send({ method, url: base + path, headers: typed, body })
  }

  try {
    const { answer, probed } = await attempt(askToken)
    const token = textAt(answer?.body, 'access_token')
    const rights = probed.kind === 'granted' ? await rightsWith(token) : undefined
    return { token: probed, clockAheadMs, rights }
  } finally {
    await transport.close()
  }
}

/** An answer, where there was one, and what it means. */
interface Attempt {
  readonly answer: HttpAnswer | undefined
  readonly probed: Probed
}

async function attempt(ask: () => Promise<HttpAnswer>): Promise<Attempt> {
  try {
    const answer = await ask()
    return { answer, probed: meaningOf(answer) }
  } catch (error) {
    if (!(error instanceof TransportFailure)) throw error
    return { answer: undefined, probed: { kind: 'unreachable', reason: error.message } }
  }
}

function meaningOf(answer: HttpAnswer): Probed {
  const { status, body } = answer
  if (status >= 200 && status < 300) return { kind: 'granted' }
  const isNo = status >= 400 && status < 500 && status !== 408 && status !== 429
  if (!isNo) return { kind: 'unreachable', reason: `Box answers ${status}` }
  const message = textAt(body, 'error_description') || textAt(body, 'message')
  return { kind: 'refused', status, code: codeOf(answer), message: message.slice(0, 200) }
}

/** A name that is taken or a quota that is used up says that the application got as far as that. */
function pastScope(probed: Probed): Probed {
  const isOther = probed.kind === 'refused' && !scopeCodes.has(probed.code)
  return isOther ? { kind: 'granted' } : probed
}

/** App users are the app's own, and seen in any case. A page full of them tells nothing. */
function seesOthers({ answer: users }: Attempt, { answer: own }: Attempt): boolean | undefined {
  const ownId = textAt(own?.body, 'id')
  const entries = entriesOf(users?.body)
  const isSomebody = entries.some(
    (entry) =>
      isJsonObject(entry) &&
      entry['is_platform_access_only'] !== true &&
      textAt(entry, 'id') !== ownId
  )
  return isSomebody || entries.length < usersLimit ? isSomebody : undefined
}

/** By the middle of the exchange; `Date` (RFC 9110 §6.6.1) is cut down to whole seconds. */
function aheadOf(
  { headers }: HttpAnswer,
  asked: EpochMs,
  answered: EpochMs
): Milliseconds | undefined {
  const ahead = Date.parse(headers['date'] ?? '') + 500 - (asked + answered) / 2
  return Number.isNaN(ahead) ? undefined : ahead
}
