import { pino } from 'pino'
import t from 'tap'
import type { SeedUser } from '../../src/emulator/seed.ts'
import type { Emulator } from '../../src/emulator/emulator.ts'
import { bridgeProcess } from '../helpers/bridge-process.ts'
import { fuseCommands, startFusedBridge, type FusedBridge } from '../helpers/fused-bridge.ts'
import { samplesOf } from '../helpers/metrics.ts'
import { person } from '../helpers/scim-client.ts'
import { until } from '../helpers/until.ts'

// Most of the time goes by in waiting for commands to start.
t.jobs = 3

const hour = 3_600_000
const loginOf = (index: number) => `p${index}@example.com`
const active = (value: boolean) => ({ op: 'replace', path: 'active', value })
const title = (value: string) => ({ op: 'replace', path: 'title', value })

function people(count: number): readonly SeedUser[] {
  return Array.from({ length: count }, (_, index) => ({
    login: loginOf(index),
    name: `Person ${index}`
  }))
}

function pathOf(emulator: Emulator, index: number): string {
  return `/Users/${emulator.state().users[loginOf(index)]?.id ?? ''}`
}

function leavers(emulator: Emulator): number {
  return Object.values(emulator.state().users).filter(({ status }) => status === 'inactive').length
}

/** Sends `active: false` for the people from `from` up to `to`, 8 at a time; counts the statuses. */
async function deactivate(bridge: FusedBridge, from: number, to: number) {
  const statuses = new Map<number, number>()
  let next = from
  const worker = async () => {
    while (next < to) {
      const { status } = await bridge.scim.patch(pathOf(bridge.emulator, next++), active(false))
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: 8 }, worker))
  return Object.fromEntries(statuses)
}

t.test('150 deactivations against a limit of 100', { buffered: true }, async (t) => {
  const env = { FUSE: '100/24h' }
  const bridge = await startFusedBridge(t, { env, seed: { users: people(150) } })
  const { emulator, scim, clock } = bridge
  const paths = Array.from({ length: 150 }, (_, index) => pathOf(emulator, index))
  t.same(await deactivate(bridge, 0, 150), { 200: 100, 503: 50 })
  t.equal(leavers(emulator), 100)
  const samples = await samplesOf(bridge)
  t.strictSame(
    [
      samples.get('box_scim_fuse_open{fuse="people"}'),
      samples.get('box_scim_fuse_open{fuse="memberships"}'),
      samples.get('box_scim_journal_entries{state="held"}')
    ],
    [1, 0, 50]
  )

  const held = paths[149] ?? ''
  const answer = await scim.patch(held, active(false))
  t.match(answer, { status: 503, body: { detail: /box-scim fuse list/ } })
  t.equal(answer.headers.get('retry-after'), '3600')
  t.match(await scim.get(held), { status: 200, body: { active: true } })
  t.match(await scim.patch(held, title('Boss')), { status: 200, body: { title: 'Boss' } })
  t.match(await scim.post('/Users', person('new@example.com')), { status: 201 })
  t.equal((await scim.patch(paths[0] ?? '', active(false))).status, 200, 'is out already')
  t.equal((await scim.patch(paths[0] ?? '', active(true))).status, 200)
  t.equal((await scim.patch(paths[0] ?? '', active(false))).status, 503, 'nothing is refunded')
  t.equal((await scim.patch(paths[0] ?? '', active(true))).status, 200, 'and the last word counts')

  clock.skip(25 * hour)
  t.same(await deactivate(bridge, 149, 150), { 503: 1 }, 'it stays open')
  t.equal(leavers(emulator), 99)

  const report = await bridge.report()
  t.match(report.fuses, {
    people: { openedAt: Number, held: 50 },
    memberships: { openedAt: null, held: 0 }
  })
  const one = report.held[0]
  t.match(one, { removal: 'deactivation', login: /^p\d+@example\.com$/, askedBy: /\w/ })
  t.equal(one?.expiresAt, (one?.heldAt ?? 0) + 72 * hour)
  const [chosen, other] = report.held
  t.match(await bridge.fuse('release', chosen?.login?.toUpperCase() ?? ''), {
    code: 0,
    out: /^1 removals released$/m
  })
  await until('one more is out', () => leavers(emulator) === 100)
  t.match(await bridge.fuse('discard', other?.userId ?? ''), { code: 0, out: /^1 removals disc/m })
  t.ok(bridge.isOpen('people'), 'for the others')
  t.match(await bridge.fuse('release'), { code: 0, out: /^48 removals released$/m })
  await until('the rest is out, without a request', () => leavers(emulator) === 148)
  t.notOk(bridge.isOpen('people'))
  t.same(await deactivate(bridge, 0, 1), { 200: 1 }, 'counting begins anew')

  const stay = Object.entries(emulator.state().users).find(([, { id }]) => id === other?.userId)
  t.equal(stay?.[1].status, 'active', 'what was discarded is not done')
  const story = (id: string | null | undefined) =>
    bridge.query(
      `select actor, action, outcome, plan ->> '$[0].kind' as plan, calls <> '[]' as called
       from audit where target = 'user:${id}' order by id`
    )
  const request = { action: 'user.patch', outcome: 'fuse_open', plan: 'deactivate-user', called: 0 }
  t.match(story(chosen?.userId), [
    request,
    { actor: 'operator', action: 'fuse.release', outcome: 'done', plan: 'deactivate-user' },
    { actor: 'bridge', action: 'bridge.deactivate-user', outcome: 'done', called: 1 }
  ])
  t.match(story(other?.userId), [
    request,
    { actor: 'operator', action: 'fuse.discard', outcome: 'done', plan: 'deactivate-user' }
  ])
  t.same(
    bridge.query(
      `select actor, action, target, plan, calls, outcome, notes
        from audit where target glob 'fuse:*' order by id`
    ),
    [
      {
        actor: 'bridge',
        action: 'fuse.open',
        target: 'fuse:people',
        plan: '[]',
        calls: '[]',
        outcome: 'done',
        notes: '["100 removals counted, 1 more asked for, 100 allowed"]'
      },
      {
        actor: 'operator',
        action: 'fuse.close',
        target: 'fuse:people',
        plan: '[]',
        calls: '[]',
        outcome: 'done',
        notes: '[]'
      }
    ]
  )
})

