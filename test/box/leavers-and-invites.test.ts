import t from 'tap'
import { createBoxClient } from '../../src/box/client.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { BoxRefusedError, BoxUnavailableError } from '../../src/provisioning/errors.ts'
import type { BoxGroupId, BoxUserId } from '../../src/provisioning/model.ts'
import { boxError, startBoxServer, token } from './support/box-server.ts'
import type { Answer } from './support/box-server.ts'
import { createMemoryLog, createTestClient, rejection } from './support/client.ts'
import { createFakeClock } from './support/clocks.ts'

const userId = '77777' as BoxUserId
const heirId = '88888' as BoxUserId
const groupId = '119720' as BoxGroupId
const transfer = { from: userId, to: heirId, notify: false }
const kindly = { force: false, notify: false }
const folder = { type: 'folder', id: '9', name: "Ann's Files and Folders", etag: '0' }
const invite = {
  type: 'invite',
  id: '213723',
  invited_to: { type: 'enterprise', id: '1234567', name: 'Example' },
  actionable_by: { type: 'user', id: '5', name: 'Pia', login: 'pia@example.com' },
  status: 'pending'
}

/** Box with these answers, one after the other, and a client on it. */
async function start(test: Parameters<typeof startBoxServer>[0], ...answers: readonly Answer[]) {
  const server = await startBoxServer(test)
  server.answer = (_request, index) => answers[index] ?? { status: 418 }
  const seen = () =>
    server.requests.map(({ method, path, query, body }) => {
      query.delete('fields')
      const search = query.size === 0 ? '' : `?${query.toString()}`
      return `${method} ${path}${search}${body === '' ? '' : ` ${body}`}`
    })
  return { server, seen, ...createTestClient(test, server.url) }
}

t.test('deleting a user, who may be gone, or own something', async (t) => {
  const { box, call, seen, records } = await start(
    t,
    { status: 204 },
    boxError(404, 'not_found', 'Not Found'),
    boxError(409, 'conflict', 'User still owns content'),
    boxError(400, 'bad_request', 'Bad Request'),
    boxError(403, 'forbidden', 'User cannot be deleted due to retention policies.'),
    { status: 503 },
    { status: 204 }
  )
  await box.deleteUser(userId, kindly, call())
  await box.deleteUser(userId, { force: true, notify: true }, call())
  for (const status of [409, 400, 403]) {
    const error = await rejection(box.deleteUser(userId, kindly, call()), BoxRefusedError)
    t.equal(error.status, status)
  }
  await box.deleteUser(userId, kindly, call())
  t.same(seen().slice(0, 2), [
    'DELETE /2.0/users/77777?notify=false&force=false',
    'DELETE /2.0/users/77777?notify=true&force=true'
  ])
  t.equal(seen().length, 7, 'a removal may be sent again')
  t.match(records[0], { operation: 'DELETE /users/:id', status: 204 })
})

t.test('a transfer, and every way in which it can end', async (t) => {
  const blocked = boxError(409, 'operation_blocked_temporary', 'Blocked')
  const { box, call, seen } = await start(
    t,
    { status: 200, json: folder },
    boxError(403, 'forbidden', 'Cannot transfer files from/to higher privileged accounts'),
    boxError(403, 'insufficient_scope', 'The request requires higher privileges'),
    blocked,
    boxError(503, 'unavailable', 'Service Unavailable'),
    'reset',
    { status: 200, json: {} },
    { status: 404, json: {} }
  )
  const begin = () => box.transferContent(transfer, call())
  t.same(await begin(), { id: '9', name: "Ann's Files and Folders" })
  t.match(await rejection(begin(), BoxRefusedError), { status: 403, code: 'forbidden' })
  const expected = [
    { trouble: 'credentials', effect: 'none' },
    { trouble: 'rate-limited', effect: 'none', retryAfterSeconds: 30 },
    { trouble: 'unavailable', effect: 'unknown' },
    { trouble: 'unavailable', effect: 'unknown' },
    { trouble: 'unavailable', effect: 'unknown' }
  ]
  for (const facts of expected) t.match(await rejection(begin(), BoxUnavailableError), facts)
  t.match(await rejection(begin(), BoxRefusedError), { status: 404 })
  t.equal(seen().length, 8, 'none was sent twice')
  t.equal(seen()[0], 'PUT /2.0/users/77777/folders/0?notify=false {"owned_by":{"id":"88888"}}')
  t.equal(box.health().ok, true, 'a refusal is no trouble')
})

/** A client whose time a test moves, and a Box that does not answer transfers. */
async function startSlow(t: Parameters<typeof startBoxServer>[0]) {
  const server = await startBoxServer(t)
  const clock = createFakeClock()
  server.answerToken = () => ({ status: 200, json: token('t', 100_000) })
  const arrived = Promise.withResolvers<void>()
  server.answer = ({ method }) => {
    if (method === 'PUT') arrived.resolve()
    return method === 'PUT' ? 'hang' : { status: 200, json: { type: 'user', id: '77777' } }
  }
  const box = createBoxClient({
    apiUrl: server.url,
    credentials: {
      kind: 'client-credentials',
      clientId: 'app',
      clientSecret: 'secret',
      enterpriseId: '1234567'
    },
    callsPerMinute: 60_000,
    concurrency: 1,
    clock,
    random: systemRandom,
    log: createMemoryLog()
  })
  t.teardown(() => box.close())
  const call = (minutes: number) =>
    ({ lane: 'background', deadline: clock.now() + minutes * 60_000 }) as const
  return { server, clock, box, call, arrived: arrived.promise }
}

