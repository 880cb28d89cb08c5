import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { BoxRefusedError, BoxUnavailableError } from '../../src/provisioning/errors.ts'
import type { BoxGroupId, BoxMembershipId, BoxUserId } from '../../src/provisioning/model.ts'
import { boxError, startBoxServer, token } from './support/box-server.ts'
import type { Answer } from './support/box-server.ts'
import { createTestClient, everythingOf, rejection, secrets } from './support/client.ts'
import type { TestClient } from './support/client.ts'

const userId = '77777' as BoxUserId
const groupId = '119720' as BoxGroupId
const membershipId = '1560354' as BoxMembershipId
const anna = { type: 'user', id: '77777', name: 'Anna', login: 'anna@example.com' }
const ok = { status: 200, json: anna }
const html = { status: 502, text: '<html>Bad Gateway</html>' }
const limited = {
  ...boxError(429, 'rate_limit_exceeded', 'Request rate limit exceeded, please try again later'),
  headers: { 'Retry-After': '7' }
}

/** Answers one after the other; the last one for good. */
const series =
  (...answers: readonly Answer[]) =>
  (_request: unknown, index: number): Answer =>
    answers[Math.min(index, answers.length - 1)] ?? 'hang'

const get = ({ box, call }: TestClient) => box.getUser(userId, call())
const update = ({ box, call }: TestClient) => box.updateUser(userId, { status: 'inactive' }, call())
const remove = ({ box, call }: TestClient) => box.removeMembership(membershipId, call())
const create = ({ box, call }: TestClient) =>
  box.createUser({ login: 'anna@example.com', name: 'Anna' }, call())
const add = ({ box, call }: TestClient) => box.addMembership(groupId, userId, call())

t.test('a read is tried three times, waiting longer each time', async (t) => {
  for (const trouble of [html, boxError(500, 'internal_server_error', 'Oops'), 'reset'] as const) {
    const server = await startBoxServer(t)
    const client = createTestClient(t, server.url)
    server.answer = series(trouble, trouble, ok)
    t.match(await get(client), { login: 'anna@example.com' })
    t.equal(server.requests.length, 3)
    t.same(client.clock.waits, [500, 1000])
    t.equal(client.records.length, 3, 'every exchange is reported')
  }
})

t.test('a read that fails three times is given up, without effect', async (t) => {
  const server = await startBoxServer(t)
  const client = createTestClient(t, server.url)
  server.answer = series(html)
  const error = await rejection(get(client), BoxUnavailableError)
  t.match(error, { trouble: 'unavailable', effect: 'none', retryAfterSeconds: 10 })
  t.equal(server.requests.length, 3)
  t.same(client.records[0], { operation: 'GET /users/:id', status: 502, code: '', requestId: '' })
})

t.test('updates and removals are repeated, and their effect is unknown in the end', async (t) => {
  for (const write of [update, remove]) {
    const server = await startBoxServer(t)
    const client = createTestClient(t, server.url)
    server.answer = series(html, 'reset', html)
    const error = await rejection(write(client), BoxUnavailableError)
    t.match(error, { trouble: 'unavailable', effect: 'unknown' })
    t.equal(server.requests.length, 3)
  }
})

t.test('a removal that was done the first time is done', async (t) => {
  const server = await startBoxServer(t)
  const client = createTestClient(t, server.url)
  server.answer = series('reset', boxError(404, 'not_found', 'Not Found'))
  await remove(client)
  t.equal(server.requests.length, 2)
})

t.test('what creates something is never repeated once it has left', async (t) => {
  for (const write of [create, add]) {
    for (const trouble of [html, boxError(503, 'unavailable', 'Busy'), 'reset'] as const) {
      const server = await startBoxServer(t)
      const client = createTestClient(t, server.url)
      server.answer = series(trouble)
      const error = await rejection(write(client), BoxUnavailableError)
      t.match(error, { trouble: 'unavailable', effect: 'unknown' })
      t.equal(server.requests.length, 1)
    }
  }
})