t.test('at the edge exactly the limit passes, however many come at once', async (t) => {
  const env = { FUSE: '1 or 20%/24h' }
  const lines: string[] = []
  const logger = pino({ level: 'error' }, { write: (line: string) => lines.push(line) })
  const bridge = await startFusedBridge(t, { env, dependencies: { logger } })
  const { emulator, scim } = bridge
  for (let index = 0; index < 25; index += 1) {
    t.equal((await scim.post('/Users', person(loginOf(index)))).status, 201)
  }
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => scim.patch(pathOf(emulator, index), active(false)))
  )
  const out = answers.filter(({ status }) => status === 200).length
  t.equal(out, 5, 'a fifth of those who were there')
  t.equal(answers.filter(({ status }) => status === 503).length, 15)
  t.equal(leavers(emulator), 5)
  const opened = { fuse: 'people', counted: 5, asked: 1, limit: 5, msg: /^the fuse is open: / }
  t.match(
    lines.map((line) => JSON.parse(line) as unknown),
    [opened],
    'which is told once'
  )
  t.equal(lines.length, 1)
})

t.test('what Box refuses does not count, what is tried again counts once', async (t) => {
  const env = { FUSE: '2/24h' }
  const bridge = await startFusedBridge(t, { env, seed: { users: people(5) } })
  const { emulator, scim } = bridge
  const paths = [0, 1, 2, 3].map((index) => pathOf(emulator, index))
  emulator.admin.deleteUser(loginOf(0))
  t.equal((await scim.patch(paths[0] ?? '', active(false))).status, 404)
  emulator.faults.add({ kind: '503-before', method: 'PUT' })
  t.equal((await scim.patch(paths[1] ?? '', active(false))).status, 503, 'trouble, and driven on')
  emulator.faults.clear()
  t.equal((await scim.delete(paths[1] ?? '')).status, 204)
  t.equal((await scim.patch(paths[2] ?? '', active(false))).status, 200)
  const third = await scim.patch(paths[3] ?? '', active(false))
  t.match(third, { status: 503, body: { detail: /fuse/ } })
})

t.test('a held removal and what is said later', async (t) => {
  const env = { FUSE: '0/24h' }
  const bridge = await startFusedBridge(t, { env, seed: { users: people(3) } })
  const { emulator, scim } = bridge
  const path = pathOf(emulator, 0)
  const held = () => bridge.held()
  t.equal((await scim.patch(path, title('Gone'), active(false))).status, 503)
  t.notOk((await scim.get(path)).body['title'], 'nothing else of the request is done')
  t.equal((await scim.patch(path, active(false))).status, 503)
  const refused = { op: 'replace', path: 'userName', value: loginOf(1) }
  t.equal((await scim.patch(path, refused, active(false))).status, 503, 'not 409')
  t.same(held(), ['deactivate-user'], 'one for a person')
  t.equal((await scim.delete(path)).status, 503)
  t.same(held(), ['deactivate-user and hide'])
  t.match(await scim.patch(path, title('Still')), { status: 200, body: { title: 'Still' } })
  t.same(held(), ['deactivate-user and hide'])
  t.equal((await scim.patch(path, active(true))).status, 200)
  t.same(held(), [])

  const login = loginOf(1)
  const claimed = await scim.post('/Users', person(login, { active: false }))
  t.equal(claimed.status, 503, 'a POST that takes somebody’s access away')
  t.equal((await scim.delete(pathOf(emulator, 2))).status, 503)
  t.match(await bridge.fuse('list'), {
    code: 0,
    out: /^people +open since \d{4}-.*, 2 held\nmemberships +closed, 0 held\n#\d+ deactivation p1@example\.com \(user \d+\): since .*\n#\d+ deletion p2@.* asked by /
  })
  t.equal((await bridge.fuse('release')).code, 0)
  await until('both are out', () => leavers(emulator) === 2)
  await until('one is hidden', async () => {
    return (await scim.get(pathOf(emulator, 2))).status === 404
  })
  t.match(await scim.get(pathOf(emulator, 1)), { status: 200, body: { active: false } })
  const states = bridge.query(`select state, outcome from journal order by id`)
  t.same(states, [
    { state: 'cancelled', outcome: 'replaced' },
    { state: 'confirmed', outcome: 'done' },
    { state: 'confirmed', outcome: 'done' },
    { state: 'confirmed', outcome: 'done' }
  ])
})

