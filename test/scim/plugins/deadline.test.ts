import { Readable } from 'node:stream'
import { setTimeout as after } from 'node:timers/promises'
import fastify from 'fastify'
import t from 'tap'
import type { Test } from 'tap'
import { prepareActor } from '../../../src/scim/plugins/auth.ts'
import { sendTogether } from '../../../src/scim/plugins/answers.ts'
import { limitWrites } from '../../../src/scim/plugins/deadline.ts'
import { createMemoryLog } from '../../helpers/memory-log.ts'

const limit = 20

function createApp(t: Test) {
  const app = fastify()
  const { log, lines } = createMemoryLog()
  prepareActor(app)
  limitWrites(app, limit)
  sendTogether(app, { log, onAnswered: () => undefined })
  t.teardown(() => app.close())
  return { app, lines }
}

t.test('a write that nobody answers is answered 503', async (t) => {
  const { app } = createApp(t)
  app.post('/never', () => new Promise(() => undefined))
  app.get('/read', async () => after(2 * limit, 'read'))
  const [write, read] = await Promise.all([
    app.inject({ method: 'POST', url: '/never' }),
    app.inject('/read')
  ])
  t.equal(write.statusCode, 503)
  t.equal(read.payload, 'read', 'reads have no limit')
})

t.test('an answer that is under way is not cut off, however long it takes', async (t) => {
  const { app, lines } = createApp(t)
  app.post('/long', async () => Readable.from(slowly()))
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  const answer = await fetch(`${base}/long`, { method: 'POST' })
  t.equal(answer.status, 200)
  t.equal(await answer.text(), 'first and last')
  t.strictSame(
    lines.filter(({ level }) => level === 'error'),
    []
  )
})

/** The timer of the write was set before this one, and ends before it. */
async function* slowly() {
  yield 'first and '
  await after(2 * limit)
  yield 'last'
}
