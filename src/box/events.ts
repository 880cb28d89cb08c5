import type { JsonValue } from '../lib/json.ts'
import { isJsonObject } from '../lib/json.ts'
import type { Hint } from '../provisioning/hints.ts'
import { isBoxId } from '../provisioning/model.ts'
import type { BoxGroupId, BoxUserId } from '../provisioning/model.ts'
import type { BoxEvent, BoxPort } from '../provisioning/box-port.ts'
import { listOf } from './api.ts'
import type { BoxApi } from './api.ts'
import { textAt } from './decode.ts'
import { failure, unavailable } from './errors.ts'

type BoxEvents = Pick<BoxPort, 'listEvents'>

/** The largest page of events that Box sends. */
const pageLimit = 500

/** Event types that Box can be asked for, and what such an event is about. */
const askedTypes = {
  NEW_USER: 'user',
  EDIT_USER: 'user',
  DELETE_USER: 'user',
  CHANGE_ADMIN_ROLE: 'user',
  EMAIL_ALIAS_CONFIRM: 'user',
  EMAIL_ALIAS_PRIMARY: 'user',
  EMAIL_ALIAS_REMOVE: 'user',
  GROUP_CREATION: 'group',
  GROUP_EDITED: 'group',
  GROUP_DELETION: 'group',
  GROUP_ADD_USER: 'membership',
  GROUP_REMOVE_USER: 'membership'
} as const

/** Types that Box describes for answers only; asking for them would be an error. */
const otherTypes = {
  MASTER_INVITE_ACCEPT: 'user',
  GROUP_ADMIN_CREATED: 'membership',
  GROUP_ADMIN_DELETED: 'membership'
} as const

type Subject = 'user' | 'group' | 'membership'

const subjects: ReadonlyMap<string, Subject> = new Map(
  Object.entries({ ...askedTypes, ...otherTypes })
)

const eventType = Object.keys(askedTypes) as (keyof typeof askedTypes)[]

/**
 * The calls about what happened in the enterprise. Box describes neither the source nor the details of
 * events about people and groups, so ids are taken from wherever one is found.
 */
export function createBoxEvents(api: BoxApi): BoxEvents {
  return {
    async listEvents(position, call) {
      const body = await api.call({ repeat: 'harmless', call }, ({ events }) =>
        events.getEvents({
          streamType: 'admin_logs_streaming',
          streamPosition: position,
          limit: pageLimit,
          eventType
        })
      )
      const entries = listOf(body, 'events')
      const nextPosition = textAt(body, 'next_stream_position')
      if (nextPosition === '') {
        throw unavailable(failure('unavailable', "Box's events have no next position"))
      }
      const events = entries.map(decodeEvent).filter((event) => event !== undefined)
      return { events, count: entries.length, nextPosition }
    }
  }
}

/** Reads an event; undefined when it does not concern people, groups or memberships. */
function decodeEvent(raw: JsonValue): BoxEvent | undefined {
  const type = textAt(raw, 'event_type')
  const subject = subjects.get(type)
  if (subject === undefined || !isJsonObject(raw)) return undefined
  return {
    id: textAt(raw, 'event_id'),
    type,
    actorId: textAt(raw['created_by'], 'id'),
    hints: hintsOf(subject, [raw['source'], raw['additional_details']])
  }
}

function hintsOf(subject: Subject, details: readonly (JsonValue | undefined)[]): readonly Hint[] {
  const userId = firstId(details, 'user', subject) as BoxUserId | undefined
  const groupId = firstId(details, 'group', subject) as BoxGroupId | undefined
  if (subject === 'user') return userId === undefined ? [] : [{ kind: 'user', userId }]
  if (groupId === undefined) return []
  if (subject === 'group') return [{ kind: 'group', groupId }]
  if (userId === undefined) return [{ kind: 'members', groupId }]
  return [{ kind: 'membership', groupId, userId }]
}

/** The id of a `user` or `group` in the first of `details` that names one. */
function firstId(
  details: readonly (JsonValue | undefined)[],
  what: 'user' | 'group',
  subject: Subject
): string | undefined {
  return details
    .flatMap((detail) => [
      textAt(detail, `${what}_id`),
      isJsonObject(detail) ? textAt(detail[what], 'id') : '',
      // An object without a type is what the event is about.
      (textAt(detail, 'type') || subject) === what ? textAt(detail, 'id') : ''
    ])
    .find(isBoxId)
}
