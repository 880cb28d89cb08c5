import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import type { DirectoryStatus } from '../../src/store/status.ts'
import { bridgeProcess, type BridgeProcess } from '../helpers/bridge-process.ts'
import { runCommand } from '../helpers/run-command.ts'
import { group, person } from '../helpers/scim-client.ts'
import { serveProcess } from '../helpers/serve-process.ts'
import { until } from '../helpers/until.ts'

// Most of the time goes by in waiting for processes to start.
t.jobs = 3

const asOperator = (database: string) => ({ env: { DATABASE_URL: `file:${database}` } })

async function statusOf(t: Test, database: string): Promise<DirectoryStatus> {
  const { code, out, err } = await runCommand(['status', '--json'], asOperator(database))
  t.match({ code, err }, { code: 0, err: '' })
  return JSON.parse(out) as DirectoryStatus
}

/** Creates people one after another until it is stopped; each id is noted once it is acknowledged. */
function keepCreating(bridge: BridgeProcess) {
  const created = new Map<string, string>()
  const end = new AbortController()
  const work = async () => {
    for (let n = 1; !end.signal.aborted; n += 1) {
      const login = `p${n}@example.com`
      const { status, body } = await bridge.scim.post('/Users', person(login))
      if (status !== 201) throw new Error(`${login}: ${status}`)
      created.set(login, String(body['id']))
    }
  }
  const ended = work()
  const stop = () => {
    end.abort()
    return ended
  }
  return { created, stop }
}

t.test('a backup of a busy bridge, and life after it', { buffered: true }, async (t) => {
  const bridge = await bridgeProcess(t)
  const { database } = bridge
  const backups = join(dirname(database), 'backups')
  mkdirSync(backups)
  const file = join(backups, 'backup.db')
  await bridge.start()
  const writer = keepCreating(bridge)
  t.teardown(() => writer.stop())
  await until('some are created', () => writer.created.size >= 10)

  const before = new Map(writer.created)
  const backup = await runCommand(['backup', file], asOperator(database))
  t.match(backup, { code: 0, err: '', out: /bridge\.db is backed up and checked: .*backup\.db, / })
  t.ok(writer.created.size > before.size, 'the bridge went on meanwhile')
  t.strictSame(readdirSync(backups), ['backup.db'], 'one file, and no other')
  if (process.platform !== 'win32') t.equal(statSync(file).mode & 0o777, 0o600)

  const content = readFileSync(file)
  const again = await runCommand(['backup', file], asOperator(database))
  t.match(again, { code: 1, out: '', err: /backup\.db exists already/ })
  t.ok(content.equals(readFileSync(file)), 'and nothing is overwritten')

  const second = serveProcess(t, bridge.env)
  t.match(await second.ended, { code: 1 })
  t.match(second.output(), /is open in another bridge process/)

  const saved = await statusOf(t, file)
  t.ok(saved.people.linked >= before.size, 'a backup can be looked at')
  const last = writer.created.size
  await until('more are created', () => writer.created.size > last)
  await writer.stop()
  await bridge.stop()
  const created = [...writer.created]
  t.ok(saved.people.linked < created.length, 'it is of its own time')

  for (const suffix of ['', '-wal', '-shm']) rmSync(database + suffix, { force: true })
  copyFileSync(file, database)
  await bridge.start()
  for (const [login, id] of before) {
    t.match(await bridge.scim.get(`/Users/${id}`), { status: 200, body: { userName: login } })
  }
  const [lateLogin = '', lateId = ''] = created.at(-1) ?? []
  t.match(await bridge.scim.get(`/Users/${lateId}`), { status: 404 }, 'who came later is not known')
  const retried = await bridge.scim.post('/Users', person(lateLogin))
  t.match(retried, { status: 201, body: { id: lateId } }, 'and found in Box again')
  t.match(await bridge.scim.post('/Users', person('new@example.com')), { status: 201 })
})