t.test('a removal is held also where something else about the person is unknown', async (t) => {
  const env = { FUSE: '0/24h' }
  const bridge = await startFusedBridge(t, { env, seed: { users: people(1) } })
  const { emulator, scim } = bridge
  const path = pathOf(emulator, 0)
  emulator.faults.add({ kind: '503-before', path: '/2.0/*' })
  t.equal((await scim.patch(path, title('Boss'))).status, 503)
  const answer = await scim.delete(path)
  t.match(answer, { status: 503, body: { detail: /fuse/ } })
  emulator.faults.clear()
  t.same(bridge.held(), ['deactivate-user and hide'])
  t.equal((await scim.patch(path, title('Chief'))).status, 200)
  t.equal(leavers(emulator), 0)
})

t.test('what nobody releases expires, and the fuse stays open', async (t) => {
  const env = { FUSE: '0/24h' }
  const bridge = await startFusedBridge(t, { env, seed: { users: people(1) } })
  const { emulator, scim, clock } = bridge
  const path = pathOf(emulator, 0)
  t.equal((await scim.patch(path, active(false))).status, 503)
  clock.skip(71 * hour)
  t.equal(bridge.held().length, 1)
  clock.skip(hour)
  await until('it is dropped', () => {
    clock.skip(10_000)
    return bridge.held().length === 0
  })
  t.ok(bridge.isOpen('people'))
  t.match(
    bridge.query('select actor, action, target, outcome from audit order by id desc limit 1'),
    [
      {
        actor: 'bridge',
        action: 'fuse.expire',
        target: path.replace('/Users/', 'user:'),
        outcome: 'expired'
      }
    ]
  )
  t.strictSame(
    { ...bridge.query('select state, outcome from journal')[0] },
    {
      state: 'cancelled',
      outcome: 'expired'
    }
  )
  t.equal(leavers(emulator), 0)
})

t.test(
  'a fuse survives SIGKILL, and what is released meanwhile is done at the start',
  async (t) => {
    const bridge = await bridgeProcess(t, { env: { FUSE: '1/24h' } })
    await bridge.start()
    const { emulator, database } = bridge
    const commands = fuseCommands(database)
    for (let index = 0; index < 4; index += 1) {
      t.equal((await bridge.scim.post('/Users', person(loginOf(index)))).status, 201)
    }
    t.equal((await bridge.scim.patch(pathOf(emulator, 0), active(false))).status, 200)
    t.equal((await bridge.scim.patch(pathOf(emulator, 1), active(false))).status, 503)
    await bridge.kill()
    await bridge.start()
    t.equal((await bridge.scim.patch(pathOf(emulator, 2), active(false))).status, 503)
    t.ok(commands.isOpen('people'))
    t.equal(commands.held().length, 2)
    await bridge.stop()
    t.equal((await commands.fuse('release', loginOf(1))).code, 0)
    t.equal(leavers(emulator), 1)
    await bridge.start()
    await until('the released one is out', () => leavers(emulator) === 2)
    t.equal((await commands.fuse('discard')).code, 0)
    t.notOk(commands.isOpen('people'))
    t.equal(commands.held().length, 0)
    t.equal((await bridge.scim.patch(pathOf(emulator, 2), active(false))).status, 200)
  }
)

t.test('a change that says nothing of access does not undo an open DELETE', async (t) => {
  const bridge = await startFusedBridge(t, { env: {}, seed: { users: people(1) } })
  const { emulator, scim } = bridge
  const path = pathOf(emulator, 0)
  emulator.faults.add({ kind: '503-before', method: 'PUT' })
  t.equal((await scim.delete(path)).status, 503)
  emulator.faults.clear()
  t.equal((await scim.patch(path, title('Late'))).status, 404, 'the DELETE came first')
  t.equal((await scim.get(path)).status, 404)
  t.equal(leavers(emulator), 1)
})
