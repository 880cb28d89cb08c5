import { setTimeout as wait } from 'node:timers/promises'
import { token } from './processes/bridge.ts'

/** A SCIM request of an identity provider. */
export interface Write {
  readonly method: 'POST' | 'PATCH'
  readonly path: string
  readonly body: object
}

/** How the attempts of a client at its writes went. */
export interface Attempts {
  /** Milliseconds that each attempt took. */
  readonly times: number[]
  /** How many attempts were answered with which status. */
  readonly statuses: Map<number, number>
  /** Answers 429 and 503 without a whole number of seconds in Retry-After. */
  unexplained: number
  /** Writes that ended otherwise than with success. */
  readonly failures: string[]
}

const headers = {
  authorization: `Bearer ${token}`,
  'content-type': 'application/scim+json'
}

/** An empty record of attempts. */
export function newAttempts(): Attempts {
  return { times: [], statuses: new Map(), unexplained: 0, failures: [] }
}

/** Sends a write until it succeeds, each time as late as it was told to. */
export async function persist(base: string, write: Write, attempts: Attempts): Promise<void> {
  for (;;) {
    const begin = performance.now()
    const answer = await fetch(`${base}${write.path}`, {
      method: write.method,
      headers,
      body: JSON.stringify(write.body)
    })
    const text = await answer.text()
    attempts.times.push(performance.now() - begin)
    const { status } = answer
    attempts.statuses.set(status, (attempts.statuses.get(status) ?? 0) + 1)
    if (answer.ok) return
    if (status !== 429 && status !== 503) {
      attempts.failures.push(`${write.method} ${write.path}: ${status} ${text}`)
      return
    }
    const retryAfter = answer.headers.get('retry-after') ?? ''
    if (!/^[1-9]\d*$/.test(retryAfter)) attempts.unexplained += 1
    await wait(Math.max(1, Number(retryAfter) || 1) * 1_000)
  }
}
