import { createMembershipProgress } from '../background/membership-progress.ts'
import { createMonthCount } from '../background/month-count.ts'
import type { MonthCount } from '../background/month-count.ts'
import type { TokenBook } from '../background/token-book.ts'
import type { BoxClient, BoxClientOptions } from '../box/client.ts'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import { watchEventLoop } from '../lib/event-loop.ts'
import type { Logger } from '../lib/logger.ts'
import { createMetrics } from '../metrics/metrics.ts'
import type { AlertKind } from '../provisioning/alerts.ts'
import { readDriftChecks } from '../provisioning/drift/checks.ts'
import { readFuse } from '../provisioning/fuse.ts'
import type { Directory } from '../provisioning/ports.ts'
import type { Signals } from '../provisioning/signals.ts'
import type { Monitoring } from '../scim/app.ts'

/** What watches a bridge before there is a directory: it is told of the first call to Box on. */
export interface Observation {
  readonly onCall: NonNullable<BoxClientOptions['onCall']>
  /** Is told of every alert. */
  readonly onAlert: (kind: AlertKind) => void
  /** Is told whenever an address that sends wrong tokens is told to wait. */
  readonly onTurnedAway: () => void
  /** Goes on with the directory's help. */
  attach(parts: ObservedParts): Promise<AttachedObservation>
  /** Ends the watch. */
  close(): void
}

/** What is watched. */
export interface ObservedParts {
  readonly directory: Directory
  readonly box: Pick<BoxClient, 'health' | 'pacing'>
  readonly isImported: () => boolean
  readonly book: Pick<TokenBook, 'ending'>
}

/** What watches a bridge that runs. */
export interface AttachedObservation {
  readonly monitoring: Monitoring
  readonly signals: Signals
  /** Writes down what is counted, until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>
  /** Writes down the rest. */
  flush(): Promise<void>
}

/** Joins what watches the bridge: metrics, the month's calls, the progress of memberships. */
export function createObservation(
  config: Pick<
    Config,
    'boxCallsPerMinute' | 'boxCallsPerMonth' | 'boxEventsPollMs' | 'reconcileMs'
  >,
  { clock, log }: { readonly clock: Clock; readonly log: Logger }
): Observation {
  const metrics = createMetrics()
  const loop = watchEventLoop()
  const { boxCallsPerMinute: callsPerMinute, boxCallsPerMonth: allowance } = config
  let month: MonthCount | undefined

  return {
    onCall(call) {
      metrics.called(call)
      month?.count()
    },

    onAlert: metrics.alerted,

    onTurnedAway: () => metrics.limited('wrong-tokens'),

    async attach({ directory, box, isImported, book }) {
      const counting = await createMonthCount({ directory, clock, log, allowance })
      month = counting
      const progress = createMembershipProgress({ directory, clock, log, callsPerMinute })
      const boxState = () => ({
        isWell: box.health().ok,
        callsPerMinute,
        callsThisMonth: counting.calls(),
        monthAllowance: allowance,
        ...box.pacing.look()
      })
      return {
        monitoring: {
          eventLoopDelayMs: loop.delayMs,
          answered: metrics.answered,
          shed: metrics.shed,
          limited: metrics.limited,
          contentType: metrics.contentType,
          read: (load) =>
            metrics.read({
              box: boxState,
              load: () => ({ ...load, eventLoopDelayMs: loop.delayMs() }),
              journal: () => directory.journal.open(),
              drift: async () => ({
                checks: await readDriftChecks(directory, config),
                hints: await directory.hints.waiting()
              }),
              fuses: async () => ({
                people: (await readFuse(directory, 'people')).openedAt !== undefined,
                memberships: (await readFuse(directory, 'memberships')).openedAt !== undefined
              }),
              invites: () => directory.invites.list(),
              secondsLeft: progress.secondsLeft,
              isImported,
              endingTokens: () => book.ending(),
              now: () => clock.now()
            })
        },
        signals: {
          ...metrics.signals,
          membershipSettled() {
            metrics.signals.membershipSettled()
            progress.settled()
          }
        },
        async run(signal) {
          await Promise.all([counting.run(signal), progress.run(signal)])
        },
        flush: () => counting.flush()
      }
    },

    close: () => loop.close()
  }
}
