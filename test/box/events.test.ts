import t from 'tap'
import { BoxRefusedError, BoxUnavailableError } from '../../src/provisioning/errors.ts'
import { boxError, startBoxServer } from './support/box-server.ts'
import type { BoxServer } from './support/box-server.ts'
import { createTestClient, rejection } from './support/client.ts'

const position = '1152922986252290886'

/** An answer with the position as Box may write it: a number that no double holds. */
function answer(server: BoxServer, entries: readonly unknown[]): void {
  const text = JSON.stringify({ chunk_size: entries.length, next_stream_position: 0, entries })
  const headers = { 'content-type': 'application/json' }
  server.answer = () => ({
    status: 200,
    text: text.replace('position":0', `position":${position}`),
    headers
  })
}

const event = (type: string, more: object = {}) => ({
  type: 'event',
  event_id: 'e-1',
  event_type: type,
  created_by: { type: 'user', id: '11', name: 'Ada', login: 'ada@example.com' },
  source: null,
  additional_details: null,
  ...more
})

t.test('asks for the types that concern the bridge, with the position as it came', async (t) => {
  const server = await startBoxServer(t)
  answer(server, [])
  const { box, call } = createTestClient(t, server.url)
  t.same(await box.listEvents(position, call()), { events: [], count: 0, nextPosition: position })
  const { path, query } = server.requests[0] ?? { path: '', query: new URLSearchParams() }
  t.equal(path, '/2.0/events')
  t.equal(query.get('stream_type'), 'admin_logs_streaming')
  t.equal(query.get('stream_position'), position)
  t.equal(query.get('limit'), '500')
  const types = query.get('event_type')?.split(',') ?? []
  for (const type of ['NEW_USER', 'EDIT_USER', 'DELETE_USER', 'GROUP_ADD_USER', 'GROUP_DELETION']) {
    t.ok(types.includes(type), type)
  }
  t.notOk(types.some((type) => type.startsWith('GROUP_ADMIN_') || type.startsWith('MASTER_')))
  t.notOk(types.includes('LOGIN'))
})

t.test('takes ids from wherever they are, and nothing from what it cannot read', async (t) => {
  const user = { kind: 'user', userId: '7' }
  const group = { kind: 'group', groupId: '9' }
  const membership = { kind: 'membership', userId: '7', groupId: '9' }
  const person = { type: 'user', id: '7', name: 'Zoë', login: 'zoe@example.com' }
  const team = { type: 'group', id: '9', name: 'Design' }
  const cases: readonly (readonly [object, readonly object[]])[] = [
    [event('EDIT_USER', { source: person }), [user]],
    [event('EDIT_USER', { source: { id: 7 } }), [user]],
    [event('EDIT_USER', { source: { user_id: '7', user_name: 'Zoë' } }), [user]],
    [event('NEW_USER', { additional_details: { user: person } }), [user]],
    [event('EDIT_USER', { source: team }), []],
    [event('EDIT_USER', { source: { item_type: 'file', item_id: '5' } }), []],
    [event('EDIT_USER', { source: 'zoe' }), []],
    [event('EDIT_USER', { source: { id: 'x'.repeat(30) } }), []],
    [event('GROUP_EDITED', { source: team }), [group]],
    [event('GROUP_CREATION', { source: { group_id: '9', group_name: 'Design' } }), [group]],
    [event('GROUP_DELETION', { source: { id: '9', name: 'Design' } }), [group]],
    [event('GROUP_DELETION'), []],
    [event('GROUP_ADD_USER', { source: { group_id: '9', user_id: '7' } }), [membership]],
    [
      event('GROUP_REMOVE_USER', {
        source: { type: 'group_membership', id: '1', user: person, group: team }
      }),
      [membership]
    ],
    [
      event('GROUP_ADD_USER', { source: person, additional_details: { group_id: 9 } }),
      [membership]
    ],
    [event('GROUP_ADMIN_CREATED', { source: team }), [{ kind: 'members', groupId: '9' }]],
    [event('GROUP_ADD_USER', { source: person }), []]
  ]
  const server = await startBoxServer(t)
  answer(
    server,
    cases.map(([raw]) => raw)
  )
  const { box, call } = createTestClient(t, server.url)
  const page = await box.listEvents('0', call())
  for (const [index, [raw, hints]] of cases.entries()) {
    t.same(page.events[index]?.hints, hints, JSON.stringify(raw))
  }
})

t.test('unknown types and shapes are passed over, whatever they are', async (t) => {
  const server = await startBoxServer(t)
  const odd = [null, 7, 'event', [], {}, event('UPLOAD'), event('NO_SUCH_TYPE'), { event_type: 4 }]
  const last = { event_type: 'EDIT_USER', source: { id: '7' } }
  answer(server, [...odd, last])
  const { box, call } = createTestClient(t, server.url)
  const page = await box.listEvents('0', call())
  t.equal(page.count, odd.length + 1)
  t.same(page.events, [
    { id: '', type: 'EDIT_USER', actorId: '', hints: [{ kind: 'user', userId: '7' }] }
  ])
})

t.test('an answer without entries or position is no answer', async (t) => {
  const server = await startBoxServer(t)
  const { box, call } = createTestClient(t, server.url)
  for (const json of [{ entries: [] }, { next_stream_position: '1' }, { entries: 7 }]) {
    server.answer = () => ({ status: 200, json })
    const error = await rejection(box.listEvents('0', call()), BoxUnavailableError)
    t.equal(error.trouble, 'unavailable')
  }
})

t.test('a missing scope is a refusal and no trouble of the bridge', async (t) => {
  const server = await startBoxServer(t)
  const { box, call } = createTestClient(t, server.url)
  for (const code of ['insufficient_scope', 'access_denied_insufficient_permissions']) {
    server.answer = () => boxError(403, code, 'No')
    const error = await rejection(box.listEvents('now', call()), BoxRefusedError)
    t.match(error, { status: 403, code })
    t.ok(box.health().ok)
  }
})
