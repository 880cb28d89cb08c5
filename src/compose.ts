import { pino, type Logger } from 'pino'
import { createAlertDesk, type AlertDesk } from './alerts/alerts.ts'
import { createAuditKeeping } from './background/audit-keeping.ts'
import { createBoxWatch } from './background/box-watch.ts'
import { createDriftFeed, type DriftFeed, type DriftFeedParts } from './background/drift-feed.ts'
import { createHintWorker, type HintWorker } from './background/hint-worker.ts'
import { createHeldExpiry } from './background/held-expiry.ts'
import { createImport, type Import } from './background/import.ts'
import { createTokenBook } from './background/token-book.ts'
import {
  createJournalWorker,
  leaversShare,
  type JournalWorker
} from './background/journal-worker.ts'
import { createReconcile } from './background/reconcile.ts'
import { showAgain } from './background/show-again.ts'
import { assertSomebodyMayCall, waysIn } from './compose/access.ts'
import { endRequests, endWork } from './compose/closing.ts'
import { connectBox, type BoxSide } from './compose/box-side.ts'
import { openBridgeDirectory } from './compose/bridge-directory.ts'
import { pretendToWrite } from './compose/dry-run.ts'
import type { Config } from './config/config.ts'
import { warnings } from './config/warnings.ts'
import { systemClock, type Clock } from './lib/clock.ts'
import { createKeyedLock } from './lib/keyed-lock.ts'
import { systemRandom, type Random } from './lib/random.ts'
import { fold } from './lib/text.ts'
import {
  createObservation,
  type AttachedObservation,
  type Observation
} from './compose/observation.ts'
import type { Alerts } from './provisioning/alerts.ts'
import { createDenials } from './provisioning/denials.ts'
import { ProvisioningError, type BoxTrouble } from './provisioning/errors.ts'
import { compileMapping } from './provisioning/mapping/mapping.ts'
import type { Mirror } from './provisioning/plan/user-plan.ts'
import type { Directory } from './provisioning/ports.ts'
import { createProvisioning, type Provisioning } from './provisioning/provisioning.ts'
import { keepSecret } from './provisioning/secrets.ts'
import type { ProvisioningSettings } from './provisioning/settings.ts'
import { createAuthenticate } from './scim/access/authenticator.ts'
import { buildApp, httpLimits, type HttpOptions } from './scim/app.ts'

/** What tests replace; each has a default. */
export interface ServerParts {
  readonly clock?: Clock
  readonly random?: Random
  /** Where the log goes; default standard output, at LOG_LEVEL. */
  readonly logger?: Logger
  /** What HTTP requests may be at most, where it is not {@link httpLimits}. */
  readonly http?: HttpOptions
}

/** A bridge that is listening. */
export interface Server {
  /** Where it listens, without a path, e.g. `http://127.0.0.1:8080`. */
  readonly url: string
  /** Resolves once the first import is done. */
  readonly ready: Promise<void>
  /** What the demo is reached with; undefined in front of a real Box. */
  readonly demo: Demo | undefined
  /** Ends running requests and the background work, within 30 s, then closes everything. */
  close(): Promise<void>
}

/** What the demo is reached with. */
export interface Demo {
  /** A bearer token that is ready to use. */
  readonly token: string
  /** The embedded emulator, without a path. */
  readonly emulatorUrl: string
}

/** How long a log line may wait for others to be written with it. */
const logFlushMs = 200

/**
 * Starts the bridge: the only place that knows every layer. Rejects where the directory cannot be
 * opened or the address cannot be listened on; an unreachable Box is no reason not to start.
 */
