import type { FastifyInstance } from 'fastify'
import type { ConnectService } from '../../provisioning/requests.ts'
import { bodyOf } from '../plugins/bodies.ts'
import { contextOf } from '../plugins/deadline.ts'
import { resourceTypes } from '../protocol/schemas.ts'
import { parseSignIn } from '../protocol/sign-in.ts'
import { serve } from './endpoint.ts'
import type { Handlers } from './endpoint.ts'

/** Where single sign-on services ask for the Box user of who signs in; beside the SCIM base. */
const connectPath = '/connect'

/** Serves `POST /connect`: 201 where the Box user was created by the request, else 200. */
export function serveConnect(app: FastifyInstance, connections: ConnectService): void {
  const handlers: Handlers = {
    async POST(request, reply) {
      const document = parseSignIn(bodyOf(request))
      const connection = await connections.connect(document, contextOf(request, resourceTypes.User))
      void reply.code(connection.created ? 201 : 200)
      return connection
    }
  }
  serve(app, connectPath, handlers, { rights: () => ['connect'] })
}
