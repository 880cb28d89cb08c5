import { finished } from 'node:stream/promises'
import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Milliseconds } from '../../lib/clock.ts'
import type { JsonObject } from '../../lib/json.ts'
import { ScimError } from '../protocol/errors.ts'
import { requestMediaTypes } from './content-type.ts'

/**
 * How deep a body may nest. A PATCH of a sub-attribute nests seven levels; the limit keeps a body
 * of brackets from exhausting the stack of whoever walks it.
 */
export const maxBodyDepth = 32

/** A body of this many UTF-16 code units lists thousands of members and took its time to read. */
const longBody = 32 * 1024

/**
 * Reads bodies as JSON and refuses what would be dangerous or silently wrong further on: keys that
 * reach for a prototype, extreme nesting, bytes that are not UTF-8 and would become other letters,
 * and values that would be stored as others: see {@link problemWith}.
 */
export function readBodies(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<Buffer>(
    [...requestMediaTypes],
    { parseAs: 'buffer' },
    (request, bytes, done) => {
      const text = decode(bytes)
      if (text === undefined) {
        done(new ScimError(400, 'The body is not UTF-8 text.', 'invalidSyntax'))
      } else if (text.trim() === '') {
        done(null, undefined)
      } else {
        void parseJson(request, text, (error, body) => {
          const problem = error ?? problemWith(body, maxBodyDepth) ?? null
          // Whoever reads a long body again works in a turn of the event loop of their own.
          if (text.length < longBody) done(problem, body)
          else setImmediate(done, problem, body)
        })
      }
    }
  )
}

/** The parsed body of a request that must have one. */
export function bodyOf(request: FastifyRequest): unknown {
  if (request.body === undefined) {
    throw new ScimError(
      400,
      `The body is empty; ${request.method} needs a JSON object.`,
      'invalidSyntax'
    )
  }
  return request.body
}

/** How long a client may go on sending a body that is refused. */
const discardMs: Milliseconds = 1_000

/**
 * Reads and forgets the rest of a body that is too large. A connection that is closed on unread bytes
 * is reset, and the client loses the answer that tells it the limit (RFC 9112 §9.6).
 */
export async function discardBody({ raw }: FastifyRequest): Promise<void> {
  const enough = new AbortController()
  const end = finished(raw.resume(), { signal: enough.signal }).catch(() => undefined)
  await Promise.race([end, wait(discardMs, undefined, { ref: false })])
  enough.abort()
}

/** The text of UTF-8 bytes, without a byte order mark; undefined for other bytes. */
function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/**
 * Why a value cannot be accepted, wherever it stands: it nests too deep; it is a number that does not
 * survive as one, since JSON has no limit and this runtime has (RFC 8259 §6); or it is a text with
 * U+0000 or half a surrogate pair, which databases and Box cut off or replace.
 */
function problemWith(value: unknown, levels: number): ScimError | undefined {
  if (typeof value === 'string') return problemWithText(value)
  if (typeof value === 'number') return problemWithNumber(value)
  if (typeof value !== 'object' || value === null) return undefined
  if (levels === 0) {
    return new ScimError(400, `The body nests deeper than ${maxBodyDepth} levels.`, 'invalidSyntax')
  }
  return Array.isArray(value)
    ? problemWithElements(value, levels - 1)
    : problemWithMembers(value as JsonObject, levels - 1)
}

/** The positions of a list's elements are no texts of the client: reading them as keys costs much. */
function problemWithElements(elements: readonly unknown[], levels: number): ScimError | undefined {
  for (const element of elements) {
    const problem = problemWith(element, levels)
    if (problem !== undefined) return problem
  }
  return undefined
}

function problemWithMembers(object: JsonObject, levels: number): ScimError | undefined {
  for (const key of Object.keys(object)) {
    const problem = problemWithText(key) ?? problemWith(object[key], levels)
    if (problem !== undefined) return problem
  }
  return undefined
}

function problemWithText(text: string): ScimError | undefined {
  if (text.isWellFormed() && !text.includes('\0')) return undefined
  return new ScimError(
    400,
    'The body has a text that is no Unicode text or that contains U+0000.',
    'invalidValue'
  )
}

function problemWithNumber(number: number): ScimError | undefined {
  const isExact = Number.isFinite(number) && Math.abs(number) <= Number.MAX_SAFE_INTEGER
  if (isExact) return undefined
  return new ScimError(
    400,
    `The body has a number beyond ±${Number.MAX_SAFE_INTEGER}; send it as a text.`,
    'invalidValue'
  )
}
