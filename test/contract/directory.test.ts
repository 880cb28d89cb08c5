import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import type { Directory } from '../../src/provisioning/ports.ts'
import type { Query, SearchRequest } from '../../src/provisioning/query.ts'
import { openDirectory } from '../../src/store/open.ts'
import {
  attribute,
  group,
  groupId,
  invite,
  membership,
  newEntry,
  request,
  user,
  userId
} from './directory-records.ts'

const silent = { info() {}, warn() {}, error() {}, debug() {} }
const clock = { now: () => 0, sleep: async () => {} }
const identity = { boxHost: 'api.box.com', enterpriseId: '42' }

/** Every implementation of the directory, empty. */
const implementations: Record<string, (t: Test) => Promise<Directory>> = {
  'SQLite file': (t) =>
    openDirectory({ url: `file:${join(t.testdir(), 'bridge.db')}`, identity, clock, log: silent }),
  'SQLite in memory': () => openDirectory({ url: 'file::memory:', identity, clock, log: silent })
}

const eq = (path: string, value: string): Query => ({
  kind: 'compare',
  attribute: attribute(path),
  operator: 'eq',
  value
})

/** A promise that is settled by hand. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { passed: promise, open: () => resolve() }
}

/** Puts people in one transaction. */
function put(directory: Directory, ...records: readonly Parameters<typeof user>[]) {
  return directory.transaction(async (tx) => {
    for (const record of records) await tx.putUser(user(...record))
  })
}

