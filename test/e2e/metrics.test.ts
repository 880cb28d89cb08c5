import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { startBridge } from '../helpers/bridge.ts'
import { samplesOf } from '../helpers/metrics.ts'
import { group, person, scimClient } from '../helpers/scim-client.ts'
import { until } from '../helpers/until.ts'

function pick(samples: ReadonlyMap<string, number>, ...names: readonly string[]) {
  return names.map((name) => samples.get(`box_scim_${name}`))
}

t.test('metrics are for those with a token', async (t) => {
  const bridge = await startBridge(t)
  const answer = await fetch(`${bridge.url}/metrics`)
  t.equal(answer.status, 401)
  t.notMatch(await answer.text(), 'box_scim')
  const good = await fetch(`${bridge.url}/metrics`, {
    headers: { authorization: `Bearer ${bridge.token}` }
  })
  t.equal(good.status, 200)
  t.match(good.headers.get('content-type'), /^text\/plain; version=0\.0\.4/)
  for (const path of ['/healthz', '/readyz']) {
    t.equal((await fetch(bridge.url + path)).status, 200, `${path} needs none`)
  }
})

t.test('requests and calls are counted where they belong', async (t) => {
  const bridge = await startBridge(t, { env: { BOX_CALLS_PER_MONTH: '1000' } })
  const scim = scimClient(bridge)
  const before = bridge.boxCalls()
  const { body } = await scim.post('/Users', person('ann@example.com'))
  await scim.get(`/Users/${String(body['id'])}`)
  await scim.get('/Users/31415926')
  await scim.send('OPTIONS', '/Users')
  bridge.emulator.faults.add({ kind: '503-before', method: 'PUT' })
  await scim.patch(`/Users/${String(body['id'])}`, { op: 'replace', path: 'active', value: false })
  t.ok(bridge.boxCalls() > before)

  const samples = await samplesOf(bridge)
  const calls = bridge.emulator.calls.filter(({ path }) => path !== '/oauth2/token').length
  t.same(
    pick(
      samples,
      'requests_total{method="POST",route="/scim/v2/Users",status="201"}',
      'requests_total{method="GET",route="/scim/v2/Users/:id",status="200"}',
      'requests_total{method="GET",route="/scim/v2/Users/:id",status="404"}',
      'request_duration_seconds_count{method="GET",route="/scim/v2/Users/:id"}',
      'requests_total{method="other",route="/scim/v2/Users",status="405"}',
      'box_calls_total{operation="POST /users",outcome="answered"}'
    ),
    [1, 1, 1, 2, 1, 1]
  )
  const [failed = 0] = pick(
    samples,
    'box_calls_total{operation="PUT /users/:id",outcome="unavailable"}'
  )
  t.ok(failed >= 1)
  t.same(
    pick(
      samples,
      'box_up',
      'imported',
      'box_calls_this_month',
      'box_calls_month_allowance',
      'box_budget_calls_per_minute',
      'removals_open'
    ),
    [0, 1, calls, 1000, 10_000, 1]
  )
  t.ok((samples.get('box_scim_removals_oldest_seconds') ?? -1) >= 0)
  const labels = [...samples.keys()].join('\n')
  t.notMatch(labels, /example\.com|31415926/, 'no ids and no addresses')
})

t.test('a membership that Box refuses after its 204 leaves reads and is told', async (t: Test) => {
  const lines: Record<string, unknown>[] = []
  const logger = pino(
    { level: 'error' },
    { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) }
  )
  const users = Array.from({ length: 40 }, (_, index) => ({
    login: `m${index}@example.com`,
    name: `M ${index}`
  }))
  const database = join(t.testdir(), 'bridge.db')
  const limits = { REQUEST_BUDGET_SECONDS: '1', BOX_CALLS_PER_MINUTE: '600' }
  const bridge = await startBridge(t, {
    seed: { users },
    env: { ...limits, DATABASE_URL: `file:${database}` },
    dependencies: { logger }
  })
  const scim = scimClient(bridge)
  const people = bridge.emulator.state().users
  const ids = users.map(({ login }) => people[login]?.id ?? '')
  const { body } = await scim.post('/Groups', group('Sales'))
  const path = `/Groups/${String(body['id'])}`
  const members = ids.map((value) => ({ value }))
  t.equal((await scim.patch(path, { op: 'add', path: 'members', value: members })).status, 204)
  const [pending = 0, left = 0, settled = 0] = pick(
    await samplesOf(bridge),
    'memberships_pending',
    'memberships_remaining_seconds',
    'memberships_settled_total'
  )
  t.ok(pending > 0)
  t.equal(left, Math.ceil(pending / 10), 'ten a second')
  bridge.emulator.admin.deleteUser(ids.at(-1) ?? '')
  await until('the refusal', async () => {
    const [refused] = pick(await samplesOf(bridge), 'memberships_refused_total')
    return refused === 1
  })
  const { body: shown } = await scim.get(path)
  const values = (shown['members'] as { value: string }[]).map(({ value }) => value)
  t.notOk(values.includes(ids.at(-1) ?? ''), 'it is not shown any more')
  const told = lines.filter(
    ({ msg }) => msg === 'Box refused a membership that had been acknowledged'
  )
  t.match(told, [
    { level: 50, subject: String, correlationId: String, status: Number, requestId: String }
  ])
  t.match(
    read(
      database,
      `select actor, correlation_id, plan, calls, outcome, notes from audit
        where action = 'bridge.add-membership' and outcome <> 'done'`
    ),
    [
      {
        actor: 'bridge',
        correlation_id: String(told[0]?.['correlationId']),
        plan: /"add-membership"/,
        calls: /"POST/,
        outcome: 'refused_by_box',
        notes: new RegExp(`user ${ids.at(-1)} in group .* refused by Box`)
      }
    ],
    'the audit tells it too'
  )
  await until('the others are done', async () => {
    const found = pick(await samplesOf(bridge), 'memberships_pending', 'memberships_settled_total')
    return found[0] === 0 && found[1] === settled + pending - 1
  })
})

function read(database: string, statement: string): readonly unknown[] {
  const sqlite = new DatabaseSync(database, { readOnly: true })
  try {
    return sqlite.prepare(statement).all()
  } finally {
    sqlite.close()
  }
}
