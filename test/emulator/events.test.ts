import t from 'tap'
import { demoSeed } from '../../src/emulator/seed.ts'
import type { EmulatorOptions } from '../../src/emulator/emulator.ts'
import { boxError, entriesOf, idOf, invalid, startBench } from './harness.ts'
import type { Answer, Bench } from './harness.ts'

const STREAM = '/2.0/events?stream_type=admin_logs_streaming'
const HISTORY = '/2.0/events?stream_type=admin_logs'
const DAY = 86_400_000

const read = (bench: Bench, query = '', view = STREAM) => bench.call('GET', `${view}${query}`)
const positionOf = (answer: Answer) =>
  (answer.body as { readonly next_stream_position: string }).next_stream_position
const typesOf = (answer: Answer) => entriesOf(answer).map(({ event_type: type }) => type)
const start = (t: Parameters<typeof startBench>[0], options: EmulatorOptions = {}) =>
  startBench(t, { seed: demoSeed, control: true, ...options })

const carla = 'carla.conti@example.com'
const elin = 'elin.nyberg@example.com'

t.test('tells of every change that a client makes, by the service account', async (t) => {
  const bench = await start(t)
  const { id: own } = bench.emulator.state().serviceAccount
  t.strictSame(entriesOf(await read(bench)), [], 'the seed is no news')
  const user = idOf(
    await bench.call('POST', '/2.0/users', { name: 'Ann', login: 'ann@example.com' })
  )
  await bench.call('PUT', `/2.0/users/${user}`, { status: 'inactive' })
  await bench.call('PUT', `/2.0/users/${user}`, { status: 'inactive' })
  const alias = { email: 'anna@example.com', is_confirmed: true }
  await bench.call('POST', `/2.0/users/${user}/email_aliases`, alias)
  await bench.call('PUT', `/2.0/users/${user}`, { login: alias.email })
  const aliases = entriesOf(await bench.call('GET', `/2.0/users/${user}/email_aliases`))
  await bench.call('DELETE', `/2.0/users/${user}/email_aliases/${String(aliases[0]?.['id'])}`)
  const group = idOf(await bench.call('POST', '/2.0/groups', { name: 'Bakers' }))
  await bench.call('PUT', `/2.0/groups/${group}`, { name: 'Cooks' })
  const ends = { user: { id: user }, group: { id: group } }
  const membership = idOf(await bench.call('POST', '/2.0/group_memberships', ends))
  await bench.call('PUT', `/2.0/group_memberships/${membership}`, { role: 'admin' })
  await bench.call('DELETE', `/2.0/group_memberships/${membership}`)
  await bench.call('DELETE', `/2.0/groups/${group}`)
  await bench.call('DELETE', `/2.0/users/${user}`)
  const answer = await read(bench)
  t.strictSame(typesOf(answer), [
    'NEW_USER',
    'EDIT_USER',
    'EMAIL_ALIAS_CONFIRM',
    'EDIT_USER',
    'EMAIL_ALIAS_PRIMARY',
    'EMAIL_ALIAS_REMOVE',
    'GROUP_CREATION',
    'GROUP_EDITED',
    'GROUP_ADD_USER',
    'GROUP_ADMIN_CREATED',
    'GROUP_REMOVE_USER',
    'GROUP_DELETION',
    'DELETE_USER'
  ])
  t.match(answer.body, { chunk_size: 13 })
  t.ok(entriesOf(answer).every((event) => (event['created_by'] as { id: string }).id === own))
  t.equal(new Set(entriesOf(answer).map(({ event_id: id }) => id)).size, 13)
  t.match(entriesOf(answer)[0], {
    type: 'event',
    created_at: '2026-03-02T10:00:00-08:00',
    recorded_at: '2026-03-02T10:00:00-08:00',
    session_id: null,
    additional_details: null,
    source: { type: 'user', id: user, name: 'Ann', login: 'ann@example.com' }
  })
  const flat = { group_id: group, group_name: 'Cooks', user_id: user, user_name: 'Ann' }
  t.match(entriesOf(answer)[8], { source: flat })
})

t.test('tells of what an administrator does, by the administrator', async (t) => {
  const bench = await start(t)
  const { admin } = bench.emulator
  admin.updateUser(carla, { status: 'inactive', role: 'coadmin' })
  admin.updateUser(carla, { ownsContent: true })
  admin.putMember('Finance', carla, 'admin')
  admin.putMember('Finance', carla)
  admin.removeMember('Finance', carla)
  admin.deleteUser(carla)
  const answer = await read(bench)
  t.strictSame(typesOf(answer), [
    'CHANGE_ADMIN_ROLE',
    'EDIT_USER',
    'GROUP_ADD_USER',
    'GROUP_ADMIN_CREATED',
    'GROUP_ADMIN_DELETED',
    'GROUP_REMOVE_USER',
    'DELETE_USER'
  ])
  for (const { created_by: by } of entriesOf(answer)) {
    t.match(by, { type: 'user', login: 'ada.admin@example.com', name: 'Ada Admin' })
  }
})

