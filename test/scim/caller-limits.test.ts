import t, { type Test } from 'tap'
import { createAuthenticate } from '../../src/scim/access/authenticator.ts'
import { createPlainTokenCheck } from '../../src/scim/access/plain-tokens.ts'
import type { Monitoring } from '../../src/scim/app.ts'
import { burstMs, type CallerLimits } from '../../src/scim/plugins/caller-limits.ts'
import { until } from '../helpers/until.ts'
import { idOf, startServer, testNow, testToken, type Answer } from './server.ts'

const otherToken = 'another-token-0123456789'
const other = { headers: { authorization: `Bearer ${otherToken}` } }
const person = (userName: string) => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
  userName
})
const patch = (operation: object) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations: [operation]
})
const leave = patch({ op: 'Replace', path: 'active', value: 'False' })
const rename = patch({ op: 'replace', path: 'title', value: 'X' })

/** A server that knows two tokens, at a time that the test moves on. */
async function setUp(t: Test, callers: CallerLimits) {
  const time = { now: testNow }
  const clock = { now: () => time.now, sleep: () => Promise.reject(new Error('nobody sleeps')) }
  const met: string[] = []
  const monitoring: Monitoring = {
    eventLoopDelayMs: () => 0,
    answered() {},
    shed() {},
    limited: (limit) => void met.push(limit),
    contentType: 'text/plain',
    read: async (load) => JSON.stringify(load)
  }
  const check = createPlainTokenCheck([testToken, otherToken])
  const authenticate = createAuthenticate([check], { clock })
  const server = await startServer(t, { callers }, { clock, authenticate, monitoring })
  return { server, time, met }
}

function isLimited(t: Test, { status, headers, body }: Answer, seconds: number): void {
  t.equal(status, 429)
  t.equal(headers.get('retry-after'), String(seconds))
  t.equal(headers.get('content-type'), 'application/scim+json; charset=utf-8')
  t.match(body, {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
    status: '429',
    detail: /nothing was changed/
  })
}

t.test('requests of one caller are limited, on average over the burst', async (t) => {
  const perSecond = 2
  const { server, time, met } = await setUp(t, { requestsPerSecond: perSecond, writes: 0 })
  const ask = () => server.send('GET', '/scim/v2/Users?count=0')
  const atOnce = (perSecond * burstMs) / 1000
  for (let n = 0; n < atOnce; n += 1) t.equal((await ask()).status, 200)
  isLimited(t, await ask(), 1)
  const search = { schemas: ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'] }
  isLimited(t, await server.send('POST', '/scim/v2/Users/.search', { body: search }), 1)
  isLimited(t, await server.send('GET', '/metrics'), 1)
  t.equal((await server.send('GET', '/scim/v2/Users', other)).status, 200, 'others are not')
  t.equal((await fetch(`${server.url}/healthz`)).status, 200)
  t.same(met, ['requests', 'requests', 'requests'])

  time.now += 1000 / perSecond
  t.equal((await ask()).status, 200, 'room for one')
  isLimited(t, await ask(), 1)
  time.now += burstMs
  for (let n = 0; n < atOnce; n += 1) t.equal((await ask()).status, 200)
  isLimited(t, await ask(), 1)
})

t.test('a clock that is set back locks nobody out', async (t) => {
  const { server, time } = await setUp(t, { requestsPerSecond: 1, writes: 0 })
  const ask = () => server.send('GET', '/scim/v2/Users?count=0')
  for (let n = 0; n < burstMs / 1000; n += 1) t.equal((await ask()).status, 200)
  time.now -= 3_600_000
  isLimited(t, await ask(), 1)
  time.now += 1_000
  t.equal((await ask()).status, 200)
})

t.test('a write too many changes nothing, and a removal is never one', async (t) => {
  const { server } = await setUp(t, { requestsPerSecond: 1, writes: 0 })
  const { body } = await server.send('POST', '/scim/v2/Users', { body: person('ann@example.com') })
  const ann = `/scim/v2/Users/${idOf({ body })}`
  for (let n = 1; n < burstMs / 1000; n += 1) await server.send('GET', ann)
  server.users.calls.length = 0
  isLimited(t, await server.send('GET', ann), 1)
  isLimited(t, await server.send('POST', '/scim/v2/Users', { body: person('b@example.com') }), 1)
  isLimited(t, await server.send('PATCH', ann, { body: rename }), 1)
  isLimited(t, await server.send('PUT', ann, { body: person('ann@example.com') }), 1)
  isLimited(t, await server.send('POST', '/scim/v2/Bulk', { body: { Operations: [] } }), 1)
  isLimited(t, await server.send('PATCH', '/scim/v2/Groups/1', { body: leave }), 1)
  t.same(server.users.calls, [])
  t.equal((await server.send('PATCH', ann, { body: leave })).status, 200)
  const put = { ...person('ann@example.com'), active: false }
  t.equal((await server.send('PUT', ann, { body: put })).status, 200)
  t.equal((await server.send('DELETE', ann)).status, 204)
})

t.test('writes of one caller at a time are limited, removals aside', async (t) => {
  const { server, met } = await setUp(t, { requestsPerSecond: 0, writes: 2 })
  const { users } = server
  const { body } = await server.send('POST', '/scim/v2/Users', { body: person('ann@example.com') })
  const ann = `/scim/v2/Users/${idOf({ body })}`
  const gate = Promise.withResolvers<void>()
  let waiting = 0
  const create = users.create.bind(users)
  users.create = async (...args) => {
    waiting += 1
    await gate.promise
    return create(...args)
  }
  const post = (name: string, more = {}) =>
    server.send('POST', '/scim/v2/Users', { body: person(`${name}@example.com`), ...more })
  const first = [post('a'), post('b')]
  await until('both wait', () => waiting === 2)
  isLimited(t, await post('c'), 25)
  isLimited(t, await server.send('PATCH', ann, { body: rename }), 25)
  t.equal((await server.send('GET', ann)).status, 200, 'reads go on')
  t.equal((await server.send('PATCH', ann, { body: leave })).status, 200, 'so do removals')
  const ofOther = post('d', other)
  await until('the other token has writes of its own', () => waiting === 3)
  gate.resolve()
  for (const answer of await Promise.all([...first, ofOther])) t.equal(answer.status, 201)
  t.same(met, ['writes', 'writes'])
  await until('there is room again', async () => (await post('c')).status === 201)
})

t.test('without limits nobody is limited', async (t) => {
  const { server, met } = await setUp(t, { requestsPerSecond: 0, writes: 0 })
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, n) =>
      server.send('POST', '/scim/v2/Users', { body: person(`p${n}@example.com`) })
    )
  )
  t.ok(answers.every(({ status }) => status === 201))
  t.same(met, [])
})
