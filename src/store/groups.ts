import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { EpochMs } from '../lib/clock.ts'
import { fold } from '../lib/text.ts'
import type { BoxGroup, BoxGroupId, GroupRecord } from '../provisioning/model.ts'
import type { GroupReads } from '../provisioning/ports.ts'
import { createMirrorReads } from './mirror-reads.ts'
import type { MirrorReads } from './mirror-reads.ts'
import { prepare, prepareForRow, prepareSql } from './prepared-query.ts'
import type { Param, ParamsOfRow, Session } from './prepared-query.ts'
import { toStoredResource, viewOf } from './view.ts'
import { groupKind } from './resource-scope.ts'
import { parseObject, textAttribute, toResource, toResourceText } from './resource-text.ts'
import { createSearch } from './prepared-search.ts'
import type { GroupRow, Tables } from './tables.ts'

/** The table of groups: what can be done in any session. */
export interface GroupStore {
  reads(session: Session): GroupReads
  put(session: Session, record: GroupRecord): Promise<void>
  /** Removes the group; memberships are the caller's. */
  delete(session: Session, id: BoxGroupId): Promise<void>
  touch(session: Session, id: BoxGroupId, at: EpochMs): Promise<void>
}

const columns = [
  'id',
  'linked',
  'tombstone',
  'created_by_bridge',
  'name_key',
  'display_name_key',
  'external_id',
  'display',
  'shadow',
  'snapshot',
  'text',
  'created',
  'last_modified',
  'revision'
] as const satisfies readonly (keyof GroupRow)[]

/** Compiles the statements about groups. */
export function createGroupStore(db: Kysely<Tables>): GroupStore {
  const statements = prepareStatements(db)
  const mirror = createMirrorReads<BoxGroupId, BoxGroup>(db, groupKind)
  return {
    reads: (session) => ({ ...createReads(statements, session), ...mirror(session) }),
    async put(session, record) {
      await statements.put(session, toRow(record))
    },
    async delete(session, id) {
      await statements.delete(session, id)
    },
    async touch(session, id, at) {
      await statements.touch(session, id, at)
    }
  }
}

type Statements = ReturnType<typeof prepareStatements>

function prepareStatements(db: Kysely<Tables>) {
  return {
    get: prepare((id: Param<string>) => db.selectFrom('groups').selectAll().where('id', '=', id)),
    findByName: prepare((key: Param<string>) =>
      db
        .selectFrom('groups')
        .selectAll()
        .where('name_key', '=', key)
        .orderBy('tombstone')
        .orderBy('created')
        .orderBy('id')
        .limit(1)
    ),
    view: prepareSql(db, (id: Param<string>) => viewOf(groupKind, id, false)),
    viewRelated: prepareSql(db, (id: Param<string>) => viewOf(groupKind, id, true)),
    search: createSearch(db, groupKind),
    put: prepareForRow(columns, (row: ParamsOfRow<GroupRow>) =>
      db
        .insertInto('groups')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    ),
    delete: prepare((id: Param<string>) => db.deleteFrom('groups').where('id', '=', id)),
    touch: prepare((id: Param<string>, at: Param<number>) =>
      db
        .updateTable('groups')
        .set({ last_modified: at, revision: sql<number>`revision + 1` })
        .where('id', '=', id)
    )
  }
}

async function first(rows: Promise<readonly GroupRow[]>): Promise<GroupRecord | undefined> {
  const [row] = await rows
  return row === undefined ? undefined : toRecord(row)
}

function createReads(
  statements: Statements,
  session: Session
): Omit<GroupReads, keyof MirrorReads<BoxGroupId, BoxGroup>> {
  return {
    get: (id) => first(statements.get(session, id)),
    findByName: (name) => first(statements.findByName(session, fold(name))),
    async view(id, related) {
      const [row] = await (related
        ? statements.viewRelated({ ...session, run: session.scan }, id)
        : statements.view(session, id))
      return row === undefined ? undefined : toStoredResource(row, related)
    },
    search: (request) => statements.search(session, request)
  }
}

function toRow(record: GroupRecord): GroupRow {
  const displayName = textAttribute(record.resource, 'displayName')
  return {
    id: record.id,
    linked: Number(record.linked),
    tombstone: Number(record.tombstone),
    created_by_bridge: Number(record.createdByBridge),
    name_key: fold(record.snapshot.name),
    display_name_key: displayName === null ? null : fold(displayName),
    external_id: textAttribute(record.resource, 'externalId'),
    display: displayName ?? '',
    shadow: JSON.stringify(record.shadow),
    snapshot: JSON.stringify(record.snapshot),
    text: toResourceText(record.resource, record.id, groupKind.coreSchema),
    created: record.created,
    last_modified: record.lastModified,
    revision: record.revision
  }
}

function toRecord(row: GroupRow): GroupRecord {
  return {
    id: row.id as BoxGroupId,
    linked: row.linked === 1,
    tombstone: row.tombstone === 1,
    createdByBridge: row.created_by_bridge === 1,
    shadow: parseObject(row.shadow),
    snapshot: JSON.parse(row.snapshot) as BoxGroup,
    resource: toResource(row.text, groupKind.coreSchema),
    created: row.created,
    lastModified: row.last_modified,
    revision: row.revision
  }
}
