import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ScimError } from '../protocol/errors.ts'

/** The media type of every SCIM answer, errors included (RFC 7644 §3.8). */
export const scimMediaType = 'application/scim+json; charset=utf-8'

/** The media types of a request's body (RFC 7644 §3.8). */
export const requestMediaTypes: readonly string[] = ['application/scim+json', 'application/json']

/** What a 415 says. */
export const mediaTypeAdvice = `Send the body as ${requestMediaTypes.join(' or ')}, in UTF-8 and not compressed.`

/** Sends the text of a JSON document as SCIM. */
export function sendScim(reply: FastifyReply, text: string): FastifyReply {
  return reply.type(scimMediaType).send(text)
}

/**
 * Refuses bodies in an encoding that this server would misread, and forgives a media type where
 * there is no body: some clients send one with GET and DELETE.
 */
export function checkContentHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    if (!announcesBody(request)) {
      delete request.headers['content-type']
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
