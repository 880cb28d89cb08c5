import { DatabaseSync } from 'node:sqlite'
import type { SQLInputValue, StatementSync } from 'node:sqlite'
import { Kysely, SqliteDialect } from 'kysely'
import type { CompiledQuery, SqliteDatabase, SqliteStatement } from 'kysely'
import { fold } from '../lib/text.ts'
import { parseInstant } from './instant.ts'
import type { Tables } from './tables.ts'

/** One connection to a SQLite database. */
export interface Connection {
  readonly sqlite: DatabaseSync
  /** Builds queries, and runs those that no other work may come between. */
  readonly db: Kysely<Tables>
  /** Runs one statement at once. */
  run<Row>(query: CompiledQuery<Row>): readonly Row[]
}

/** How long a connection waits for a lock that another process holds, e.g. during a backup. */
const busyTimeoutMs = 5_000

/** Holds the inner pages of every index of a large directory, so that a look-up reads the disk once. */
const cacheKibibytes = 16 * 1024

/** Filters come in many shapes: more statements than this are prepared again when they return. */
const cachedStatements = 500

/**
 * Opens a connection whose SQL knows `fold(text)`, the form that texts are compared in where case
 * does not matter, and `instant(text)`, the epoch milliseconds of an xsd:dateTime. Both are null for
 * everything that is no such text.
 */
export function openConnection(location: string, access: { readOnly: boolean }): Connection {
  const sqlite = new DatabaseSync(location, {
    readOnly: access.readOnly,
    timeout: busyTimeoutMs,
    enableForeignKeyConstraints: true
  })
  sqlite.exec(`pragma cache_size = -${cacheKibibytes}`)
  defineTextFunction(sqlite, 'fold', fold)
  defineTextFunction(sqlite, 'instant', (text) => parseInstant(text) ?? null)
  const database = createDatabaseAdapter(sqlite)
  return {
    sqlite,
    db: new Kysely<Tables>({ dialect: new SqliteDialect({ database }) }),
    run: <Row>({ sql, parameters }: CompiledQuery<Row>) =>
      database.prepare(sql).all(parameters) as readonly Row[]
  }
}

/** JSON holds integers beyond a double's precision: they must reach the function as they are. */
function defineTextFunction(
  sqlite: DatabaseSync,
  name: string,
  compute: (text: string) => string | number | null
): void {
  sqlite.function(name, { deterministic: true, useBigIntArguments: true }, (value) =>
    typeof value === 'string' ? compute(value) : null
  )
}

/** The part of better-sqlite3's interface that Kysely's SQLite dialect asks for. */
function createDatabaseAdapter(sqlite: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>()
  return {
    close: () => {
      statements.clear()
      sqlite.close()
    },
    prepare(text) {
      const known = statements.get(text)
      if (known !== undefined) {
        statements.delete(text)
        statements.set(text, known)
        return known
      }
      const statement = createStatementAdapter(sqlite.prepare(text))
      statements.set(text, statement)
      const [oldest] = statements.keys()
      if (statements.size > cachedStatements && oldest !== undefined) statements.delete(oldest)
      return statement
    }
  }
}

/** The store's own rows and the compiled queries hold nothing that SQLite cannot take. */
function values(parameters: readonly unknown[]): readonly SQLInputValue[] {
  return parameters as readonly SQLInputValue[]
}

/**
 * Rows are read as arrays and get their columns' names here: SQLite's binding would make each name anew
 * in every run, and objects whose columns are slow to find.
 */
function createStatementAdapter(statement: StatementSync): SqliteStatement {
  const columns = statement.columns().map(({ name }) => name)
  statement.setReturnArrays(true)
  const all = (parameters: readonly unknown[]) => {
    const rows: unknown = statement.all(...values(parameters))
    return (rows as readonly (readonly unknown[])[]).map((row) => toRow(columns, row))
  }
  return {
    reader: columns.length > 0,
    all,
    run: (parameters) => statement.run(...values(parameters)),
    iterate: (parameters) => all(parameters).values()
  }
}

function toRow(columns: readonly string[], cells: readonly unknown[]): Record<string, unknown> {
  const row: Record<string, unknown> = {}
  for (let index = 0; index < columns.length; index += 1) row[columns[index] ?? ''] = cells[index]
  return row
}
