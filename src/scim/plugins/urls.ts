import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ScimError } from '../protocol/errors.ts'

/** The path under which SCIM is served. */
export const scimPath = '/scim/v2'

/** The base of `meta.location` in the answer to a request, without a trailing slash. */
export type BaseUrl = (request: FastifyRequest) => string

/** A host name or address and a port, and nothing that could end up as markup or a path. */
const plainHost =
  /^(?:[a-z0-9_](?:[a-z0-9._-]{0,251}[a-z0-9_])?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i

/**
 * The base URL of `meta.location`, without a trailing slash. `publicUrl` names the server as clients
 * see it, with or without the SCIM path. Without it the request tells: its `Host`, or, where that
 * is not a plain host, the address it came in on.
 */
export function baseUrlOf(request: FastifyRequest, publicUrl: string | undefined): string {
  if (publicUrl !== undefined) return scimBase(publicUrl)
  const host = request.headers.host ?? ''
  return `${request.protocol}://${isPlainHost(host) ? host : localHost(request)}${scimPath}`
}

/** The host that was found plain last, which nearly always is the one that is asked for next. */
let lastPlainHost = 'localhost'

function isPlainHost(host: string): boolean {
  if (host === lastPlainHost) return true
  const isPlain = plainHost.test(host)
  if (isPlain) lastPlainHost = host
  return isPlain
}

function scimBase(publicUrl: string): string {
  const url = withoutTrailingSlashes(publicUrl)
  return url.endsWith(scimPath) ? url : url + scimPath
}

function withoutTrailingSlashes(url: string): string {
  return url.endsWith('/') ? withoutTrailingSlashes(url.slice(0, -1)) : url
}

function localHost(request: FastifyRequest): string {
  const { localAddress = 'localhost', localPort = 80 } = request.raw.socket
  return `${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}`
}

/** Refuses HTTP/1.1 without `Host`, and any request with two of them (RFC 9112 §3.2). */
export function requireHost(app: FastifyInstance): void {
  app.addHook('onRequest', ({ raw }, _reply, done) => {
    const hosts = hostsIn(raw)
    const isMissing = raw.httpVersion === '1.1' && hosts === 0
    done(isMissing || hosts > 1 ? new ScimError(400, hostAdvice(hosts)) : undefined)
  })
}

/** Node.js keeps the first of two in `headers`, so that only the raw ones tell. */
function hostsIn({ rawHeaders }: IncomingMessage): number {
  let hosts = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1
  }
  return hosts
}

function hostAdvice(hosts: number): string {
  return hosts === 0 ? 'The request has no Host header.' : 'The request has several Host headers.'
}

/** The flag with the `?` or `&` before it and a value, if any, after it. */
const flag = /[?&]aadOptscim062020(?:=[^&?/]*)?(?=[&?/]|$)/gi

/**
 * The URL without Microsoft's flag `aadOptscim062020`, which asks for standard PATCH operations:
 * both dialects are understood at all times. An admin types it at the end of the tenant URL, so it
 * turns up before or after other parameters, with a second `?`, and in front of the path.
 * See https://learn.microsoft.com/entra/identity/app-provisioning/application-provisioning-config-problem-scim-compatibility
 */
export function withoutEntraFlag(url: string): string {
  const start = url.indexOf('?')
  if (start === -1) return url
  const rest = url.replace(flag, '')
  return rest[start] === '&' ? `${rest.slice(0, start)}?${rest.slice(start + 1)}` : rest
}
