import type { FastifyInstance } from 'fastify'
import type { JsonObject } from '../../lib/json.ts'
import { queryOf } from '../context.ts'
import type { EmulatorContext } from '../context.ts'
import type { EventPage, EventQuery, EventView } from '../event-log.ts'
import { readLimit } from '../paging.ts'
import { badRequest, invalidParameter } from '../refusal.ts'
import { requireScope } from '../scopes.ts'

const LIMITS = { usual: 100, max: 500 }

/** Types that events have and that the description of `event_type` does not know. */
const ANSWERED_ONLY = /^(GROUP_ADMIN_|MASTER_INVITE_|(EN|DIS)ABLE_(TWO|MULTI)_FACTOR_AUTH$)/

/** `GET /events` (https://developer.box.com/guides/events/enterprise-events/for-enterprise/). */
export function registerEventRoutes(app: FastifyInstance, context: EmulatorContext): void {
  app.get('/events', (request, reply) => {
    requireScope(context, 'manage_enterprise_properties')
    const query = queryOf(request)
    const text = JSON.stringify(answerOf(readPage(context, query)))
    void reply.type('application/json; charset=utf-8')
    return reply.send(context.guesses.eventPosition === 'number' ? withNumber(text) : text)
  })
}

function answerOf({ entries, next }: EventPage) {
  return { chunk_size: entries.length, next_stream_position: String(next), entries }
}

/** The position as a JSON number, which no double holds. */
function withNumber(text: string): string {
  return text.replace(/"next_stream_position":"(\d+)"/, '"next_stream_position":$1')
}

function readPage(context: EmulatorContext, query: URLSearchParams): EventPage {
  const { events } = context.enterprise
  const view = readView(query)
  const asked = readQuery(context, query, view ?? 'admin_logs')
  // The service account's own events are none of the enterprise's.
  if (view === undefined) return { entries: [], next: events.now('admin_logs_streaming') }
  const position = query.get('stream_position') ?? '0'
  if (position === 'now') return { entries: [], next: events.now(view) }
  const from = position === '0' || position === '' ? 'oldest' : readPosition(position)
  const page = events.page(view, from, asked)
  if (page !== undefined) return page
  const again =
    context.guesses.lostStreamPosition === 'oldest' ? events.page(view, 'oldest', asked) : undefined
  if (again === undefined) throw badRequest(invalidParameter('stream_position', position))
  return again
}

function readView(query: URLSearchParams): EventView | undefined {
  const type = query.get('stream_type') ?? 'all'
  if (type === 'admin_logs' || type === 'admin_logs_streaming') return type
  if (['all', 'changes', 'sync'].includes(type)) return undefined
  throw badRequest(invalidParameter('stream_type', type))
}

function readPosition(text: string): bigint {
  if (!/^\d{1,19}$/.test(text)) throw badRequest(invalidParameter('stream_position', text))
  return BigInt(text)
}

function readQuery(
  { guesses }: EmulatorContext,
  query: URLSearchParams,
  view: EventView
): EventQuery {
  const types = readTypes(query)
  const refused = [...types].filter((type) => ANSWERED_ONLY.test(type))
  if (refused.length > 0 && guesses.answeredOnlyEventTypes === 'refused') {
    throw badRequest(...refused.map((type) => invalidParameter('event_type', type)))
  }
  // Only the history can be asked for a span of time.
  const after = view === 'admin_logs' ? readTime(query, 'created_after') : undefined
  const before = view === 'admin_logs' ? readTime(query, 'created_before') : undefined
  return {
    limit: Math.min(readLimit(query, LIMITS), guesses.eventsPerPage),
    matches: (event, at) =>
      (types.size === 0 || hasType(event, types)) &&
      (after === undefined || at >= after) &&
      (before === undefined || at <= before)
  }
}

function hasType({ event_type: type }: JsonObject, types: ReadonlySet<string>): boolean {
  return typeof type === 'string' && types.has(type)
}

function readTypes(query: URLSearchParams): ReadonlySet<string> {
  const names = query.getAll('event_type').flatMap((list) => list.split(','))
  return new Set(names.map((name) => name.trim()).filter((name) => name !== ''))
}

function readTime(query: URLSearchParams, name: string): number | undefined {
  const given = query.get(name)
  if (given === null) return undefined
  const at = Date.parse(given)
  if (Number.isNaN(at)) throw badRequest(invalidParameter(name, given))
  return at
}
