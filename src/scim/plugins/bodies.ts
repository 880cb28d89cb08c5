import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ScimError } from '../protocol/errors.ts'
import { requestMediaTypes } from './content-type.ts'

/**
 * How deep a body may nest. A PATCH of a sub-attribute nests seven levels; the limit keeps a body
 * of brackets from exhausting the stack of whoever walks it.
 */
const maxDepth = 32

/**
 * Reads bodies as JSON and refuses what would be dangerous or silently wrong further on: keys that
 * reach for a prototype, extreme nesting, and bytes that are not UTF-8 and would become other
 * letters.
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
          done(error ?? depthError(body), body)
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

/** The text of UTF-8 bytes, without a byte order mark; undefined for other bytes. */
function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function depthError(body: unknown): ScimError | null {
  return isDeeperThan(body, maxDepth)
    ? new ScimError(400, `The body nests deeper than ${maxDepth} levels.`, 'invalidSyntax')
    : null
}

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(inner, levels - 1))
}
