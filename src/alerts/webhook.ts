import { createHmac } from 'node:crypto'
import type { Clock, EpochMs, Milliseconds } from '../lib/clock.ts'
import type { AlertFacts, AlertKind } from '../provisioning/alerts.ts'
import type { Post } from './post.ts'

/** An alert that is to be sent. */
export interface Alert {
  /** The same in every attempt, so that the receiver can tell a repetition. */
  readonly id: string
  readonly kind: AlertKind
  readonly message: string
  readonly raisedAt: EpochMs
  readonly facts: AlertFacts
}

/** Where alerts go, and what they are signed with. */
export interface WebhookTarget {
  readonly url: string
  readonly secret: string
}

/** What came of one attempt; `refused`: another one would not do better. */
export type Delivery = 'delivered' | 'refused' | 'failed'

/** How long one attempt may take. */
const attemptMs: Milliseconds = 10_000

/** Creates what makes one attempt to send an alert. */
export function createWebhook(
  { url, secret }: WebhookTarget,
  { clock, post }: { readonly clock: Clock; readonly post: Post }
): (alert: Alert) => Promise<Delivery> {
  return async ({ id, kind, message, raisedAt, facts }) => {
    const at = new Date(raisedAt).toISOString()
    const body = JSON.stringify({ id, kind, message, at, facts, runbook: runbookOf(kind) })
    const timestamp = String(Math.floor(clock.now() / 1000))
    const headers = {
      'content-type': 'application/json',
      'x-box-scim-id': id,
      'x-box-scim-timestamp': timestamp,
      'x-box-scim-signature': `sha256=${signatureOf(secret, timestamp, body)}`
    }
    try {
      return deliveryOf(await post({ url, headers, body, timeoutMs: attemptMs }))
    } catch {
      return 'failed'
    }
  }
}

/** The HMAC-SHA256 (RFC 2104) of timestamp, dot and body, in hexadecimal. */
function signatureOf(secret: string, timestamp: string, body: string): string {
  return createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')
}

/** Where the documents of this version say what to do. */
function runbookOf(kind: AlertKind): string {
  return `docs/operations/runbook.md#${kind}`
}

/** A redirect is never followed: it would take the alert elsewhere. */
function deliveryOf(status: number): Delivery {
  if (status >= 200 && status < 300) return 'delivered'
  return status >= 500 || status === 408 || status === 429 ? 'failed' : 'refused'
}
