import type { FastifyInstance } from 'fastify'
import { scimPath } from '../plugins/urls.ts'
import { ScimError } from '../protocol/errors.ts'
import { refuseUnsupported } from './endpoint.ts'

/** The parts of RFC 7644 that this server does not offer, and what to do instead. */
const unsupportedParts: ReadonlyMap<string, string> = new Map([
  ['/Me', '/Me is not supported: a token belongs to an identity provider, not to a person.'],
  ['/Me/*', '/Me is not supported: a token belongs to an identity provider, not to a person.']
])

/** Answers 501 for the parts of RFC 7644 that are not there (§3.11). */
export function refuseUnsupportedParts(app: FastifyInstance): void {
  for (const [path, detail] of unsupportedParts) refuseUnsupported(app, path, detail)
}

/** Answers 404 for every other path below the SCIM base. */
export function refuseUnknown(app: FastifyInstance): void {
  app.setNotFoundHandler(() => {
    throw new ScimError(
      404,
      'There is no such endpoint. This server has /Users, /Groups, /Schemas, /ResourceTypes and /ServiceProviderConfig.'
    )
  })
}

/** A SCIM base of another version of the protocol (RFC 7644 §3.13). */
const otherVersion = /^\/+scim\/+v\d+(?:\.\d+)*(?:[/?]|$)/i

/**
 * Answers 404 outside the SCIM base, 400 where another version is meant, and says where it is: a tenant
 * URL is easily mistyped.
 */
export function pointToScim(app: FastifyInstance): void {
  app.setNotFoundHandler(({ url }) => {
    const [status, scimType] = otherVersion.test(url) ? [400, 'invalidVers' as const] : [404]
    throw new ScimError(
      status,
      `There is nothing here. SCIM 2.0 is served under ${scimPath}.`,
      scimType
    )
  })
}
