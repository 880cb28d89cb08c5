import fastify from 'fastify'
import { serveMessages } from './messages.ts'
import { watchEventLoop } from './event-loop.ts'

/** Bare Fastify: it sends the text it was last given to whoever asks. */
let text = ''
const app = fastify()
app.get('/*', (_request, reply) => {
  void reply.type('application/scim+json; charset=utf-8').send(text)
})
const url = await app.listen({ host: '127.0.0.1', port: 0 })
serveMessages({
  ...watchEventLoop(),
  url: () => url,
  send: (given) => {
    text = String(given)
    return null
  }
})
