import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import t from 'tap'
import type { Test } from 'tap'
import { openConnection } from '../../src/store/dialect.ts'
import { allMigrations } from '../../src/store/migrations/all-migrations.ts'
import { migrate } from '../../src/store/migrations/migrate.ts'
import { openDirectory } from '../../src/store/open.ts'
import { user, userId } from '../contract/directory-records.ts'

const clock = { now: () => 1_234, sleep: async () => {} }
const identity = { boxHost: 'api.box.com', enterpriseId: '42' }

/** A file's permissions in octal digits. */
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)

/** Options for a database in the test's own folder, and what was logged. */
function options(t: Test, path = join(t.testdir(), 'data', 'bridge.db')) {
  const logged: string[] = []
  const note = (_: object, message: string) => void logged.push(message)
  const log = { info: note, warn: note, error: note, debug: note }
  return { url: `file:${path}`, path, identity, clock, log, logged }
}

t.test('the database outlives the process', async (t) => {
  const given = options(t)
  const first = await openDirectory(given)
  await first.transaction((tx) => tx.putUser(user(1)))
  await first.close()
  t.strictSame(given.logged, ['the database was migrated'])
  const second = await openDirectory(given)
  t.strictSame(await second.users.get(userId(1)), user(1))
  await second.close()
  t.equal(given.logged.length, 1, 'nothing is migrated twice')
  t.throws(() => statSync(`${given.path}-wal`), 'everything is in the file after a close')
})

t.test('the files are their owner’s alone', { skip: process.platform === 'win32' }, async (t) => {
  const given = options(t)
  const directory = await openDirectory(given)
  await directory.transaction((tx) => tx.putUser(user(1)))
  for (const suffix of ['', '-wal', '-shm', '-lock']) t.equal(mode(given.path + suffix), '600')
  t.equal(mode(join(given.path, '..')), '700')
  await directory.close()
  chmodSync(given.path, 0o644)
  const again = await openDirectory(given)
  t.equal(mode(given.path), '600')
  t.match(given.logged.at(-1), /could be read by others/)
  await again.close()
})

t.test('commits are on the disk', async (t) => {
  const given = options(t)
  const directory = await openDirectory(given)
  t.teardown(() => directory.close())
  const other = new DatabaseSync(given.path, { readOnly: true })
  t.teardown(() => other.close())
  t.equal(other.prepare('pragma journal_mode').get()?.['journal_mode'], 'wal')
  await directory.transaction((tx) => tx.putUser(user(1)))
  t.equal(other.prepare('select count(*) as n from users').get()?.['n'], 1)
})

t.test('a database belongs to one enterprise', async (t) => {
  const given = options(t)
  await (await openDirectory(given)).close()
  const strangers = [
    { ...identity, enterpriseId: '43' },
    { ...identity, boxHost: 'localhost' }
  ]
  for (const stranger of strangers) {
    await t.rejects(openDirectory({ ...given, identity: stranger }), {
      code: 'directory_identity',
      message: /belongs to Box enterprise 42 at api\.box\.com.*DATABASE_URL/
    })
  }
  const directory = await openDirectory(given)
  await directory.close()
})

