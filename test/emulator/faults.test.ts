import t from 'tap'
import type { Fault } from '../../src/emulator/faults.ts'
import { boxError, entriesOf, startBench } from './harness.ts'
import type { Bench } from './harness.ts'

const ANN = { name: 'Ann', login: 'ann@example.com' }
const create = (bench: Bench) => bench.call('POST', '/2.0/users', ANN)
const hasAnn = ({ emulator }: Bench) => emulator.state().users[ANN.login] !== undefined

t.test('answers in place of Box’s own, before the call has any effect', async (t) => {
  const unavailable = boxError(503, 'unavailable', 'Service Unavailable')
  const cases: { fault: Fault; status: number; retryAfter: string | null; body: object }[] = [
    {
      fault: { kind: 'rate-limited', times: 1, retryAfterSeconds: 7 },
      status: 429,
      retryAfter: '7',
      body: boxError(
        429,
        'rate_limit_exceeded',
        'Request rate limit exceeded, please try again later'
      )
    },
    {
      fault: { kind: 'server-error', times: 1 },
      status: 500,
      retryAfter: null,
      body: boxError(500, 'internal_server_error', 'Internal Server Error')
    },
    { fault: { kind: '503-before', times: 1 }, status: 503, retryAfter: null, body: unavailable },
    {
      fault: { kind: '503-before', times: 1, retryAfterSeconds: 3 },
      status: 503,
      retryAfter: '3',
      body: unavailable
    }
  ]
  for (const { fault, status, retryAfter, body } of cases) {
    const bench = await startBench(t)
    bench.emulator.faults.add(fault)
    const answer = await create(bench)
    t.equal(answer.status, status, fault.kind)
    t.equal(answer.headers.get('retry-after'), retryAfter)
    t.strictSame(answer.body, body)
    t.notOk(hasAnn(bench))
    t.equal((await create(bench)).status, 201, 'the next call is as usual')
  }
})

t.test('a 502 is a page of HTML, or the error object when told so', async (t) => {
  const bench = await startBench(t)
  bench.emulator.faults.add({ kind: 'html-502' })
  const page = await create(bench)
  t.equal(page.status, 502)
  t.match(page.headers.get('content-type'), /^text\/html/)
  t.match(page.body, /^<html>/)
  t.notOk(hasAnn(bench))
  const other = await startBench(t, { guesses: { badGatewayBody: 'error' } })
  other.emulator.faults.add({ kind: 'html-502' })
  t.strictSame((await create(other)).body, boxError(502, 'bad_gateway', 'Bad Gateway'))
})

t.test('a 503 after the call had its effect', async (t) => {
  const bench = await startBench(t)
  bench.emulator.faults.add({ kind: '503-after', times: 2, retryAfterSeconds: 2 })
  const answer = await create(bench)
  t.equal(answer.status, 503)
  t.equal(answer.headers.get('retry-after'), '2')
  t.strictSame(answer.body, boxError(503, 'unavailable', 'Service Unavailable'))
  t.ok(hasAnn(bench))
  const deleted = await bench.call('DELETE', '/2.0/users/30000003')
  t.equal(deleted.status, 503)
  t.match(deleted.body, { code: 'unavailable' })
  t.notOk(hasAnn(bench))
  t.match(bench.emulator.calls, [{ status: 503 }, { status: 503 }])
})

t.test('the connection is reset before or after the call has its effect', async (t) => {
  for (const [kind, applied] of [
    ['reset-before', false],
    ['reset-after', true]
  ] as const) {
    const bench = await startBench(t)
    bench.emulator.faults.add({ kind, times: 1 })
    await t.rejects(create(bench), { cause: { code: /ECONNRESET|UND_ERR_SOCKET/ } }, kind)
    t.equal(hasAnn(bench), applied)
    t.match(bench.emulator.calls, [{ method: 'POST', path: '/2.0/users', status: 0 }])
    t.equal((await create(bench)).status, applied ? 409 : 201)
  }
})

t.test('a call waits before or after it has its effect, by the injected clock', async (t) => {
  for (const [kind, applied] of [
    ['delay', false],
    ['delay-after', true]
  ] as const) {
    const bench = await startBench(t)
    bench.emulator.faults.add({ kind, ms: 3000 })
    const answer = create(bench)
    await bench.clock.sleeper()
    t.equal(hasAnn(bench), applied)
    bench.clock.advance(3000)
    t.equal((await answer).status, 201)
    t.ok(hasAnn(bench))
  }
})

t.test('closing does not wait for delayed calls, and they have no effect', async (t) => {
  const bench = await startBench(t)
  bench.emulator.faults.add({ kind: 'delay', ms: 3_600_000 })
  const answer = create(bench)
  const dropped = t.rejects(answer)
  await bench.clock.sleeper()
  await bench.emulator.close()
  await dropped
  t.notOk(hasAnn(bench))
})

