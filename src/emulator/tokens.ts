import type { Clock, EpochMs } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'

/** Who calls: an application in the person of its service account. */
export interface Caller {
  readonly clientId: string
}

/** The access tokens that are valid. */
export class Tokens {
  readonly #clock: Clock
  readonly #random: Random
  readonly #issued = new Map<string, Caller & { readonly expiresAt: EpochMs }>()

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
  }

  /** Issues a token; earlier ones stay valid. */
  issue(caller: Caller, lifetimeSeconds: number): string {
    const now = this.#clock.now()
    for (const [token, { expiresAt }] of this.#issued) {
      if (expiresAt <= now) this.#issued.delete(token)
    }
    const token = this.#random.secret(24)
    this.#issued.set(token, { ...caller, expiresAt: now + lifetimeSeconds * 1000 })
    return token
  }

  /** The caller behind a token; undefined if it is unknown, expired or revoked. */
  find(token: string): Caller | undefined {
    const issued = this.#issued.get(token)
    return issued === undefined || issued.expiresAt <= this.#clock.now() ? undefined : issued
  }

  /** Revokes a token; an unknown one is none. */
  revoke(token: string): void {
    this.#issued.delete(token)
  }

  /** Revokes all tokens. */
  revokeAll(): void {
    this.#issued.clear()
  }
}
