import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { inTurns } from '../lib/turns.ts'
import { prepareSql } from './prepared-query.ts'
import type { Param, Session } from './prepared-query.ts'
import type { ResourceKind } from './resource-scope.ts'
import type { Tables } from './tables.ts'

/** Reads of what the directory knows of Box, without shadows and resources. */
export interface MirrorReads<Id extends string, Snapshot> {
  count(): Promise<number>
  snapshots(ids: readonly Id[]): Promise<ReadonlyMap<Id, Snapshot>>
  ids(after: string): Promise<readonly Id[]>
}

/** How many ids are read at a time. */
const pageSize = 1_000

/** Compiles them for a kind of resource. */
export function createMirrorReads<Id extends string, Snapshot>(
  db: Kysely<Tables>,
  kind: ResourceKind
): (session: Session) => MirrorReads<Id, Snapshot> {
  const table = sql.table(kind.table)
  const count = prepareSql(
    db,
    () => sql<{ readonly visible: number }>`select visible from visible_counts
      where resource_table = ${sql.lit(kind.table)}`
  )
  const snapshots = prepareSql(
    db,
    (ids: Param<string>) => sql<{ readonly id: Id; readonly snapshot: string }>`
      select r.id, r.snapshot from json_each(${ids}) as asked
      join ${table} as r on r.id = asked.value`
  )
  const idsAfter = prepareSql(
    db,
    (after: Param<string>) => sql<{ readonly id: Id }>`
      select r.id from ${table} as r where r.id > ${after}
      order by r.id limit ${sql.lit(pageSize)}`
  )
  return (session) => ({
    async count() {
      const [found] = await count(session)
      return found?.visible ?? 0
    },
    async snapshots(ids) {
      const found = new Map<Id, Snapshot>()
      for await (const batch of inTurns(ids)) {
        for (const { id, snapshot } of await snapshots(session, JSON.stringify(batch))) {
          found.set(id, JSON.parse(snapshot) as Snapshot)
        }
      }
      return found
    },
    async ids(after) {
      return (await idsAfter(session, after)).map(({ id }) => id)
    }
  })
}