t.test('one process at a time', async (t) => {
  const given = options(t)
  const inUse = { code: 'directory_in_use', message: new RegExp(`bridge\\.db-lock`) }
  const first = await openDirectory(given)
  await t.rejects(openDirectory(given), inUse, 'not twice in this process')
  await t.rejects(openDirectory(given), inUse, 'and being refused does not free it')
  await first.close()

  const child = spawn(
    process.execPath,
    [fileURLToPath(import.meta.resolve('./hold-open.ts')), given.url],
    {
      stdio: ['ignore', 'pipe', 'inherit']
    }
  )
  t.teardown(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  await t.rejects(openDirectory(given), inUse, 'nor in another')
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
  const after = await openDirectory(given)
  t.ok(await after.users.get(userId(1)), 'a killed process leaves what it committed, and no lock')
  t.equal(await after.users.get(userId(2)), undefined, 'and nothing else')
  await after.close()
})

t.test('other files are refused and left as they are', async (t) => {
  const foreign = join(t.testdir({ 'notes.txt': 'not a database at all' }), 'foreign.db')
  const sqlite = new DatabaseSync(foreign)
  sqlite.exec('create table mine (a)')
  sqlite.close()
  for (const path of [foreign, join(foreign, '..', 'notes.txt')]) {
    const before = readFileSync(path)
    await t.rejects(openDirectory(options(t, path)), {
      code: 'directory_foreign',
      message: /is not a database of this bridge.*DATABASE_URL/
    })
    t.ok(before.equals(readFileSync(path)))
  }
})

t.test('a damaged database is refused', async (t) => {
  const given = options(t)
  const directory = await openDirectory(given)
  await directory.transaction(async (tx) => {
    for (let id = 1; id < 50; id += 1) await tx.putUser(user(id))
  })
  await directory.close()
  const healthy = readFileSync(given.path)
  const damages = {
    'pages overwritten': Buffer.from(healthy).fill(0xff, 4_096, 4_096 * 8),
    'the end is missing': healthy.subarray(0, 4_096 * 3),
    'the first page': Buffer.from(healthy).fill(0x01, 100, 1_000)
  }
  for (const [name, content] of Object.entries(damages)) {
    writeFileSync(given.path, content)
    await t.rejects(
      openDirectory(given),
      { code: 'directory_corrupt', message: /is damaged\. Restore it from a backup/ },
      name
    )
  }
  writeFileSync(given.path, healthy)
  await (await openDirectory(given)).close()
})

t.test('what cannot be opened says why', async (t) => {
  for (const url of ['postgres://u:secret@host/db', 'file:', 'file::other:', 'data/bridge.db']) {
    await t.rejects(openDirectory({ ...options(t), url }), {
      code: 'directory_url',
      message: 'DATABASE_URL must be file:PATH or file::memory:.'
    })
  }
  const folder = t.testdir({ file: '' })
  await t.rejects(openDirectory(options(t, join(folder, 'file', 'bridge.db'))), {
    code: 'directory_inaccessible',
    message: /cannot be opened: .*Check that the folder/
  })
  await t.rejects(openDirectory(options(t, folder)), { code: 'directory_inaccessible' })
})

t.test('a newer database is refused', async (t) => {
  const given = options(t)
  await (await openDirectory(given)).close()
  const sqlite = new DatabaseSync(given.path)
  sqlite.exec(`pragma user_version = ${allMigrations.length + 1}`)
  sqlite.close()
  await t.rejects(openDirectory(given), {
    code: 'directory_newer',
    message: /written by a newer version/
  })
})

t.test('migrations', async (t) => {
  const folder = join(import.meta.dirname, '../../src/store/migrations')
  const files = readdirSync(folder).filter((file) => /^\d{4}-/.test(file))
  t.strictSame(
    allMigrations.map(({ name }) => `${name}.ts`),
    files.toSorted(),
    'every file is listed, in order'
  )

  const forms = (steps: readonly number[]) => {
    const connection = openConnection(':memory:', { readOnly: false })
    t.teardown(() => connection.sqlite.close())
    return { connection, steps }
  }
  const fresh = forms([allMigrations.length])
  const stepwise = forms(allMigrations.map((_, index) => index + 1))
  for (const { connection, steps } of [fresh, stepwise]) {
    for (const step of steps) {
      const migrations = allMigrations.slice(0, step)
      await migrate(connection, { clock, name: 'it', migrations })
    }
  }
  const schema = ({ connection }: typeof fresh) =>
    connection.sqlite.prepare('select type, name, sql from sqlite_schema order by name').all()
  t.strictSame(schema(stepwise), schema(fresh))
  t.same(
    fresh.connection.run(fresh.connection.db.selectFrom('migrations').selectAll().compile()),
    allMigrations.map(({ name }, index) => ({ number: index + 1, name, applied_at: 1_234 }))
  )
})

t.test('a migration that fails leaves nothing behind', async (t) => {
  const connection = openConnection(':memory:', { readOnly: false })
  t.teardown(() => connection.sqlite.close())
  const failing = {
    name: '0002-failing',
    statements: [sql`create table half (a)`, sql`insert into nowhere values (1)`]
  }
  const run = () =>
    migrate(connection, { clock, name: 'it', migrations: [...allMigrations, failing] })
  await t.rejects(run(), /nowhere/)
  const { sqlite } = connection
  t.strictSame(sqlite.prepare(`select name from sqlite_schema where name = 'half'`).all(), [])
  t.equal(sqlite.prepare('pragma user_version').get()?.['user_version'], allMigrations.length)
  t.equal(sqlite.isTransaction, false)
})