t.test('positions are texts that no double holds, or numbers when told so', async (t) => {
  const bench = await start(t)
  const now = positionOf(await read(bench, '&stream_position=now'))
  t.ok(BigInt(now) > 2n ** 53n)
  t.not(String(Number(now)), now)
  bench.emulator.admin.updateUser(carla, { job_title: 'Cook' })
  const next = await read(bench, `&stream_position=${now}`)
  t.strictSame(typesOf(next), ['EDIT_USER'])
  t.equal(BigInt(positionOf(next)), BigInt(now) + 1n)
  const empty = await read(bench, `&stream_position=${positionOf(next)}`)
  t.match(empty.body, { chunk_size: 0, entries: [], next_stream_position: positionOf(next) })
  t.strictSame(entriesOf(await read(bench, '&stream_position=now')), [])

  const other = await start(t, { guesses: { eventPosition: 'number' } })
  const { access_token: token } = (await other.token()).body as { readonly access_token: string }
  const response = await fetch(`${other.url}${STREAM}&stream_position=now`, {
    headers: { authorization: `Bearer ${token}` }
  })
  t.match(await response.text(), `"next_stream_position":${now},`)
})

t.test('pages: 100 unasked, 500 at most, fewer when told so', async (t) => {
  const bench = await start(t)
  for (let i = 0; i < 620; i++) bench.emulator.admin.updateUser(carla, { job_title: `Cook ${i}` })
  t.match((await read(bench)).body, { chunk_size: 100 })
  const full = await read(bench, '&limit=1000')
  t.match(full.body, { chunk_size: 500 })
  const rest = await read(bench, `&limit=500&stream_position=${positionOf(full)}`)
  t.match(rest.body, { chunk_size: 120 })
  t.equal((await read(bench, '&limit=0')).status, 400)
  const short = await start(t, { guesses: { eventsPerPage: 1 } })
  short.emulator.admin.deleteUser(carla)
  short.emulator.admin.deleteUser(elin)
  const first = await read(short, '&limit=500&stream_position=0')
  t.match(first.body, { chunk_size: 1 })
  t.match((await read(short, `&stream_position=${positionOf(first)}`)).body, { chunk_size: 1 })
})

t.test('filters by type', async (t) => {
  const bench = await start(t)
  bench.emulator.admin.putMember('Finance', carla, 'admin')
  bench.emulator.admin.updateUser(carla, { job_title: 'Cook' })
  const some = await read(bench, '&event_type=EDIT_USER,UPLOAD')
  t.strictSame(typesOf(some), ['EDIT_USER'])
  t.equal(positionOf(some), positionOf(await read(bench)), 'what is filtered out is passed')
  const refused = await read(bench, '&event_type=EDIT_USER,GROUP_ADMIN_CREATED')
  t.strictSame(
    refused.body,
    boxError(400, 'bad_request', 'Bad Request', [invalid('event_type', 'GROUP_ADMIN_CREATED')])
  )
  const other = await start(t, { guesses: { answeredOnlyEventTypes: 'accepted' } })
  other.emulator.admin.putMember('Finance', carla, 'admin')
  t.strictSame(typesOf(await read(other, '&event_type=GROUP_ADMIN_CREATED')), [
    'GROUP_ADMIN_CREATED'
  ])
})

t.test('the history is in order, goes back a year and knows times', async (t) => {
  const bench = await start(t)
  const { admin, events } = bench.emulator
  events.disturb('reversed', 2)
  events.disturb('twice')
  admin.updateUser(carla, { job_title: 'Cook' })
  bench.clock.advance(1000)
  admin.deleteUser(carla)
  bench.clock.advance(1000)
  admin.deleteUser(elin)
  t.strictSame(typesOf(await read(bench)), [
    'DELETE_USER',
    'EDIT_USER',
    'DELETE_USER',
    'DELETE_USER'
  ])
  const all = await read(bench, '', HISTORY)
  t.strictSame(typesOf(all), ['EDIT_USER', 'DELETE_USER', 'DELETE_USER'])
  const span = '&created_after=2026-03-02T18:00:01Z&created_before=2026-03-02T18:00:01Z'
  t.match((await read(bench, span, HISTORY)).body, { chunk_size: 1 })
  t.match((await read(bench, span)).body, { chunk_size: 4 }, 'the stream does not')
  t.equal((await read(bench, '&created_after=today', HISTORY)).status, 400)
  bench.clock.advance(14 * DAY + 1)
  const { access_token: token } = (await bench.token()).body as { readonly access_token: string }
  const fresh = (path: string) => bench.raw(path, { headers: { authorization: `Bearer ${token}` } })
  t.match((await fresh(STREAM)).body, { chunk_size: 0 })
  t.match((await fresh(HISTORY)).body, { chunk_size: 3 })
})

