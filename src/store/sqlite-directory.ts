import type { Kysely } from 'kysely'
import type { Directory, DirectoryReads, DirectoryTransaction } from '../provisioning/ports.ts'
import { createAccessTokenStore } from './access-tokens.ts'
import { createAuditStore } from './audit.ts'
import type { Connection } from './dialect.ts'
import type { Engine } from './engine.ts'
import { createGroupCommit } from './group-commit.ts'
import { createGroupStore } from './groups.ts'
import { createHintStore } from './hints.ts'
import { createInviteStore } from './invites.ts'
import { createJournalStore } from './journal.ts'
import { createMembershipStore } from './memberships.ts'
import { createResourceStore } from './mixed-search.ts'
import type { Read, Run, Session } from './prepared-query.ts'
import type { Scans } from './scans/scans.ts'
import { createStateStore } from './state.ts'
import type { Tables } from './tables.ts'
import { createUserStore } from './users.ts'

/**
 * The directory on an open and migrated database. A transaction must not be begun inside another:
 * it would wait for itself. `released` is called once, when the database is closed.
 */
export function createSqliteDirectory(engine: Engine, released: () => void): Directory {
  const stores = createStores(engine.writer.db)
  const writes = createGroupCommit(engine)
  const reading = openSession(engine.reader, 'the directory is closed', engine.scans)
  let closing: Promise<void> | undefined

  const inTransaction = async <T>(work: (tx: DirectoryTransaction) => Promise<T>): Promise<T> => {
    const writing = openSession(engine.writer, 'the transaction has ended')
    try {
      return await work(createTransaction(stores, writing.session))
    } finally {
      writing.end()
    }
  }

  return {
    ...createReads(stores, reading.session),
    async transaction(work) {
      if (closing !== undefined) throw new Error('the directory is closed')
      return writes.run(() => inTransaction(work))
    },
    close() {
      closing ??= close()
      return closing
    }
  }

  async function close(): Promise<void> {
    await writes.idle()
    reading.end()
    await engine.scans?.close()
    try {
      engine.close()
    } finally {
      released()
    }
  }
}

type Stores = ReturnType<typeof createStores>

function createStores(db: Kysely<Tables>) {
  return {
    users: createUserStore(db),
    groups: createGroupStore(db),
    resources: createResourceStore(db),
    memberships: createMembershipStore(db),
    journal: createJournalStore(db),
    audit: createAuditStore(db),
    hints: createHintStore(db),
    invites: createInviteStore(db),
    state: createStateStore(db),
    tokens: createAccessTokenStore(db)
  }
}

/**
 * A session that refuses everything after its end. A statement runs while it is called, not later:
 * no write that somebody forgot to await escapes its transaction.
 */
function openSession(
  connection: Connection,
  ended: string,
  scans?: Scans
): { session: Session; end: () => void } {
  let open = true
  const read: Read = (query) => {
    if (!open) throw new Error(ended)
    return connection.run(query)
  }
  const run: Run = async (query) => read(query)
  const scan: Run = async (query) => {
    if (!open) throw new Error(ended)
    return scans === undefined ? read(query) : scans.run(query)
  }
  return {
    session: { read, run, scan },
    end() {
      open = false
    }
  }
}

function createReads(stores: Stores, session: Session): DirectoryReads {
  return {
    users: stores.users.reads(session),
    groups: stores.groups.reads(session),
    resources: stores.resources.reads(session),
    memberships: stores.memberships.reads(session),
    journal: stores.journal.reads(session),
    hints: stores.hints.reads(session),
    invites: stores.invites.reads(session),
    state: stores.state.reads(session),
    tokens: stores.tokens.reads(session)
  }
}

function createTransaction(stores: Stores, session: Session): DirectoryTransaction {
  const { users, groups, memberships, journal, audit, hints, invites, state, tokens } = stores
  return {
    ...createReads(stores, session),
    putUser: (record) => users.put(session, record),
    async deleteUser(id) {
      await memberships.deleteOfUser(session, id)
      await users.delete(session, id)
    },
    putGroup: (record) => groups.put(session, record),
    async deleteGroup(id) {
      await memberships.deleteOfGroup(session, id)
      await groups.delete(session, id)
    },
    putMemberships: (rows) => memberships.put(session, rows),
    deleteMembership: (groupId, userId) => memberships.delete(session, groupId, userId),
    touchGroup: (id, at) => groups.touch(session, id, at),
    appendJournal: (entries) => journal.append(session, entries),
    updateJournal: (ids, change) => journal.update(session, ids, change),
    audit: (entry) => audit.append(session, entry),
    noteHints: (noted, source, now) => hints.note(session, noted, source, now),
    dropHint: (noted) => hints.drop(session, noted),
    postponeHint: (noted, notBefore) => hints.postpone(session, noted, notBefore),
    putInvite: (invite) => invites.put(session, invite),
    dropInvite: (login) => invites.drop(session, login),
    putState: (key, value) => state.put(session, key, value),
    addToken: (token) => tokens.add(session, token),
    updateToken: (id, change) => tokens.update(session, id, change)
  }
}
