import type { CompiledQuery, Kysely, RawBuilder } from 'kysely'
import { sql } from 'kysely'
import type { Tables } from './tables.ts'

/** What a column holds. */
type ColumnValue = string | number | null

/** Runs one statement. */
export type Run = <Row>(query: CompiledQuery<Row>) => Promise<readonly Row[]>

/** Runs one statement at once and returns its rows. */
export type Read = <Row>(query: CompiledQuery<Row>) => readonly Row[]

/** Where queries run: the connection for reads, or a transaction. */
export interface Session {
  /** Runs a short read; several that are not awaited between see the same state. */
  readonly read: Read
  /** Runs one statement at once and resolves to its rows. */
  readonly run: Run
  /** Runs a statement that may take long: apart from this thread, where the session can. */
  readonly scan: Run
}

/** A place for a value in a query that is compiled before the value is known. */
export type Param<Value extends ColumnValue> = RawBuilder<Value>

/** A query that was compiled once: it takes its values at each run. */
export type PreparedQuery<Values extends readonly ColumnValue[], Row> = (
  session: Session,
  ...values: Values
) => Promise<readonly Row[]>

/** A short read that was compiled once. */
export type PreparedRead<Values extends readonly ColumnValue[], Row> = (
  session: Pick<Session, 'read'>,
  ...values: Values
) => readonly Row[]

interface Compilable<Row> {
  compile(): CompiledQuery<Row>
}

type ParamsOf<Values extends readonly ColumnValue[]> = {
  [Index in keyof Values]: Param<Values[Index]>
}

type RowShape<Row> = { readonly [Column in keyof Row]: ColumnValue }

/** One parameter per column of a row. */
export type ParamsOfRow<Row extends RowShape<Row>> = {
  readonly [Column in keyof Row]: Param<Row[Column]>
}

/** Stands for a value in a compiled query's parameters. */
class Place {
  readonly key: number | string

  constructor(key: number | string) {
    this.key = key
  }
}

function param<Value extends ColumnValue>(key: number | string): Param<Value> {
  return sql<Value>`${new Place(key)}`
}

function fill<Row>(
  query: CompiledQuery<Row>,
  valueAt: (key: number | string) => unknown
): CompiledQuery<Row> {
  return {
    ...query,
    parameters: query.parameters.map((value) =>
      value instanceof Place ? valueAt(value.key) : value
    )
  }
}

function createParams<Values extends readonly ColumnValue[]>(count: number): ParamsOf<Values> {
  return Array.from({ length: count }, (_, index) => param(index)) as ParamsOf<Values>
}

/** Compiles what `build` makes of as many parameters as it declares. */
export function prepare<Values extends readonly ColumnValue[], Row>(
  build: (...params: ParamsOf<Values>) => Compilable<Row>
): PreparedQuery<Values, Row> {
  const query = build(...createParams<Values>(build.length)).compile()
  return (session, ...values) => session.run(fill(query, (key) => values[Number(key)]))
}

/** {@link prepare} for a statement that is written in SQL. */
export function prepareSql<Values extends readonly ColumnValue[], Row>(
  db: Kysely<Tables>,
  build: (...params: ParamsOf<Values>) => RawBuilder<Row>
): PreparedQuery<Values, Row> {
  const query = build(...createParams<Values>(build.length)).compile(db)
  return (session, ...values) => session.run(fill(query, (key) => values[Number(key)]))
}

/** {@link prepareSql} for a short read. */
export function prepareRead<Values extends readonly ColumnValue[], Row>(
  db: Kysely<Tables>,
  build: (...params: ParamsOf<Values>) => RawBuilder<Row>
): PreparedRead<Values, Row> {
  const query = build(...createParams<Values>(build.length)).compile(db)
  return (session, ...values) => session.read(fill(query, (key) => values[Number(key)]))
}

/**
 * A count for `limit` or `offset`. SQLite compiles a statement anew at each run where a bare parameter
 * stands there, since it plans by its value.
 */
export function countParam(count: Param<number>): RawBuilder<number> {
  return sql`${count} + 0`
}

/** Compiles what `build` makes of one parameter per column, to be run with whole rows. */
export function prepareForRow<Row extends RowShape<Row>, Result>(
  columns: readonly (keyof Row & string)[],
  build: (params: ParamsOfRow<Row>) => Compilable<Result>
): (session: Session, row: Row) => Promise<readonly Result[]> {
  const params = Object.fromEntries(columns.map((column) => [column, param(column)]))
  const query = build(params as ParamsOfRow<Row>).compile()
  return (session, row) => session.run(fill(query, (key) => row[key as keyof Row]))
}
