import fastify, { LogController } from 'fastify'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyPluginCallback,
  FastifyRequest
} from 'fastify'
import { pino } from 'pino'
import type { Logger } from 'pino'
import serviceProviderConfig from '../../scim-schemas/service-provider-config.json' with { type: 'json' }
import type { Clock, Milliseconds } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import type { Denial } from '../provisioning/denials.ts'
import type {
  ConnectService,
  GroupService,
  ResourceService,
  UserService
} from '../provisioning/requests.ts'
import type { Authenticate } from './access/caller.ts'
import { sendTogether } from './plugins/answers.ts'
import type { AnsweredRequest } from './plugins/answers.ts'
import { prepareActor, requireToken } from './plugins/auth.ts'
import { readBodies } from './plugins/bodies.ts'
import { callerLimits, limitCallers } from './plugins/caller-limits.ts'
import type { CallerLimit, CallerLimits, CountRequest } from './plugins/caller-limits.ts'
import { answerBesideRoutes, createClientErrorHandler } from './plugins/client-errors.ts'
import { endConnections } from './plugins/closing.ts'
import { boundConnections } from './plugins/connections.ts'
import { checkContentHeaders } from './plugins/content-type.ts'
import { nameRequests } from './plugins/correlation.ts'
import { graceMs, limitWrites, setDeadlines } from './plugins/deadline.ts'
import { answerErrors, answerFrameworkErrors } from './plugins/errors.ts'
import { logPrivacy } from './plugins/log-privacy.ts'
import { overloadLimits, shedLoad } from './plugins/overload.ts'
import type { OverloadLimits, ShedReason, WorkUnderWay } from './plugins/overload.ts'
import { baseUrlOf, requireHost, scimPath, withoutEntraFlag } from './plugins/urls.ts'
import { createCursors } from './protocol/cursor.ts'
import { serveBulk } from './routes/bulk.ts'
import { serveConnect } from './routes/connect.ts'
import { serveDiscovery } from './routes/discovery.ts'
import { groupEndpoint } from './routes/groups.ts'
import { serveHealth } from './routes/health.ts'
import type { ReadinessSource } from './routes/health.ts'
import { serveMetrics } from './routes/metrics.ts'
import { serveResources } from './routes/resources.ts'
import { serveRootSearch } from './routes/search.ts'
import { pointToScim, refuseUnknown, refuseUnsupportedParts } from './routes/unsupported.ts'
import { userEndpoint } from './routes/users.ts'

/** Whom the app asks. */
export interface AppDependencies {
  readonly users: UserService
  readonly groups: GroupService
  readonly resources: ResourceService
  readonly connections: ConnectService
  readonly readiness: ReadinessSource
  readonly authenticate: Authenticate
  /** Is told of every request that is not let in; default nobody. */
  readonly onDenied?: (denied: Denial) => void
  readonly clock: Clock
  readonly random: Random
  /** Signs cursors (RFC 9865); kept between starts, so that they survive one. */
  readonly cursorSecret: string
  /** Default nobody: there is no `/metrics` then. */
  readonly monitoring?: Monitoring
}

/** Who is told how the server is doing, and asked for it. */
export interface Monitoring {
  /** The lasting delay of the event loop. */
  eventLoopDelayMs(): Milliseconds
  answered(request: AnsweredRequest): void
  /** A request was turned away because there is too much to do. */
  shed(reason: ShedReason): void
  /** A request was turned away because its caller has asked too much. */
  limited(limit: CallerLimit): void
  /** The media type of what {@link Monitoring.read} returns. */
  readonly contentType: string
  /** Everything to be told as of now; `load`: how busy this server is. */
  read(load: ServerLoad): Promise<string>
}

/** How busy the server is. */
export interface ServerLoad extends WorkUnderWay {
  readonly connections: number
}

