import { EmailAliasesManager } from 'box-typescript-sdk-gen/managers/emailAliases.generated'
import { EventsManager } from 'box-typescript-sdk-gen/managers/events.generated'
import { GroupsManager } from 'box-typescript-sdk-gen/managers/groups.generated'
import { InvitesManager } from 'box-typescript-sdk-gen/managers/invites.generated'
import { MembershipsManager } from 'box-typescript-sdk-gen/managers/memberships.generated'
import { SessionTerminationManager } from 'box-typescript-sdk-gen/managers/sessionTermination.generated'
import { TransferManager } from 'box-typescript-sdk-gen/managers/transfer.generated'
import { UsersManager } from 'box-typescript-sdk-gen/managers/users.generated'
import type { NetworkSession } from 'box-typescript-sdk-gen/networking/network.generated'
import { isJsonObject } from '../lib/json.ts'
import type { JsonValue } from '../lib/json.ts'
import type { Logger } from '../lib/logger.ts'
import { BoxRefusedError } from '../provisioning/errors.ts'
import { isBoxId } from '../provisioning/model.ts'
import type { BoxCall, BoxPage } from '../provisioning/box-port.ts'
import { entriesOf, numberAt } from './decode.ts'
import { failure, unavailable } from './errors.ts'
import type { Exchange, Manner } from './exchange.ts'
import type { ThroughSdk } from './sdk.ts'

/** The SDK's managers that the bridge uses. */
interface Managers {
  readonly users: UsersManager
  readonly aliases: EmailAliasesManager
  readonly groups: GroupsManager
  readonly memberships: MembershipsManager
  readonly events: EventsManager
  readonly invites: InvitesManager
  readonly sessions: SessionTerminationManager
  readonly transfers: TransferManager
}

/** Box's API: calls of SDK managers in, Box's JSON out. */
export interface BoxApi {
  /** Runs one call of a manager and resolves with the body of Box's answer. */
  call(
    how: Manner & { readonly call: BoxCall },
    use: (managers: Managers) => Promise<unknown>
  ): Promise<JsonValue | undefined>
  /** Sends a request that no manager can express; `path` begins after `/2.0`. */
  post(path: string, body: JsonValue, call: BoxCall): Promise<JsonValue | undefined>
  /** Says that an entry of a list was left out because it cannot be read. */
  dropped(what: string, count: number): void
}

/** Creates the API. `apiUrl`: Box's base address, without `/2.0`. */
export function createBoxApi(parts: {
  readonly apiUrl: string
  readonly throughSdk: ThroughSdk
  readonly exchange: Exchange
  readonly log: Logger
}): BoxApi {
  const base = `${parts.apiUrl.replace(/\/+$/, '')}/2.0`
  return {
    async call({ call, ...manner }, use) {
      const answer = await parts.throughSdk(
        (request) => parts.exchange.send(request, manner, call),
        (session) => use(managersOf(session))
      )
      return answer.body
    },
    async post(path, body, call) {
      const headers = { accept: 'application/json', 'content-type': 'application/json' }
      const request = { method: 'POST', url: base + path, headers, body: JSON.stringify(body) }
      const answer = await parts.exchange.send(request, { repeat: 'never' }, call)
      return answer.body
    },
    dropped(what, count) {
      parts.log.warn({ count }, `Left out ${what} that cannot be read`)
    }
  }
}

/** Managers are cheap: each call has its own, so that the session can carry what belongs to it. */
function managersOf(networkSession: NetworkSession): Managers {
  return {
    users: new UsersManager({ networkSession }),
    aliases: new EmailAliasesManager({ networkSession }),
    groups: new GroupsManager({ networkSession }),
    memberships: new MembershipsManager({ networkSession }),
    events: new EventsManager({ networkSession }),
    invites: new InvitesManager({ networkSession }),
    sessions: new SessionTerminationManager({ networkSession }),
    transfers: new TransferManager({ networkSession })
  }
}

/** The largest page that Box sends. */
export const pageLimit = 1000

/** Box lists by offset up to here; its guide and its API description disagree about the edge. */
const offsetEnd = 10_000

/** Reads a page of an offset-paged list. Entries that `decode` cannot read are left out. */
export function decodePage<Entry>(
  body: JsonValue | undefined,
  page: { readonly offset: number; readonly what: string; readonly api: BoxApi },
  decode: (raw: JsonValue) => Entry | undefined
): BoxPage<Entry> {
  const raw = listOf(body, page.what)
  const entries = decodeEntries(raw, page, decode)
  const next = page.offset + (numberAt(body, 'limit') || pageLimit)
  // Without a count a page that is not full is the last one.
  const counted = isJsonObject(body) && typeof body['total_count'] === 'number'
  const more = counted ? numberAt(body, 'total_count') > next : raw.length >= pageLimit
  const truncated = more && next >= offsetEnd
  return { entries, nextOffset: more && !truncated ? next : undefined, truncated }
}

/** Reads the entries of a list and reports those that were left out. */
export function decodeEntries<Entry>(
  raw: readonly JsonValue[],
  page: { readonly what: string; readonly api: BoxApi },
  decode: (raw: JsonValue) => Entry | undefined
): readonly Entry[] {
  const entries = raw.map(decode).filter((entry) => entry !== undefined)
  if (entries.length < raw.length) page.api.dropped(page.what, raw.length - entries.length)
  return entries
}

/** The entries of a list answer; what is no list is no answer of Box. */
export function listOf(body: JsonValue | undefined, what: string): readonly JsonValue[] {
  if (isJsonObject(body) && Array.isArray(body['entries'])) return entriesOf(body)
  throw unavailable(failure('unavailable', `Box's list of ${what} cannot be read`))
}

/** Goes through the pages of an offset-paged list until `pick` finds something. */
export async function findInPages<Entry>(
  read: (offset: number) => Promise<BoxPage<Entry>>,
  pick: (entry: Entry) => boolean
): Promise<Entry | undefined> {
  for (let offset: number | undefined = 0; offset !== undefined;) {
    const page: BoxPage<Entry> = await read(offset)
    const found = page.entries.find(pick)
    if (found !== undefined) return found
    offset = page.nextOffset
  }
  return undefined
}

/**
 * The object that Box answered with. Box has done what was asked, but what it shows cannot be read,
 * so the effect of a write has to be looked up.
 */
export function shown<Thing>(thing: Thing | undefined, what: string, write: boolean): Thing {
  if (thing !== undefined) return thing
  const effect = write ? 'unknown' : 'none'
  throw unavailable(failure('unavailable', `Box's ${what} cannot be read`, { effect }))
}

/** Turns Box's 404 into undefined: for look-ups and for removals of what is gone already. */
export async function orGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (error instanceof BoxRefusedError && error.status === 404) return undefined
    throw error
  }
}

/**
 * Checks an id before it becomes part of a path, which the SDK does not encode.
 *
 * @throws TypeError when it is none; a caller's mistake, as ids are checked where they come in.
 */
export function checked<Id extends string>(id: Id): Id {
  if (!isBoxId(id)) throw new TypeError('A Box id is 1 to 20 digits')
  return id
}
