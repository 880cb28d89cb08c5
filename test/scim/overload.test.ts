import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { rightsOf, type Authenticate, type Caller } from '../../src/scim/access/caller.ts'
import type { AppOptions, Monitoring, ServerLoad } from '../../src/scim/app.ts'
import { overloadLimits } from '../../src/scim/plugins/overload.ts'
import { until } from '../helpers/until.ts'
import { authorized, idOf, startServer, testToken, type Answer } from './server.ts'

const person = (userName: string) => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
  userName
})
const patch = (...operations: readonly object[]) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations: operations
})
const leave = patch({ op: 'Replace', path: 'active', value: 'False' })

/** A server whose event loop is as late as the test says, and whose load can be read. */
async function setUp(t: Test, options: Partial<AppOptions> = {}, authenticate?: Authenticate) {
  const state = { delayMs: 0 }
  const shed: string[] = []
  const monitoring: Monitoring = {
    eventLoopDelayMs: () => state.delayMs,
    answered() {},
    shed: (reason) => void shed.push(reason),
    limited() {},
    contentType: 'text/plain',
    read: async (load) => JSON.stringify(load)
  }
  const server = await startServer(t, options, {
    monitoring,
    ...(authenticate === undefined ? {} : { authenticate })
  })
  const created = await server.send('POST', '/scim/v2/Users', { body: person('ann@example.com') })
  const load = async () => (await server.send('GET', '/metrics')).body as unknown as ServerLoad
  return { server, state, shed, load, ann: `/scim/v2/Users/${idOf(created)}` }
}

function assertShed(t: Test, answer: Answer, seconds: number) {
  t.equal(answer.status, 503)
  t.equal(answer.headers.get('retry-after'), String(seconds))
  t.match(answer.body, { status: '503', detail: /nothing was changed/ })
}

