import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { StoredResource } from '../../provisioning/model.ts'
import type { RequestContext } from '../../provisioning/requests.ts'
import { asScimParts } from '../plugins/content-type.ts'
import type { AnswerBody } from '../plugins/content-type.ts'
import { bodyOf } from '../plugins/bodies.ts'
import { contextOf } from '../plugins/deadline.ts'
import { isKnown } from '../protocol/entity-tags.ts'
import { parseProjection, renderParts, wantsRelated } from '../protocol/projection.ts'
import type { Projection } from '../protocol/projection.ts'
import { resourceLocation, resourceVersion } from '../protocol/resource-text.ts'
import { serve, writeRights } from './endpoint.ts'
import type { Handlers } from './endpoint.ts'
import { searchByGet, serveSearch } from './search.ts'
import type { SearchableEndpoint, SearchContext } from './search.ts'

/** What is particular about a kind of resource: how a body becomes a change, and who carries it out. */
export interface ResourceEndpoint extends SearchableEndpoint {
  readonly create: (body: unknown, context: RequestContext) => Promise<StoredResource>
  readonly replace: (id: string, body: unknown, context: RequestContext) => Promise<StoredResource>
  readonly patch: (id: string, body: unknown, context: RequestContext) => Promise<StoredResource>
  readonly delete: (id: string, context: RequestContext) => Promise<void>
  readonly view: (id: string, related: boolean) => Promise<StoredResource>
  /**
   * Whether a PATCH that asks for no attributes is answered with the resource. False: 204, because
   * the resource may list thousands of members.
   */
  readonly showsPatched: boolean
}

/** Serves a kind of resource (RFC 7644 §3.3 to §3.6). */
export function serveResources(
  app: FastifyInstance,
  endpoint: ResourceEndpoint,
  context: SearchContext
): void {
  const { type } = endpoint
  const { baseUrlOf } = context
  const options = { rights: writeRights(type.name) }

  const collection: Handlers = {
    GET: searchByGet(endpoint, context),

    async POST(request, reply) {
      const projection = parseProjection(type, queryOf(request))
      const stored = await endpoint.create(bodyOf(request), contextOf(request))
      void reply.code(201)
      return showStored(request, reply, { stored, projection })
    }
  }
  serve(app, type.endpoint, collection, options)
  serveSearch(app, endpoint, context)

  const single: Handlers = {
    async GET(request, reply) {
      const projection = parseProjection(type, queryOf(request))
      const stored = await endpoint.view(idOf(request), wantsRelated(projection, type))
      const baseUrl = baseUrlOf(request)
      if (isKnown(request.headers['if-none-match'], stored.revision)) {
        void identify(reply, stored, baseUrl).code(304)
        return null
      }
      return show(reply, stored, { projection, baseUrl })
    },

    async PUT(request, reply) {
      const projection = parseProjection(type, queryOf(request))
      const stored = await endpoint.replace(idOf(request), bodyOf(request), contextOf(request))
      return showStored(request, reply, { stored, projection })
    },

    async PATCH(request, reply) {
      const projection = parseProjection(type, queryOf(request))
      const stored = await endpoint.patch(idOf(request), bodyOf(request), contextOf(request))
      if (!endpoint.showsPatched && !asksForAttributes(request)) {
        void identify(reply, stored, baseUrlOf(request)).code(204)
        return null
      }
      return showStored(request, reply, { stored, projection })
    },

    async DELETE(request, reply) {
      await endpoint.delete(idOf(request), contextOf(request))
      void reply.code(204)
      return null
    }
  }
  serve(app, `${type.endpoint}/:id`, single, options)

  /** One resource, its related ones read where they are wanted and not there yet. */
  async function showStored(
    request: FastifyRequest,
    reply: FastifyReply,
    { stored, projection }: { stored: StoredResource; projection: Projection }
  ): Promise<AnswerBody> {
    const complete =
      stored.related === undefined && wantsRelated(projection, type)
        ? await endpoint.view(stored.id, true)
        : stored
    return show(reply, complete, { projection, baseUrl: baseUrlOf(request) })
  }

  function show(
    reply: FastifyReply,
    stored: StoredResource,
    { projection, baseUrl }: { projection: Projection; baseUrl: string }
  ): AnswerBody {
    const parts = renderParts(type, stored, projection, baseUrl)
    return asScimParts(identify(reply, stored, baseUrl), parts)
  }

  /** Says which resource the answer is about and in which version (RFC 7644 §3.14). */
  function identify(
    reply: FastifyReply,
    { id, revision }: StoredResource,
    baseUrl: string
  ): FastifyReply {
    return reply
      .header('location', resourceLocation(type, id, baseUrl))
      .header('etag', resourceVersion(revision))
  }
}

type Query = Readonly<Record<string, unknown>>

function queryOf(request: FastifyRequest): Query {
  return request.query as Query
}

function idOf(request: FastifyRequest): string {
  return (request.params as { readonly id: string }).id
}

/** RFC 7644 §3.5.2: a PATCH with `attributes` must be answered with a body. */
function asksForAttributes(request: FastifyRequest): boolean {
  const query = queryOf(request)
  return 'attributes' in query || 'excludedAttributes' in query
}
