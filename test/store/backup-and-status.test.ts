import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import type { Test } from 'tap'
import { backUpDirectory } from '../../src/store/backup.ts'
import { allMigrations } from '../../src/store/migrations/all-migrations.ts'
import { openDirectory } from '../../src/store/open.ts'
import { newEntry } from '../../src/provisioning/operations.ts'
import type { BoxOperation } from '../../src/provisioning/operations.ts'
import { readStatus } from '../../src/store/status.ts'
import { groupId, user, userId } from '../contract/directory-records.ts'
import { runCommand } from '../helpers/run-command.ts'

const clock = { now: () => 1_234, sleep: async () => {} }
const identity = { boxHost: 'api.box.com', enterpriseId: '42' }
const log = { info() {}, warn() {}, error() {}, debug() {} }

const open = (path: string) => openDirectory({ url: `file:${path}`, identity, clock, log })

/** A directory with people in a file, not open to anybody. */
async function setUp(t: Test, people = 50) {
  const folder = t.testdir({ backups: {} })
  const path = join(folder, 'bridge.db')
  const directory = await open(path)
  await directory.transaction(async (tx) => {
    for (let id = 1; id <= people; id += 1) await tx.putUser(user(id))
  })
  await directory.close()
  const backups = join(folder, 'backups')
  return { path, url: `file:${path}`, backups, file: join(backups, 'backup.db') }
}

function alter(path: string, statement: string): void {
  const sqlite = new DatabaseSync(path)
  sqlite.exec(statement)
  sqlite.close()
}

t.test('a backup holds what is committed, and nothing else', async (t) => {
  const { path, url, file, backups } = await setUp(t)
  const directory = await open(path)
  await directory.transaction((tx) => tx.putUser(user(51)))
  await directory.transaction(async (tx) => {
    await tx.putUser(user(52))
    t.match(await backUpDirectory(url, file), { database: path, file })
  })
  await directory.close()
  const restored = await open(file)
  t.strictSame(await restored.users.get(userId(51)), user(51))
  t.equal(await restored.users.get(userId(52)), undefined)
  await restored.close()
  t.equal(existsSync(join(backups, 'backup.db-wal')), false)
  if (process.platform !== 'win32') t.equal(statSync(file).mode & 0o777, 0o600)
})

t.test('nothing is backed up that is no directory', async (t) => {
  const { path, file, backups } = await setUp(t)
  const foreign = join(backups, 'foreign.db')
  alter(foreign, 'create table mine (a)')
  const damaged = join(backups, 'damaged.db')
  writeFileSync(damaged, readFileSync(path).fill(0xff, 4_096, 4_096 * 8))
  const found = readdirSync(backups)
  for (const [url, expected] of [
    ['file::memory:', { code: 'directory_url' }],
    [
      `file:${path}.no`,
      { code: 'directory_missing', message: /no database at .*bridge\.db\.no.*DATABASE_URL/ }
    ],
    [`file:${foreign}`, { code: 'directory_foreign', message: /is not a database of this bridge/ }],
    [`file:${damaged}`, { code: 'directory_corrupt', message: /is damaged/ }]
  ] as const) {
    await t.rejects(backUpDirectory(url, file), expected, url)
    await t.rejects(readStatus(url, 0), expected, url)
  }
  t.strictSame(
    readdirSync(backups).filter((name) => !name.startsWith('damaged.db-')),
    found,
    'and nothing is left behind'
  )
})

t.test('a backup goes where there is room and nothing else', async (t) => {
  const { path, url, file, backups } = await setUp(t, 200)
  const content = readFileSync(path)
  for (const [target, message] of [
    [path, /exists already, and a backup overwrites nothing/],
    [backups, /exists already/],
    [join(path, 'backup.db'), /cannot be created: ENOTDIR/],
    [join(backups, 'none', 'backup.db'), /cannot be created: ENOENT/]
  ] as const) {
    await t.rejects(backUpDirectory(url, target), { name: 'BackupError', message })
  }
  t.ok(content.equals(readFileSync(path)))
  if (process.platform !== 'win32') {
    const env = { DATABASE_URL: url, PATH: process.env['PATH'] ?? '' }
    const full = await runCommand(['backup', file], { env, fileLimit: 64 })
    t.match(full, { code: 1, out: '', err: /backup\.db cannot be written: .*there is space/ })
  }
  t.strictSame(readdirSync(backups), [], 'an attempt leaves no file')
})

