import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { actOnHeld, reportFuses } from '../../src/provisioning/fuse-desk.ts'
import type { BoxOperation, NewJournalEntry } from '../../src/provisioning/operations.ts'
import type { Directory } from '../../src/provisioning/ports.ts'
import { openDirectory } from '../../src/store/open.ts'
import { group, groupId, membership, newEntry, user, userId } from './directory-records.ts'

const log = { info() {}, warn() {}, error() {}, debug() {} }
const clock = { now: () => 0, sleep: async () => {} }
const identity = { boxHost: 'api.box.com', enterpriseId: '42' }

/** Runs a test on every implementation of the directory. */
function onEach(name: string, work: (t: Test, directory: Directory) => Promise<void>): void {
  t.test(name, async (t) => {
    for (const url of [`file:${join(t.testdir(), 'bridge.db')}`, 'file::memory:']) {
      const directory = await openDirectory({ url, identity, clock, log })
      t.teardown(() => directory.close())
      await work(t, directory)
    }
  })
}

const removal = (group: number, user: number) => ({
  kind: 'remove-membership' as const,
  groupId: groupId(group),
  userId: userId(user)
})
const held = (subject: string, heldAt: number, operation: BoxOperation) =>
  newEntry(subject, { state: 'held', heldAt, askedBy: 'token-1', operation })

onEach('held entries are apart from open ones', async (t, directory) => {
  const entries = await directory.transaction((tx) =>
    tx.appendJournal([
      held('membership:1/1', 10, removal(1, 1)),
      held('membership:11/1', 20, removal(11, 1)),
      held('group-members:1', 30, { kind: 'dissolve-group', groupId: groupId(1) }),
      held('membership:1/2', 40, removal(1, 2)),
      newEntry('membership:1/3')
    ])
  )
  const [first, second, third, fourth, fifth] = entries.map(({ id }) => id)
  const { journal } = directory
  const ids = async (rows: ReturnType<typeof journal.due>) => (await rows).map(({ id }) => id)
  t.strictSame(await journal.get(Number(first)), entries[0])
  t.strictSame(await ids(journal.due(99_999, 10)), [fifth])
  t.strictSame(await ids(journal.openFor('membership:1/1')), [])
  t.strictSame(await ids(journal.heldFor('membership:1/1')), [first])
  t.strictSame(await ids(journal.heldFor('membership:1')), [])
  t.strictSame(await ids(journal.heldOfGroup(groupId(1))), [first, fourth])
  t.strictSame(await ids(journal.heldUntil(30)), [first, second, third])
  t.match(await journal.count(), { held: 4, decided: 1, cancelled: 0 })
  t.match(await journal.open(), { held: 4, states: { decided: 1 } })
  await directory.transaction((tx) =>
    tx.updateJournal([Number(first), Number(third)], { state: 'decided' })
  )
  t.strictSame(await ids(journal.due(99_999, 10)), [first, third, fifth], 'removals first')
  t.strictSame(await ids(journal.heldUntil(99)), [second, fourth])
  t.equal(await journal.lastId(), fifth)
})

const leave = (user: number, changes: Partial<NewJournalEntry>) =>
  newEntry(`user:${user}`, {
    operation: {
      kind: 'deactivate-user',
      userId: userId(user),
      status: 'inactive',
      tombstone: false
    },
    ...changes
  })

onEach('removals that have or may have an effect are counted', async (t, directory) => {
  t.equal(await directory.journal.lastId(), 0)
  const entries = await directory.transaction((tx) =>
    tx.appendJournal([
      leave(1, { countedAt: 100 }),
      leave(2, { countedAt: 200, state: 'sent', sentAt: 200 }),
      leave(3, { countedAt: 300, state: 'unknown', sentAt: 300 }),
      leave(4, { countedAt: 400, state: 'confirmed', sentAt: 400 }),
      leave(5, { countedAt: 500, state: 'cancelled', sentAt: 500 }),
      leave(6, { countedAt: 500, state: 'cancelled' }),
      leave(7, { countedAt: 500, state: 'refused', sentAt: 500 }),
      leave(8, {}),
      newEntry('user:9', { countedAt: 500 })
    ])
  )
  const { journal } = directory
  const count = (since: number, afterId = 0) =>
    journal.countRemovals('deactivate-user', since, afterId)
  t.equal(await count(0), 5)
  t.equal(await count(100), 4, 'after the time')
  t.equal(await count(0, entries[3]?.id), 1, 'after the entry')
  t.equal(await journal.countRemovals('remove-membership', 0, 0), 0)
  await directory.transaction((tx) =>
    tx.updateJournal([Number(entries[0]?.id)], { countedAt: undefined })
  )
  t.equal(await count(0), 4)
})

