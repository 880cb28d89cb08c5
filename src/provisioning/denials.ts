import type { Clock, EpochMs } from '../lib/clock.ts'
import { strangerActor, type AuditEntry, type AuditOutcome } from './audit.ts'
import type { Directory } from './ports.ts'

/** A request that was not let in. */
export interface Denial {
  readonly correlationId: string
  /** The caller's name; '' where nobody was known. */
  readonly actor: string
  /** How the caller was known; '' where nobody was. */
  readonly via: string
  /** The IP address that it came from. */
  readonly source: string
  readonly method: string
  /** The pattern of the route. */
  readonly route: string
  readonly status: 401 | 403 | 429
}

/** Denied requests on their way to the audit. */
export interface Denials {
  /** Counts one; never throws and never waits. */
  note(denial: Denial): void
  /** Writes down what was counted since the last time. */
  flush(): Promise<void>
}

/**
 * So many entries are written for a minute at most, and one more for all others: somebody who sends
 * requests without end, from wherever, fills no disk.
 */
export const denialsPerMinute = 20

/** The source of what goes beyond {@link denialsPerMinute}. */
const others = 'others'

const outcomes: Readonly<Record<Denial['status'], AuditOutcome>> = {
  401: 'unauthenticated',
  403: 'forbidden',
  429: 'throttled'
}

interface Counted {
  readonly first: Denial
  readonly since: EpochMs
  requests: number
}

/** Counts denied requests by source, caller and status, to be flushed once a minute. */
export function createDenials({
  directory,
  clock
}: {
  readonly directory: Directory
  readonly clock: Clock
}): Denials {
  let counted = new Map<string, Counted>()

  return {
    note(denial) {
      const { source, actor, status } = denial
      const known = counted.get([source, actor, status].join(' '))
      if (known !== undefined) known.requests += 1
      else if (counted.size < denialsPerMinute) begin([source, actor, status].join(' '), denial)
      else noteOther(denial)
    },

    async flush() {
      if (counted.size === 0) return
      const written = counted
      counted = new Map()
      try {
        await directory.transaction(async (tx) => {
          for (const one of written.values()) await tx.audit(entryOf(one))
        })
      } catch (error) {
        for (const [key, one] of written) takeBack(key, one)
        throw error
      }
    }
  }

  function begin(key: string, first: Denial): void {
    counted.set(key, { first, since: clock.now(), requests: 1 })
  }

  function takeBack(key: string, one: Counted): void {
    const later = counted.get(key)?.requests ?? 0
    counted.set(key, { ...one, requests: one.requests + later })
  }

  function noteOther(denial: Denial): void {
    const rest = counted.get(others)
    if (rest === undefined) begin(others, { ...denial, source: others, actor: '', via: '' })
    else rest.requests += 1
  }
}

/** Stands for all of them; method, route and correlation id are those of the first. */
function entryOf({ first, since, requests }: Counted): AuditEntry {
  const { correlationId, actor, via, source, method, route, status } = first
  return {
    at: since,
    correlationId,
    actor: actor === '' ? strangerActor : actor,
    action: 'access.denied',
    target: `source:${source}`,
    asked: { method, route, via, source, attributes: () => [], requests },
    plan: [],
    calls: [],
    outcome: outcomes[status],
    notes: []
  }
}
