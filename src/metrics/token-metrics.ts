import { Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import type { EpochMs } from '../lib/clock.ts'

/** A token that ends, or has ended and was not revoked. */
export interface EndingToken {
  /** As the operator named it. */
  readonly name: string
  readonly expiresAt: EpochMs
}

/** Shows how long tokens are good for. */
export function createTokenGauge(
  register: Registry
): (tokens: readonly EndingToken[], now: EpochMs) => void {
  const left = new Gauge({
    name: 'box_scim_token_expiry_seconds',
    help: 'Time until a managed token ends, by name; negative once it has, until it is revoked.',
    labelNames: ['token'],
    registers: [register]
  })
  return (tokens, now) => {
    left.reset()
    for (const { name, expiresAt } of tokens) left.set({ token: name }, (expiresAt - now) / 1000)
  }
}
