import type { JsonObject } from '../lib/json.ts'
import { fold } from '../lib/text.ts'
import type { EmulatorContext } from './context.ts'
import type { Guesses } from './guesses.ts'
import { offsetPage, readLimit } from './paging.ts'
import type { ForeignAccount, UserFields, UserRecord } from './records.ts'
import { badRequest, invalidParameter } from './refusal.ts'
import { renderForeign, renderUser } from './render.ts'
import type { View } from './render.ts'
import { compareIds, compareTexts } from './sorted-list.ts'
import type { Caller } from './tokens.ts'

/** For whom a list is made, and how it is to look. */
export interface ListRequest {
  readonly view: View<keyof UserFields>
  readonly caller: Caller
}

/** A user's place in the list, which is all that a marker tells. */
interface Place {
  readonly id: string
  readonly foldedLogin: string
}

/** `GET /users` with its filters and both ways of paging. */
export function listUsers(
  context: EmulatorContext,
  query: URLSearchParams,
  { view, caller }: ListRequest
): object {
  const found = select(context, query, caller)
  const show = (user: UserRecord | ForeignAccount): JsonObject =>
    'fields' in user ? renderUser(user, view) : renderForeign(user, view.fields)
  return query.get('usemarker') === 'true'
    ? markerPage(found, query, { guesses: context.guesses, show })
    : offsetPage(found, query, show)
}

function select(
  context: EmulatorContext,
  query: URLSearchParams,
  caller: Caller
): readonly (UserRecord | ForeignAccount)[] {
  const userType = query.get('user_type') ?? 'managed'
  if (!['all', 'managed', 'external'].includes(userType)) {
    throw badRequest(invalidParameter('user_type', userType))
  }
  const foreign = context.enterprise.foreignByLogin(query.get('filter_term') ?? '')
  if (userType !== 'managed' && foreign?.collaborates) return [foreign]
  if (userType === 'external') return []
  const accepts = managedFilter(context, query, caller)
  return context.enterprise.users.sorted.filter(accepts)
}

function managedFilter(
  { access, clock, enterprise, guesses }: EmulatorContext,
  query: URLSearchParams,
  caller: Caller
): (user: UserRecord) => boolean {
  const now = clock.now()
  const matchesTerm = termFilter(query.get('filter_term') ?? '', guesses)
  const externalId = query.get('external_app_user_id')
  // Other applications' ids are not to be found.
  const hasExternalId = (user: UserRecord) =>
    externalId === null ||
    (user.createdBy === caller.clientId && user.fields.external_app_user_id === externalId)
  const isListed = (user: UserRecord) =>
    user.listedFrom <= now &&
    !user.concealed &&
    (access === 'enterprise' || user.createdBy === caller.clientId) &&
    (guesses.serviceAccountListed || user.id !== enterprise.serviceAccount.id)
  return (user) => isListed(user) && matchesTerm(user) && hasExternalId(user)
}

function termFilter(term: string, guesses: Guesses): (user: UserRecord) => boolean {
  if (term === '') return () => true
  const key = fold(term)
  const matches = guesses.filterTermIgnoresCase
    ? ({ foldedName, foldedLogin }: UserRecord) =>
        foldedLogin.startsWith(key) || foldedName.startsWith(key)
    : ({ fields }: UserRecord) => fields.login.startsWith(term) || fields.name.startsWith(term)
  if (!guesses.aliasesSearched) return matches
  return (user) =>
    matches(user) || [...user.aliases.values()].some(({ email }) => fold(email).startsWith(key))
}

interface MarkerPageOptions {
  readonly guesses: Guesses
  readonly show: (user: UserRecord | ForeignAccount) => JsonObject
}

/**
 * A page by marker: no count and no offset
 * (https://developer.box.com/guides/api-calls/pagination/marker-based/). A marker tells the place
 * of the last user that was answered, so that changes meanwhile neither repeat nor skip others.
 */
function markerPage(
  found: readonly (UserRecord | ForeignAccount)[],
  query: URLSearchParams,
  { guesses, show }: MarkerPageOptions
): object {
  const limit = readLimit(query)
  const after = readMarker(query.get('marker'), guesses)
  const start = after === undefined ? 0 : firstAfter(found, after, guesses)
  const page = found.slice(start, start + limit)
  const last = page.at(-1)
  const isLast = start + limit >= found.length || last === undefined
  return {
    entries: page.map(show),
    limit,
    ...(isLast ? endMarker(guesses) : { next_marker: writeMarker(placeOf(last)) })
  }
}

function endMarker({ lastMarker }: Guesses): { readonly next_marker?: string | null } {
  if (lastMarker === 'absent') return {}
  return { next_marker: lastMarker === 'null' ? null : '' }
}

function firstAfter(
  found: readonly (UserRecord | ForeignAccount)[],
  after: Place,
  { userOrder }: Guesses
): number {
  const isAfter = (place: Place) =>
    userOrder === 'id'
      ? compareIds(place.id, after.id) > 0
      : compareTexts(place.foldedLogin, after.foldedLogin) > 0
  const index = found.findIndex((user) => isAfter(placeOf(user)))
  return index === -1 ? found.length : index
}

function placeOf(user: UserRecord | ForeignAccount): Place {
  return { id: user.id, foldedLogin: 'fields' in user ? user.foldedLogin : fold(user.login) }
}

function writeMarker({ id, foldedLogin }: Place): string {
  return Buffer.from(`${id}:${foldedLogin}`).toString('base64url')
}

function readMarker(marker: string | null, { badMarker }: Guesses): Place | undefined {
  if (marker === null || marker === '' || marker === '0') return undefined
  const [, id, foldedLogin] =
    /^(\d+):(.+)$/s.exec(Buffer.from(marker, 'base64url').toString()) ?? []
  if (id !== undefined && foldedLogin !== undefined) return { id, foldedLogin }
  if (badMarker === 'first-page') return undefined
  throw badRequest(invalidParameter('marker', marker))
}
