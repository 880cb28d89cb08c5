import type { Kysely, Selectable } from 'kysely'
import { fold } from '../lib/text.ts'
import type { Invite } from '../provisioning/invites.ts'
import type { InviteReads } from '../provisioning/ports.ts'
import { prepare } from './prepared-query.ts'
import type { Param, Session } from './prepared-query.ts'
import type { InviteTable, Tables } from './tables.ts'

/** Invites: what can be done in any session. They are few. */
export interface InviteStore {
  reads(session: Session): InviteReads
  put(session: Session, invite: Invite): Promise<void>
  drop(session: Session, login: string): Promise<void>
}

/** Compiles the statements about invites. */
export function createInviteStore(db: Kysely<Tables>): InviteStore {
  const all = db.selectFrom('invites').selectAll().orderBy('sent_at').orderBy('login_key').compile()
  const find = prepare((key: Param<string>) =>
    db.selectFrom('invites').selectAll().where('login_key', '=', key)
  )
  return {
    reads: (session) => ({
      async find(login) {
        const [row] = await find(session, fold(login))
        return row && toInvite(row)
      },
      async list() {
        return (await session.run(all)).map(toInvite)
      }
    }),
    async put(session, { login, id, status, sentAt, correlationId }) {
      const row = {
        login,
        box_id: id ?? null,
        status,
        sent_at: sentAt,
        correlation_id: correlationId
      }
      const query = db
        .insertInto('invites')
        .values({ login_key: fold(login), ...row })
        .onConflict((conflict) => conflict.column('login_key').doUpdateSet(row))
      await session.run(query.compile())
    },
    async drop(session, login) {
      await session.run(db.deleteFrom('invites').where('login_key', '=', fold(login)).compile())
    }
  }
}

function toInvite(row: Selectable<InviteTable>): Invite {
  return {
    login: row.login,
    id: row.box_id ?? undefined,
    status: row.status,
    sentAt: row.sent_at,
    correlationId: row.correlation_id
  }
}