t.test('another version’s database is copied as it is, and not read', async (t) => {
  const { path, url, backups } = await setUp(t)
  const known = allMigrations.length
  for (const [form, code, message] of [
    [known + 1, 'directory_newer', /written by a newer version/],
    [known - 1, 'directory_older', /written by an older version.*Start this version/]
  ] as const) {
    alter(path, `pragma user_version = ${form}`)
    await t.rejects(readStatus(url, 0), { code, message })
    const { file } = await backUpDirectory(url, join(backups, `${form}.db`))
    const copied = new DatabaseSync(file, { readOnly: true })
    t.equal(copied.prepare('pragma user_version').get()?.['user_version'], form)
    t.equal(copied.prepare('select count(*) as n from users').get()?.['n'], 50)
    copied.close()
  }
})

const membership = (kind: 'add-membership' | 'remove-membership', id: number) =>
  ({ kind, groupId: groupId(1), userId: userId(id) }) as const

const audit = (at: number, outcome: string) => ({
  at,
  outcome,
  correlationId: 'c',
  actor: 'entra',
  action: 'user.patch',
  target: 'user:1',
  plan: [],
  calls: [],
  notes: []
})

t.test('the status tells what is on its way', async (t) => {
  const { path, url } = await setUp(t, 0)
  t.match(await readStatus(url, 0), {
    box: { host: 'api.box.com', enterpriseId: '42' },
    importedAt: null,
    events: null,
    people: { shown: 0, linked: 0, tombstones: 0, active: 0, inactive: 0 },
    journal: { oldestOpenAt: null, pendingMemberships: 0, openRemovals: [] },
    drift: {
      last24h: { users: 0, access: 0, groups: 0, memberships: 0, created: 0, deleted: 0 },
      restored24h: 0,
      hints: { waiting: 0, oldestAt: null },
      reconcile: { begunAt: null, doneAt: null, alarm: null },
      deletionsStoppedAt: null
    },
    invites: { states: {}, oldestAt: null },
    audit: { failures24h: 0, last: [] }
  })
  const operations: readonly (readonly [BoxOperation, object])[] = [
    [{ kind: 'create-user', fields: { login: 'jo@example.com' } }, { state: 'confirmed' }],
    [membership('add-membership', 1), { acknowledged: true }],
    [membership('add-membership', 2), { acknowledged: false }],
    [membership('add-membership', 3), { acknowledged: true, state: 'confirmed' }],
    [membership('remove-membership', 4), { acknowledged: true, state: 'unknown' }],
    [{ kind: 'update-user', userId: userId(5), fields: { name: 'Jo' } }, { acknowledged: true }],
    [
      { kind: 'dissolve-group', groupId: groupId(1) },
      { state: 'held', heldAt: 7 }
    ]
  ]
  const hour = 3_600_000
  const directory = await open(path)
  await directory.transaction(async (tx) => {
    const entries = operations.map(([operation, change], index) =>
      Object.assign({}, newEntry(operation, 'c', 100 + index), change)
    )
    await tx.appendJournal(entries)
    await tx.putState('membership-progress', { at: 90, perMinute: 2 })
    await tx.putState('events', { position: '7', readAt: 39 * hour, isForbidden: false })
    await tx.putState('fuse.memberships', { openedAt: 9, countedAfter: 0 })
    await tx.putState('fuse.people', { openedAt: null, countedAfter: 0 })
    for (const [login, status, sentAt] of [
      ['a@example.com', 'pending', 9],
      ['b@example.com', 'unknown', 8],
      ['c@example.com', 'pending', 10]
    ] as const) {
      await tx.putInvite({ login, id: undefined, status, sentAt, correlationId: 'c' })
    }
    await tx.audit(audit(10 * hour, 'failed'))
    await tx.audit(audit(20 * hour, 'failed'))
    await tx.audit(audit(30 * hour, 'done'))
  })
  await directory.close()
  const { journal, fuses, audit: found, events, invites } = await readStatus(url, 40 * hour)
  t.same(events, { readAt: 39 * hour, isForbidden: false })
  t.same(invites, { states: { pending: 2, unknown: 1 }, oldestAt: 8 })
  t.match(journal, {
    membershipRate: { at: 90, perMinute: 2 },
    states: { held: 1, decided: 3, sent: 0, unknown: 1, confirmed: 2, refused: 0, cancelled: 0 },
    oldestOpenAt: 101,
    pendingMemberships: 2
  })
  t.same(journal.openRemovals, [
    {
      id: 5,
      operation: 'remove-membership',
      subject: 'membership:1/4',
      state: 'unknown',
      attempts: 0,
      decidedAt: 104
    }
  ])
  t.strictSame(fuses, {
    people: { openedAt: null, held: 0 },
    memberships: { openedAt: 9, held: 1 }
  })
  t.equal(found.failures24h, 1)
  t.same(
    found.last.map(({ at }) => at / hour),
    [30, 20, 10]
  )
})
