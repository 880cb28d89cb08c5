import type { Kysely } from 'kysely'
import type { JsonValue } from '../lib/json.ts'
import type { StateReads } from '../provisioning/ports.ts'
import { prepare } from './prepared-query.ts'
import type { Param, Session } from './prepared-query.ts'
import type { Tables } from './tables.ts'

/** Named values: what can be done in any session. */
export interface StateStore {
  reads(session: Session): StateReads
  put(session: Session, key: string, value: JsonValue): Promise<void>
}

/** Compiles the statements about named values. */
export function createStateStore(db: Kysely<Tables>): StateStore {
  const get = prepare((key: Param<string>) =>
    db.selectFrom('state').select('value').where('key', '=', key)
  )
  const put = prepare((key: Param<string>, value: Param<string>) =>
    db
      .insertInto('state')
      .values({ key, value })
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
  )
  return {
    reads: (session) => ({
      async get(key) {
        const [row] = await get(session, key)
        return row === undefined ? undefined : (JSON.parse(row.value) as JsonValue)
      }
    }),
    async put(session, key, value) {
      await put(session, key, JSON.stringify(value))
    }
  }
}