t.test('what creates something is repeated after a 429, which changes nothing', async (t) => {
  const server = await startBoxServer(t)
  const client = createTestClient(t, server.url)
  server.answer = series(limited, { status: 201, json: anna })
  t.match(await create(client), { id: '77777' })
  t.same(client.clock.waits, [7000])
})

t.test('a pause that Box asks for holds all callers', async (t) => {
  const server = await startBoxServer(t)
  const client = createTestClient(t, server.url)
  server.answer = series(limited, ok)
  await get(client)
  t.same(client.clock.waits, [7000])
  server.answer = () => limited
  const { box, call, clock } = client
  clock.limit = 1000
  await rejection(box.getUser(userId, call({ deadline: clock.now() + 5000 })), BoxUnavailableError)
  const sent = server.requests.length
  const other = box.removeMembership(
    membershipId,
    call({ lane: 'removal', deadline: clock.now() + 5000 })
  )
  const error = await rejection(other, BoxUnavailableError)
  t.match(error, { trouble: 'rate-limited', effect: 'none', retryAfterSeconds: 7 })
  t.equal(server.requests.length, sent, 'Box was left alone')
})

t.test('a 429 after an attempt that may have been applied leaves the effect unknown', async (t) => {
  const server = await startBoxServer(t)
  const client = createTestClient(t, server.url)
  const { 'Retry-After': _, ...rest } = limited.headers
  server.answer = series(html, { ...limited, headers: { ...rest, 'retry-after': '600' } })
  const error = await rejection(update(client), BoxUnavailableError)
  t.match(error, { trouble: 'unavailable', effect: 'unknown', retryAfterSeconds: 600 })
})

t.test('Retry-After may be a date and is bounded', async (t) => {
  const server = await startBoxServer(t)
  const client = createTestClient(t, server.url)
  const date = new Date(client.clock.now() + 90_000).toUTCString()
  server.answer = series({ ...limited, headers: { 'retry-after': date } })
  const error = await rejection(get(client), BoxUnavailableError)
  t.equal(error.retryAfterSeconds, 90)
  const other = createTestClient(t, server.url)
  server.answer = () => ({ ...limited, headers: { 'retry-after': '9999999' } })
  t.equal((await rejection(get(other), BoxUnavailableError)).retryAfterSeconds, 3600)
})

t.test('a refused connection has no effect and is tried again', async (t) => {
  const listener = createServer()
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as AddressInfo
  await new Promise((resolve) => listener.close(resolve))
  const server = await startBoxServer(t)
  for (const write of [create, update, get]) {
    const client = createTestClient(t, server.url)
    server.answer = series(ok)
    await get(client)
    const unreachable = createTestClient(t, `http://127.0.0.1:${port}`)
    const error = await rejection(write(unreachable), BoxUnavailableError)
    t.match(error, { trouble: 'unavailable', effect: 'none' })
    t.same(unreachable.clock.waits, [500, 1000])
  }
})

t.test('a server that is gone after the token was given has no effect either', async (t) => {
  const server = await startBoxServer(t)
  const client = createTestClient(t, server.url)
  const headers = { connection: 'close' }
  server.answer = series({ ...ok, headers })
  server.answerToken = series({ status: 200, json: token('token-1', 3600), headers })
  await get(client)
  await server.stop()
  t.match(await rejection(create(client), BoxUnavailableError), { effect: 'none' })
  t.equal(client.records.at(-1)?.status, 0)
})

t.test('an attempt that takes too long is ended', async (t) => {
  const server = await startBoxServer(t)
  const client = createTestClient(t, server.url, { requestTimeoutMs: 10_000 })
  client.clock.limit = 5000
  server.answer = series(ok, 'hang')
  await get(client)
  client.clock.limit = 15_000
  t.match(await rejection(create(client), BoxUnavailableError), {
    message: 'Box did not answer: no answer within 10000 ms',
    effect: 'unknown'
  })
  t.match(await rejection(get(client), BoxUnavailableError), { effect: 'none' })
})

