import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { oneEachTurn } from '../../lib/turns.ts'
import { ScimError } from '../protocol/errors.ts'

/** The media type of every SCIM answer, errors included (RFC 7644 §3.8). */
export const scimMediaType = 'application/scim+json; charset=utf-8'

/** The media types of a request's body (RFC 7644 §3.8). */
export const requestMediaTypes: readonly string[] = ['application/scim+json', 'application/json']

/** What a 415 says. */
export const mediaTypeAdvice = `Send the body as ${requestMediaTypes.join(' or ')}, in UTF-8 and not compressed.`

/** Marks the answer as SCIM; returns the text of its JSON document, for Fastify to send. */
export function asScim(reply: FastifyReply, text: string): string {
  void reply.type(scimMediaType)
  return text
}

/** What Fastify sends as the body of an answer; null: none. */
export type AnswerBody = string | Buffer | Readable | null

/** How much of an answer is made and sent in one turn of the event loop, in UTF-16 code units. */
const chunkLength = 512 * 1024

/** A part of this length holds hundreds of members and took its time to make. */
const longPart = 32 * 1024

/**
 * {@link asScim} for a JSON document that is made in parts: whole where it is short, else chunk by
 * chunk, as fast as the client takes them, so that a long answer holds nobody else up.
 */
export function asScimParts(reply: FastifyReply, parts: Iterable<string>): AnswerBody {
  void reply.type(scimMediaType)
  if (isShortText(parts)) return parts[0]
  const chunks = chunksOf(parts)
  const first = chunks.next().value ?? ''
  const second = chunks.next()
  if (second.done === true) return first
  const all = concatenated([first, second.value], chunks)
  return Readable.from(oneEachTurn(all))
}

type Chunk = string | Buffer

function* concatenated(...lists: readonly Iterable<Chunk>[]): Generator<Chunk, void> {
  for (const list of lists) yield* list
}

function* chunksOf(parts: Iterable<string>): Generator<Chunk, void> {
  let chunk: string[] = []
  let length = 0
  for (const part of parts) {
    chunk.push(part)
    length += part.length
    if (length < chunkLength && part.length < longPart) continue
    yield joined(chunk)
    chunk = []
    length = 0
  }
  if (length > 0) yield joined(chunk)
}

/** What is longer is encoded text by text: put together as a string it would be copied twice more. */
const longText = 8 * 1024

function isShortText(parts: Iterable<string>): parts is readonly [string] {
  return Array.isArray(parts) && parts.length === 1 && String(parts[0]).length < longText
}

function joined(texts: readonly string[]): Chunk {
  const length = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  if (length < longText) return texts.join('')
  const bytes = Buffer.allocUnsafe(length)
  let end = 0
  for (const text of texts) end += bytes.write(text, end)
  return bytes
}

/**
 * Refuses bodies in an encoding that this server would misread, and forgives a media type where
 * there is no body: some clients send one with GET and DELETE.
 */
export function checkContentHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    if (!announcesBody(request)) {
      if ('content-type' in request.headers) delete request.headers['content-type']
      done()
      return
    }
    done(isReadable(request) ? undefined : new ScimError(415, mediaTypeAdvice))
  })
}

function announcesBody({ headers }: FastifyRequest): boolean {
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && Number(length) > 0)
}

function isReadable({ headers }: FastifyRequest): boolean {
  const coding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  return coding === 'identity' && isUtf8(headers['content-type'] ?? '')
}

function isUtf8(contentType: string): boolean {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(contentType)?.[1] ?? 'utf-8'
  return ['utf-8', 'utf8', 'us-ascii'].includes(charset.toLowerCase())
}
