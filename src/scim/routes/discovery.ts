import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { JsonObject } from '../../lib/json.ts'
import { asScim } from '../plugins/content-type.ts'
import type { BaseUrl } from '../plugins/urls.ts'
import {
  resourceTypeDocument,
  resourceTypeDocuments,
  schemaDocument,
  schemaDocuments,
  serviceProviderConfig
} from '../protocol/discovery.ts'
import { ScimError } from '../protocol/errors.ts'
import { listResponse } from '../protocol/list.ts'
import { serve } from './endpoint.ts'

/** A kind of discovery document. */
interface Catalogue {
  readonly path: string
  readonly all: (baseUrl: string) => readonly JsonObject[]
  readonly byId: (id: string, baseUrl: string) => JsonObject | undefined
}

const catalogues: readonly Catalogue[] = [
  { path: '/Schemas', all: schemaDocuments, byId: schemaDocument },
  { path: '/ResourceTypes', all: resourceTypeDocuments, byId: resourceTypeDocument }
]

/** Serves what a client can learn about this server (RFC 7644 §4). `basic`: it takes HTTP Basic. */
export function serveDiscovery(
  app: FastifyInstance,
  { baseUrlOf, basic }: { readonly baseUrlOf: BaseUrl; readonly basic: boolean }
): void {
  for (const catalogue of catalogues) serveCatalogue(app, catalogue, baseUrlOf)

  serve(app, '/ServiceProviderConfig', {
    async GET(request, reply) {
      refuseFilter(request)
      return asScim(reply, JSON.stringify(serviceProviderConfig(baseUrlOf(request), { basic })))
    }
  })
}

function serveCatalogue(app: FastifyInstance, catalogue: Catalogue, baseUrlOf: BaseUrl): void {
  serve(app, catalogue.path, {
    async GET(request, reply) {
      refuseFilter(request)
      const documents = catalogue.all(baseUrlOf(request))
      const resources = documents.map((document) => JSON.stringify(document))
      return asScim(reply, listResponse({ total: resources.length, startIndex: 1, resources }))
    }
  })

  serve(app, `${catalogue.path}/:id`, {
    async GET(request, reply) {
      refuseFilter(request)
      const { id } = request.params as { readonly id: string }
      const document = catalogue.byId(id, baseUrlOf(request))
      if (document === undefined) throw new ScimError(404, `${catalogue.path} has no such entry.`)
      return asScim(reply, JSON.stringify(document))
    }
  })
}

/** RFC 7644 §4: a filter here is refused, lest a client trusts an answer that ignored it. */
function refuseFilter(request: FastifyRequest): void {
  if ('filter' in (request.query as object)) {
    throw new ScimError(403, 'Discovery endpoints cannot be filtered.')
  }
}
