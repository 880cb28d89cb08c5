import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { StoredResource } from '../../provisioning/model.ts'
import type {
  PageRequest,
  ResourceTypeName,
  SearchPage,
  SearchRequest
} from '../../provisioning/query.ts'
import type { ResourceService } from '../../provisioning/requests.ts'
import { bodyOf } from '../plugins/bodies.ts'
import { asScimParts } from '../plugins/content-type.ts'
import type { AnswerBody } from '../plugins/content-type.ts'
import type { BaseUrl } from '../plugins/urls.ts'
import type { Cursors, CursorScope } from '../protocol/cursor.ts'
import { listParts, parseMixedSearch, parseSearch, searchLimits } from '../protocol/list.ts'
import type { AskedPage, SearchParameters } from '../protocol/list.ts'
import { renderParts } from '../protocol/projection.ts'
import { resourceTypes } from '../protocol/schemas.ts'
import type { ResourceType } from '../protocol/schemas.ts'
import { searchParameters } from '../protocol/search-request.ts'
import { readRights, serve } from './endpoint.ts'
import type { Handler } from './endpoint.ts'

/** What answers to searches are made with. */
export interface SearchContext {
  readonly baseUrlOf: BaseUrl
  readonly cursors: Cursors
}

/** A kind of resource that can be searched. */
export interface SearchableEndpoint {
  readonly type: ResourceType
  readonly search: (request: SearchRequest) => Promise<SearchPage<StoredResource>>
}

/** Answers a search by the parameters of a query string or of a `.search` body. */
type Answer = (
  parameters: SearchParameters,
  request: FastifyRequest,
  reply: FastifyReply
) => Promise<AnswerBody>

/** Answers GET of a resource type's endpoint (RFC 7644 §3.4.2). */
export function searchByGet(endpoint: SearchableEndpoint, context: SearchContext): Handler {
  const answer = searchOf(endpoint, context)
  return (request, reply) => answer(request.query as SearchParameters, request, reply)
}

/** Serves a resource type's search by POST (RFC 7644 §3.4.3). */
export function serveSearch(
  app: FastifyInstance,
  endpoint: SearchableEndpoint,
  context: SearchContext
): void {
  const { type } = endpoint
  serveByPost(app, `${type.endpoint}/.search`, searchOf(endpoint, context), [type.name])
}

/** Serves searches of all resource types at the root (RFC 7644 §3.4.2.1, §3.4.3). */
export function serveRootSearch(
  app: FastifyInstance,
  resources: ResourceService,
  context: SearchContext
): void {
  const answer = rootSearch(resources, context)
  const byGet: Handler = (request, reply) =>
    answer(request.query as SearchParameters, request, reply)
  serve(app, '/', { GET: byGet }, { rights: readRights('User', 'Group') })
  serveByPost(app, '/.search', answer, ['User', 'Group'])
}

/** 200, and not 201 as other POSTs: nothing is created. */
function serveByPost(
  app: FastifyInstance,
  path: string,
  answer: Answer,
  types: readonly ResourceTypeName[]
): void {
  const byPost: Handler = async (request, reply) =>
    answer(searchParameters(bodyOf(request)), request, reply)
  serve(app, path, { POST: byPost }, { rights: readRights(...types) })
}

function searchOf({ type, search }: SearchableEndpoint, context: SearchContext): Answer {
  return async (parameters, request, reply) => {
    const { projection, cursor, ...asked } = parseSearch(type, parameters, searchLimits)
    const paging = createPaging({ ...asked, cursor }, [type.name, parameters], context.cursors)
    const page = await search({ ...asked, ...paging.request })
    const baseUrl = context.baseUrlOf(request)
    const resources = page.resources.map((one) => renderParts(type, one, projection, baseUrl))
    return asScimParts(reply, listParts({ ...paging.partsOf(page), resources }))
  }
}

function rootSearch(service: ResourceService, context: SearchContext): Answer {
  return async (parameters, request, reply) => {
    const { searches, ...asked } = parseMixedSearch(parameters, searchLimits)
    const paging = createPaging(asked, ['', parameters], context.cursors)
    const { User: users, Group: groups } = searches
    const page = await service.search({ users, groups, ...paging.request })
    const baseUrl = context.baseUrlOf(request)
    const resources = page.resources.map((one) => {
      const { projection } = searches[one.resourceType]
      return renderParts(resourceTypes[one.resourceType], one, projection, baseUrl)
    })
    return asScimParts(reply, listParts({ ...paging.partsOf(page), resources }))
  }
}

/** Turns cursors into positions on the way in, and positions into cursors on the way out. */
function createPaging(
  { startIndex, count, cursor }: Omit<AskedPage, 'cursor'> & { cursor?: string | undefined },
  [typeName, parameters]: readonly [string, SearchParameters],
  cursors: Cursors
) {
  const { filter, sortBy, sortOrder } = parameters
  const scope: CursorScope = {
    search: JSON.stringify([typeName, filter, sortBy, sortOrder]),
    count
  }
  const request: PageRequest = {
    startIndex,
    count,
    ...(cursor === undefined ? {} : { cursor: { after: cursors.read(cursor, scope) } })
  }
  return {
    request,
    partsOf: ({ total, next }: SearchPage<unknown>) => ({
      total,
      startIndex: cursor === undefined ? startIndex : undefined,
      nextCursor: next && cursors.write(next, scope)
    })
  }
}
