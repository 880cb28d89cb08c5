import { hash, randomUUID, timingSafeEqual } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import fastify from 'fastify'
import { pino } from 'pino'
import { watchEventLoop } from './event-loop.ts'
import { serveMessages } from './messages.ts'

/**
 * The least that answers GET of a user with what the bridge must do for it, and nothing else: a token
 * compared by its hash, one row of the database, a correlation id, `Location`, `ETag`, `meta` and a log
 * line. No rights, no time limits, no metrics, no other route.
 */
const [databasePath = '', token = ''] = process.argv.slice(2)
const database = new DatabaseSync(databasePath, { readOnly: true })
const statement = database.prepare(
  'select text, created, last_modified, revision from users where id = ? and tombstone = 0'
)
statement.setReturnArrays(true)

const log = pino(
  { base: null },
  pino.destination({ dest: `${databasePath}.least.log`, sync: false, minLength: 4096 })
)
const known = hash('sha256', `Bearer ${token}`, 'buffer')
const app = fastify({ genReqId: () => randomUUID() })

app.addHook('onRequest', (request, reply, done) => {
  void reply.header('x-correlation-id', request.id)
  const digest = hash('sha256', request.headers.authorization ?? '', 'buffer')
  done(timingSafeEqual(digest, known) ? undefined : new Error('unknown token'))
})

app.addHook('onResponse', ({ id, method, routeOptions }, reply, done) => {
  const ms = Math.round(reply.elapsedTime)
  const { url: route } = routeOptions
  log.info({ correlationId: id, method, route, status: reply.statusCode, ms }, 'request answered')
  done()
})

app.get<{ Params: { id: string } }>('/scim/v2/Users/:id', ({ params, host }, reply) => {
  const row = statement.get(params.id) as readonly (string | number)[] | undefined
  if (row === undefined) return reply.callNotFound()
  const [text, created, lastModified, revision] = row
  const location = `http://${host}/scim/v2/Users/${params.id}`
  const meta = JSON.stringify({
    resourceType: 'User',
    created: new Date(Number(created)).toISOString(),
    lastModified: new Date(Number(lastModified)).toISOString(),
    location,
    version: `W/"${revision}"`
  })
  return reply
    .headers({ location, etag: `W/"${revision}"` })
    .type('application/scim+json; charset=utf-8')
    .send(`${String(text).slice(0, -1)},"meta":${meta}}`)
})

const url = await app.listen({ host: '127.0.0.1', port: 0 })
serveMessages({ ...watchEventLoop(), url: () => url })
