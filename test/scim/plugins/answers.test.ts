import { connect, type AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import fastify from 'fastify'
import t from 'tap'
import type { Test } from 'tap'
import type { AnsweredRequest } from '../../../src/scim/plugins/answers.ts'
import { sendTogether } from '../../../src/scim/plugins/answers.ts'
import { prepareActor } from '../../../src/scim/plugins/auth.ts'
import { endConnections } from '../../../src/scim/plugins/closing.ts'
import { createMemoryLog } from '../../helpers/memory-log.ts'

function createApp(t: Test) {
  const app = fastify()
  const { log, lines } = createMemoryLog()
  const answered: AnsweredRequest[] = []
  prepareActor(app)
  sendTogether(app, { log, onAnswered: (request) => answered.push(request) })
  t.teardown(() => app.close())
  return { app, lines, answered }
}

t.test('a second answer to one request is not sent', async (t) => {
  const { app, answered } = createApp(t)
  app.get('/twice', (_request, reply) => {
    void reply.code(200).send('first')
    void reply.send('second')
  })
  const { statusCode, payload } = await app.inject('/twice')
  t.equal(statusCode, 200)
  t.equal(payload, 'first')
  t.equal(answered.length, 1)
})

t.test('an answer that cannot be sent ends its request alone', async (t) => {
  const { app, lines } = createApp(t)
  app.get('/broken', (_request, reply) => reply.header('location', 'line\nbreak').send('never'))
  app.get('/well', (_request, reply) => reply.send('sent'))
  const base = await app.listen({ host: '127.0.0.1', port: 0 })

  const [broken, well] = await Promise.allSettled([fetch(`${base}/broken`), fetch(`${base}/well`)])
  t.equal(broken.status, 'rejected')
  t.match(well, { status: 'fulfilled', value: { status: 200 } })
  const failure = lines.filter(({ message }) => message === 'an answer could not be sent')
  t.match(failure, [{ level: 'error', fields: { err: { code: 'ERR_INVALID_CHAR' } } }])
})

t.test('answers of one turn are sent in their order and each is told once', async (t) => {
  const { app, lines, answered } = createApp(t)
  const waiting: (() => void)[] = []
  app.get('/wait/:n', (_request, reply) => {
    waiting.push(() => void reply.code(204).send())
    if (waiting.length === 3) for (const answer of waiting) answer()
  })
  const answers = await Promise.all([1, 2, 3].map((n) => app.inject(`/wait/${n}`)))
  t.same(
    answers.map(({ statusCode }) => statusCode),
    [204, 204, 204]
  )
  const expected = { method: 'GET', route: '/wait/:n', status: 204 }
  t.match(answered, [expected, expected, expected])
  t.equal(lines.filter(({ message }) => message === 'request answered').length, 3)
})

t.test('a second answer does not change the status of the first', async (t) => {
  const { app, answered } = createApp(t)
  app.get('/late', (_request, reply) => {
    void reply.code(503).send('too late')
    void reply.code(201).send('made')
  })
  const { statusCode, payload } = await app.inject('/late')
  t.equal(statusCode, 503)
  t.equal(payload, 'too late')
  t.match(answered, [{ status: 503 }])
})

t.test('an answer that is made as the server closes ends its connection', async (t) => {
  const { app } = createApp(t)
  endConnections(app)
  const closed = Promise.withResolvers<void>()
  app.get('/last', (_request, reply) => {
    void reply.send('sent')
    app.close().then(closed.resolve, closed.reject)
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1')
  socket.write('GET /last HTTP/1.1\r\nHost: localhost\r\n\r\n')
  t.match(await text(socket), /sent$/, 'though the client would keep it')
  await closed.promise
})

/** The first lines of a request. */
function request(line: string): string {
  return `${line} HTTP/1.1\r\nHost: localhost\r\n`
}

t.test('pipelined requests are answered in their order, whichever is ready first', async (t) => {
  const { app } = createApp(t)
  const first = Promise.withResolvers<string>()
  app.get('/first', () => first.promise)
  app.get('/second', async () => {
    first.resolve('one')
    return 'two'
  })
  app.get('/parts', async () => Readable.from(['three', 'four']))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1')
  socket.write(`${request('GET /first')}\r\n${request('GET /second')}\r\n`)
  socket.write(
    `${request('GET /parts')}\r\n${request('HEAD /second')}\r\n${request('GET /second')}Connection: close\r\n\r\n`
  )
  const bodies = (await text(socket)).split(/HTTP\/1\.1 200 OK\r\n[^]*?\r\n\r\n/)
  t.strictSame(bodies, ['', 'one', 'two', '5\r\nthree\r\n4\r\nfour\r\n0\r\n\r\n', '', 'two'])
})

t.test('a client that goes away before its answer harms nobody', async (t) => {
  const { app, answered } = createApp(t)
  const left = Promise.withResolvers<void>()
  app.get('/left', ({ raw }) => {
    raw.socket.once('close', () => left.resolve())
    raw.socket.destroy()
    return left.promise.then(() => Readable.from(['never']))
  })
  app.get('/well', (_request, reply) => reply.send('sent'))
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  await t.rejects(fetch(`${base}/left`))
  t.equal((await fetch(`${base}/well`)).status, 200)
  t.match(answered.at(-1), { route: '/well', status: 200 })
})
