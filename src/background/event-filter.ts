import type { Logger } from '../lib/logger.ts'
import { hintKey } from '../provisioning/hints.ts'
import type { Hint } from '../provisioning/hints.ts'
import type { BoxEvent } from '../provisioning/box-port.ts'

/** Tells which events say something new. */
export interface EventFilter {
  /** What is to be read again, each thing once; nothing of what `ownId` did or what was seen before. */
  hintsOf(events: readonly BoxEvent[], ownId: string | undefined): readonly Hint[]
  /** Remembers that these events were dealt with. */
  remember(events: readonly BoxEvent[], ownId: string | undefined): void
}

/** At least so many events are remembered, because Box may deliver one twice. */
const remembered = 20_000

/** Creates the filter. What it remembers is lost with it, at the cost of some reads. */
export function createEventFilter(log: Logger): EventFilter {
  let recent = new Set<string>()
  let older = new Set<string>()
  let unreadable = 0

  const isNews = (event: BoxEvent, ownId: string | undefined) =>
    event.actorId !== ownId && !recent.has(event.id) && !older.has(event.id)

  return {
    hintsOf(events, ownId) {
      const news = events.filter((event) => isNews(event, ownId))
      const blank = news.filter(({ hints }) => hints.length === 0)
      if (blank.length > 0) {
        unreadable += blank.length
        const types = [...new Set(blank.map(({ type }) => type))]
        log.warn(
          { types, count: blank.length, total: unreadable },
          'events of Box do not say whom they are about: the reconcile finds what they told'
        )
      }
      const hints = news.flatMap((event) => event.hints)
      return [...new Map(hints.map((hint) => [hintKey(hint), hint])).values()]
    },

    remember(events, ownId) {
      for (const event of events) {
        if (event.id !== '' && isNews(event, ownId)) recent.add(event.id)
      }
      if (recent.size < remembered) return
      older = recent
      recent = new Set()
    }
  }
}
