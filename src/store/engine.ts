import { openConnection } from './dialect.ts'
import type { Connection } from './dialect.ts'
import { createScans } from './scans/scans.ts'
import type { Scans } from './scans/scans.ts'
import { shareReads } from './turn-snapshot.ts'

/** A database with a connection for reads that never waits for the one that writes. */
export interface Engine {
  readonly reader: Connection
  readonly writer: Connection
  /** Where long reads run; undefined where the reader has to run them. */
  readonly scans?: Scans
  /** Begins a write transaction. */
  begin(): void
  /** Begins a part of the running transaction that can be undone by itself. */
  beginPart(): void
  /** Ends the running part. */
  endPart(): void
  /** Undoes the running part; throws `cause` where SQLite has undone the whole transaction for it. */
  undoPart(cause: unknown): void
  /** Makes the running transaction durable and shows it to the reader. */
  commit(): void
  /** Undoes the running transaction, if SQLite has not done so by itself. */
  rollback(): void
  /** The databases to be migrated before use. */
  readonly databases: readonly Connection[]
  /** Writes everything into the file and closes the connections. */
  close(): void
  /** Closes the connections and leaves the database as it is. */
  abandon(): void
}

/**
 * A database file in WAL mode: readers see the last committed state while a transaction runs, and a
 * commit is on the disk when it returns, unless `durable` is false.
 */
export function openFileEngine(path: string, { durable = true } = {}): Engine {
  const writer = openConnection(path, { readOnly: false })
  try {
    writer.sqlite.exec('pragma journal_mode = wal')
    writer.sqlite.exec(`pragma synchronous = ${durable ? 'full' : 'off'}`)
    const { reader, refresh } = shareReads(openConnection(path, { readOnly: true }))
    return {
      reader,
      writer,
      scans: createScans(path),
      begin: () => writer.sqlite.exec('begin immediate'),
      ...partsOf(writer),
      commit() {
        refresh()
        writer.sqlite.exec('commit')
      },
      rollback: () => rollback(writer),
      databases: [writer],
      close() {
        refresh()
        reader.sqlite.close()
        try {
          writer.sqlite.exec('pragma wal_checkpoint(truncate)')
        } finally {
          writer.sqlite.close()
        }
      },
      abandon() {
        refresh()
        closeAll([reader, writer])
      }
    }
  } catch (error) {
    writer.sqlite.close()
    throw error
  }
}

/** The reader's own triggers count what is visible there. */
const filter = (table: string) => table !== 'visible_counts'

/**
 * A database in memory. SQLite has no WAL there, and a shared cache makes readers wait: so there are
 * two databases, and each commit replays its changes on the reader's. Both must be migrated first.
 */
export function openMemoryEngine(): Engine {
  const writer = openConnection(':memory:', { readOnly: false })
  const reader = openConnection(':memory:', { readOnly: false })
  // The changes were checked where they were made.
  reader.sqlite.exec('pragma foreign_keys = off')
  let changes: ReturnType<typeof writer.sqlite.createSession> | undefined
  const endSession = () => {
    changes?.close()
    changes = undefined
  }
  return {
    reader,
    writer,
    begin() {
      changes = writer.sqlite.createSession()
      writer.sqlite.exec('begin immediate')
    },
    ...partsOf(writer),
    commit() {
      writer.sqlite.exec('commit')
      const shown =
        changes === undefined || reader.sqlite.applyChangeset(changes.changeset(), { filter })
      endSession()
      if (!shown) throw new Error('the committed changes do not fit the copy that is read')
    },
    rollback() {
      endSession()
      rollback(writer)
    },
    databases: [writer, reader],
    close: () => closeAll([reader, writer]),
    abandon: () => closeAll([reader, writer])
  }
}

function closeAll(connections: readonly Connection[]): void {
  for (const { sqlite } of connections) sqlite.close()
}

function partsOf({ sqlite }: Connection): Pick<Engine, 'beginPart' | 'endPart' | 'undoPart'> {
  return {
    beginPart: () => sqlite.exec('savepoint part'),
    endPart: () => sqlite.exec('release part'),
    undoPart(cause) {
      if (!sqlite.isTransaction) throw cause
      sqlite.exec('rollback to part')
      sqlite.exec('release part')
    }
  }
}

function rollback({ sqlite }: Connection): void {
  if (sqlite.isTransaction) sqlite.exec('rollback')
}