export async function startServer(config: Config, parts: ServerParts = {}): Promise<Server> {
  const clock = parts.clock ?? systemClock
  const random = parts.random ?? systemRandom
  const settings = provisioningSettings(config)
  const log = parts.logger ?? createLog(config.logLevel)
  for (const warning of warnings(config)) log.warn(warning)

  const observation = createObservation(config, { clock, log })
  const undo: (() => unknown)[] = [() => observation.close()]
  try {
    const { onCall, onAlert: onRaised } = observation
    const webhook = config.alertWebhook
    const alerts = createAlertDesk({ webhook, clock, random, log, onRaised })
    const onTrouble = (trouble: BoxTrouble) => {
      if (trouble === 'credentials') alerts.raise('box-credentials-refused', { subject: 'box' })
    }
    const boxSide = await connectBox(config, { clock, random, log, onCall, onTrouble })
    undo.push(() => boxSide.close())
    const directory = await openBridgeDirectory(config, boxSide, { clock, log })
    undo.push(() => directory.close())
    const box = config.dryRun ? await pretendToWrite(boxSide, directory, clock) : boxSide
    const common = { box, directory, observation, alerts, clock, random, log, settings }
    return await run(config, { ...common, http: parts.http ?? {} })
  } catch (error) {
    for (const step of undo.toReversed()) await step()
    throw error
  }
}

/**
 * Lines are written some at a time: a system call for each would cost more than the line. The rest is
 * written when the process ends.
 */
function createLog(level: string): Logger {
  const destination = pino.destination({
    dest: 1,
    sync: false,
    minLength: 4096,
    periodicFlush: logFlushMs
  })
  return pino({ level, base: null }, destination)
}

async function run(
  config: Config,
  parts: {
    readonly box: BoxSide
    readonly directory: Directory
    readonly observation: Observation
    readonly alerts: AlertDesk
    readonly clock: Clock
    readonly random: Random
    readonly log: Logger
    readonly settings: ProvisioningSettings
    readonly http: HttpOptions
  }
): Promise<Server> {
  const { box, directory, observation, alerts, clock, random, log, settings } = parts
  await showAgain({ directory, clock, log, settings })
  const onHints = () => hintWorker.wake()
  const everyMs = config.reconcileMs
  const reconcile = createReconcile({ ...parts, box: box.client, everyMs, onHints })
  const reconcileAll = () => reconcile.soon()
  const feed = createFeed(config, { ...parts, box: box.client, onHints, reconcileAll })
  const firstImport = await createImport({
    ...parts,
    box: box.client,
    begin: async (ownId, call) => feed?.begin(ownId, call)
  })
  const stop = new AbortController()
  const isImported = () => firstImport.progress() === 'done'
  const book = createTokenBook({ directory, clock, log, alerts })
  const watched = await observation.attach({ directory, box: box.client, isImported, book })
  const { provisioning, worker, leaverWorker, hintWorker } = joinProvisioning({
    ...parts,
    firstImport,
    watched,
    mirror: { isCurrent: () => feed?.isCurrent() ?? false }
  })
  const demo = demoOf(config, box, random)
  await book.refresh()
  assertSomebodyMayCall(config, book)
  const denials = createDenials({ directory, clock })
  const app = buildApp(
    {
      users: provisioning.users,
      groups: provisioning.groups,
      resources: provisioning.resources,
      connections: provisioning.connections,
      readiness: () => ({
        ready: isImported(),
        box: box.client.health().ok ? 'ok' : 'degraded',
        import: firstImport.progress()
      }),
      authenticate: createAuthenticate(waysIn(config, demo?.token, { book, clock }), {
        clock,
        basic: config.basicAuth,
        onTurnedAway: observation.onTurnedAway
      }),
      onDenied: (denial) => denials.note(denial),
      clock,
      random,
      cursorSecret: await keepSecret(directory, random, 'cursors'),
      monitoring: watched.monitoring
    },
    {
      ...parts.http,
      publicUrl: config.publicUrl,
      requestBudgetMs: config.requestBudgetMs,
      trustedProxies: config.trustedProxies,
      callers: config.callerLimits,
      basic: config.basicAuth,
      demo: demo !== undefined,
      logger: log
    }
  )
  const { host, port } = config
  const url = await app.listen({ host, port, backlog: httpLimits.connections })
  const wasImported = isImported()
  const noting = watched.run(stop.signal)
  const ready = firstImport.run(stop.signal)
  const isWell = () => box.client.health().ok
  const watch = createBoxWatch({ box: box.client, isWell, clock, log })
  const expiry = createHeldExpiry({ expireHeld: provisioning.expireHeld, clock, log })
  const background = ready.then(() =>
    Promise.all([
      worker.run(stop.signal),
      leaverWorker.run(stop.signal),
      feed?.run(stop.signal),
      hintWorker.run(stop.signal),
      reconcile.run(stop.signal),
      expiry.run(stop.signal),
      watch.run(stop.signal, wasImported)
    ])
  )
  const retentionMs = config.auditRetentionMs
  const auditKeeping = createAuditKeeping({ ...parts, denials, retentionMs }).run(stop.signal)
  const bookKeeping = book.run(stop.signal)
  const alerting = alerts.run(stop.signal)
  background.catch((error: unknown) => log.error({ err: error }, 'the background work ended'))
  return {
    url,
    ready,
    demo,
    async close() {
      await endRequests(app, { clock, log })
      stop.abort()
      // Turns waiting calls away, so that the background work ends soon.
      await endWork([box.close(), background, bookKeeping, auditKeeping, alerting, noting], {
        clock,
        log
      })
      await watched.flush()
      await directory.close()
      observation.close()
    }
  }
}

