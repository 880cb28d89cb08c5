import type { RawBuilder } from 'kysely'

/** One step from a database's previous form to the next. Once released, it never changes. */
export interface Migration {
  /** The file's name: a number of four digits and what it is about. */
  readonly name: string
  /** Run in order, in one transaction. */
  readonly statements: readonly RawBuilder<unknown>[]
}