/** How the app behaves; everything optional has a default. */
export interface AppOptions {
  /** How clients reach the server, for `meta.location`; default: as the request says. */
  readonly publicUrl?: string | undefined
  /** How long a write waits for Box before it is answered. */
  readonly requestBudgetMs: Milliseconds
  /** Whether callers may use HTTP Basic, which is told to them then; default false. */
  readonly basic?: boolean | undefined
  /** Marks every answer with `X-Box-Bridge: demo`; default false. */
  readonly demo?: boolean | undefined
  /** Where requests and failures are logged; default nowhere. */
  readonly logger?: Logger | undefined
  /** Most bytes of a body; default 10 MiB, which holds a PATCH of about 100,000 members. */
  readonly bodyLimit?: number | undefined
  /** Most bytes of a request's URL and headers together; default 32 KiB. */
  readonly maxHeaderBytes?: number | undefined
  /** How long a request may take to arrive; default 60 s. */
  readonly receiveTimeoutMs?: Milliseconds | undefined
  /** The proxies whose `X-Forwarded-*` headers are believed, as CIDR blocks; default none. */
  readonly trustedProxies?: readonly string[] | undefined
  /** When a write that nobody answers is answered 503; default 5 s after the budget. */
  readonly answerTimeoutMs?: Milliseconds | undefined
  /** After which silence a client that takes nothing of its answer is cut off; default 60 s. */
  readonly silenceMs?: Milliseconds | undefined
  /** Most connections; default 4,000. */
  readonly connections?: number | undefined
  /** How much is let in at a time; default {@link overloadLimits}. */
  readonly overload?: OverloadLimits | undefined
  /** How much one caller may ask; default {@link callerLimits}. */
  readonly callers?: CallerLimits | undefined
}

/** What HTTP requests may be at most. */
export type HttpOptions = Pick<
  AppOptions,
  'bodyLimit' | 'maxHeaderBytes' | 'receiveTimeoutMs' | 'silenceMs' | 'connections'
>

/** What HTTP requests may be at most where {@link AppOptions} do not say otherwise. */
export const httpLimits = {
  /** Holds a PATCH of about 100,000 members. */
  bodyBytes: 10 * 1024 * 1024,
  /** URL and headers together. */
  headerBytes: 32 * 1024,
  /** Until the headers of a request are there, from the opening of the connection. */
  headersMs: 20_000,
  /** Until the last byte of a request is there. */
  receiveMs: 60_000,
  /** How long a connection may stay open without a request. */
  idleMs: 72_000,
  /** How long a client may take nothing of its answer. */
  silenceMs: 60_000,
  connections: 4_000
} as const

type Settings = Required<{
  [Key in Exclude<keyof AppOptions, 'publicUrl'>]: NonNullable<AppOptions[Key]>
}> & { readonly publicUrl: string | undefined }

/**
 * The SCIM server as a Fastify app that does not listen yet. `/connect` and everything under `/scim/v2`
 * need a bearer token; `/healthz` and `/readyz` do not.
 */
export function buildApp(deps: AppDependencies, options: AppOptions): FastifyInstance {
  const settings = withDefaults(options)
  const app = createServer(deps, settings)

  const { monitoring } = deps
  nameRequests(app, settings)
  requireHost(app)
  endConnections(app)
  const openConnections = boundConnections(app, settings)
  setDeadlines(app, deps.clock, settings.requestBudgetMs)
  limitWrites(app, settings.answerTimeoutMs)
  prepareActor(app)
  answerErrors(app, settings.bodyLimit, (denied) => deps.onDenied?.(denied))
  readBodies(app)
  sendTogether(app, {
    log: settings.logger,
    onAnswered: (request) => monitoring?.answered(request)
  })

  const count = limitCallers(app, {
    limits: settings.callers,
    clock: deps.clock,
    writeMs: settings.requestBudgetMs,
    onExceeded: (limit) => monitoring?.limited(limit)
  })
  serveHealth(app, deps.readiness, deps.authenticate)
  pointToScim(app)
  let underWay = nothingUnderWay
  app.register((guarded, _options, done) => {
    underWay = guard(guarded, deps, { ...settings, count })
    serveConnect(guarded, deps.connections)
    guarded.register(serveScim(deps, settings), { prefix: scimPath })
    done()
  })
  if (monitoring !== undefined) {
    const read = () => monitoring.read({ ...underWay(), connections: openConnections() })
    const source = { contentType: monitoring.contentType, read }
    serveMetrics(app, source, deps.authenticate, count)
  }
  return app
}

function nothingUnderWay(): WorkUnderWay {
  return { writes: 0, heldBytes: 0 }
}