t.test('no attempt and no wait goes on after the deadline', async (t) => {
  const server = await startBoxServer(t)
  const { box, call, clock } = createTestClient(t, server.url)
  clock.limit = 100
  server.answer = series(html)
  const work = box.getUser(userId, call({ deadline: clock.now() + 400 }))
  t.match(await rejection(work, BoxUnavailableError), { trouble: 'unavailable', effect: 'none' })
  t.equal(server.requests.length, 1)
  t.same(clock.waits, [])
  const late = box.getUser(userId, call({ deadline: clock.now() }))
  t.match(await rejection(late, BoxUnavailableError), { trouble: 'rate-limited', effect: 'none' })
  t.equal(server.requests.length, 1)
})

t.test(
  'a call that failed and finds no other turn is trouble with Box, not a full budget',
  async (t) => {
    const server = await startBoxServer(t)
    const client = createTestClient(t, server.url, { callsPerMinute: 1 })
    server.answer = series(html)
    const error = await rejection(get(client), BoxUnavailableError)
    t.match(error, { trouble: 'unavailable', effect: 'none' })
    t.equal(server.requests.length, 1)
  }
)

t.test('a removal that comes too late in an outage is told of the outage', async (t) => {
  const server = await startBoxServer(t)
  const client = createTestClient(t, server.url)
  const late = (lane: 'removal' | 'client') =>
    rejection(
      client.box.getUser(userId, client.call({ lane, deadline: client.clock.now() })),
      BoxUnavailableError
    )
  server.answer = series(ok, html)
  await get(client)
  t.match(await late('removal'), { trouble: 'rate-limited' }, 'Box is well')
  await rejection(get(client), BoxUnavailableError)
  t.match(await late('removal'), { trouble: 'unavailable', effect: 'none' })
  t.match(await late('client'), { trouble: 'rate-limited' })
})

t.test('a 401 renews the token once, for all callers together', async (t) => {
  const server = await startBoxServer(t)
  const client = createTestClient(t, server.url)
  let revoked = 'Bearer none'
  server.answer = ({ headers }) => (headers.authorization === revoked ? { status: 401 } : ok)
  await get(client)
  revoked = 'Bearer token-1'
  await Promise.all(Array.from({ length: 8 }, () => get(client)))
  t.equal(server.tokenRequests.length, 2)
  t.equal(client.box.health().ok, true)
  const { headers } = server.requests.at(-1) ?? {}
  t.equal(headers?.authorization, 'Bearer token-2')
})

t.test('a token that stays refused is trouble with the credentials', async (t) => {
  const server = await startBoxServer(t)
  const client = createTestClient(t, server.url)
  const headers = { 'www-authenticate': 'Bearer realm="Service", error="invalid_token"' }
  server.answer = series({ status: 401, headers })
  for (const [index, work] of [get, create].entries()) {
    const error = await rejection(work(client), BoxUnavailableError)
    t.match(error, { trouble: 'credentials', effect: 'none', retryAfterSeconds: 60 })
    t.equal(server.requests.length, 2 * (index + 1))
    t.equal(server.tokenRequests.length, 2 + index)
  }
  t.match(client.box.health(), { ok: false, trouble: 'credentials' })
})

t.test(
  'refused credentials are reported with the reason, and not asked about again at once',
  async (t) => {
    const server = await startBoxServer(t)
    const client = createTestClient(t, server.url)
    const reason = 'This app is not authorized by the enterprise'
    server.answerToken = () => ({
      status: 400,
      json: { error: 'unauthorized_client', error_description: reason }
    })
    const error = await rejection(create(client), BoxUnavailableError)
    t.match(error, { trouble: 'credentials', effect: 'none' })
    t.match(error.message, /unauthorized_client This app is not authorized by the enterprise/)
    await rejection(get(client), BoxUnavailableError)
    t.equal(server.tokenRequests.length, 1)
    client.clock.skip(2000)
    server.answerToken = () => ({ status: 200, json: token('token-9', 3600) })
    server.answer = series(ok)
    await get(client)
    t.same(client.box.health().ok, true)
  }
)