for (const [name, open] of Object.entries(implementations)) {
  t.test(name, async (t) => {
    const withDirectory = (title: string, body: (t: Test, directory: Directory) => Promise<void>) =>
      t.test(title, async (t) => {
        const directory = await open(t)
        t.teardown(() => directory.close())
        await body(t, directory)
      })

    withDirectory('a person comes back as it was put', async (t, directory) => {
      const record = user(
        '12345678901234567890',
        {
          userName: 'Ada@Example.com',
          name: { givenName: 'Ada', familyName: "O'Hara" },
          'urn:ietf:params:scim:schemas:extension:box:2.0:User': { spaceAmount: 5 }
        },
        {
          linked: false,
          createdByBridge: true,
          deactivatedByBridge: true,
          aliases: ['Old@example.com', 'older@example.com'],
          shadow: { displayName: 'Ada "the first"', emails: [{ value: 'a@example.com' }] },
          created: Date.UTC(2026, 0, 1),
          lastModified: Date.UTC(2026, 0, 2),
          revision: 7
        }
      )
      await directory.transaction((tx) => tx.putUser(record))
      t.strictSame(await directory.users.get(record.id), record)
      const replaced = { ...record, aliases: ['older@example.com'], tombstone: true, revision: 8 }
      await directory.transaction((tx) => tx.putUser(replaced))
      t.strictSame(await directory.users.get(record.id), replaced)
      t.equal(await directory.users.get(userId(1)), undefined)
    })

    withDirectory('a resource is sent with schemas and id first', async (t, directory) => {
      const extension = 'urn:ietf:params:scim:schemas:extension:box:2.0:User'
      await put(
        directory,
        [1, { userName: 'a@example.com', [extension]: { language: 'en' } }],
        [2, { schemas: ['urn:own'], id: 'not this', userName: 'b@example.com' }]
      )
      const view = await directory.users.view(userId(1), false)
      t.strictSame(view, {
        id: '1',
        text: JSON.stringify({
          schemas: ['urn:ietf:params:scim:schemas:core:2.0:User', extension],
          id: '1',
          userName: 'a@example.com',
          [extension]: { language: 'en' }
        }),
        created: 1_001,
        lastModified: 2_001,
        revision: 1
      })
      t.equal(
        (await directory.users.view(userId(2), false))?.text,
        '{"schemas":["urn:own"],"id":"2","userName":"b@example.com"}'
      )
    })

    withDirectory('a group comes back as it was put', async (t, directory) => {
      const record = group(7, { displayName: 'Sales', externalId: 'x' }, { tombstone: true })
      await directory.transaction((tx) => tx.putGroup(record))
      t.strictSame(await directory.groups.get(record.id), record)
      t.strictSame(await directory.groups.findByName('SALES'), record, 'tombstones included')
      t.equal(await directory.groups.view(record.id, false), undefined, 'but never shown')
      t.equal((await directory.groups.search(request())).total, 0)
      await directory.transaction(async (tx) => {
        await tx.putGroup({ ...record, tombstone: false })
        await tx.touchGroup(record.id, 9_999)
      })
      t.match(await directory.groups.view(record.id, false), { lastModified: 9_999, revision: 2 })
    })

    withDirectory('addresses and user names are found in any case', async (t, directory) => {
      await put(
        directory,
        [1, { userName: 'ÄNNE@example.com' }, { aliases: ['Before@example.com'] }],
        [2, { userName: 'gone@example.com' }, { tombstone: true }]
      )
      const byAddress = async (address: string) =>
        (await directory.users.findByAddress(address))?.id
      t.equal(await byAddress('änne@EXAMPLE.com'), '1')
      t.equal(await byAddress('before@example.COM'), '1', 'an alias')
      t.equal(await byAddress('Gone@example.com'), '2', 'a tombstone')
      t.equal(await byAddress('nobody@example.com'), undefined)
      t.equal((await directory.users.findByUserName('änne@example.com'))?.id, '1')
      t.equal(await directory.users.findByUserName('gone@example.com'), undefined)
      t.equal(await directory.users.view(userId(2), true), undefined)
      t.strictSame(await directory.users.visible(['1', '2', '3', "x'"]), new Set(['1']))
    })

    withDirectory('people are found by externalId, whoever left last', async (t, directory) => {
      await directory.transaction(async (tx) => {
        await tx.putUser(user(1, { externalId: 'e-1' }, { tombstone: true }))
        await tx.putUser(user(2, { externalId: 'e-1' }, { externalIdRefused: true }))
        await tx.putUser(user(3, { externalId: 'E-1' }))
        await tx.putUser(user(4))
      })
      const found = await directory.users.findByExternalId('e-1')
      t.strictSame(
        found.map(({ id }) => id),
        ['2', '1']
      )
      t.strictSame(
        found.map(({ externalIdRefused }) => externalIdRefused),
        [true, false]
      )
      t.strictSame(await directory.users.findByExternalId('e-2'), [])
    })

    withDirectory('memberships are rows', async (t, directory) => {
      const rows = [
        membership(1, 10),
        membership(1, 11, { intended: false, boxId: undefined }),
        membership(2, 10, { role: 'admin' })
      ] as const
      await directory.transaction((tx) => tx.putMemberships(rows))
      const { memberships } = directory
      t.strictSame(await memberships.get(groupId(1), userId(11)), rows[1])
      t.equal(await memberships.get(groupId(2), userId(11)), undefined)
      t.strictSame(await memberships.ofGroup(groupId(1)), [rows[0], rows[1]])
      t.strictSame(await memberships.ofUser(userId(10)), [rows[0], rows[2]])
      t.strictSame(await memberships.getMany(groupId(1), [userId(11), userId(12)]), [rows[1]])
      await directory.transaction(async (tx) => {
        await tx.putMemberships([membership(1, 11)])
        await tx.deleteMembership(groupId(1), userId(10))
        await tx.putMemberships([])
      })
      t.strictSame(await memberships.ofGroup(groupId(1)), [membership(1, 11)])
    })

    withDirectory('members and groups are shown where both sides are', async (t, directory) => {
      await directory.transaction(async (tx) => {
        await tx.putUser(user(2, { userName: 'b@example.com', displayName: 'Bea' }))
        await tx.putUser(user(1, { userName: 'a@example.com' }))
        await tx.putUser(user(3, {}, { tombstone: true }))
        await tx.putUser(user(4))
        await tx.putGroup(group(1, { displayName: 'One' }))
        await tx.putGroup(group(2, {}, { tombstone: true }))
        await tx.putMemberships([
          membership(1, 1),
          membership(1, 2),
          membership(1, 3),
          membership(1, 4, { intended: false }),
          membership(1, 99),
          membership(2, 1)
        ])
      })
      const members = [
        { value: '1', display: 'a@example.com' },
        { value: '2', display: 'Bea' }
      ]
      t.strictSame([...((await directory.groups.view(groupId(1), true))?.related ?? [])], members)
      t.equal((await directory.groups.view(groupId(1), false))?.related, undefined)
      t.strictSame(
        [...((await directory.users.view(userId(1), true))?.related ?? [])],
        [{ value: '1', display: 'One' }]
      )
      const page = await directory.users.search(request({ related: true }))
      t.strictSame(
        page.resources.map(({ id, related = [] }) => [
          id,
          Array.from(related, ({ value }) => value)
        ]),
        [
          ['1', ['1']],
          ['2', ['1']],
          ['4', []]
        ]
      )
      const found = await directory.groups.search(
        request({ related: true, query: eq('members.value', '2') })
      )
      t.strictSame([...(found.resources[0]?.related ?? [])], members)
      t.equal((await directory.groups.search(request({ query: eq('members', '3') }))).total, 0)
    })

    withDirectory('who is gone from Box leaves no membership', async (t, directory) => {
      await directory.transaction(async (tx) => {
        await tx.putUser(user(1, {}, { aliases: ['x@example.com'] }))
        await tx.putGroup(group(1))
        await tx.putGroup(group(2))
        await tx.putMemberships([membership(1, 1), membership(2, 1), membership(2, 5)])
      })
      await directory.transaction((tx) => tx.deleteUser(userId(1)))
      t.equal(await directory.users.get(userId(1)), undefined)
      t.equal(await directory.users.findByAddress('x@example.com'), undefined)
      t.strictSame(await directory.memberships.ofUser(userId(1)), [])
      await directory.transaction((tx) => tx.deleteGroup(groupId(2)))
      t.equal(await directory.groups.get(groupId(2)), undefined)
      t.strictSame(await directory.memberships.ofGroup(groupId(2)), [])
    })

    withDirectory('pages are stable and their total is of all matches', async (t, directory) => {
      await put(
        directory,
        [3, {}, { created: 10 }],
        [1, {}, { created: 20 }],
        [2, {}, { created: 20 }],
        [9, {}, { created: 5, tombstone: true }]
      )
      const page = async (changes: Partial<SearchRequest>) => {
        const { total, resources } = await directory.users.search(request(changes))
        return [total, ...resources.map(({ id }) => id)]
      }
      t.strictSame(await page({}), [3, '3', '1', '2'])
      t.strictSame(await page({ startIndex: 2, count: 1 }), [3, '1'])
      t.strictSame(await page({ startIndex: 50 }), [3], 'past the end')
      t.strictSame(await page({ count: 0 }), [3])
      const query = eq('userName', 'USER2@example.com')
      t.strictSame(await page({ query }), [1, '2'])
      t.strictSame(await page({ query, startIndex: 2 }), [1])
      t.strictSame(await page({ query, count: 0 }), [1])
      t.strictSame(await page({ query: eq('userName', 'x') }), [0])
    })

    withDirectory('sorting follows RFC 7644 §3.4.2.3', async (t, directory) => {
      await put(
        directory,
        [1, { title: 'b', emails: [{ value: 'z@example.com' }, { value: 'y@example.com' }] }],
        [
          2,
          {
            title: 'C',
            emails: [{ value: 'z@example.com' }, { value: 'a@example.com', primary: true }]
          }
        ],
        [3, { emails: [] }],
        [4, { title: 'a', emails: [{ type: 'work' }, { value: 'm@example.com' }] }]
      )
      const order = async (sort: NonNullable<SearchRequest['sort']>) =>
        (await directory.users.search(request({ sort }))).resources.map(({ id }) => id).join('')
      const title = attribute('title')
      t.equal(await order({ attribute: title, descending: false }), '4123', 'absent last')
      t.equal(await order({ attribute: title, descending: true }), '3214', 'absent first')
      t.equal(await order({ attribute: { ...title, caseExact: true }, descending: false }), '2413')
      const emails = attribute('emails.value')
      t.equal(await order({ attribute: emails, descending: false }), '2413', 'primary, else first')
      t.equal(await order({ attribute: attribute('emails'), descending: false }), '2413')
      const created = attribute('meta.created', { type: 'dateTime' })
      t.equal(await order({ attribute: created, descending: true }), '4321')
      t.equal(await order({ attribute: attribute('groups.value'), descending: true }), '1234')
    })

    withDirectory('a failing transaction changes nothing', async (t, directory) => {
      await put(directory, [1])
      const failure = new Error('no')
      await t.rejects(
        directory.transaction(async (tx) => {
          await tx.deleteUser(userId(1))
          await tx.putUser(user(2))
          await tx.appendJournal([newEntry('user:1')])
          throw failure
        }),
        failure
      )
      t.ok(await directory.users.get(userId(1)))
      t.equal(await directory.users.get(userId(2)), undefined)
      t.strictSame(await directory.journal.openFor('user:1'), [])
      await put(directory, [3])
      t.ok(await directory.users.get(userId(3)), 'and the next one works')
    })

    withDirectory('reads neither wait for a transaction nor see into it', async (t, directory) => {
      await put(directory, [1])
      const written = gate()
      const goOn = gate()
      const running = directory.transaction(async (tx) => {
        await tx.putUser(user(2))
        await tx.deleteUser(userId(1))
        t.ok(await tx.users.get(userId(2)), 'its own reads see its writes')
        t.equal((await tx.users.search(request())).resources[0]?.id, '2')
        written.open()
        await goOn.passed
      })
      await written.passed
      t.ok(await directory.users.get(userId(1)), 'the state before')
      t.strictSame(await directory.users.visible(['1', '2']), new Set(['1']))
      goOn.open()
      await running
      t.strictSame(await directory.users.visible(['1', '2']), new Set(['2']), 'the state after')
    })

    withDirectory('transactions run one at a time, in order', async (t, directory) => {
      const increment = () =>
        directory.transaction(async (tx) => {
          const count = (await tx.state.get('count')) ?? 0
          await new Promise((resolve) => setImmediate(resolve))
          await tx.putState('count', Number(count) + 1)
          return Number(count)
        })
      const results = await Promise.all(Array.from({ length: 20 }, increment))
      t.strictSame(results, [...results.keys()])
      t.equal(await directory.state.get('count'), 20)
    })

    withDirectory('a transaction that has ended takes no more', async (t, directory) => {
      const leaked = await directory.transaction(async (tx) => ({ tx }))
      await t.rejects(leaked.tx.putUser(user(1)), { message: 'the transaction has ended' })
      await t.rejects(leaked.tx.users.get(userId(1)))
    })

    withDirectory('named values are any JSON', async (t, directory) => {
      await directory.transaction(async (tx) => {
        await tx.putState('import', { done: true, at: [1, null] })
        await tx.putState('import', false)
        await tx.putState('__proto__', { done: true })
      })
      t.equal(await directory.state.get('import'), false)
      t.strictSame(await directory.state.get('__proto__'), { done: true })
      t.equal(await directory.state.get('other'), undefined)
    })

    withDirectory('journal entries keep their order and know what is due', async (t, directory) => {
      const entries = await directory.transaction((tx) =>
        tx.appendJournal([
          newEntry('user:1', { acknowledged: true }),
          newEntry('user:2', { state: 'sent', sentAt: 5_001 }),
          newEntry('user:1'),
          newEntry('user:1', { state: 'confirmed' })
        ])
      )
      const [first, second, third, fourth] = entries.map(({ id }) => id)
      const { journal } = directory
      t.strictSame(
        entries.map(({ id }) => id),
        entries.map(({ id }) => id).toSorted((a, b) => a - b)
      )
      t.strictSame(await journal.get(Number(second)), {
        ...newEntry('user:2', { state: 'sent', sentAt: 5_001 }),
        id: second,
        attempts: 0,
        notBefore: 5_000,
        outcome: undefined
      })
      const ids = async (rows: ReturnType<typeof journal.due>) => (await rows).map(({ id }) => id)
      t.strictSame(await ids(journal.openFor('user:1')), [first, third])
      t.strictSame(await ids(journal.due(5_000, 10)), [first, second, third])
      t.strictSame(await ids(journal.due(5_000, 2)), [first, second])
      t.strictSame(await ids(journal.due(5_000, 2, [Number(first)])), [second, third])
      t.strictSame(await ids(journal.due(4_999, 10)), [])

      await directory.transaction(async (tx) => {
        await tx.updateJournal([Number(first)], { notBefore: 6_000, attempts: 1, outcome: 'later' })
        await tx.updateJournal([Number(second), Number(third)], {
          state: 'unknown',
          sentAt: undefined,
          operation: { kind: 'remove-membership', groupId: groupId(1), userId: userId(2) }
        })
        await tx.updateJournal([Number(fourth)], {})
        await tx.updateJournal([], { state: 'cancelled' })
      })
      t.match(await journal.get(Number(first)), {
        state: 'decided',
        acknowledged: true,
        attempts: 1,
        notBefore: 6_000,
        outcome: 'later'
      })
      t.match(await journal.get(Number(second)), {
        state: 'unknown',
        sentAt: undefined,
        operation: { kind: 'remove-membership' }
      })
      t.strictSame(await ids(journal.due(5_999, 10)), [second, third])
      t.strictSame(await journal.count(), {
        held: 0,
        decided: 1,
        sent: 0,
        unknown: 2,
        confirmed: 1,
        refused: 0,
        cancelled: 0
      })
      const later = await directory.transaction((tx) => tx.appendJournal([newEntry('user:1')]))
      t.ok(Number(later[0]?.id) > Number(fourth))
      t.equal(await journal.get(9_999), undefined)
    })

    withDirectory('a thing to be read again is one hint', async (t, directory) => {
      const person = { kind: 'user', userId: userId(1) } as const
      const member = { kind: 'membership', groupId: groupId(1), userId: userId(1) } as const
      const members = { kind: 'members', groupId: groupId(1) } as const
      const attributes = { kind: 'group', groupId: groupId(1) } as const
      const { hints } = directory
      t.strictSame(await hints.waiting(), { count: 0, oldestAt: undefined })
      await directory.transaction((tx) => tx.noteHints([member, person], 'events', 5))
      await directory.transaction((tx) => tx.noteHints([members, attributes], 'events', 5))
      await directory.transaction((tx) => tx.noteHints([person, person], 'reconcile', 7))
      t.strictSame(await hints.waiting(), { count: 4, oldestAt: 5 })
      const due = await hints.due(7, 10)
      t.strictSame(
        due.map(({ hint }) => hint.kind).toSorted(),
        ['group', 'members', 'membership', 'user'],
        'a person and a group with one id are two things'
      )
      t.equal(due.at(-1)?.hint.kind, 'membership', 'after what it needs')
      const [first] = due
      t.match(
        due.find(({ hint }) => hint.kind === 'user'),
        { hint: person, source: 'reconcile', notedAt: 5, notBefore: 7, revision: 3 }
      )
      t.strictSame(await hints.due(4, 10), [])
      t.equal((await hints.due(7, 2)).length, 2)
      await directory.transaction(async (tx) => {
        for (const noted of due.slice(1)) await tx.dropHint(noted)
      })
      t.strictSame(await hints.due(7, 10), [first])
    })

    withDirectory('a hint that is noted anew meanwhile stays', async (t, directory) => {
      const hint = { kind: 'user', userId: userId(1) } as const
      const note = (now: number) =>
        directory.transaction((tx) => tx.noteHints([hint], 'events', now))
      const read = async () => (await directory.hints.due(100, 10))[0]
      await note(1)
      const first = await read()
      if (first === undefined) throw new Error('the hint is not there')
      await directory.transaction((tx) => tx.postponeHint(first, 60))
      t.strictSame(await directory.hints.due(59, 10), [], 'it rests')
      await note(50)
      t.match(await directory.hints.due(50, 10), [{ hint, notedAt: 1, revision: 2 }])
      await directory.transaction(async (tx) => {
        await tx.dropHint(first)
        await tx.postponeHint(first, 90)
      })
      const second = await read()
      t.match(second, { hint, notBefore: 50 }, 'what was noted since is not lost')
      if (second === undefined) throw new Error('the hint is not there')
      await directory.transaction((tx) => tx.dropHint(second))
      t.equal((await directory.hints.waiting()).count, 0)
    })

    withDirectory('invites are kept by login, whatever its letter case', async (t, directory) => {
      const { invites } = directory
      t.equal(await invites.find('pia@example.com'), undefined)
      await directory.transaction(async (tx) => {
        await tx.putInvite(invite('Pia@example.com', 2))
        await tx.putInvite(invite('leo@example.com', 1))
        t.ok(await tx.invites.find('pia@example.com'), 'seen within the transaction')
      })
      t.strictSame(await invites.list(), [
        invite('leo@example.com', 1),
        invite('Pia@example.com', 2)
      ])
      const seen = { ...invite('pia@example.com', 3), id: '7', status: 'pending' }
      await directory.transaction(async (tx) => {
        await tx.putInvite(seen)
        await tx.dropInvite('LEO@example.com')
        await tx.dropInvite('nobody@example.com')
      })
      t.strictSame(await invites.find('PIA@example.com'), seen)
      t.strictSame(await invites.list(), [seen])
    })

    withDirectory('an audit entry is taken', async (_, directory) => {
      await directory.transaction((tx) =>
        tx.audit({
          at: 1,
          correlationId: 'c-1',
          actor: 'bridge',
          action: 'user.patch',
          target: 'user:1',
          plan: [],
          calls: [{ operation: 'GET /users/:id', status: 200, code: '', requestId: 'r' }],
          outcome: 'done',
          notes: ['a note']
        })
      )
    })

    withDirectory('a closed directory says so', async (t, directory) => {
      const goOn = gate()
      const running = directory.transaction(async (tx) => {
        await goOn.passed
        await tx.putUser(user(1))
      })
      const closed = directory.close()
      goOn.open()
      await running
      await closed
      await directory.close()
      await t.rejects(directory.users.get(userId(1)), { message: 'the directory is closed' })
      await t.rejects(put(directory, [1]), { message: 'the directory is closed' })
    })
  })
}
