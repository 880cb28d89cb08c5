import type { Clock, EpochMs, Milliseconds } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Alerts } from '../provisioning/alerts.ts'
import { BoxRefusedError, BoxUnavailableError } from '../provisioning/errors.ts'
import type { BoxUserId } from '../provisioning/model.ts'
import { eventsKey } from '../provisioning/ports.ts'
import type { BoxCall, BoxEventPage, BoxPort } from '../provisioning/box-port.ts'
import type { Directory, DirectoryTransaction, EventsProgress } from '../provisioning/ports.ts'
import { createEventFilter } from './event-filter.ts'

/** Follows Box's events, so that what others change in Box is read again. */
export interface DriftFeed {
  /**
   * Notes where the events stand, before anything is imported: what changes during the import is read
   * again afterwards. Rejects where Box could not be asked.
   */
  begin(ownId: BoxUserId, call: BoxCall): Promise<void>
  /** Polls until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>
  /**
   * True while the last successful poll began less than three intervals ago and nothing that was noted
   * before then is still to be read again.
   */
  isCurrent(): boolean
}

/** What the feed works with. */
export interface DriftFeedParts {
  readonly directory: Directory
  readonly box: Pick<BoxPort, 'getOwnAccount' | 'listEvents'>
  readonly clock: Clock
  readonly log: Logger
  readonly alerts: Alerts
  readonly intervalMs: Milliseconds
  /** Is told when there is something to read again. */
  readonly onHints: () => void
  /** Asks, durably, for a reconcile of everything: some events will never be read. */
  readonly reconcileAll: () => Promise<void>
}

/** How long one call may wait for its turn and for Box. */
const callMs: Milliseconds = 120_000

/** How long Box is not asked again after it said that the app lacks the scope. */
const restWithoutScopeMs: Milliseconds = 3_600_000

/** A day less than Box keeps the events of its stream. */
const retentionMs: Milliseconds = 13 * 86_400_000

/** For how many intervals a poll keeps the mirror current. */
const currentIntervals = 3