t.test('trouble at the token endpoint has no effect and is tried again', async (t) => {
  const server = await startBoxServer(t)
  const client = createTestClient(t, server.url)
  server.answer = series({ status: 201, json: anna })
  server.answerToken = series(html, 'reset', { status: 200, json: token('token-3', 3600) })
  t.match(await create(client), { id: '77777' })
  const other = createTestClient(t, server.url)
  server.answerToken = series(html)
  t.match(await rejection(create(other), BoxUnavailableError), {
    trouble: 'unavailable',
    effect: 'none'
  })
  t.equal(server.requests.length, 1)
  server.answerToken = series({ ...html, status: 429, headers: { 'retry-after': '120' } })
  t.match(await rejection(create(createTestClient(t, server.url)), BoxUnavailableError), {
    trouble: 'rate-limited',
    effect: 'none',
    retryAfterSeconds: 120
  })
})

t.test('a 403 is about one object, or about the bridge itself', async (t) => {
  const server = await startBoxServer(t)
  const client = createTestClient(t, server.url)
  const denied = boxError(403, 'access_denied_insufficient_permissions', 'Access denied')
  const about = async (answer: Answer, work: (client: TestClient) => Promise<unknown>) => {
    server.answer = () => answer
    return work(client).catch((error: unknown) => error)
  }
  t.match(await about(denied, update), { status: 403, code: denied.json.code })
  t.match(await about(denied, create), { status: 403 })
  const bridge = { name: 'BoxUnavailableError', trouble: 'credentials', effect: 'none' }
  t.match(await about(boxError(403, 'insufficient_scope', 'Higher privileges'), update), bridge)
  t.match(await about(denied, ({ box, call }) => box.getOwnAccount(call())), bridge)
  t.match(await about(denied, ({ box, call }) => box.listGroups(0, call())), bridge)
  const scope = { 'www-authenticate': 'Bearer error="insufficient_scope"' }
  t.match(await about({ status: 403, headers: scope }, update), bridge)
})

t.test("a refusal carries Box's words", async (t) => {
  const server = await startBoxServer(t)
  const client = createTestClient(t, server.url)
  server.answer = series(
    boxError(400, 'bad_request', 'Bad Request', {
      errors: [
        { reason: 'invalid_parameter', name: 'new_primary_email', message: "Invalid value 'x'." }
      ]
    })
  )
  const error = await rejection(update(client), BoxRefusedError)
  t.match(error, { status: 400, code: 'bad_request', requestId: 'nwogfbhkcvt2r3mk' })
  t.equal(
    error.message,
    "Box refused PUT /users/:id: 400 bad_request Bad Request (new_primary_email: Invalid value 'x'.)"
  )
  t.same(client.records, [
    { operation: 'PUT /users/:id', status: 400, code: 'bad_request', requestId: 'nwogfbhkcvt2r3mk' }
  ])
  t.equal(client.box.health().ok, true, 'a refusal is a healthy answer')
})

t.test('the body of a refused DELETE is kept', async (t) => {
  const server = await startBoxServer(t)
  const client = createTestClient(t, server.url)
  server.answer = series(boxError(403, 'forbidden_by_policy', 'Not across the barrier'))
  const error = await rejection(remove(client), BoxRefusedError)
  t.match(error, { status: 403, code: 'forbidden_by_policy' })
  t.match(error.message, /Not across the barrier/)
})

t.test('redirects are not followed', async (t) => {
  const server = await startBoxServer(t)
  const other = await startBoxServer(t)
  const client = createTestClient(t, server.url)
  server.answer = series({ status: 302, headers: { location: `${other.url}/2.0/users/77777` } })
  t.match(await rejection(update(client), BoxUnavailableError), { effect: 'unknown' })
  t.equal(other.requests.length, 0)
})

t.test('an answer that cannot be read', async (t) => {
  const server = await startBoxServer(t)
  const client = createTestClient(t, server.url)
  server.answer = series({ status: 200, text: '<html>Sign in to the network</html>' })
  t.match(await rejection(get(client), BoxUnavailableError), { effect: 'none' })
  t.match(await rejection(create(client), BoxUnavailableError), { effect: 'unknown' })
  const list = client.box.listUsers(undefined, client.call())
  t.match(await rejection(list, BoxUnavailableError), { effect: 'none' })
  server.answerToken = series({ status: 200, json: {} })
  const other = createTestClient(t, server.url)
  t.match(await rejection(get(other), BoxUnavailableError), { effect: 'none' })
})

