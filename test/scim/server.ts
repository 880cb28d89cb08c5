import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import type { Test } from 'tap'
import type { Clock } from '../../src/lib/clock.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import type { Random } from '../../src/lib/random.ts'
import type { Readiness } from '../../src/provisioning/requests.ts'
import { buildApp } from '../../src/scim/app.ts'
import { createAuthenticate } from '../../src/scim/access/authenticator.ts'
import type { Authenticate } from '../../src/scim/access/caller.ts'
import { createPlainTokenCheck } from '../../src/scim/access/plain-tokens.ts'
import type { AppOptions, Monitoring } from '../../src/scim/app.ts'
import { MemoryGroups, MemoryMix, MemoryUsers } from './memory-services.ts'

/** The token that the test server accepts. */
export const testToken = 'test-token-0123456789'

/** The time at which every test request arrives. */
export const testNow = 1_700_000_000_000

/** The headers of a caller who may ask. */
export const authorized = { authorization: `Bearer ${testToken}` }

/** An answer, read. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The parsed text; `{}` where there is none. */
  readonly body: JsonObject
}

/** The id of the resource that an answer shows. */
export function idOf(answer: Pick<Answer, 'body'>): string {
  const id = answer.body['id']
  if (typeof id !== 'string') throw new TypeError('The answer has no id.')
  return id
}

/** A listening server with services in memory. */
export interface TestServer {
  readonly app: FastifyInstance
  readonly url: string
  readonly port: number
  readonly users: MemoryUsers
  readonly groups: MemoryGroups
  /** What `/readyz` reports; tests change it. */
  readonly state: { readiness: Readiness }
  /** Everything logged so far. */
  readonly log: JsonObject[]
  /** Sends a request as the test token's owner, with a JSON body where one is given. */
  send(
    method: string,
    path: string,
    options?: { body?: unknown; headers?: Record<string, string> }
  ): Promise<Answer>
  /** Writes text on a connection of its own and returns everything that comes back. */
  raw(request: string): Promise<string>
}

/** Starts the server on a free port; it stops with the test. */
export async function startServer(
  t: Test,
  options: Partial<AppOptions> = {},
  {
    clock = fixedClock,
    authenticate = createAuthenticate([createPlainTokenCheck([testToken])], { clock }),
    monitoring
  }: {
    readonly clock?: Clock
    readonly authenticate?: Authenticate
    readonly monitoring?: Monitoring
  } = {}
): Promise<TestServer> {
  const users = new MemoryUsers()
  const groups = new MemoryGroups()
  const state: TestServer['state'] = {
    readiness: { ready: true, box: 'ok', import: 'done' }
  }
  const log: JsonObject[] = []
  const app = buildApp(
    {
      users,
      groups,
      resources: new MemoryMix(users, groups),
      connections: users,
      cursorSecret: 'a secret of the tests',
      readiness: () => state.readiness,
      authenticate,
      clock,
      random: countingRandom(),
      ...(monitoring === undefined ? {} : { monitoring })
    },
    {
      requestBudgetMs: 25_000,
      logger: pino(
        { level: 'trace' },
        { write: (line: string) => void log.push(JSON.parse(line) as JsonObject) }
      ),
      ...options
    }
  )
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => app.close())
  const { port } = app.server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`

  return {
    app,
    url,
    port,
    users,
    groups,
    state,
    log,
    send: async (method, path, { body, headers = {} } = {}) => {
      const content = body === undefined ? {} : { 'content-type': 'application/scim+json' }
      const response = await fetch(url + path, {
        method,
        headers: { ...authorized, ...content, ...headers },
        ...(body === undefined ? {} : { body: asText(body) })
      })
      return readAnswer(response)
    },
    raw: async (request) => {
      const socket = connect({ port, host: '127.0.0.1' })
      socket.write(request)
      return text(socket)
    }
  }
}

const fixedClock: Clock = {
  now: () => testNow,
  sleep: () => Promise.reject(new Error('The server does not sleep.'))
}

/** Correlation ids `request-1`, `request-2` … */
function countingRandom(): Random {
  let count = 0
  return {
    fraction: () => 0,
    uuid: () => `request-${(count += 1)}`,
    secret: () => 'not used'
  }
}

function asText(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body)
}

async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: text === '' ? {} : (JSON.parse(text) as JsonObject)
  }
}
