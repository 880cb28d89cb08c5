import type { FastifyInstance } from 'fastify'
import type { Clock, Milliseconds } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { within } from '../lib/within.ts'

/** How long a closing bridge waits. */
export const closingLimits = {
  /** For requests to be answered; a write has used up the default REQUEST_BUDGET_SECONDS by then. */
  requestsMs: 25_000,
  /** For calls to Box and the work in the background to end after that. */
  workMs: 5_000
} as const satisfies Record<string, Milliseconds>

interface ClosingParts {
  readonly clock: Clock
  readonly log: Logger
}

/**
 * Takes no more requests and lets running ones end; then cuts the connections off. Node.js no longer
 * looks for slow clients once a server closes, so that one that sends half a request would hold it up.
 */
export async function endRequests(
  app: FastifyInstance,
  { clock, log }: ClosingParts
): Promise<void> {
  const closed = app.close()
  if (await within(closed, closingLimits.requestsMs, clock)) return
  log.warn({}, 'requests that did not end in time are cut off: the bridge closes')
  app.server.closeAllConnections()
  await closed
}

/** Waits for work that was told to end; the journal knows what becomes of the rest at the next start. */
export async function endWork(
  work: readonly Promise<unknown>[],
  { clock, log }: ClosingParts
): Promise<void> {
  if (await within(Promise.allSettled(work), closingLimits.workMs, clock)) return
  log.warn({}, 'work in the background did not end in time: the bridge closes without it')
}
