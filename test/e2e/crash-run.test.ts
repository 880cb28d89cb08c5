import t from 'tap'
import type { Test } from 'tap'
import { bridgeProcess, type BridgeProcess } from '../helpers/bridge-process.ts'
import { createProvider, type Provider, type Task } from '../helpers/provider.ts'
import { until } from '../helpers/until.ts'

/** Another run than the usual one: CRASH_SEED=… npx tap test/e2e/crash-run.test.ts */
const seed = Number(process.env['CRASH_SEED'] ?? 20)

const persons = [...Array(200).keys()]
const groups = [...Array(20).keys()]
/** Every second person is in a group: 2,000 memberships. */
const joins = (person: number, group: number) => (person + group) % 2 === 0
const parts = (person: number, group: number) => (person + group) % 14 === 0
const leaves = (person: number) => person % 10 === 7
const isPromoted = (person: number) => person % 5 === 0
const isRenamed = (person: number) => person % 25 === 3
const loginOf = (person: number) => `${isRenamed(person) ? 'q' : 'p'}${person}@example.com`

/** What is to be done, in phases that begin when the one before is acknowledged. */
function phasesOf(idp: Provider, random: () => number): readonly (readonly Task[])[] {
  const changes = groups.flatMap((group) =>
    batches(persons.filter((person) => joins(person, group))).map((members) =>
      idp.changeMembers(group, 'Add', members)
    )
  )
  const promotions = persons.filter(isPromoted).map((person) => idp.setTitle(person, 'Boss'))
  const removals = groups.flatMap((group) =>
    batches(persons.filter((person) => parts(person, group))).map((members) =>
      idp.changeMembers(group, 'Remove', members)
    )
  )
  const leavers = persons.filter(leaves).map((person) => idp.deactivate(person))
  const renames = persons.filter(isRenamed).map((person) => idp.rename(person))
  return [
    persons.map((person) => idp.provision(person)),
    groups.map((group) => idp.provisionGroup(group)),
    shuffled([...changes, ...promotions, ...leavers.slice(0, 10)], random),
    shuffled([...removals, ...renames, ...leavers.slice(10)], random)
  ]
}

t.test('200 people, 20 groups, 2,000 memberships and four crashes', async (t) => {
  t.comment(`CRASH_SEED=${seed}`)
  const random = createRandom(seed)
  const bridge = await bridgeProcess(t)
  const { emulator } = bridge
  const idp = createProvider(bridge)
  const crashes = [60, 350, 1200, 2320].map((from, index) => {
    return from + Math.floor(random() * ([100, 500, 800, 150][index] ?? 0))
  })
  const phases = phasesOf(idp, random)
  await bridge.start()

  let isDown = false
  let crash = crashNext()
  for (const phase of phases) {
    for (let left = phase; left.length > 0;) {
      left = await idp.work(left, () => isDown)
      if (!isDown) continue
      await crash
      await bridge.start()
      isDown = false
      t.same(await idp.contradictions(), [], 'what was acknowledged is there')
      crash = crashNext()
    }
  }
  await crash
  t.equal(crashes.length, 0, 'every crash has happened')

  await until('the journal is empty', () => bridge.openEntries().length === 0, 60_000)
  assertBox(t, bridge)
  t.same(await idp.contradictions(), [], 'SCIM shows what was acknowledged')
  t.equal(await bridge.stop(), 0)
  t.same(bridge.openEntries(), [])

  /** Answers get lost, then calls hang, then the process dies with them. */
  async function crashNext(): Promise<void> {
    const at = crashes.shift()
    if (at === undefined) return
    const path = '/2.0/*'
    await until(`call ${at}`, () => emulator.calls.length >= at, 60_000)
    emulator.faults.add({ kind: '503-after', times: 2, path })
    emulator.faults.add({ kind: 'reset-after', times: 2, path })
    await until('answers were lost', () => emulator.faults.armed.length === 0)
    emulator.faults.add({ kind: 'delay-after', times: 3, ms: 600_000, path })
    emulator.faults.add({ kind: 'delay', times: 2, ms: 600_000, path })
    await until('calls are under way', () => emulator.faults.armed.length === 0)
    isDown = true
    await bridge.kill()
  }
})

/** Box is exactly what the IdP meant. */
function assertBox(t: Test, { emulator }: BridgeProcess): void {
  const { users, groups: boxGroups } = emulator.state()
  const { 'ada.admin@example.com': _admin, ...provisioned } = users
  t.strictSame(
    Object.fromEntries(
      Object.entries(provisioned).map(([login, user]) => {
        const { status, job_title: title, external_app_user_id: externalId, aliases } = user
        return [login, { status, title, externalId, aliases }]
      })
    ),
    Object.fromEntries(
      persons.map((person) => [
        loginOf(person),
        {
          status: leaves(person) ? 'inactive' : 'active',
          title: isPromoted(person) ? 'Boss' : 'Joiner',
          externalId: `e-${person}`,
          aliases: []
        }
      ])
    ),
    'everybody is there once'
  )
  t.strictSame(
    Object.fromEntries(
      Object.entries(boxGroups).map(([name, { members }]) => [name, members.toSorted()])
    ),
    Object.fromEntries(
      groups.map((group) => [
        `Group ${group}`,
        persons
          .filter((person) => joins(person, group) && !parts(person, group))
          .map(loginOf)
          .toSorted()
      ])
    ),
    'every group is there once, with its members'
  )
}

function batches(members: readonly number[]): readonly (readonly number[])[] {
  const size = 10
  return members
    .map((_, index) => members.slice(index, index + size))
    .filter((_, index) => index % size === 0)
}

function shuffled<Item>(items: readonly Item[], random: () => number): readonly Item[] {
  return items
    .map((item) => ({ item, at: random() }))
    .toSorted((left, right) => left.at - right.at)
    .map(({ item }) => item)
}

/** Numbers in [0, 1) that follow from the seed (mulberry32). */
function createRandom(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