t.test('the status of a bridge that runs, and of one that was killed', async (t) => {
  const bridge = await bridgeProcess(t, { env: { BOX_CALLS_PER_MONTH: '1000' } })
  const { database, emulator } = bridge
  await bridge.start()
  const { scim } = bridge
  const idOf = async (login: string) =>
    String((await scim.post('/Users', person(login))).body['id'])
  const ann = await idOf('ann@example.com')
  const leo = await idOf('leo@example.com')
  const lea = await idOf('lea@example.com')
  t.match(await scim.post('/Users', person('ann@example.com')), { status: 409 })
  t.match(await scim.post('/Groups', group('Team', [ann])), { status: 201 })
  t.match(await scim.delete(`/Users/${lea}`), { status: 204 })
  emulator.faults.add({ kind: '503-before', method: 'PUT' })
  const leave = { op: 'replace', path: 'active', value: false }
  t.match(await scim.patch(`/Users/${leo}`, leave), { status: 503 })

  const running = await statusOf(t, database)
  t.match(running, {
    database,
    box: { host: new URL(bridge.boxUrl).host, enterpriseId: bridge.env['BOX_ENTERPRISE_ID'] },
    importedAt: Number,
    events: { readAt: Number, isForbidden: false },
    // The admin is shown and not linked.
    people: { shown: 3, active: 3, inactive: 0, linked: 2, tombstones: 1 },
    groups: { shown: 1, linked: 1, tombstones: 0 },
    calls: { month: /^\d{4}-\d{2}$/, calls: Number, allowance: 1000 },
    journal: {
      pendingMemberships: 0,
      oldestOpenAt: Number,
      openRemovals: [{ operation: 'deactivate-user', subject: `user:${leo}`, attempts: Number }]
    }
  })
  t.equal(running.journal.openRemovals.length, 1)
  const { decided, sent, unknown } = running.journal.states
  t.equal(decided + sent + unknown, bridge.openEntries().length)
  t.equal(
    running.audit.failures24h,
    running.audit.last.filter((it) => it.outcome !== 'done').length
  )
  t.match(
    running.audit.last.find(({ outcome }) => outcome === 'login_taken'),
    { action: 'user.create', target: 'user:ann@example.com' }
  )

  await bridge.kill()
  const { code, out } = await runCommand(['status'], asOperator(database))
  t.equal(code, 0, 'what the write-ahead log holds is read')
  t.match(out, /^People +3 \(3 active, 0 inactive\), 2 linked; 1 tombstones$/m)
  t.match(out, /^Box events +read .* ago$/m)
  t.match(out, /^First import +done \d{4}-/m)
  t.match(out, /^Box calls +\d+ of 1,000 \(\d+ %\) in \d{4}-\d{2}$/m)
  t.match(out, new RegExp(`^Removals +1 open\\n +#\\d+ deactivate-user user:${leo}: `, 'm'))
  t.match(out, /login_taken$/m)
  const backup = `${database}.backup`
  t.match(await runCommand(['backup', backup], asOperator(database)), { code: 0 })
  t.same((await statusOf(t, backup)).people, running.people)

  emulator.faults.clear()
  await bridge.start()
  await until('the leaver is out', async () => {
    const { body } = await bridge.scim.get(`/Users/${leo}`)
    return body['active'] === false
  })
  t.match(await statusOf(t, database), {
    people: { active: 2, inactive: 1 },
    journal: { oldestOpenAt: null, openRemovals: [] }
  })
})

t.test('the status of an import that is not done', async (t) => {
  const bridge = await bridgeProcess(t)
  bridge.emulator.faults.add({ kind: '503-before', path: '/2.0/groups' })
  await bridge.start({ untilReady: false })
  await until('people are imported', async () => {
    return (await statusOf(t, bridge.database)).people.shown > 0
  })
  const importing = await runCommand(['status'], asOperator(bridge.database))
  t.match(importing, { code: 0, out: /^First import +not done; so far:\nPeople +1 /m })
})