function joinProvisioning(parts: {
  readonly box: BoxSide
  readonly directory: Directory
  readonly alerts: Alerts
  readonly clock: Clock
  readonly log: Logger
  readonly settings: ProvisioningSettings
  readonly firstImport: Import
  readonly watched: AttachedObservation
  readonly mirror: Mirror
}): {
  readonly provisioning: Provisioning
  readonly worker: JournalWorker
  readonly leaverWorker: JournalWorker
  readonly hintWorker: HintWorker
} {
  const { box, directory, alerts, clock, log, settings, firstImport, watched, mirror } = parts
  const provisioning = createProvisioning(
    {
      directory,
      box: box.client,
      clock,
      log,
      settings,
      mirror,
      locks: createKeyedLock(),
      signals: watched.signals,
      alerts,
      assertImported: () => assertImported(firstImport)
    },
    () => worker.wake()
  )
  const { drive, inWork, refresh } = provisioning
  const journalParts = { directory, drive, inWork, clock, log }
  const worker = createJournalWorker(journalParts)
  const leaverWorker = createJournalWorker({ ...journalParts, share: leaversShare })
  const hintWorker = createHintWorker({ directory, refresh, clock, log })
  return { provisioning, worker, leaverWorker, hintWorker }
}

/** Undefined where Box's events are not to be followed. */
function createFeed(
  config: Config,
  parts: Omit<DriftFeedParts, 'intervalMs'>
): DriftFeed | undefined {
  const intervalMs = config.boxEventsPollMs
  return intervalMs === 0 ? undefined : createDriftFeed({ ...parts, intervalMs })
}

function assertImported(firstImport: Import): void {
  if (firstImport.progress() === 'done') return
  throw new ProvisioningError(
    'importing',
    'The first import of the Box enterprise is not done yet; /readyz shows how far it is.',
    { retryAfterSeconds: 10 }
  )
}

/** What provisioning obeys, of the configuration. */
export function provisioningSettings(config: Config): ProvisioningSettings {
  return {
    association: config.association,
    userKind: config.userKind,
    onExisting: config.onExisting,
    onLoginConflict: config.onLoginConflict,
    deactivatedStatus: config.onDeactivate,
    leavers: config.leavers,
    onGroupDelete: config.onGroupDelete,
    strictMembers: config.strictMembers,
    restores: config.driftRestore,
    mapping: compileMapping(config.mappingFile, config),
    protectedLogins: new Set(config.protectedLogins.map(fold)),
    protectedGroups: new Set(config.protectedGroups.map(fold)),
    fuses: { people: config.fuse, memberships: config.fuseMembers },
    dryRun: config.dryRun,
    logsPersonalData: config.logPersonalData
  }
}

function demoOf(config: Config, box: BoxSide, random: Random): Demo | undefined {
  if (box.emulatorUrl === undefined) return undefined
  return { token: config.scimTokens[0] ?? random.secret(24), emulatorUrl: box.emulatorUrl }
}