t.test('a position that was never given or is forgotten', async (t) => {
  const bench = await start(t, { eventLimit: 3 })
  const old = positionOf(await read(bench, '&stream_position=now'))
  for (let i = 0; i < 5; i++) bench.emulator.admin.updateUser(carla, { job_title: `Cook ${i}` })
  for (const position of [old, `${old}0`, '1', 'soon', String(BigInt(old) + 6n)]) {
    const refused = await read(bench, `&stream_position=${position}`)
    t.equal(refused.status, 400, position)
  }
  t.equal((await read(bench, `&stream_position=${BigInt(old) + 5n}`)).status, 200)
  t.equal((await read(bench, '', '/2.0/events?stream_type=everything')).status, 400)
  t.match((await read(bench, '', '/2.0/events')).body, { chunk_size: 0 }, 'its own events')
  const other = await start(t, { eventLimit: 3, guesses: { lostStreamPosition: 'oldest' } })
  for (let i = 0; i < 5; i++) other.emulator.admin.updateUser(carla, { job_title: `Cook ${i}` })
  t.match((await read(other, `&stream_position=${old}`)).body, { chunk_size: 3 })
})

t.test('what can befall an event', async (t) => {
  const bench = await start(t)
  const disturb = (kind: string, times?: number) =>
    bench.raw('/_control/events/disturbances', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ kind, times })
    })
  const { admin } = bench.emulator
  t.equal((await disturb('lost')).status, 204)
  await disturb('twice')
  await disturb('unreadable')
  t.equal((await disturb('eaten')).status, 400)
  admin.updateUser(carla, { job_title: 'Cook' })
  admin.createGroup({ name: 'Bakers' })
  admin.deleteGroup('Bakers')
  admin.deleteUser(carla)
  const answer = await read(bench)
  t.strictSame(typesOf(answer), [
    'GROUP_CREATION',
    'GROUP_CREATION',
    'GROUP_DELETION',
    'DELETE_USER'
  ])
  const [first, second, third] = entriesOf(answer)
  t.strictSame(first, second)
  t.notMatch(third?.['source'], { group_id: String })
  const odd = { type: 'event', event_type: 'BAKED', source: 7 }
  const injected = await bench.raw('/_control/events', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(odd)
  })
  t.equal(injected.status, 204)
  t.strictSame(entriesOf(await read(bench)).at(-1), odd)
  t.strictSame((await bench.raw('/_control/events')).body, entriesOf(await read(bench)))
})

t.test('sources as objects of Box, when told so', async (t) => {
  const guesses = { userEventSource: 'standard', groupEventSource: 'nested' } as const
  const bench = await start(t, { guesses })
  const { admin } = bench.emulator
  const { id } = bench.emulator.state().users[carla] ?? { id: '' }
  admin.updateUser(carla, { job_title: 'Cook' })
  admin.putMember('Finance', carla)
  admin.updateGroup('Finance', { name: 'Money' })
  const [user, membership, group] = entriesOf(await read(bench))
  t.match(user, { source: { type: 'user', id, job_title: 'Cook', status: 'active' } })
  const ends = { user: { type: 'user', id }, group: { type: 'group', name: 'Finance' } }
  t.match(membership, { source: { type: 'group_membership', ...ends } })
  t.match(group, { source: { type: 'group', name: 'Money' } })
})

t.test('an application without the scope', async (t) => {
  const bench = await start(t)
  bench.emulator.faults.add({ kind: 'insufficient-scope', path: '/2.0/events' })
  t.match((await read(bench)).body, { status: 403, code: 'insufficient_scope' })
  bench.emulator.faults.clear()
  t.equal((await read(bench)).status, 200)
})

t.test('a reset begins a new history', async (t) => {
  const bench = await start(t)
  bench.emulator.admin.deleteUser(carla)
  bench.emulator.reset()
  t.strictSame(bench.emulator.events.recorded, [])
})
