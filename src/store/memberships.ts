import { sql } from 'kysely'
import type { Kysely, Selectable } from 'kysely'
import type {
  BoxGroupId,
  BoxMembershipId,
  BoxUserId,
  MembershipRow
} from '../provisioning/model.ts'
import type { MembershipReads } from '../provisioning/ports.ts'
import { inTurns, nextTurn } from '../lib/turns.ts'
import { prepare, prepareSql } from './prepared-query.ts'
import type { Param, Session } from './prepared-query.ts'
import type { MembershipTable, Tables } from './tables.ts'

/** The table of memberships: what can be done in any session. */
export interface MembershipStore {
  reads(session: Session): MembershipReads
  put(session: Session, rows: readonly MembershipRow[]): Promise<void>
  delete(session: Session, groupId: BoxGroupId, userId: BoxUserId): Promise<void>
  deleteOfGroup(session: Session, groupId: BoxGroupId): Promise<void>
  deleteOfUser(session: Session, userId: BoxUserId): Promise<void>
}

type TableRow = Selectable<MembershipTable>

/** A member with what SCIM shows of them. */
interface ShownRow {
  readonly user_id: string
  readonly display: string
}

/** How many rows are read in one turn of the event loop. */
const pageSize = 1_000

/** Compiles the statements about memberships; rows travel as one JSON array, however many they are. */
export function createMembershipStore(db: Kysely<Tables>): MembershipStore {
  const statements = prepareStatements(db)
  return {
    reads: (session) => createReads(statements, session),
    async put(session, rows) {
      for await (const batch of inTurns(rows)) {
        await statements.put(session, JSON.stringify(batch.map(toValues)))
      }
    },
    async delete(session, groupId, userId) {
      await statements.delete(session, groupId, userId)
    },
    async deleteOfGroup(session, groupId) {
      await statements.deleteOfGroup(session, groupId)
    },
    async deleteOfUser(session, userId) {
      await statements.deleteOfUser(session, userId)
    }
  }
}

type Statements = ReturnType<typeof prepareStatements>

function prepareStatements(db: Kysely<Tables>) {
  const rows = db.selectFrom('memberships').selectAll()
  const removal = db.deleteFrom('memberships')
  return {
    get: prepare((groupId: Param<string>, userId: Param<string>) =>
      rows.where('group_id', '=', groupId).where('user_id', '=', userId)
    ),
    getMany: prepareSql(
      db,
      (groupId: Param<string>, userIds: Param<string>) => sql<TableRow>`select m.*
        from memberships as m where m.group_id = ${groupId}
        and m.user_id in (select asked.value from json_each(${userIds}) as asked)
        order by m.user_id`
    ),
    ofGroup: prepare((groupId: Param<string>, after: Param<string>) =>
      rows
        .where('group_id', '=', groupId)
        .where('user_id', '>', after)
        .orderBy('user_id')
        .limit(pageSize)
    ),
    shown: prepareSql(
      db,
      (groupId: Param<string>, after: Param<string>) => sql<ShownRow>`select m.user_id, u.display
        from memberships as m join users as u on u.id = m.user_id
        where m.group_id = ${groupId} and m.user_id > ${after} and m.intended = 1
        and u.tombstone = 0 order by m.user_id limit ${sql.lit(pageSize)}`
    ),
    ofUser: prepare((userId: Param<string>) =>
      rows.where('user_id', '=', userId).orderBy('group_id')
    ),
    countIntended: prepareSql(
      db,
      () => sql<{ readonly rows: number }>`select count(*) as rows
        from memberships where intended = 1`
    ),
    put: prepareSql(
      db,
      (values: Param<string>) => sql`insert into memberships
        (group_id, user_id, intended, box_id, role)
        select r.value ->> 0, r.value ->> 1, r.value ->> 2, r.value ->> 3, r.value ->> 4
        from json_each(${values}) as r where true
        on conflict (group_id, user_id) do update
        set intended = excluded.intended, box_id = excluded.box_id, role = excluded.role`
    ),
    delete: prepare((groupId: Param<string>, userId: Param<string>) =>
      removal.where('group_id', '=', groupId).where('user_id', '=', userId)
    ),
    deleteOfGroup: prepare((groupId: Param<string>) => removal.where('group_id', '=', groupId)),
    deleteOfUser: prepare((userId: Param<string>) => removal.where('user_id', '=', userId))
  }
}

async function all(rows: Promise<readonly TableRow[]>): Promise<readonly MembershipRow[]> {
  return (await rows).map(toMembership)
}

function createReads(statements: Statements, session: Session): MembershipReads {
  return {
    async get(groupId, userId) {
      const [row] = await all(statements.get(session, groupId, userId))
      return row
    },
    async getMany(groupId, userIds) {
      const found: MembershipRow[] = []
      for await (const batch of inTurns(userIds.toSorted(), pageSize)) {
        found.push(...(await all(statements.getMany(session, groupId, JSON.stringify(batch)))))
      }
      return found
    },
    async ofGroup(groupId) {
      const found: MembershipRow[] = []
      const pages = inPages((after) => statements.ofGroup(session, groupId, after))
      for await (const page of pages) found.push(...page.map(toMembership))
      return found
    },
    async *shown(groupId) {
      const pages = inPages((after) => statements.shown(session, groupId, after))
      for await (const page of pages) {
        yield page.map(({ user_id: value, display }) => ({ value, display }))
      }
    },
    ofUser: (userId) => all(statements.ofUser(session, userId)),
    async countIntended() {
      const [row] = await statements.countIntended(session)
      return row?.rows ?? 0
    }
  }
}

/** Reads a group's rows page by page, in the order of their people, with a turn of the loop between. */
async function* inPages<Row extends { readonly user_id: string }>(
  read: (after: string) => Promise<readonly Row[]>
): AsyncGenerator<readonly Row[], void> {
  let after: string | undefined = ''
  while (after !== undefined) {
    const page: readonly Row[] = await read(after)
    yield page
    after = page.length < pageSize ? undefined : page.at(-1)?.user_id
    if (after !== undefined) await nextTurn()
  }
}

function toValues(row: MembershipRow): readonly (string | number | null)[] {
  return [row.groupId, row.userId, Number(row.intended), row.boxId ?? null, row.role]
}

function toMembership(row: TableRow): MembershipRow {
  return {
    groupId: row.group_id as BoxGroupId,
    userId: row.user_id as BoxUserId,
    intended: row.intended === 1,
    boxId: row.box_id === null ? undefined : (row.box_id as BoxMembershipId),
    role: row.role
  }
}
