import { randomBytes, randomUUID } from 'node:crypto'

/** The only source of randomness, so that tests can fix it. */
export interface Random {
  /** A number in [0, 1), used to spread retries. */
  fraction(): number
  /** A new correlation id: a UUID. */
  uuid(): string
  /** A URL-safe secret of `bytes` random bytes. */
  secret(bytes: number): string
}

/** Randomness of the machine; ids and secrets come from its cryptographic generator. */
export const systemRandom: Random = {
  fraction: () => Math.random(),
  uuid: () => randomUUID(),
  secret: (bytes) => randomBytes(bytes).toString('base64url')
}
