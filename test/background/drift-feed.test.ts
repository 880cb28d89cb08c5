import t from 'tap'
import type { Test } from 'tap'
import { createDriftFeed } from '../../src/background/drift-feed.ts'
import { createBoxClient } from '../../src/box/client.ts'
import { createEmulator } from '../../src/emulator/emulator.ts'
import type { EmulatorOptions } from '../../src/emulator/emulator.ts'
import { demoCredentials, demoSeed } from '../../src/emulator/seed.ts'
import type { Clock, Milliseconds } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { importedKey } from '../../src/provisioning/ports.ts'
import type { Directory } from '../../src/provisioning/ports.ts'
import { openDirectory } from '../../src/store/open.ts'
import { alertsInLog } from '../helpers/alerts-in-log.ts'

const minute = 60_000
const day = 24 * 60 * minute
const intervalMs = 5 * minute
const carla = 'carla.conti@example.com'
const identity = { boxHost: 'api.box.com', enterpriseId: '42' }

interface Line {
  readonly level: string
  readonly message: string
  readonly fields: object
}

/** A feed whose polls are made by hand, between a directory and an emulated Box. */
async function setUp(t: Test, options: EmulatorOptions = {}, directory?: Directory) {
  let now = Date.parse('2026-03-02T18:00:00Z')
  const emulator = createEmulator({
    seed: demoSeed,
    callsPerMinute: 1_000_000,
    clock: { now: () => now, sleep: () => Promise.resolve() },
    ...options
  })
  t.teardown(() => emulator.close())
  const lines: Line[] = []
  const keep = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, message, fields })
  const log = { info: keep('info'), warn: keep('warn'), error: keep('error'), debug: () => {} }
  const box = createBoxClient({
    apiUrl: await emulator.listen(),
    credentials: { kind: 'client-credentials', ...demoCredentials },
    callsPerMinute: 1_000_000,
    // What waits for an answer waits for good; what waits before it tries again does not.
    clock: {
      now: () => now,
      sleep: (duration, signal) => (duration < 5000 ? Promise.resolve() : ended(signal))
    },
    random: systemRandom,
    log: { info() {}, warn() {}, error() {}, debug() {} }
  })
  t.teardown(() => box.close())
  const opened =
    directory ??
    (await openDirectory({
      url: 'file::memory:',
      identity,
      clock: { now: () => now, sleep: () => Promise.resolve() },
      log
    }))
  if (directory === undefined) t.teardown(() => opened.close())
  await opened.transaction((tx) => tx.putState(importedKey, 1))
  const asked: string[] = []
  let woken = 0
  const feedOf = (clock: Clock) =>
    createDriftFeed({
      directory: opened,
      box,
      clock,
      log,
      alerts: alertsInLog(log),
      intervalMs,
      onHints: () => void (woken += 1),
      reconcileAll: async () => void asked.push('reconcile')
    })
  let rest: Milliseconds = 0
  const stop = { now: new AbortController() }
  const feed = feedOf({
    now: () => now,
    sleep(duration) {
      rest = duration
      stop.now.abort()
      return Promise.resolve()
    }
  })
  const call = { lane: 'background', deadline: now + day } as const
  return {
    emulator,
    directory: opened,
    feed,
    lines,
    asked,
    woken: () => woken,
    begin: async () => feed.begin((await box.getOwnAccount(call)).id, call),
    /** Polls once and tells how long the feed wants to rest. */
    async poll() {
      stop.now = new AbortController()
      await feed.run(stop.now.signal)
      return rest
    },
    now: () => now,
    pass: (duration: Milliseconds) => void (now += duration),
    /** What is noted, without the time. */
    async hints() {
      const due = await opened.hints.due(now, 10_000)
      return due.map(({ hint }) => hint)
    },
    /** Has everything that is noted be worked. */
    async work() {
      const due = await opened.hints.due(now, 10_000)
      await opened.transaction(async (tx) => {
        for (const noted of due) await tx.dropHint(noted)
      })
    },
    eventCalls: () => emulator.calls.filter(({ path }) => path === '/2.0/events'),
    calls: () => emulator.calls.filter(({ path }) => path !== '/oauth2/token').length,
    idOf: (login: string) => emulator.state().users[login]?.id,
    groupIdOf: (name: string) => emulator.state().groups[name]?.id,
    box,
    call
  }
}

