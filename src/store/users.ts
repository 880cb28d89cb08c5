import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { fold } from '../lib/text.ts'
import { inTurns } from '../lib/turns.ts'
import type { BoxUser, BoxUserId, UserRecord } from '../provisioning/model.ts'
import type { UserReads } from '../provisioning/ports.ts'
import { createMirrorReads } from './mirror-reads.ts'
import type { MirrorReads } from './mirror-reads.ts'
import { prepare, prepareForRow, prepareRead, prepareSql } from './prepared-query.ts'
import type { Param, ParamsOfRow, Session } from './prepared-query.ts'
import { toStoredResource, viewOf } from './view.ts'
import { userKind } from './resource-scope.ts'
import { parseObject, textAttribute, toResource, toResourceText } from './resource-text.ts'
import { createSearch } from './prepared-search.ts'
import type { Tables, UserRow } from './tables.ts'

/** The tables of people: what can be done in any session. */
export interface UserStore {
  reads(session: Session): UserReads
  put(session: Session, record: UserRecord): Promise<void>
  /** Removes the person; memberships are the caller's. */
  delete(session: Session, id: BoxUserId): Promise<void>
}

type RecordRow = UserRow & { readonly aliases: string }

const columns = [
  'id',
  'linked',
  'tombstone',
  'created_by_bridge',
  'deactivated_by_bridge',
  'external_id_refused',
  'login_key',
  'user_name_key',
  'external_id',
  'display',
  'shadow',
  'snapshot',
  'text',
  'created',
  'last_modified',
  'revision'
] as const satisfies readonly (keyof UserRow)[]

/** Compiles the statements about people. */
export function createUserStore(db: Kysely<Tables>): UserStore {
  const statements = prepareStatements(db)
  const mirror = createMirrorReads<BoxUserId, BoxUser>(db, userKind)
  return {
    reads: (session) => ({ ...createReads(statements, session), ...mirror(session) }),
    async put(session, record) {
      await statements.deleteAliases(session, record.id)
      await statements.put(session, toRow(record))
      if (record.aliases.length > 0) {
        const aliases = record.aliases.map((address) => [address, fold(address)])
        await statements.addAliases(session, record.id, JSON.stringify(aliases))
      }
    },
    async delete(session, id) {
      await statements.deleteAliases(session, id)
      await statements.delete(session, id)
    }
  }
}

type Statements = ReturnType<typeof prepareStatements>

function prepareStatements(db: Kysely<Tables>) {
  const record = sql`select u.*, (select json_group_array(a.address order by a.position)
    from user_aliases as a where a.user_id = u.id) as aliases from users as u`
  return {
    get: prepareSql(db, (id: Param<string>) => sql<RecordRow>`${record} where u.id = ${id}`),
    // A login before an alias, who is there before who left: only Box's own changes make more than one.
    findByAddress: prepareSql(
      db,
      (key: Param<string>) => sql<RecordRow>`${record} where u.login_key = ${key}
        or u.id in (select a.user_id from user_aliases as a where a.address_key = ${key})
        order by u.login_key = ${key} desc, u.tombstone, u.created, u.id limit 1`
    ),
    findByUserName: prepareSql(
      db,
      (key: Param<string>) => sql<RecordRow>`${record} where u.user_name_key = ${key}
        and u.tombstone = 0 order by u.created, u.id limit 1`
    ),
    findByExternalId: prepareSql(
      db,
      (externalId: Param<string>) => sql<RecordRow>`${record}
        where u.external_id = ${externalId} order by u.tombstone, u.created, u.id`
    ),
    view: prepareRead(db, (id: Param<string>) => viewOf(userKind, id, false)),
    viewRelated: prepareRead(db, (id: Param<string>) => viewOf(userKind, id, true)),
    visible: prepareSql(
      db,
      (ids: Param<string>) => sql<{ readonly id: string }>`select u.id
        from json_each(${ids}) as asked join users as u on u.id = asked.value
        where u.tombstone = 0`
    ),
    countActive: prepareSql(
      db,
      () => sql<{ readonly people: number }>`select count(*) as people from users
        where tombstone = 0 and linked = 1 and text ->> '$.active'`
    ),
    search: createSearch(db, userKind),
    put: prepareForRow(columns, (row: ParamsOfRow<UserRow>) =>
      db
        .insertInto('users')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    ),
    delete: prepare((id: Param<string>) => db.deleteFrom('users').where('id', '=', id)),
    addAliases: prepareSql(
      db,
      (
        id: Param<string>,
        aliases: Param<string>
      ) => sql`insert into user_aliases (user_id, position, address, address_key)
        select ${id}, a.key, a.value ->> 0, a.value ->> 1 from json_each(${aliases}) as a`
    ),
    deleteAliases: prepare((id: Param<string>) =>
      db.deleteFrom('user_aliases').where('user_id', '=', id)
    )
  }
}

async function first(rows: Promise<readonly RecordRow[]>): Promise<UserRecord | undefined> {
  const [row] = await rows
  return row === undefined ? undefined : toRecord(row)
}

function createReads(
  statements: Statements,
  session: Session
): Omit<UserReads, keyof MirrorReads<BoxUserId, BoxUser>> {
  return {
    get: (id) => first(statements.get(session, id)),
    findByAddress: (address) => first(statements.findByAddress(session, fold(address))),
    findByUserName: (userName) => first(statements.findByUserName(session, fold(userName))),
    async findByExternalId(externalId) {
      return (await statements.findByExternalId(session, externalId)).map(toRecord)
    },
    async view(id, related) {
      const statement = related ? statements.viewRelated : statements.view
      const [row] = statement(session, id)
      return row === undefined ? undefined : toStoredResource(row, related)
    },
    search: (request) => statements.search(session, request),
    async visible(ids) {
      const found = new Set<string>()
      for await (const batch of inTurns(ids)) {
        for (const { id } of await statements.visible(session, JSON.stringify(batch))) found.add(id)
      }
      return found
    },
    async countActive() {
      const [row] = await statements.countActive(session)
      return row?.people ?? 0
    }
  }
}

function toRow(record: UserRecord): UserRow {
  const userName = textAttribute(record.resource, 'userName')
  return {
    id: record.id,
    linked: Number(record.linked),
    tombstone: Number(record.tombstone),
    created_by_bridge: Number(record.createdByBridge),
    deactivated_by_bridge: Number(record.deactivatedByBridge),
    external_id_refused: Number(record.externalIdRefused),
    login_key: fold(record.snapshot.login),
    user_name_key: userName === null ? null : fold(userName),
    external_id: textAttribute(record.resource, 'externalId'),
    display: (textAttribute(record.resource, 'displayName') || userName) ?? '',
    shadow: JSON.stringify(record.shadow),
    snapshot: JSON.stringify(record.snapshot),
    text: toResourceText(record.resource, record.id, userKind.coreSchema),
    created: record.created,
    last_modified: record.lastModified,
    revision: record.revision
  }
}

function toRecord(row: RecordRow): UserRecord {
  return {
    id: row.id as BoxUserId,
    linked: row.linked === 1,
    tombstone: row.tombstone === 1,
    createdByBridge: row.created_by_bridge === 1,
    deactivatedByBridge: row.deactivated_by_bridge === 1,
    externalIdRefused: row.external_id_refused === 1,
    aliases: JSON.parse(row.aliases) as string[],
    shadow: parseObject(row.shadow),
    snapshot: JSON.parse(row.snapshot) as BoxUser,
    resource: toResource(row.text, userKind.coreSchema),
    created: row.created,
    lastModified: row.last_modified,
    revision: row.revision
  }
}
