import { readdirSync, readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import type { JsonObject, JsonValue } from '../../src/lib/json.ts'

/** What a client puts on the wire. */
interface RecordedRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path and query below the SCIM base, exactly as sent: nothing is encoded or tidied any more. */
  readonly path: string
  /** Override the file's headers by name; null leaves one out. */
  readonly headers?: Readonly<Record<string, string | null>>
  readonly body?: JsonValue
}

/** What the client needs back. */
export interface ExpectedResponse {
  /** One status, or those that the client takes alike. */
  readonly status: number | readonly number[]
  /** By name in lower case; an object is a matcher. */
  readonly headers?: JsonObject
  /** A subset of the answer; see `matcher.ts`. */
  readonly body?: JsonValue
  /** The whole answer. */
  readonly bodyIs?: JsonValue
}

/** One request, what it needs back and what it may cost at Box. */
export interface Exchange {
  readonly name: string
  readonly request: RecordedRequest
  readonly response: ExpectedResponse
  /** Names for values of the answer, by JSON Pointer (RFC 6901), used later as `{{name}}`. */
  readonly remember?: Readonly<Record<string, string>>
  /** The exact number of calls to Box, token requests aside. */
  readonly boxCalls: number
}

/** What Box holds before the client comes. */
interface BoxSeed {
  readonly users: readonly {
    readonly login: string
    readonly name: string
    /** Default `active`. */
    readonly status?: 'active' | 'inactive'
  }[]
  readonly groups: readonly {
    readonly name: string
    /** Logins. */
    readonly members: readonly string[]
  }[]
}

/** What Box holds in the end. Everybody whom the run met is in `users` or in `absentUsers`. */
export interface ExpectedState {
  /** Box fields under Box's own names, by login; those not named do not matter. */
  readonly users: Readonly<Record<string, JsonObject>>
  /** Logins of all members, by group name. */
  readonly groups: Readonly<Record<string, readonly string[]>>
  /** Logins that Box must not know, not even as an alias. */
  readonly absentUsers: readonly string[]
}

/** A client's run from its first probe to its last deletion. */
export interface ExchangeFile {
  readonly client: string
  /** Where the client's behaviour is documented. */
  readonly source: string
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>
  /** Sent with every request that has a body. */
  readonly bodyHeaders: Readonly<Record<string, string>>
  /** Configuration of the bridge that the run needs. */
  readonly env?: Readonly<Record<string, string>>
  readonly seed?: BoxSeed
  readonly exchanges: readonly Exchange[]
  readonly expect: ExpectedState
}

const texts = { type: 'object', additionalProperties: { type: 'string' } }
const closed = (required: readonly string[], properties: object) => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties
})

const status = { type: 'integer', minimum: 200, maximum: 599 }

const exchange = {
  ...closed(['name', 'request', 'response', 'boxCalls'], {
    name: { type: 'string', minLength: 3 },
    request: closed(['method', 'path'], {
      method: { enum: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] },
      path: { type: 'string', pattern: '^/[!-~]*$' },
      headers: { type: 'object', additionalProperties: { type: ['string', 'null'] } },
      body: { type: ['object', 'array', 'string'] }
    }),
    response: closed(['status'], {
      status: { anyOf: [status, { type: 'array', minItems: 2, items: status }] },
      headers: { type: 'object', propertyNames: { pattern: '^[a-z-]+$' } },
      body: { type: 'object' },
      bodyIs: { type: 'object' }
    }),
    remember: { type: 'object', additionalProperties: { type: 'string', pattern: '^/' } },
    boxCalls: { type: 'integer', minimum: 0 }
  }),
  allOf: [
    {
      if: { properties: { request: { properties: { method: { const: 'GET' } } } } },
      // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
      then: { properties: { boxCalls: { const: 0 }, request: { not: { required: ['body'] } } } }
    }
  ]
}

const seed = closed(['users', 'groups'], {
  users: {
    type: 'array',
    items: closed(['login', 'name'], {
      login: { type: 'string', format: 'login' },
      name: { type: 'string' },
      status: { enum: ['active', 'inactive'] }
    })
  },
  groups: {
    type: 'array',
    items: closed(['name', 'members'], {
      name: { type: 'string' },
      members: { type: 'array', items: { type: 'string', format: 'login' } }
    })
  }
})

const expectation = closed(['users', 'groups', 'absentUsers'], {
  users: {
    type: 'object',
    propertyNames: { format: 'login' },
    additionalProperties: { type: 'object', required: ['status', 'name'] }
  },
  groups: {
    type: 'object',
    additionalProperties: {
      type: 'array',
      uniqueItems: true,
      items: { type: 'string', format: 'login' }
    }
  },
  absentUsers: { type: 'array', items: { type: 'string', format: 'login' } }
})

/** The JSON Schema of a run. Reads cost no Box call and carry no body. */
const exchangeFileSchema = closed(
  ['client', 'source', 'headers', 'bodyHeaders', 'exchanges', 'expect'],
  {
    client: { type: 'string' },
    source: { type: 'string', pattern: 'https://' },
    headers: texts,
    bodyHeaders: texts,
    env: { ...texts, propertyNames: { pattern: '^[A-Z_]+$' } },
    seed,
    exchanges: { type: 'array', minItems: 1, items: exchange },
    expect: expectation
  }
)

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, strictTypes: false })
ajv.addFormat('login', /^[^@\s]+@example\.com$/)
const isExchangeFile = ajv.compile<ExchangeFile>(exchangeFileSchema)

/** What is wrong with a run's form; empty where nothing is. */
export function problemsOf(value: unknown): string[] {
  if (isExchangeFile(value)) return []
  return (isExchangeFile.errors ?? []).map((error) => `${error.instancePath} ${error.message}`)
}

/** The file names of all recorded runs. */
export function exchangeFileNames(): readonly string[] {
  return readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
}

/** Reads one recorded run; throws where its form is wrong. */
export function readExchangeFile(name: string): ExchangeFile {
  const value: unknown = JSON.parse(readFileSync(`${import.meta.dirname}/${name}`, 'utf8'))
  if (isExchangeFile(value)) return value
  throw new Error(`${name}: ${problemsOf(value).join('; ')}`)
}