function ended(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

t.test('what others change in Box is noted once, what the bridge changes is not', async (t) => {
  const at = await setUp(t)
  await at.begin()
  const { admin } = at.emulator
  const user = await at.box.findUserByLogin(carla, at.call)
  if (user === undefined) throw new Error('nobody')
  for (let i = 0; i < 30; i++) await at.box.updateUser(user.id, { jobTitle: `Cook ${i}` }, at.call)
  t.equal(await at.poll(), intervalMs)
  t.same(await at.hints(), [])
  t.equal(at.woken(), 0)

  await at.box.updateUser(user.id, { jobTitle: 'Chef' }, at.call)
  admin.updateUser(carla, { status: 'inactive' })
  admin.updateUser(carla, { status: 'active' })
  admin.putMember('Finance', carla)
  admin.removeMember('Finance', carla)
  admin.updateGroup('Finance', { description: 'Money' })
  const groupId = at.groupIdOf('Finance')
  await at.poll()
  t.same(await at.hints(), [
    { kind: 'group', groupId },
    { kind: 'user', userId: user.id },
    { kind: 'membership', groupId, userId: user.id }
  ])
  t.equal(at.woken(), 1)
})

t.test('an older copy of the directory does not know what the bridge did since', async (t) => {
  const at = await setUp(t)
  await at.begin()
  const { id } = await at.box.createGroup({ name: 'Design' }, at.call)
  at.pass(day)
  await at.poll()
  t.same(await at.hints(), [{ kind: 'group', groupId: id }])
  await at.work()
  at.pass(day)
  await at.box.updateGroup(id, { description: 'Draws' }, { ...at.call, deadline: at.now() + day })
  await at.poll()
  t.same(await at.hints(), [], 'later polls know')
})

t.test('a thousand writes of the bridge cost two pages and nothing else', async (t) => {
  const at = await setUp(t)
  await at.begin()
  await at.poll()
  for (let i = 0; i < 1000; i++) {
    await at.box.createGroup({ name: `Group ${i}` }, at.call)
  }
  const before = at.calls()
  await at.poll()
  t.same(await at.hints(), [])
  t.equal(at.calls() - before, 3, 'two full pages, and an empty one')
})

t.test('what happens between two polls is read to its end', async (t) => {
  const at = await setUp(t)
  await at.begin()
  for (let i = 0; i < 1200; i++) {
    at.emulator.admin.createUser({ login: `crowd.${i}@example.com`, name: `Crowd ${i}` })
  }
  await at.poll()
  t.equal((await at.hints()).length, 1200)
  await at.work()
  await at.poll()
  t.same(await at.hints(), [], 'and not a second time')
})

t.test('short pages do not end a poll', async (t) => {
  const at = await setUp(t, { guesses: { eventsPerPage: 2, eventPosition: 'number' } })
  await at.begin()
  for (let i = 0; i < 7; i++) at.emulator.admin.createGroup({ name: `Group ${i}` })
  await at.poll()
  t.equal((await at.hints()).length, 7)
})

t.test('duplicates, disorder and unknown shapes do no harm', async (t) => {
  for (const groupEventSource of ['flat', 'nested'] as const) {
    const at = await setUp(t, { guesses: { groupEventSource, userEventSource: 'standard' } })
    await at.begin()
    const { admin, events } = at.emulator
    const people = Object.keys(demoIds(at.emulator.state().users)).slice(0, 6)
    events.disturb('twice', 2)
    events.disturb('reversed', 3)
    events.disturb('unreadable', 2)
    for (const login of people) admin.updateUser(login, { job_title: 'Cook' })
    admin.putMember('Finance', people[5] ?? '')
    events.inject({ type: 'event', event_type: 'EDIT_USER' })
    events.inject({ type: 'event', event_type: 'SOMETHING_NEW', source: [1, 2] })
    events.inject({ kind: 'odd' })
    admin.updateUser(people[0] ?? '', { job_title: 'Chef' })
    await at.poll()
    const ids = people.slice(0, 5).map((login) => at.idOf(login) ?? '')
    t.same(
      (await at.hints())
        .map((hint) => ('userId' in hint ? String(hint.userId) : hint.kind))
        .toSorted(),
      ids.toSorted(),
      'everybody whose event can be read, once'
    )
    const warning = at.lines.find(({ level }) => level === 'warn')
    t.match(warning, { fields: { count: 3, types: ['EDIT_USER', 'GROUP_ADD_USER'] } })

    await at.work()
    const first = events.recorded[0]
    if (first !== undefined) events.inject(first)
    const before = at.eventCalls().length
    await at.poll()
    t.ok(at.eventCalls().length > before)
    t.same(await at.hints(), [], 'delivered again later')
  }
})

function demoIds(users: Readonly<Record<string, { readonly role: string }>>) {
  return Object.fromEntries(Object.entries(users).filter(([, { role }]) => role === 'user'))
}

t.test('a crash between noting and remembering the position loses nothing', async (t) => {
  const directory = await openDirectory({
    url: 'file::memory:',
    identity,
    clock: { now: Date.now, sleep: () => Promise.resolve() },
    log: { info() {}, warn() {}, error() {}, debug() {} }
  })
  t.teardown(() => directory.close())
  let breaks = false
  const fragile: Directory = {
    ...directory,
    transaction: (work) =>
      directory.transaction(async (tx) => {
        const broken = { ...tx, putState: () => Promise.reject(new Error('disk full')) }
        return work(breaks ? broken : tx)
      })
  }
  const at = await setUp(t, {}, fragile)
  await at.begin()
  await at.poll()
  at.emulator.admin.updateUser(carla, { job_title: 'Cook' })
  breaks = true
  t.equal(await at.poll(), intervalMs)
  t.same(await at.hints(), [], 'neither hint nor position')
  t.match(at.lines.at(-1), { level: 'error' })
  breaks = false
  await at.poll()
  t.same(await at.hints(), [{ kind: 'user', userId: at.idOf(carla) }])
})

t.test('a position that Box has forgotten begins anew and asks for a reconcile', async (t) => {
  const at = await setUp(t, { eventLimit: 10 })
  await at.begin()
  for (let i = 0; i < 30; i++) at.emulator.admin.createGroup({ name: `Group ${i}` })
  t.equal(await at.poll(), intervalMs)
  t.same(at.asked, ['reconcile'])
  t.ok(at.feed.isCurrent())
  at.emulator.admin.updateUser(carla, { job_title: 'Cook' })
  await at.poll()
  t.same(await at.hints(), [{ kind: 'user', userId: at.idOf(carla) }])
  t.equal(at.asked.length, 1)
})

t.test('a position older than what Box keeps is not even tried', async (t) => {
  const at = await setUp(t)
  await at.begin()
  at.pass(12 * day)
  await at.poll()
  t.same(at.asked, [])
  at.pass(14 * day)
  const before = at.eventCalls().length
  await at.poll()
  t.same(at.asked, ['reconcile'])
  t.match(at.eventCalls().slice(before), [{ query: /stream_position=now/ }])
})

t.test('a directory that was imported without a position is compared as a whole', async (t) => {
  const at = await setUp(t)
  await at.poll()
  t.same(at.asked, ['reconcile'])
  await at.poll()
  t.equal(at.asked.length, 1)
})

t.test('without the scope the bridge says so once and looks again later', async (t) => {
  const at = await setUp(t)
  const { faults } = at.emulator
  faults.add({ kind: 'insufficient-scope', path: '/2.0/events' })
  await at.begin()
  const warnings = () => at.lines.filter(({ level }) => level === 'warn')
  t.match(warnings(), [{ message: /Manage enterprise properties/, fields: { status: 403 } }])
  t.equal(await at.poll(), 60 * minute)
  t.equal(await at.poll(), 60 * minute)
  t.equal(warnings().length, 1)
  t.notOk(at.feed.isCurrent())
  t.match(await at.directory.state.get('events'), { isForbidden: true })
  faults.clear()
  t.equal(await at.poll(), intervalMs)
  t.ok(at.feed.isCurrent())
  t.same(at.asked, ['reconcile'], 'what happened meanwhile is unknown')
  t.match(await at.directory.state.get('events'), { isForbidden: false })
  faults.add({ kind: 'insufficient-scope', path: '/2.0/events' })
  await at.poll()
  t.notOk(at.feed.isCurrent(), 'at once')
})

t.test('trouble at Box is waited out, and nothing is lost', async (t) => {
  const at = await setUp(t)
  await at.begin()
  at.emulator.admin.updateUser(carla, { job_title: 'Cook' })
  for (const kind of ['503-before', 'server-error', 'reset-after'] as const) {
    at.emulator.faults.add({ kind, path: '/2.0/events' })
    t.equal(await at.poll(), intervalMs, kind)
    at.emulator.faults.clear()
    t.same(await at.hints(), [])
  }
  await at.poll()
  t.same(await at.hints(), [{ kind: 'user', userId: at.idOf(carla) }])
})

t.test('the mirror is current while polls succeed and hints are worked', async (t) => {
  const at = await setUp(t)
  t.notOk(at.feed.isCurrent(), 'before the first poll')
  await at.begin()
  t.ok(at.feed.isCurrent())
  at.pass(3 * intervalMs)
  t.ok(at.feed.isCurrent())
  at.pass(1)
  t.notOk(at.feed.isCurrent(), 'no poll for three intervals')
  at.emulator.faults.add({ kind: '503-before', path: '/2.0/events' })
  await at.poll()
  t.notOk(at.feed.isCurrent(), 'a poll that failed is none')
  at.emulator.faults.clear()
  at.emulator.admin.updateUser(carla, { job_title: 'Cook' })
  await at.poll()
  t.ok(at.feed.isCurrent())
  at.pass(2 * intervalMs)
  await at.poll()
  t.ok(at.feed.isCurrent(), 'the hint may still wait')
  at.pass(2 * intervalMs)
  await at.poll()
  t.notOk(at.feed.isCurrent(), 'the hint has waited too long')
  await at.work()
  await at.poll()
  t.ok(at.feed.isCurrent())
})