t.test('no secret and no body in errors, records and logs', async (t) => {
  const server = await startBoxServer(t)
  const errors: unknown[] = []
  const client = createTestClient(t, server.url)
  const attempt = async (answer: Answer): Promise<void> => {
    server.answer = ({ headers }) =>
      typeof answer === 'string' || answer.status !== 418
        ? answer
        : { status: 418, json: { message: `I know ${headers.authorization}` } }
    const work = client.box.createUser(
      { login: 'anna@example.com', name: 'Body text' },
      client.call()
    )
    errors.push(await work.catch((error: unknown) => error))
  }
  await attempt('reset')
  await attempt(html)
  await attempt({ status: 401 })
  await attempt({ status: 418 })
  await attempt(boxError(409, 'user_login_already_used', 'User with the specified login exists'))
  server.answerToken = ({ body }) => ({
    status: 400,
    json: { error: 'invalid_client', echo: body }
  })
  const stranger = createTestClient(t, server.url)
  errors.push(await get(stranger).catch((error: unknown) => error))
  const said = [...errors.map(everythingOf), ...client.log.lines, ...stranger.log.lines]
    .concat(JSON.stringify(client.records))
    .join('\n')
  t.equal(
    errors.every((error) => error instanceof Error),
    true
  )
  for (const secret of [...secrets, 'Body text']) t.notMatch(said, secret)
  t.match(server.tokenRequests[0]?.body, 's3cr3t-of-the-app', 'the secret was in play')
})

t.test('health tells the last outcome and since when', async (t) => {
  const server = await startBoxServer(t)
  const client = createTestClient(t, server.url)
  const began = client.clock.now()
  t.same(client.box.health(), { ok: true, since: began })
  client.clock.skip(1000)
  server.answer = series(html)
  await rejection(create(client), BoxUnavailableError)
  t.same(client.box.health(), { ok: false, since: began + 1000, trouble: 'unavailable' })
  client.clock.skip(1000)
  await rejection(create(client), BoxUnavailableError)
  t.equal(client.box.health().since, began + 1000, 'since it began')
  server.answer = series(boxError(404, 'not_found', 'Not Found'))
  t.equal(await get(client), undefined)
  t.same(client.box.health(), { ok: true, since: began + 2000 })
})

t.test('calls share a few connections, which are kept', async (t) => {
  const server = await startBoxServer(t)
  const client = createTestClient(t, server.url)
  server.answer = series(ok)
  for (let i = 0; i < 5; i++) await get(client)
  t.equal(server.connections() <= 2, true)
  await Promise.all(Array.from({ length: 50 }, () => get(client)))
  t.equal(server.connections() <= 9, true)
})

t.test('after closing, nothing is sent', async (t) => {
  const server = await startBoxServer(t)
  const client = createTestClient(t, server.url)
  server.answer = series(ok)
  await get(client)
  await client.box.close()
  t.match(await rejection(get(client), BoxUnavailableError), { effect: 'none' })
  t.equal(server.requests.length, 1)
})

t.test('a 503 with Retry-After holds everybody, and a read goes on after it', async (t) => {
  const server = await startBoxServer(t)
  const client = createTestClient(t, server.url)
  const busy = { ...boxError(503, 'unavailable', 'Busy'), headers: { 'retry-after': '9' } }
  server.answer = series(busy, ok)
  t.match(await get(client), { id: '77777' })
  t.equal(
    client.clock.waits.reduce((sum, wait) => sum + wait, 0),
    9000
  )
  server.answer = () => busy
  const error = await rejection(create(client), BoxUnavailableError)
  t.match(error, { trouble: 'unavailable', effect: 'unknown', retryAfterSeconds: 10 })
  t.equal(server.requests.length, 3)
})