/** Creates the feed. */
export function createDriftFeed(parts: DriftFeedParts): DriftFeed {
  const { alerts, directory, box, clock, log, intervalMs, onHints, reconcileAll } = parts
  const filter = createEventFilter(log)
  let ownId: BoxUserId | undefined
  /** Until the first poll is done this may be a backup, which knows nothing of what the bridge did since. */
  let isFirst = true
  let lastBegan: EpochMs | undefined
  /** When events were last read, or when this began where they never were. */
  let readUntil: EpochMs | undefined
  let oldestHintAt: EpochMs | undefined

  return {
    async begin(id, call) {
      ownId = id
      const { position, isForbidden } = await readProgress()
      if (position !== null || isForbidden) return
      try {
        await startAt('now', call)
      } catch (error) {
        if (!(error instanceof BoxRefusedError)) throw error
        await noteRefusal(error)
      }
    },

    async run(signal) {
      while (!signal.aborted) {
        const pause = await turn(signal)
        await clock.sleep(pause, signal).catch(() => undefined)
      }
    },

    isCurrent() {
      const now = clock.now()
      const isFollowed = lastBegan !== undefined && !isLate(lastBegan, now)
      return isFollowed && (oldestHintAt === undefined || !isLate(oldestHintAt, now))
    }
  }

  function isLate(at: EpochMs, now: EpochMs): boolean {
    return at < now - currentIntervals * intervalMs
  }

  /** Polls once and tells how long to rest. */
  async function turn(signal: AbortSignal): Promise<Milliseconds> {
    readUntil ??= clock.now()
    try {
      await poll(signal)
      readUntil = clock.now()
      return intervalMs
    } catch (error) {
      if (signal.aborted) return 0
      if (!isForbidding(error)) alertWhereLost()
      if (error instanceof BoxUnavailableError) {
        log.info({ trouble: error.trouble }, 'the events of Box could not be read')
        return intervalMs
      }
      if (error instanceof BoxRefusedError) {
        await noteRefusal(error).catch(logFailure)
        return isForbidding(error) ? Math.max(intervalMs, restWithoutScopeMs) : intervalMs
      }
      logFailure(error)
      return intervalMs
    }
  }

  /** Not where the app lacks the scope: that is another alert, and the feed rests then. */
  function alertWhereLost(): void {
    const now = clock.now()
    if (readUntil === undefined || !isLate(readUntil, now)) return
    const seconds = Math.round((now - readUntil) / 1000)
    alerts.raise('events-lost', { subject: 'events', secondsAgo: seconds })
  }

  async function readProgress(): Promise<EventsProgress> {
    const stored = (await directory.state.get(eventsKey)) as EventsProgress | undefined
    return stored ?? { position: null, readAt: null, isForbidden: false }
  }

  function logFailure(error: unknown): void {
    log.error({ err: error }, 'the events of Box could not be read')
  }

  async function poll(signal: AbortSignal): Promise<void> {
    const began = clock.now()
    ownId ??= (await box.getOwnAccount(callOf())).id
    const { position, readAt } = await readProgress()
    const isKept = readAt !== null && began - readAt < retentionMs
    if (position === null || !isKept) await startAnew('there is no position to go on from')
    else await readFrom(position, isFirst && isLate(readAt, began) ? undefined : ownId, signal)
    isFirst = false
    oldestHintAt = (await directory.hints.waiting()).oldestAt
    lastBegan = began
  }

  function callOf(): BoxCall {
    return { lane: 'background', deadline: clock.now() + callMs }
  }

  /** `skipped`: whose events are known already. */
  async function readFrom(
    position: string,
    skipped: BoxUserId | undefined,
    signal: AbortSignal
  ): Promise<void> {
    let from = position
    for (;;) {
      const page = await box.listEvents(from, callOf()).catch((error: unknown) => {
        if (error instanceof BoxRefusedError && error.status !== 403) return undefined
        throw error
      })
      if (page === undefined) return startAnew('Box refuses the position of the last poll')
      await take(page, skipped)
      if (page.count === 0 || page.nextPosition === from) return
      from = page.nextPosition
      signal.throwIfAborted()
    }
  }

  /** What is to be read again and the new position become durable together. */
  async function take(page: BoxEventPage, skipped: BoxUserId | undefined): Promise<void> {
    const hints = filter.hintsOf(page.events, skipped)
    const now = clock.now()
    await directory.transaction(async (tx) => {
      if (hints.length > 0) await tx.noteHints(hints, 'events', now)
      await putProgress(tx, { position: page.nextPosition, readAt: now, isForbidden: false })
    })
    filter.remember(page.events, skipped)
    if (hints.length > 0) onHints()
  }

  /** Some events will never be read: what they told is found by reading everything again. */
  async function startAnew(why: string): Promise<void> {
    await startAt('now', callOf(), reconcileAll)
    log.warn({ why }, 'events of Box were missed: everything is compared with Box instead')
  }

  async function startAt(
    position: string,
    call: BoxCall,
    besides?: () => Promise<void>
  ): Promise<void> {
    const began = clock.now()
    const { nextPosition } = await box.listEvents(position, call)
    // First, so that a crash cannot forget it.
    await besides?.()
    const progress = { position: nextPosition, readAt: began, isForbidden: false }
    await directory.transaction((tx) => putProgress(tx, progress))
    lastBegan = began
  }

  /** Says so once, and not at every poll, where the app lacks the scope. */
  async function noteRefusal({ status, code, requestId }: BoxRefusedError): Promise<void> {
    const fields = { status, code, requestId }
    if (status !== 403) {
      log.error(fields, 'Box refuses to tell of its events')
      return
    }
    lastBegan = undefined
    const progress = await readProgress()
    if (progress.isForbidden) return
    alerts.raise('events-forbidden', { subject: 'events', ...fields })
    await directory.transaction((tx) => putProgress(tx, { ...progress, isForbidden: true }))
  }
}

function putProgress(tx: DirectoryTransaction, progress: EventsProgress): Promise<void> {
  return tx.putState(eventsKey, { ...progress })
}

/** Box says that the app lacks the scope. */
function isForbidding(error: unknown): boolean {
  return error instanceof BoxRefusedError && error.status === 403
}