onEach('what a share is taken of', async (t, directory) => {
  await directory.transaction(async (tx) => {
    await tx.putUser(user(1, { active: true }))
    await tx.putUser(user(2, { active: true }, { tombstone: true }))
    await tx.putUser(user(3, { active: true }, { linked: false }))
    await tx.putUser(user(4, { active: false }))
    await tx.putMemberships([
      membership(1, 1),
      membership(1, 2),
      membership(2, 1, { intended: false })
    ])
  })
  t.equal(await directory.users.countActive(), 1)
  t.equal(await directory.memberships.countIntended(), 2)
})

const heldLeave = (user: number, tombstone: boolean) =>
  newEntry(`user:${user}`, {
    state: 'held',
    heldAt: 1_000,
    askedBy: 'token-1',
    operation: { kind: 'deactivate-user', userId: userId(user), status: 'inactive', tombstone }
  })

const part = (group: number, user: number) =>
  newEntry(`membership:${group}/${user}`, {
    state: 'held',
    heldAt: 2_000,
    askedBy: 'token-2',
    operation: { kind: 'remove-membership', groupId: groupId(group), userId: userId(user) }
  })

onEach('a person finds what is held by login, name or id', async (t, directory) => {
  const at = { now: 9_000, correlationId: 'c-9' }
  const entries = await directory.transaction(async (tx) => {
    for (const id of [1, 2, 3]) await tx.putUser(user(id))
    await tx.putGroup(group(3, { displayName: 'Team' }))
    await tx.putMemberships([membership(3, 1), membership(3, 2)])
    await tx.putState('fuse.people', { openedAt: 5, countedAfter: 0 })
    return tx.appendJournal([heldLeave(1, false), heldLeave(3, true), part(3, 1), part(3, 2)])
  })
  const ids = entries.map(({ id }) => id)
  const { fuses, held } = await reportFuses(directory)
  t.strictSame(fuses, {
    people: { openedAt: 5, held: 2 },
    memberships: { openedAt: null, held: 2 }
  })
  t.strictSame(held[0], {
    id: ids[0],
    removal: 'deactivation',
    userId: '1',
    login: 'user1@example.com',
    groupId: null,
    group: null,
    heldAt: 1_000,
    expiresAt: 1_000 + 72 * 3_600_000,
    askedBy: 'token-1',
    correlationId: 'c-1'
  })
  t.match(held.slice(1), [
    { removal: 'deletion' },
    { removal: 'membership', login: 'user1@example.com', group: 'Team' },
    { removal: 'membership', login: 'user2@example.com' }
  ])
  const states = async () => {
    const found = await Promise.all(ids.map((id) => directory.journal.get(id)))
    return found.map((entry) => entry?.state)
  }
  for (const [names, message] of [
    [['user1@example.com', 'nobody@example.com'], /Nothing is held for nobody@example\.com/],
    [['3'], /3 names a person and a group/]
  ] as const) {
    await t.rejects(actOnHeld(directory, 'release', names, at), { message })
  }
  t.strictSame(await states(), ['held', 'held', 'held', 'held'], 'nothing is done')

  const some = await actOnHeld(directory, 'release', ['USER1@example.com'], at)
  t.strictSame(some, { removals: 2, closed: [] })
  t.strictSame(await states(), ['decided', 'held', 'decided', 'held'])
  t.match(await directory.memberships.get(groupId(3), userId(1)), { intended: false })
  t.strictSame(await actOnHeld(directory, 'discard', ['team'], at), { removals: 1, closed: [] })
  t.match(await directory.memberships.get(groupId(3), userId(2)), { intended: true })
  t.strictSame(await actOnHeld(directory, 'discard', [], at), { removals: 1, closed: ['people'] })
  t.strictSame(await states(), ['decided', 'cancelled', 'decided', 'cancelled'])
  t.strictSame(await actOnHeld(directory, 'release', [], at), { removals: 0, closed: [] })
  t.strictSame((await reportFuses(directory)).fuses.people, { openedAt: null, held: 0 })
  t.strictSame(await directory.state.get('fuse.people'), { openedAt: null, countedAfter: ids[3] })
})
