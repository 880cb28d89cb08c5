import { hash, randomUUID, timingSafeEqual } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import fastify from 'fastify'
import type { FastifyReply } from 'fastify'
import { pino } from 'pino'
import { watchEventLoop } from './event-loop.ts'
import { serveMessages } from './messages.ts'

/**
 * The least that answers what the bench reads with what the bridge must do for it, and nothing else: a
 * token compared by its hash, the rows of the database, a correlation id, the headers of every answer,
 * `Location`, `ETag`, `meta` and a log line. No rights, no time limits, no metrics, no groups of a person,
 * one filter, no other route.
 */
const [databasePath = '', token = ''] = process.argv.slice(2)
const database = new DatabaseSync(databasePath, { readOnly: true })
const columns = 'select id, text, created, last_modified, revision from users where tombstone = 0'
const byId = database.prepare(`${columns} and id = ?`)
const byUserName = database.prepare(`${columns} and user_name_key = ?`)
const firstOnes = database.prepare(`${columns} order by created, id limit 100`)
for (const statement of [byId, byUserName, firstOnes]) statement.setReturnArrays(true)

const log = pino(
  { base: null },
  pino.destination({ dest: `${databasePath}.least.log`, sync: false, minLength: 4096 })
)
const known = hash('sha256', `Bearer ${token}`, 'buffer')
const app = fastify({ genReqId: () => randomUUID() })

app.addHook('onRequest', (request, reply, done) => {
  void reply.headers({
    'x-correlation-id': request.id,
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff'
  })
  const digest = hash('sha256', request.headers.authorization ?? '', 'buffer')
  done(timingSafeEqual(digest, known) ? undefined : new Error('unknown token'))
})

app.addHook('onResponse', ({ id, method, routeOptions }, reply, done) => {
  const ms = Math.round(reply.elapsedTime)
  const { url: route } = routeOptions
  log.info({ correlationId: id, method, route, status: reply.statusCode, ms }, 'request answered')
  done()
})

interface Route {
  Params: { id: string }
  Querystring: { filter?: string }
}

app.get<Route>('/scim/v2/Users/:id', ({ params, host }, reply) => {
  const [row] = rowsOf(byId.all(params.id))
  if (row === undefined) return reply.callNotFound()
  const location = locationOf(host, params.id)
  return send(reply.headers({ location, etag: `W/"${row[4]}"` }), textOf(row, host))
})

app.get<Route>('/scim/v2/Users', ({ query, host }, reply) => {
  const name = query.filter?.slice('userName eq "'.length, -1).toLowerCase()
  const rows = rowsOf(name === undefined ? firstOnes.all() : byUserName.all(name))
  const texts = rows.map((row) => textOf(row, host)).join()
  return send(reply, `{"totalResults":${rows.length},"Resources":[${texts}]}`)
})

type Row = readonly (string | number)[]

function rowsOf(rows: unknown): readonly Row[] {
  return rows as readonly Row[]
}

function locationOf(host: string, id: unknown): string {
  return `http://${host}/scim/v2/Users/${String(id)}`
}

function textOf([id, text, created, lastModified, revision]: Row, host: string): string {
  const meta = JSON.stringify({
    resourceType: 'User',
    created: new Date(Number(created)).toISOString(),
    lastModified: new Date(Number(lastModified)).toISOString(),
    location: locationOf(host, id),
    version: `W/"${revision}"`
  })
  return `${String(text).slice(0, -1)},"meta":${meta}}`
}

function send(reply: FastifyReply, text: string): FastifyReply {
  return reply.type('application/scim+json; charset=utf-8').send(text)
}

const url = await app.listen({ host: '127.0.0.1', port: 0 })
serveMessages({ ...watchEventLoop(), url: () => url })