t.test('a fault befalls matching calls only, the given number of times', async (t) => {
  const { call, emulator } = await startBench(t)
  const statuses = async (calls: readonly (readonly [string, string])[]) => {
    const answers: number[] = []
    for (const [method, path] of calls) answers.push((await call(method, path)).status)
    return answers
  }
  emulator.faults.add({ kind: 'server-error', times: 2, method: 'get', path: '/2.0/users/:id' })
  t.strictSame(
    await statuses([
      ['GET', '/2.0/users?limit=1'],
      ['DELETE', '/2.0/users/999'],
      ['GET', '/2.0/users/30000002/memberships'],
      ['GET', '/2.0/users/30000002?fields=id'],
      ['GET', '/2.0/users/me'],
      ['GET', '/2.0/users/30000002']
    ]),
    [200, 404, 200, 500, 500, 200]
  )
  emulator.faults.add({ kind: '503-before', path: '/2.0/groups*' })
  t.strictSame(
    await statuses([
      ['GET', '/2.0/groups'],
      ['GET', '/2.0/groups/1/memberships'],
      ['GET', '/2.0/users'],
      ['GET', '/2.0/groups']
    ]),
    [503, 503, 200, 503]
  )
  emulator.faults.clear()
  t.strictSame(await statuses([['GET', '/2.0/groups']]), [200])
  t.throws(() => emulator.faults.add({ kind: 'server-error', times: 0 }), TypeError)
  t.throws(() => emulator.faults.add({ kind: 'server-error', times: 1.5 }), TypeError)
})

t.test('the oldest fault goes first, and only what befalls a call is used up', async (t) => {
  const { call, emulator, token } = await startBench(t)
  emulator.faults.add({ kind: 'server-error', times: 1 })
  emulator.faults.add({ kind: 'rate-limited', times: 1 })
  emulator.faults.add({ kind: 'numeric-phone', times: 1 })
  emulator.faults.add({ kind: 'short-token', times: 1, seconds: 5 })
  t.equal((await call('GET', '/2.0/groups')).status, 500)
  t.strictSame(emulator.faults.armed, [
    { kind: 'rate-limited', times: 1 },
    { kind: 'numeric-phone', times: 1 },
    { kind: 'short-token', times: 1, seconds: 5 }
  ])
  t.equal((await call('GET', '/2.0/groups')).status, 429)
  t.match((await token()).body, { expires_in: 5 })
  t.match((await token()).body, { expires_in: 3600 })
  t.strictSame(emulator.faults.armed, [{ kind: 'numeric-phone', times: 1 }])
})

t.test('tokens can be short-lived', async (t) => {
  const { clock, emulator, raw, token } = await startBench(t)
  emulator.faults.add({ kind: 'short-token', seconds: 2 })
  const { access_token: access } = (await token()).body as { access_token: string }
  const me = () => raw('/2.0/users/me', { headers: { authorization: `Bearer ${access}` } })
  t.equal((await me()).status, 200)
  clock.advance(2000)
  t.equal((await me()).status, 401)
})

t.test('the two shapes that break strict readers', async (t) => {
  const { call, emulator } = await startBench(t)
  emulator.faults.add({ kind: 'notification-email-array' })
  emulator.faults.add({ kind: 'numeric-phone' })
  const created = await call('POST', '/2.0/users', { ...ANN, phone: '+1 415 555 0103' })
  const strange = { phone: 14155550103, notification_email: [] }
  t.match(created.body, strange)
  t.match((await call('GET', '/2.0/users/30000003')).body, strange)
  t.match(entriesOf(await call('GET', '/2.0/users?filter_term=ann')), [strange])
  const email = { notification_email: { email: 'desk@example.com' }, phone: 'none' }
  t.match((await call('PUT', '/2.0/users/30000003', email)).body, {
    notification_email: { email: 'desk@example.com', is_confirmed: true },
    phone: 'none'
  })
})

t.test('what is created meanwhile shows up late in lists', async (t) => {
  const { call, clock, emulator } = await startBench(t)
  emulator.faults.add({ kind: 'list-delay', ms: 5000, times: 2 })
  await call('POST', '/2.0/users', ANN)
  await call('POST', '/2.0/groups', { name: 'Late' })
  await call('POST', '/2.0/groups', { name: 'Prompt' })
  t.match((await call('GET', '/2.0/users?filter_term=ann')).body, { total_count: 0 })
  t.match(entriesOf(await call('GET', '/2.0/groups')), [{ name: 'Prompt' }])
  t.equal((await call('GET', '/2.0/groups/20000001')).status, 200)
  clock.advance(5000)
  t.match((await call('GET', '/2.0/users?filter_term=ann')).body, { total_count: 1 })
  t.match(entriesOf(await call('GET', '/2.0/groups')), [{ name: 'Late' }, { name: 'Prompt' }])
})

t.test('faults befall the token endpoint too', async (t) => {
  const { emulator, token } = await startBench(t)
  emulator.faults.add({ kind: '503-before', times: 1 })
  t.equal((await token()).status, 503)
  t.equal((await token()).status, 200)
})