t.test('a late event loop sheds writes first, then removals and reads', async (t) => {
  const { server, state, shed, ann } = await setUp(t)
  const post = () => server.send('POST', '/scim/v2/Users', { body: person('bob@example.com') })
  state.delayMs = overloadLimits.writeDelayMs + 1
  assertShed(t, await post(), 10)
  const title = { op: 'replace', path: 'title', value: 'X' }
  assertShed(t, await server.send('PATCH', ann, { body: patch(title) }), 10)
  assertShed(t, await server.send('PUT', ann, { body: person('ann@example.com') }), 10)
  t.equal((await server.send('GET', ann)).status, 200, 'reads go on')
  const search = { schemas: ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'] }
  t.equal((await server.send('POST', '/scim/v2/Users/.search', { body: search })).status, 200)
  t.equal((await server.send('PATCH', ann, { body: leave })).status, 200, 'so do removals')
  const put = { ...person('ann@example.com'), active: false }
  t.equal((await server.send('PUT', ann, { body: put })).status, 200)
  t.equal((await server.send('DELETE', ann)).status, 204)

  state.delayMs = overloadLimits.readDelayMs + 1
  assertShed(t, await server.send('GET', '/scim/v2/Users'), 10)
  assertShed(t, await server.send('DELETE', ann), 10)
  t.equal((await fetch(`${server.url}/healthz`)).status, 200, 'health is no SCIM')
  t.equal(
    (await server.send('GET', '/scim/v2/Users', { headers: { authorization: '' } })).status,
    401
  )
  t.same(new Set(shed), new Set(['event-loop']))

  state.delayMs = 0
  t.equal((await post()).status, 201)
})

t.test('writes beyond the bound are shed, removals later, reads never', async (t) => {
  const limits = { ...overloadLimits, writes: 2, writesAndRemovals: 3 }
  const { server, shed, load, ann } = await setUp(t, { overload: limits })
  const { users } = server
  const gate = Promise.withResolvers<void>()
  const create = users.create.bind(users)
  users.create = async (...args) => {
    await gate.promise
    return create(...args)
  }
  const post = (name: string) =>
    server.send('POST', '/scim/v2/Users', { body: person(`${name}@example.com`) })
  const waiting = [post('a'), post('b')]
  await until('two wait', async () => (await load()).writes === 2)
  assertShed(t, await post('c'), 25)
  t.equal((await server.send('GET', ann)).status, 200)
  t.equal((await server.send('PATCH', ann, { body: leave })).status, 200, 'a removal is let in')

  const remove = users.delete.bind(users)
  users.delete = async (...args) => {
    await gate.promise
    return remove(...args)
  }
  const removal = server.send('DELETE', ann)
  await until('it waits too', async () => (await load()).writes === 3)
  assertShed(t, await server.send('DELETE', ann), 25)
  t.match(shed, ['writes', 'writes'])
  gate.resolve()
  for (const answer of await Promise.all(waiting)) t.equal(answer.status, 201)
  t.equal((await removal).status, 204)
  await until('nothing is under way', async () => (await load()).writes === 0)
  t.same(await load().then(({ heldBytes }) => heldBytes), 0)
})

t.test('the bodies of all requests together are bounded', async (t) => {
  const limits = { ...overloadLimits, heldBytes: 4_000 }
  const { server, shed, load } = await setUp(t, { overload: limits })
  const { users, port } = server
  const gate = Promise.withResolvers<void>()
  const create = users.create.bind(users)
  users.create = async (...args) => {
    await gate.promise
    return create(...args)
  }
  const big = (name: string) => ({ ...person(`${name}@example.com`), title: 'x'.repeat(2_000) })
  const first = server.send('POST', '/scim/v2/Users', { body: big('a') })
  await until('one waits', async () => (await load()).heldBytes > 2_000)
  assertShed(t, await server.send('POST', '/scim/v2/Users', { body: big('b') }), 25)

  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.write(
    `POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${testToken}\r\n` +
      'Content-Type: application/scim+json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n'
  )
  const chunk = JSON.stringify(big('c'))
  socket.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n0\r\n\r\n`)
  const answer = await text(socket)
  t.match(answer, /^HTTP\/1\.1 503 /, 'one that does not say how long it is counts too')
  t.match(answer, /^retry-after: 25\r$/m)
  t.same(shed, ['bodies', 'bodies'])

  const small = server.send('POST', '/scim/v2/Users', { body: person('d@example.com') })
  gate.resolve()
  t.equal((await first).status, 201)
  t.equal((await small).status, 201)
  await until('all are let go', async () => (await load()).heldBytes === 0)
  const chunked = await fetch(`${server.url}/scim/v2/Users`, {
    method: 'POST',
    headers: { ...authorized, 'content-type': 'application/scim+json' },
    body: new Blob([JSON.stringify(person('e@example.com'))]).stream(),
    duplex: 'half'
  })
  t.equal(chunked.status, 201)
  await until('that one too', async () => (await load()).heldBytes === 0)
})

t.test('a client that goes away is not counted for ever', async (t) => {
  const { server, load } = await setUp(t)
  const socket = connect(server.port, '127.0.0.1')
  socket.write(
    `POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${testToken}\r\n` +
      'Content-Type: application/scim+json\r\nContent-Length: 500\r\n\r\n{'
  )
  await until('it is counted', async () => (await load()).heldBytes === 500)
  socket.destroy()
  await until('it is not', async () => (await load()).writes === 0)
  t.equal((await load()).heldBytes, 0)
})

t.test('nor is one that goes away while it is found out who it is', async (t) => {
  const asked = Promise.withResolvers<void>()
  const known = Promise.withResolvers<Caller>()
  const caller = { actor: 'client', via: 'oidc', rights: rightsOf(['users', 'metrics']) }
  const authenticate: Authenticate = ({ authorization }) => {
    if (authorization !== 'Bearer slow') return caller
    asked.resolve()
    return known.promise
  }
  const limits = { requestsPerSecond: 0, writes: 1 }
  const { server, load } = await setUp(t, { callers: limits }, authenticate)
  const accepted = once(server.app.server, 'connection') as Promise<[Socket]>
  const gone = accepted.then(([accepted]) => once(accepted, 'close'))
  const socket = connect(server.port, '127.0.0.1')
  socket.write(
    'POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer slow\r\n' +
      'Content-Type: application/scim+json\r\nContent-Length: 500\r\n\r\n{'
  )
  await asked.promise
  socket.destroy()
  await gone
  known.resolve(caller)
  t.match(await load(), { writes: 0, heldBytes: 0 })
  const next = await server.send('POST', '/scim/v2/Users', { body: person('bob@example.com') })
  t.equal(next.status, 201, 'nor by the limit of its own')
})

t.test('nor are the requests that a client had sent one after the other', async (t) => {
  const { server, load } = await setUp(t)
  const gate = Promise.withResolvers<void>()
  const create = server.users.create.bind(server.users)
  server.users.create = async (...args) => {
    await gate.promise
    return create(...args)
  }
  const body = JSON.stringify(person('bob@example.com'))
  const socket = connect(server.port, '127.0.0.1')
  socket.write(
    (
      `POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${testToken}\r\n` +
      `Content-Type: application/scim+json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    ).repeat(3)
  )
  await until('they are counted', async () => (await load()).writes === 3)
  socket.destroy()
  gate.resolve()
  await until('they are not', async () => (await load()).writes === 0)
  t.equal((await load()).heldBytes, 0)
})

