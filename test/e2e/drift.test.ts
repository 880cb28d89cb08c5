import { join } from 'node:path'
import t from 'tap'
import { createOperator } from '../../src/compose/operator.ts'
import { startBridge } from '../helpers/bridge.ts'
import { createHurriedClock, passTime } from '../helpers/hurried-clock.ts'
import { samplesOf } from '../helpers/metrics.ts'
import { runCommand } from '../helpers/run-command.ts'
import { group, person, scimClient } from '../helpers/scim-client.ts'

const day = 24 * 60 * 60_000
const active = (value: boolean) => ({ op: 'replace', path: 'active', value })

t.test('changes made in Box show within a day, and are reported', async (t) => {
  const clock = createHurriedClock()
  const database = join(t.testdir(), 'bridge.db')
  const bridge = await startBridge(t, {
    env: {
      DATABASE_URL: `file:${database}`,
      DRIFT_RESTORE: 'access',
      BOX_EVENTS_POLL_SECONDS: '0'
    },
    emulator: { clock },
    dependencies: { clock }
  })
  const { admin } = bridge.emulator
  const scim = scimClient(bridge)
  const create = async (path: string, body: object) =>
    String((await scim.post(path, body)).body['id'])
  const ann = await create('/Users', person('ann@example.com', { title: 'Clerk' }))
  const bob = await create('/Users', person('bob@example.com'))
  const cid = await create('/Users', person('cid@example.com'))
  await create('/Groups', group('Team', [ann, bob]))
  await scim.patch(`/Users/${cid}`, active(false))

  admin.updateUser('ann@example.com', { job_title: 'Boss' })
  admin.deleteUser('bob@example.com')
  admin.updateUser('cid@example.com', { status: 'active' })
  admin.createUser({ login: 'dan@example.com', name: 'Dan' })
  bridge.emulator.clearCalls()
  clock.skip(day)
  const statusOf = (login: string) => bridge.emulator.state().users[login]?.status
  await passTime(clock, 'it shows', async () => {
    const { body } = await scim.get(`/Users/${ann}`)
    const gone = await scim.get(`/Users/${bob}`)
    const found = await scim.find('/Users', 'userName eq "dan@example.com"')
    const isDone = body['title'] === 'Boss' && gone.status === 404 && found.length === 1
    return isDone && statusOf('cid@example.com') === 'inactive'
  })
  t.match((await scim.get(`/Users/${cid}`)).body, { active: false })
  const again = await scim.post('/Users', person('bob@example.com'))
  t.equal(again.status, 201)
  t.not(again.body['id'], bob, 'who was deleted in Box is created anew')

  const samples = await samplesOf(bridge)
  const countOf = (name: string, label: string) => samples.get(`box_scim_drift_${name}{${label}}`)
  const found = ['users', 'access', 'groups', 'created', 'deleted']
  t.strictSame(
    found.map((kind) => countOf('found_total', `kind="${kind}"`)),
    [1, 1, 0, 1, 1]
  )
  t.equal(countOf('restored_total', 'kind="access"'), 1)
  t.equal(countOf('restored_total', 'kind="users"'), 0)
  t.ok((countOf('check_age_seconds', 'by="reconcile"') ?? Infinity) < day / 1000)
  t.equal(countOf('check_interval_seconds', 'by="reconcile"'), day / 1000)
  t.equal(countOf('check_interval_seconds', 'by="events"'), undefined, 'they are off')
  t.equal(countOf('check_age_seconds', 'by="events"'), undefined)
  t.equal(samples.get('box_scim_drift_hints'), 0)

  const status = await createOperator(`file:${database}`, { clock }).status()
  t.match(status.drift, {
    last24h: { users: 1, access: 1, groups: 0, created: 1, deleted: 1 },
    hints: { waiting: 0 },
    reconcile: { alarm: null }
  })
  t.ok(status.drift.reconcile.doneAt)
  const { out } = await runCommand(['status'], { env: { DATABASE_URL: `file:${database}` } })
  t.match(out, /Drift +\d+ users, \d+ access/)
})

t.test('no reconcile where it is switched off', async (t) => {
  const clock = createHurriedClock()
  const bridge = await startBridge(t, {
    env: { RECONCILE_HOURS: '0' },
    emulator: { clock },
    dependencies: { clock }
  })
  bridge.emulator.clearCalls()
  for (let hours = 0; hours < 48; hours += 1) clock.skip(day / 24)
  await scimClient(bridge).post('/Users', person('ann@example.com'))
  t.same(
    bridge.emulator.calls.filter(({ path, method }) => path === '/2.0/users' && method === 'GET'),
    []
  )
})
