import t from 'tap'
import type { Query, SearchRequest } from '../../src/provisioning/query.ts'
import { openConnection } from '../../src/store/dialect.ts'
import type { Connection } from '../../src/store/dialect.ts'
import { createJournalStore } from '../../src/store/journal.ts'
import { createGroupStore } from '../../src/store/groups.ts'
import { migrate } from '../../src/store/migrations/migrate.ts'
import type { Session } from '../../src/store/prepared-query.ts'
import { groupKind, userKind } from '../../src/store/resource-scope.ts'
import type { ResourceKind } from '../../src/store/resource-scope.ts'
import { searchStatement } from '../../src/store/search.ts'
import { createUserStore } from '../../src/store/users.ts'
import { attribute, groupId, request, userId } from '../contract/directory-records.ts'

const connection = openConnection(':memory:', { readOnly: false })
t.before(() => migrate(connection, { clock: { now: () => 0, sleep: async () => {} }, name: 'it' }))
t.teardown(() => connection.sqlite.close())

const eq = (path: string, caseExact = false): Query => ({
  kind: 'compare',
  attribute: attribute(path, { caseExact }),
  operator: 'eq',
  value: '7'
})

/** The steps of SQLite's plan. */
function explain(
  { sqlite }: Connection,
  statement: { sql: string; parameters: readonly unknown[] }
) {
  return sqlite
    .prepare(`explain query plan ${statement.sql}`)
    .all(...(statement.parameters as string[]))
    .map((step) => String(step['detail']))
}

function plan(kind: ResourceKind, changes: Partial<SearchRequest>) {
  return explain(connection, searchStatement(connection.db, kind, request(changes)))
}

/** A session that finds nothing and remembers what it was asked. */
function createRecorder() {
  const statements: { sql: string; parameters: readonly unknown[] }[] = []
  const read: Session['read'] = (query) => {
    statements.push(query)
    return []
  }
  const run: Session['run'] = async (query) => read(query)
  return { session: { read, run, scan: run }, statements }
}

/** Reads of a whole table of resources. */
const scans = (steps: readonly string[]) =>
  steps.filter((step) => /^SCAN (r|users|groups|m|memberships|journal|u)\b/.test(step))

t.test('look-ups of identity providers are answered by index', async (t) => {
  const cases: readonly [ResourceKind, Query, string][] = [
    [userKind, eq('id', true), 'sqlite_autoindex_users_1 (id=?)'],
    [userKind, eq('userName'), 'users_user_name (user_name_key=?)'],
    [userKind, eq('externalId', true), 'users_external_id (external_id=?)'],
    [userKind, eq('groups.value'), 'sqlite_autoindex_users_1 (id=?)'],
    [groupKind, eq('id', true), 'sqlite_autoindex_groups_1 (id=?)'],
    [groupKind, eq('displayName'), 'groups_display_name (display_name_key=?)'],
    [groupKind, eq('externalId', true), 'groups_external_id (external_id=?)'],
    [groupKind, eq('members.value'), 'memberships_user (user_id=?)'],
    [groupKind, eq('members'), 'memberships_user (user_id=?)'],
    [
      groupKind,
      { kind: 'element', attribute: attribute('members'), where: eq('value') },
      'memberships_user (user_id=?)'
    ],
    [
      groupKind,
      { kind: 'and', terms: [eq('members.value'), eq('id', true)] },
      'sqlite_autoindex_groups_1 (id=?)'
    ],
    [
      userKind,
      { kind: 'and', terms: [eq('title'), eq('userName')] },
      'users_user_name (user_name_key=?)'
    ],
    [
      userKind,
      { kind: 'or', terms: [eq('userName'), eq('externalId', true)] },
      'users_external_id (external_id=?)'
    ]
  ]
  for (const [kind, query, index] of cases) {
    for (const count of [0, 100]) {
      const steps = plan(kind, { query, count })
      const name = `${kind.table} ${JSON.stringify(query)} ${count}`
      t.ok(
        steps.some((step) => step.includes(index)),
        name,
        { steps }
      )
      t.strictSame(scans(steps), [], name)
    }
  }
})

