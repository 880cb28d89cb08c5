import { readdirSync, readFileSync } from 'node:fs'
import { Ajv } from 'ajv'

/**
 * Bytes, written so that large and unprintable ones stay readable: a text is itself in UTF-8, `hex`
 * is any bytes, `repeat` is the same thing many times, a list is all of its parts in order.
 */
type Bytes =
  | string
  | { readonly hex: string }
  | { readonly repeat: Bytes; readonly times: number }
  | readonly Bytes[]

/** One malformed or malicious request, and the answer that it must get. */
export interface HostileRequest {
  readonly name: string
  readonly method?: string
  /** Path and query below the SCIM base, as they are put on the wire. */
  readonly path?: Bytes
  /** On top of `Host`, the token and, beside a body, the media type and length; null leaves one out. */
  readonly headers?: Readonly<Record<string, Bytes | null>>
  readonly body?: Bytes
  /** Everything that is put on the wire, instead of the four above. */
  readonly raw?: Bytes
  /** The client closes its half of the connection after it, so that what is missing never comes. */
  readonly halfClose?: boolean
  /** One status, or those that are equally right. */
  readonly status: number | readonly number[]
  readonly scimType?: string
  /** Why a success is the right answer; a request without this must be refused. */
  readonly legitimate?: string
  /** What no part of the answer may contain. */
  readonly never?: string
}

/** All requests of one kind. */
export interface HostileClass {
  readonly class: string
  readonly requests: readonly HostileRequest[]
}

const bytes = { $ref: '#/definitions/bytes' }
const status = { type: 'integer', minimum: 200, maximum: 599 }

const corpusSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['class', 'requests'],
  properties: {
    class: { type: 'string' },
    requests: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'status'],
        oneOf: [{ required: ['raw'] }, { required: ['method', 'path'] }],
        properties: {
          name: { type: 'string' },
          method: { type: 'string' },
          path: bytes,
          headers: { type: 'object', additionalProperties: { anyOf: [bytes, { type: 'null' }] } },
          body: bytes,
          raw: bytes,
          halfClose: { const: true },
          status: { anyOf: [status, { type: 'array', minItems: 2, items: status }] },
          scimType: { type: 'string' },
          legitimate: { type: 'string', minLength: 10 },
          never: { type: 'string' }
        }
      }
    }
  },
  definitions: {
    bytes: {
      anyOf: [
        { type: 'string' },
        { type: 'array', items: bytes },
        {
          type: 'object',
          additionalProperties: false,
          required: ['hex'],
          properties: { hex: { type: 'string', pattern: '^([0-9a-f]{2})*$' } }
        },
        {
          type: 'object',
          additionalProperties: false,
          required: ['repeat', 'times'],
          properties: { repeat: bytes, times: { type: 'integer', minimum: 1 } }
        }
      ]
    }
  }
}

const isHostileClass = new Ajv({ strictTypes: false, strictRequired: false }).compile<HostileClass>(
  corpusSchema
)

/** Reads the whole corpus; throws where a file has the wrong form. */
export function readCorpus(): readonly HostileClass[] {
  return readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .map((name) => {
      const value: unknown = JSON.parse(readFileSync(`${import.meta.dirname}/${name}`, 'utf8'))
      if (isHostileClass(value)) return value
      throw new Error(`${name}: ${JSON.stringify(isHostileClass.errors)}`)
    })
}

/** Names that the corpus uses as `{{name}}`, such as the ids of the canaries. */
export type Names = ReadonlyMap<string, string>

/** Writes out bytes. */
function write(bytes: Bytes, names: Names): Buffer {
  if (typeof bytes === 'string') return Buffer.from(fill(bytes, names))
  if ('hex' in bytes) return Buffer.from(bytes.hex, 'hex')
  if ('repeat' in bytes) {
    const once = write(bytes.repeat, names)
    return Buffer.alloc(once.length * bytes.times, once)
  }
  return Buffer.concat(bytes.map((part) => write(part, names)))
}

function fill(text: string, names: Names): string {
  return text.replaceAll(/\{\{(\w+)\}\}/gu, (_, name: string) => {
    const value = names.get(name)
    if (value === undefined) throw new Error(`Nothing is known as {{${name}}}`)
    return value
  })
}

/** The whole request as it goes over the wire. `names` has `host` and `token`. */
export function onTheWire(request: HostileRequest, names: Names): Buffer {
  if (request.raw !== undefined) return write(request.raw, names)
  const body = request.body === undefined ? undefined : write(request.body, names)
  const headers: Readonly<Record<string, Bytes | null>> = {
    host: '{{host}}',
    authorization: 'Bearer {{token}}',
    connection: 'close',
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/scim+json', 'content-length': String(body.length) }),
    ...request.headers
  }
  return Buffer.concat([
    Buffer.from(`${request.method} /scim/v2`),
    write(request.path ?? '', names),
    Buffer.from(' HTTP/1.1\r\n'),
    ...Object.entries(headers).flatMap(([name, value]) =>
      value === null ? [] : [Buffer.from(`${name}: `), write(value, names), Buffer.from('\r\n')]
    ),
    Buffer.from('\r\n'),
    body ?? Buffer.alloc(0)
  ])
}
