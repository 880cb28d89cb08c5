import type { Kysely, Selectable } from 'kysely'
import type { AccessScope } from '../lib/access-scopes.ts'
import type { AccessToken, NewAccessToken } from '../provisioning/access.ts'
import type { AccessTokenReads } from '../provisioning/ports.ts'
import type { Session } from './prepared-query.ts'
import type { AccessTokenTable, Tables } from './tables.ts'

/** Bearer tokens: what can be done in any session. They are few and seldom read from here. */
export interface AccessTokenStore {
  reads(session: Session): AccessTokenReads
  add(session: Session, token: NewAccessToken): Promise<void>
  update(
    session: Session,
    id: number,
    change: Partial<Pick<AccessToken, 'revokedAt' | 'lastUsedAt'>>
  ): Promise<void>
}

/** Compiles the statements about tokens. */
export function createAccessTokenStore(db: Kysely<Tables>): AccessTokenStore {
  const all = db.selectFrom('access_tokens').selectAll().orderBy('id').compile()
  return {
    reads: (session) => ({
      async list() {
        return (await session.run(all)).map(toToken)
      }
    }),
    async add(session, token) {
      const row = {
        name: token.name,
        digest: token.digest,
        scopes: JSON.stringify(token.scopes),
        networks: JSON.stringify(token.networks),
        created_at: token.createdAt,
        expires_at: token.expiresAt ?? null
      }
      await session.run(db.insertInto('access_tokens').values(row).compile())
    },
    async update(session, id, { revokedAt, lastUsedAt }) {
      const change = {
        ...(revokedAt === undefined ? {} : { revoked_at: revokedAt }),
        ...(lastUsedAt === undefined ? {} : { last_used_at: lastUsedAt })
      }
      await session.run(db.updateTable('access_tokens').set(change).where('id', '=', id).compile())
    }
  }
}

function toToken(row: Selectable<AccessTokenTable>): AccessToken {
  return {
    id: row.id,
    name: row.name,
    digest: row.digest,
    scopes: JSON.parse(row.scopes) as readonly AccessScope[],
    networks: JSON.parse(row.networks) as readonly string[],
    createdAt: row.created_at,
    expiresAt: row.expires_at ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
    lastUsedAt: row.last_used_at ?? undefined
  }
}