t.test('slow and silent clients are cut off, others are served', async (t) => {
  const { server, ann } = await setUp(t, { receiveTimeoutMs: 300, silenceMs: 300 })
  const { port } = server
  const ended = (begin: string, drip = '') => {
    const socket = connect(port, '127.0.0.1')
    if (begin !== '') socket.write(begin)
    const timer = setInterval(() => socket.write(drip), 50)
    socket.once('close', () => clearInterval(timer))
    socket.on('error', () => undefined)
    return text(socket).catch(() => 'reset')
  }
  const head = `Host: x\r\nAuthorization: Bearer ${testToken}\r\nContent-Type: application/scim+json\r\n`
  const slow = [
    ended(''),
    ended('GET /scim/v2/Users HTTP/1.1\r\n', 'X-A: b\r\n'),
    ended(`POST /scim/v2/Users HTTP/1.1\r\n${head}Content-Length: 500\r\n\r\n{`, ' ')
  ]

  const big = await server.send('POST', '/scim/v2/Users', {
    body: { ...person('big@example.com'), title: 'x'.repeat(8_000_000) }
  })
  const accepted = once(server.app.server, 'connection') as Promise<[Socket]>
  const reader = connect(port, '127.0.0.1')
  t.teardown(() => reader.destroy())
  const path = `/scim/v2/Users/${idOf(big)}`
  reader.on('error', () => undefined)
  reader.write(`GET ${path} HTTP/1.1\r\n${head}\r\n`.repeat(4))
  reader.pause()
  const [served] = await accepted

  t.match(await Promise.race([slow[1], slow[2]]), /^HTTP\/1\.1 408 /)
  t.equal((await server.send('GET', ann)).status, 200, 'others are served meanwhile')
  for (const answer of await Promise.all(slow)) t.match(answer, /^(HTTP\/1\.1 408 |$)/)
  await until('who reads nothing is cut off', () => served.destroyed)
  t.equal((await server.send('GET', ann)).status, 200)
})

t.test('connections are bounded', async (t) => {
  const { server, load } = await setUp(t, { connections: 3 })
  const sockets = Array.from({ length: 10 }, () => connect(server.port, '127.0.0.1'))
  for (const socket of sockets) socket.on('error', () => undefined)
  t.teardown(() => sockets.forEach((socket) => socket.destroy()))
  await until('the rest is dropped', () => sockets.filter(({ closed }) => closed).length >= 7)
  for (const socket of sockets) socket.destroy()
  await until('there is room again', async () => {
    return load().then(
      ({ connections }) => connections <= 3,
      () => false
    )
  })
  t.ok((await load()).connections <= 3)
})