t.test('pages of everything follow the index of what is visible', async (t) => {
  for (const kind of [userKind, groupKind]) {
    for (const count of [0, 100]) {
      const steps = plan(kind, { count })
      t.ok(steps.every((step) => !step.startsWith('SCAN r') || step.includes('_visible')))
      t.notOk(steps.some((step) => step.includes('SCAN r') && !step.includes('INDEX')))
    }
  }
})

t.test('a page by cursor begins in the index, not before it', async (t) => {
  const after = { key: null, created: 1, id: '1' }
  const steps = plan(userKind, { cursor: { after } })
  t.ok(
    steps.some((step) => step.includes('users_visible ((created,id)>(?,?))')),
    { steps }
  )
})

t.test('a filter is evaluated once for the page and its total', async (t) => {
  const steps = plan(userKind, { query: eq('title') })
  t.equal(scans(steps).filter((step) => step.startsWith('SCAN r')).length, 1, { steps })
})

t.test('names and values never become SQL', async (t) => {
  const nasty = `x"'); drop table users; --`
  const query: Query = {
    kind: 'compare',
    attribute: { path: [nasty, nasty], type: 'unknown', caseExact: false, known: false },
    operator: 'eq',
    value: nasty
  }
  const sort = { attribute: { ...attribute(''), path: [nasty] }, descending: false }
  const statement = searchStatement(connection.db, userKind, request({ query, sort }))
  t.notMatch(statement.sql, /drop table/)
  t.ok(statement.parameters.includes(nasty))
  t.match(connection.run(statement), [{ total: 0, id: null }])
})

t.test('what belongs to a page or a resource comes with it', async (t) => {
  const { session, statements } = createRecorder()
  const users = createUserStore(connection.db).reads(session)
  const groups = createGroupStore(connection.db).reads(session)
  await users.search(request({ related: true, query: eq('title') }))
  await users.view(userId(1), true)
  await groups.view(groupId(1), true)
  t.equal(statements.length, 3, 'one statement each, however many members there are')
  for (const statement of statements) {
    const steps = explain(connection, statement)
    t.ok(
      steps.some((step) => /^SEARCH m USING .*\((user_id|group_id)=\?\)/.test(step)),
      'memberships are found by index',
      { steps }
    )
  }
})

t.test('a page reads the groups of all its people together', async (t) => {
  const { session, statements } = createRecorder()
  const users = createUserStore(connection.db).reads(session)
  await users.search(request({ related: true }))
  t.equal(statements.length, 4, 'people, their total, their relations and the groups')
  const plans = statements.map((statement) => explain(connection, statement).join('\n'))
  t.ok(
    plans.some((plan) => /SEARCH m USING COVERING INDEX memberships_user/.test(plan)),
    'the index alone tells who is in which group',
    { plans }
  )
})

t.test('open journal entries and addresses are found by index', async (t) => {
  const { session, statements } = createRecorder()
  const journal = createJournalStore(connection.db).reads(session)
  const users = createUserStore(connection.db).reads(session)
  await journal.openFor('user:1')
  await journal.due(5, 10)
  await journal.open()
  await users.findByAddress('a@example.com')
  await users.findByUserName('a@example.com')
  const plans = statements.map((statement) => explain(connection, statement).join('\n'))
  const [openFor = '', due = '', held = '', others = '', counts = '', ...rest] = plans
  t.match(openFor, /journal_open_subject \(subject=\?\)/)
  t.match(due, /journal_open\b/)
  t.notMatch(due, /TEMP B-TREE/, 'the oldest come first without sorting')
  t.match(held, /COVERING INDEX journal_held/)
  t.match(others, /subject<\?[^]*subject>\?/)
  t.match(counts, /COVERING INDEX journal_open_counts/, 'counted from the index alone')
  t.notMatch(counts, /TEMP B-TREE/)
  t.match(rest[0], /users_login \(login_key=\?\)[^]*user_aliases_address \(address_key=\?\)/)
  t.match(rest[1], /users_user_name \(user_name_key=\?\)/)
})
