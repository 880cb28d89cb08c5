import fastify from 'fastify'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Logger } from '../lib/logger.ts'
import { installManagementCheck } from './authorisation.ts'
import { pathOf } from './context.ts'
import type { EmulatorContext } from './context.ts'
import { installGate, installTokenCheck, sendRefusal } from './gate.ts'
import {
  badRequest,
  invalidParameter,
  methodNotAllowed,
  notFound,
  Refusal,
  serverError
} from './refusal.ts'
import { registerEmailAliasRoutes } from './routes/email-aliases.ts'
import { registerEventRoutes } from './routes/events.ts'
import { registerGroupRoutes } from './routes/groups.ts'
import { registerInviteRoutes } from './routes/invites.ts'
import { registerMembershipRoutes } from './routes/memberships.ts'
import { registerOAuthRoutes } from './routes/oauth.ts'
import { registerSessionRoutes } from './routes/sessions.ts'
import { registerTransferRoutes } from './routes/transfers.ts'
import { registerUploadRoutes } from './routes/uploads.ts'
import { registerUserRoutes } from './routes/users.ts'

/** What one run of the server needs besides the shared state. */
export interface AppOptions {
  /** Ends the waiting of delayed calls. */
  readonly stopping: AbortSignal
  /** Is told of the emulator's own failures. */
  readonly log: Logger | undefined
  /** Adds what is not Box's. */
  readonly extend?: (app: FastifyInstance) => void
}

/** Resources that answer 405, not 404, to an id that is no number and to a verb they lack. */
const KNOWN_RESOURCE = /^\/2\.0\/(users|groups|group_memberships|invites)(\/|$)/

/** The pretended Box API as a Fastify instance that does not listen yet. */
export function buildApp(context: EmulatorContext, options: AppOptions): FastifyInstance {
  const app = fastify({
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    genReqId: () => context.random.uuid().replaceAll('-', '').slice(0, 16),
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } }
  })
  acceptBodies(app)
  app.setErrorHandler((error, _request, reply) => sendError(reply, error, options.log))
  app.setNotFoundHandler((_request, reply) => sendRefusal(reply, notFound()))
  options.extend?.(app)

  void app.register(async (box) => {
    installGate(box, context, options.stopping)
    await box.register(async (oauth) => registerOAuthRoutes(oauth, context), { prefix: '/oauth2' })
    await box.register(async (api) => registerApi(api, context, options.stopping), {
      prefix: '/2.0'
    })
  })
  return app
}

function registerApi(api: FastifyInstance, context: EmulatorContext, stopping: AbortSignal): void {
  installTokenCheck(api, context)
  api.addHook('onRequest', async () => context.enterprise.transfers.settle())
  api.setNotFoundHandler((request, reply) =>
    sendRefusal(reply, KNOWN_RESOURCE.test(pathOf(request.url)) ? methodNotAllowed() : notFound())
  )
  installManagementCheck(api, context)
  registerUserRoutes(api, context)
  registerTransferRoutes(api, context, stopping)
  registerSessionRoutes(api, context)
  registerInviteRoutes(api, context)
  registerEmailAliasRoutes(api, context)
  registerGroupRoutes(api, context)
  registerMembershipRoutes(api, context)
  registerEventRoutes(api, context)
  registerUploadRoutes(api, context)
}

/** JSON with or without a body, and forms; nothing else, so that no web page can post here. */
function acceptBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string' },
    async (_request: unknown, body: string) => {
      if (body.trim() === '') return undefined
      try {
        return JSON.parse(body) as unknown
      } catch {
        throw badRequest(invalidParameter('entity-body', body.slice(0, 100)))
      }
    }
  )
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    async (_request: unknown, body: string) => new URLSearchParams(body)
  )
}

function sendError(reply: FastifyReply, error: unknown, log: Logger | undefined): FastifyReply {
  if (error instanceof Refusal) return sendRefusal(reply, error)
  const status = (error as { readonly statusCode?: unknown }).statusCode
  if (typeof status === 'number' && status < 500) return sendRefusal(reply, badRequest())
  log?.error({ err: error }, 'the emulator failed to answer')
  return sendRefusal(reply, serverError())
}