t.test('a transfer takes its time and holds up no other call', async (t) => {
  const { server, clock, box, call, arrived } = await startSlow(t)
  const running = rejection(box.transferContent(transfer, call(15)), BoxUnavailableError)
  await arrived
  t.match(await box.getUser(userId, call(1)), { id: '77777' })
  t.match(await rejection(box.transferContent(transfer, call(15)), BoxUnavailableError), {
    trouble: 'rate-limited',
    effect: 'none'
  })
  let isOver = false
  void running.then(() => (isOver = true))
  await clock.advance(659_000)
  t.notOk(isOver)
  await clock.advance(1000)
  t.match(await running, { trouble: 'unavailable', effect: 'unknown' })
  t.equal(server.requests.filter(({ method }) => method === 'PUT').length, 1)
})

t.test('a client that is closed does not wait for a transfer', async (t) => {
  const { box, call, arrived } = await startSlow(t)
  const running = rejection(box.transferContent(transfer, call(15)), BoxUnavailableError)
  await arrived
  await box.close()
  t.match(await running, { trouble: 'unavailable', effect: 'unknown' })
})

t.test('ending sessions; a 202 that asks to come back is a success', async (t) => {
  const { box, call, seen } = await start(
    t,
    { status: 202, json: { message: 'Request is successful' }, headers: { 'retry-after': '5' } },
    boxError(404, 'not_found', 'Not Found')
  )
  await box.endSessions([userId, heirId], call())
  t.match(await rejection(box.endSessions([userId], call()), BoxRefusedError), { status: 404 })
  t.same(seen(), [
    'POST /2.0/users/terminate_sessions {"user_ids":["77777","88888"],"user_logins":[]}',
    'POST /2.0/users/terminate_sessions {"user_ids":["77777"],"user_logins":[]}'
  ])
})

t.test('inviting, once, and reading the invite', async (t) => {
  const { box, call, seen } = await start(
    t,
    { status: 200, json: invite },
    boxError(404, 'not_found', 'Not Found'),
    'reset',
    { status: 200, json: { ...invite, status: 'accepted', actionable_by: null } },
    boxError(404, 'not_found', 'Not Found')
  )
  const login = 'pia@example.com'
  t.same(await box.createInvite(login, call()), { id: '213723', login, status: 'pending' })
  t.match(await rejection(box.createInvite(login, call()), BoxRefusedError), { status: 404 })
  const lost = await rejection(box.createInvite(login, call()), BoxUnavailableError)
  t.equal(lost.effect, 'unknown')
  t.same(await box.getInvite('213723', call()), { id: '213723', login: '', status: 'accepted' })
  t.equal(await box.getInvite('213723', call()), undefined)
  t.equal(
    seen()[0],
    'POST /2.0/invites {"enterprise":{"id":"1234567"},"actionable_by":{"login":"pia@example.com"}}'
  )
  t.equal(seen().length, 5)
})

const list = (...entries: readonly object[]) => ({
  status: 200,
  json: { total_count: entries.length, entries, limit: 1000, offset: 0 }
})

t.test('app users: made without a login, found by the id outside Box', async (t) => {
  const ann = { type: 'user', id: '77777', external_app_user_id: 'e-1' }
  const { box, call, seen } = await start(
    t,
    { status: 201, json: { ...ann, is_platform_access_only: true } },
    list(ann, { ...ann, id: '2' }, { ...ann, id: '3', external_app_user_id: 'E-1' }),
    list()
  )
  const fields = { name: 'Ann', login: 'ann@example.com', externalAppUserId: 'e-1' }
  t.match(await box.createAppUser(fields, call()), { id: userId, isPlatformAccessOnly: true })
  t.same(
    (await box.findUsersByExternalId('e-1', call())).map(({ id }) => id),
    ['77777', '2']
  )
  t.same(await box.findUsersByExternalId('e&2', call()), [])
  t.same(await box.findUsersByExternalId('', call()), [], 'is not asked for')
  await t.rejects(box.createAppUser({}, call()), TypeError)
  const query = 'user_type=managed&external_app_user_id='
  t.same(seen(), [
    'POST /2.0/users {"name":"Ann","is_platform_access_only":true,"external_app_user_id":"e-1"}',
    `GET /2.0/users?${query}e-1&offset=0&limit=1000`,
    `GET /2.0/users?${query}e%262&offset=0&limit=1000`
  ])
})

t.test('deleting a group, which may be gone', async (t) => {
  const refused = boxError(403, 'access_denied_insufficient_permissions', 'Access denied')
  const gone = boxError(404, 'not_found', 'Not Found')
  const { box, call, seen } = await start(t, { status: 204 }, gone, refused)
  await box.deleteGroup(groupId, call())
  await box.deleteGroup(groupId, call())
  t.match(await rejection(box.deleteGroup(groupId, call()), BoxRefusedError), { status: 403 })
  t.equal(seen()[0], 'DELETE /2.0/groups/119720')
})

t.test('an id that is none never becomes part of a path', async (t) => {
  const { server, box, call } = await start(t)
  for (const bad of ['1/../../groups', '', 'abc', '1\n']) {
    const [user, group] = [bad as BoxUserId, bad as BoxGroupId]
    await t.rejects(box.deleteUser(user, kindly, call()), TypeError)
    await t.rejects(box.transferContent({ ...transfer, from: user }, call()), TypeError)
    await t.rejects(box.transferContent({ ...transfer, to: user }, call()), TypeError)
    await t.rejects(box.endSessions([user], call()), TypeError)
    await t.rejects(box.getInvite(bad, call()), TypeError)
    await t.rejects(box.deleteGroup(group, call()), TypeError)
  }
  t.equal(server.requests.length, 0)
})
