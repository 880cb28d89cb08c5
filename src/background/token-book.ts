import type { Clock, EpochMs, Milliseconds } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { isLive, type AccessToken } from '../provisioning/access.ts'
import type { Alerts } from '../provisioning/alerts.ts'
import type { Directory } from '../provisioning/ports.ts'

/** The tokens of the directory in memory, as fresh as a second ago. */
export interface TokenBook {
  /** The token with this digest that may be used now. */
  find(digest: string): AccessToken | undefined
  /** Is told of every use; it is written down once a minute. */
  noteUse(token: AccessToken): void
  /** Those that may be used now. */
  live(): readonly AccessToken[]
  /** Those that have an end and were not revoked, those that have ended included. */
  ending(): readonly EndingToken[]
  /** Reads them again, e.g. before the first request. */
  refresh(): Promise<void>
  /** Keeps them fresh until `signal` aborts, then writes down the last uses. */
  run(signal: AbortSignal): Promise<void>
}

/** A token that has an end. */
export interface EndingToken {
  readonly name: string
  readonly expiresAt: EpochMs
}

/** How often the tokens are read: another process makes and revokes them. */
const refreshMs: Milliseconds = 1_000

/** How often uses are written down. */
const noteMs: Milliseconds = 60_000

const dayMs: Milliseconds = 86_400_000

/** How many days before its end a token is warned about, once each, and at its end. */
const warnedDays = [30, 14, 7, 3, 1, 0] as const

/** Creates the book; it is empty until it is read for the first time. */
export function createTokenBook({
  directory,
  clock,
  log,
  alerts
}: {
  readonly directory: Directory
  readonly clock: Clock
  readonly log: Logger
  readonly alerts: Alerts
}): TokenBook {
  let tokens: ReadonlyMap<string, AccessToken> = new Map()
  const uses = new Map<number, EpochMs>()
  const warned = new Map<number, number>()
  let notedAt = clock.now()

  return {
    find(digest) {
      const token = tokens.get(digest)
      return token !== undefined && isLive(token, clock.now()) ? token : undefined
    },

    noteUse({ id }) {
      uses.set(id, clock.now())
    },

    live: () => [...tokens.values()].filter((token) => isLive(token, clock.now())),

    ending: () =>
      [...tokens.values()].flatMap(({ name, expiresAt, revokedAt }) =>
        expiresAt === undefined || revokedAt !== undefined ? [] : [{ name, expiresAt }]
      ),

    refresh,

    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(refreshMs, signal).catch(() => undefined)
        try {
          await refresh()
          if (signal.aborted || clock.now() >= notedAt + noteMs) await writeUses()
        } catch (error) {
          // What is known stays good for a while: a busy database must not lock everybody out.
          log.error({ err: error }, 'the access tokens could not be read')
        }
      }
    }
  }

  async function refresh(): Promise<void> {
    const found = await directory.tokens.list()
    const known = new Map([...tokens.values()].map((token) => [token.id, token]))
    // One object for a token as long as it stays what it is: callers keep what they made of it.
    const kept = found.map((token) => {
      const before = known.get(token.id)
      return before !== undefined && before.revokedAt === token.revokedAt ? before : token
    })
    tokens = new Map(kept.map((token) => [token.digest, token]))
    for (const token of kept) warnOf(token)
  }

  async function writeUses(): Promise<void> {
    notedAt = clock.now()
    if (uses.size === 0) return
    const noted = [...uses]
    uses.clear()
    await directory.transaction(async (tx) => {
      for (const [id, lastUsedAt] of noted) await tx.updateToken(id, { lastUsedAt })
    })
  }

  function warnOf(token: AccessToken): void {
    const { id, name, expiresAt } = token
    if (expiresAt === undefined || token.revokedAt !== undefined) return
    const left = (expiresAt - clock.now()) / dayMs
    const stage = warnedDays.filter((days) => left <= days).length
    if (stage === 0 || stage <= (warned.get(id) ?? 0)) return
    warned.set(id, stage)
    const until = new Date(expiresAt).toISOString()
    const facts = { subject: `token:${id}`, token: name, until }
    alerts.raise(left <= 0 ? 'token-expired' : 'token-expiring', facts)
  }
}
