import type { Clock, EpochMs, Milliseconds } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Random } from '../lib/random.ts'
import { alertCatalogue, type AlertKind, type Alerts } from '../provisioning/alerts.ts'
import { postOnce, type Post } from './post.ts'
import { createWebhook, type Alert, type WebhookTarget } from './webhook.ts'

/** Tells people: in the log, in the metrics, and at the webhook where there is one. */
export interface AlertDesk extends Alerts {
  /** Sends what was raised until `signal` aborts; what is left then gets one more attempt. */
  run(signal: AbortSignal): Promise<void>
}

/** What alerts are told with. */
export interface AlertDeskParts {
  /** Undefined: log and metrics only. */
  readonly webhook: WebhookTarget | undefined
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Is told of every alert, for whoever counts them. */
  readonly onRaised: (kind: AlertKind) => void
  /** Default over the network. */
  readonly post?: Post
}

/** For how long an alert of the same kind and subject is not sent again. */
const quietMs: Milliseconds = 3_600_000

/** How many alerts wait at most; what comes then stands in the log only. */
const mostWaiting = 100

/** How many kinds and subjects are remembered at most. */
const mostRemembered = 10_000

/** Attempts at one alert; the waits between them add up to about ten minutes. */
const mostAttempts = 10

/** The mean wait after the first failure; it doubles with each further one. */
const firstWaitMs: Milliseconds = 1000

/** How long the desk sleeps where nobody wakes it. */
const idleMs: Milliseconds = 3_600_000

/** Creates the desk. */
export function createAlertDesk(parts: AlertDeskParts): AlertDesk {
  const { webhook, clock, random, log, onRaised } = parts
  const send =
    webhook === undefined
      ? undefined
      : createWebhook(webhook, { clock, post: parts.post ?? postOnce })
  const waiting: Alert[] = []
  const sentAt = new Map<string, EpochMs>()
  let alarm = new AbortController()

  return {
    raise(kind, facts, more = {}) {
      const { level, message } = alertCatalogue[kind]
      log[level]({ alert: kind, ...facts, ...more }, message)
      onRaised(kind)
      if (send === undefined) return
      const raisedAt = clock.now()
      const alert = { id: random.uuid(), kind, message, raisedAt, facts }
      if (isRepeated(alert)) return
      if (waiting.length >= mostWaiting) {
        log.error({ alert: kind }, 'too many alerts wait to be sent: this one is left out')
        return
      }
      remember(alert)
      waiting.push(alert)
      alarm.abort()
    },

    async run(signal) {
      if (send === undefined) return
      signal.addEventListener('abort', () => alarm.abort(), { once: true })
      for (;;) {
        const next = waiting[0]
        if (next !== undefined) await deliver(next, send, signal)
        else if (signal.aborted) return
        else await rest(signal)
      }
    }
  }

  async function rest(signal: AbortSignal): Promise<void> {
    alarm = new AbortController()
    if (signal.aborted) return
    await clock.sleep(idleMs, alarm.signal).catch(() => undefined)
  }

  async function deliver(
    alert: Alert,
    attempt: NonNullable<typeof send>,
    signal: AbortSignal
  ): Promise<void> {
    for (let attempts = 1; ; attempts += 1) {
      const delivery = await attempt(alert)
      const isOver = attempts >= mostAttempts || signal.aborted
      if (delivery === 'failed' && !isOver) {
        const wait = firstWaitMs * 2 ** (attempts - 1) * (0.5 + random.fraction())
        await clock.sleep(wait, signal).catch(() => undefined)
        continue
      }
      waiting.shift()
      if (delivery !== 'delivered') giveUp(alert, { delivery, attempts })
      return
    }
  }

  function giveUp(alert: Alert, facts: object): void {
    const { kind, facts: about } = alert
    sentAt.delete(keyOf(alert))
    const { subject } = about
    log.error({ alert: kind, subject, ...facts }, 'an alert could not be sent to the webhook')
  }

  function isRepeated(alert: Alert): boolean {
    const last = sentAt.get(keyOf(alert))
    return last !== undefined && alert.raisedAt < last + quietMs
  }

  /** The oldest are forgotten first. */
  function remember(alert: Alert): void {
    const key = keyOf(alert)
    sentAt.delete(key)
    sentAt.set(key, alert.raisedAt)
    const [oldest] = sentAt.keys()
    if (sentAt.size > mostRemembered && oldest !== undefined) sentAt.delete(oldest)
  }
}

function keyOf({ kind, facts }: Alert): string {
  return `${kind} ${facts.subject}`
}
