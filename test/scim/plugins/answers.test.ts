import fastify from 'fastify'
import t from 'tap'
import type { Test } from 'tap'
import type { AnsweredRequest } from '../../../src/scim/plugins/answers.ts'
import { sendTogether } from '../../../src/scim/plugins/answers.ts'
import { prepareActor } from '../../../src/scim/plugins/auth.ts'
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
