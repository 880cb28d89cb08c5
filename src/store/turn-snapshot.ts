import type { Connection } from './dialect.ts'

/** The read transaction that the reads of one turn of the event loop share. */
interface TurnSnapshot {
  /** Begins it, unless it runs already. */
  readonly begin: () => void
  /** Ends it, so that the next read sees what was committed meanwhile. */
  readonly end: () => void
}

/** A connection for reads, and the end of what it has seen. */
interface SharingReader {
  readonly reader: Connection
  /** Makes the next read see the latest commit; to be called before every commit of this process. */
  readonly refresh: () => void
}

/**
 * Lets all reads of one turn of the event loop run in one transaction. In WAL mode beginning and
 * ending one costs more than an indexed read does, and without it every statement has its own. A
 * commit of this process, or the end of the turn, ends it: nothing is read that is older than that.
 */
export function shareReads(connection: Connection): SharingReader {
  const snapshot = createTurnSnapshot(connection)
  return {
    reader: {
      ...connection,
      run(query) {
        snapshot.begin()
        return connection.run(query)
      }
    },
    refresh: snapshot.end
  }
}

function createTurnSnapshot({ sqlite }: Connection): TurnSnapshot {
  const begin = sqlite.prepare('begin')
  const commit = sqlite.prepare('commit')
  let isOpen = false
  const end = () => {
    if (!isOpen) return
    isOpen = false
    if (sqlite.isTransaction) commit.run()
  }
  return {
    begin() {
      if (isOpen) return
      begin.run()
      isOpen = true
      setImmediate(end)
    },
    end
  }
}