/** Lets in who may ask, and as much as there is room for. Returns what is under way. */
function guard(
  app: FastifyInstance,
  deps: AppDependencies,
  { bodyLimit, requestBudgetMs, overload, count }: Settings & { readonly count: CountRequest }
): () => WorkUnderWay {
  requireToken(app, deps.authenticate, count)
  const underWay = shedLoad(app, {
    limits: overload,
    bodyLimit,
    eventLoopDelayMs: () => deps.monitoring?.eventLoopDelayMs() ?? 0,
    writeMs: requestBudgetMs,
    onShed: (reason) => deps.monitoring?.shed(reason)
  })
  checkContentHeaders(app)
  return underWay
}

function serveScim(
  deps: AppDependencies,
  { publicUrl, bodyLimit, basic }: Settings
): FastifyPluginCallback {
  const baseUrl = (request: FastifyRequest) => baseUrlOf(request, publicUrl)
  const { cursorTimeout } = serviceProviderConfig.pagination
  const cursors = createCursors({
    secret: deps.cursorSecret,
    now: () => deps.clock.now(),
    timeoutMs: cursorTimeout * 1000
  })
  const context = { baseUrlOf: baseUrl, cursors }
  const endpoints = { User: userEndpoint(deps.users), Group: groupEndpoint(deps.groups) }
  return (scim, _options, done) => {
    for (const endpoint of Object.values(endpoints)) serveResources(scim, endpoint, context)
    serveBulk(scim, { endpoints, baseUrlOf: baseUrl, clock: deps.clock, bodyLimit })
    serveRootSearch(scim, deps.resources, context)
    serveDiscovery(scim, { baseUrlOf: baseUrl, basic })
    refuseUnsupportedParts(scim)
    refuseUnknown(scim)
    done()
  }
}

function createServer({ random }: AppDependencies, settings: Settings): FastifyInstance {
  const { demo, maxHeaderBytes, receiveTimeoutMs } = settings
  const log: FastifyBaseLogger = settings.logger.child({}, logPrivacy)
  const clientErrors = { random, demo, maxHeaderBytes, log }
  const app = fastify({
    loggerInstance: log,
    // A logger of its own for each request would cost every request what only failures need.
    childLoggerFactory: (logger) => logger,
    logController: new LogController({
      disableRequestLogging: true,
      requestIdLogLabel: 'correlationId'
    }),
    genReqId: () => random.uuid(),
    requestIdHeader: false,
    trustProxy: settings.trustedProxies.length === 0 ? false : [...settings.trustedProxies],
    rewriteUrl: ({ url = '/' }) => withoutEntraFlag(url),
    routerOptions: {
      ignoreTrailingSlash: true,
      ignoreDuplicateSlashes: true,
      // The header limit bounds the URL already; a long id shall be a 404 like any unknown one.
      maxParamLength: maxHeaderBytes
    },
    bodyLimit: settings.bodyLimit,
    requestTimeout: receiveTimeoutMs,
    keepAliveTimeout: httpLimits.idleMs,
    http: {
      headersTimeout: Math.min(receiveTimeoutMs, httpLimits.headersMs),
      maxHeaderSize: maxHeaderBytes,
      // Refused by requireHost instead, which answers in SCIM's form.
      requireHostHeader: false,
      connectionsCheckingInterval: Math.min(receiveTimeoutMs, 10_000)
    },
    // While closing, requests on open connections are still answered, in SCIM's form.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    frameworkErrors: answerFrameworkErrors(demo, settings.bodyLimit),
    clientErrorHandler: createClientErrorHandler(clientErrors)
  })
  answerBesideRoutes(app.server, clientErrors)
  return app
}

function withDefaults(options: AppOptions): Settings {
  return {
    publicUrl: options.publicUrl,
    requestBudgetMs: options.requestBudgetMs,
    basic: options.basic === true,
    demo: options.demo === true,
    logger: options.logger ?? pino({ enabled: false }),
    bodyLimit: options.bodyLimit ?? httpLimits.bodyBytes,
    maxHeaderBytes: options.maxHeaderBytes ?? httpLimits.headerBytes,
    receiveTimeoutMs: options.receiveTimeoutMs ?? httpLimits.receiveMs,
    trustedProxies: options.trustedProxies ?? [],
    answerTimeoutMs: options.answerTimeoutMs ?? options.requestBudgetMs + graceMs,
    silenceMs: options.silenceMs ?? httpLimits.silenceMs,
    connections: options.connections ?? httpLimits.connections,
    overload: options.overload ?? overloadLimits,
    callers: options.callers ?? callerLimits
  }
}
