import * as fc from 'fast-check'
import t from 'tap'
import type { Directory } from '../../src/provisioning/ports.ts'
import type {
  MixedSearchRequest,
  PageRequest,
  Query,
  ResourceSearch,
  SearchPage,
  SearchPosition
} from '../../src/provisioning/query.ts'
import { openDirectory } from '../../src/store/open.ts'
import { attribute, group, membership, request, user, userId } from './directory-records.ts'

const silent = { info() {}, warn() {}, error() {}, debug() {} }
const clock = { now: () => 0, sleep: async () => {} }
const identity = { boxHost: 'api.box.com', enterpriseId: '42' }
const open = () => openDirectory({ url: 'file::memory:', identity, clock, log: silent })

type Read = (page: PageRequest) => Promise<SearchPage<{ readonly id: string }>>

/** Reads every page by cursor; `between` may change the directory after each. */
async function walk(read: Read, count: number, between: (ids: readonly string[]) => Promise<void>) {
  const ids: string[] = []
  let after: SearchPosition | undefined
  do {
    const page = await read({ startIndex: 1, count, cursor: { after } })
    ids.push(...page.resources.map(({ id }) => id))
    after = page.next
    if (after !== undefined) {
      if (page.resources.length !== count) throw new Error('only the last page may be shorter')
      await between(ids)
    }
  } while (after !== undefined)
  return ids
}

const idle = async () => {}
const sortings: readonly ResourceSearch['sort'][] = [
  undefined,
  { attribute: attribute('title'), descending: false },
  { attribute: attribute('title'), descending: true },
  { attribute: attribute('rank', { known: false, type: 'unknown' }), descending: true },
  { attribute: attribute('active', { type: 'boolean' }), descending: false },
  { attribute: attribute('meta.lastModified', { type: 'dateTime' }), descending: true }
]

const people = fc.array(
  fc.record(
    {
      title: fc.constantFrom('a', 'A', 'b', 'ß', '', 'x'.repeat(300), '😀'),
      rank: fc.oneof(fc.integer(), fc.double({ noNaN: true }), fc.constant(1e18), fc.string()),
      active: fc.boolean()
    },
    { requiredKeys: [] }
  ),
  { maxLength: 12 }
)

t.test('RFC 9865 §2: pages by cursor are the whole list, whatever it is sorted by', async (t) => {
  const seed = Date.now() % 1_000_000
  const property = fc.asyncProperty(people, fc.integer({ min: 1, max: 5 }), async (all, count) => {
    const directory = await open()
    await directory.transaction(async (tx) => {
      for (const [index, resource] of all.entries()) {
        await tx.putUser(user(index + 1, resource, { created: Math.floor(index / 2) }))
      }
    })
    for (const sort of sortings) {
      const search: ResourceSearch = { related: false, ...(sort === undefined ? {} : { sort }) }
      const whole = await directory.users.search(request(search))
      const paged = await walk(
        (page) => directory.users.search({ ...search, ...page }),
        count,
        idle
      )
      t.strictSame(
        paged,
        whole.resources.map(({ id }) => id)
      )
    }
    await directory.close()
  })
  await fc.assert(property, { seed, numRuns: 60 })
  t.pass(`seed ${seed}`)
})

async function ten(directory: Directory) {
  await directory.transaction(async (tx) => {
    for (let id = 11; id <= 20; id++) await tx.putUser(user(id, { title: `t${30 - id}` }))
  })
}

t.test('RFC 9865 §2: what comes and goes meanwhile moves nobody', async (t) => {
  for (const sort of [undefined, { attribute: attribute('title'), descending: false }]) {
    const directory = await open()
    await ten(directory)
    const search: ResourceSearch = { related: false, ...(sort === undefined ? {} : { sort }) }
    const before = (await directory.users.search(request(search))).resources.map(({ id }) => id)
    let round = 0
    const ids = await walk(
      (page) => directory.users.search({ ...search, ...page }),
      3,
      async (seen) => {
        round += 1
        await directory.transaction(async (tx) => {
          // The last one seen goes: the place in the order stays.
          await tx.deleteUser(userId(seen.at(-1) ?? ''))
          await tx.putUser(user(`1${round}1`, { title: 't' }, { created: 1 }))
        })
      }
    )
    t.strictSame(ids, before, 'everybody once')
    await directory.close()
  }
})

t.test('RFC 9865 §2: a page by cursor counts all matches and ends without a next', async (t) => {
  const directory = await open()
  await ten(directory)
  const query: Query = {
    kind: 'compare',
    attribute: attribute('title'),
    operator: 'ge',
    value: 't15'
  }
  const first = await directory.users.search(request({ query, count: 4, cursor: {} }))
  t.match(first, { total: 5, resources: { length: 4 }, next: { id: '14' } })
  const rest = { query, count: 4, cursor: { after: first.next } }
  const last = await directory.users.search(request(rest))
  t.match(last, { total: 5, resources: [{ id: '15' }] })
  t.equal(last.next, undefined)
  t.strictSame(await directory.users.search(request({ count: 0, cursor: {} })), {
    total: 10,
    resources: []
  })
  t.equal((await directory.users.search(request({ count: 3 }))).next, undefined, 'pages by index')
  await directory.close()
})

t.test('RFC 7644 §3.4.2.1: people and groups are found together', async (t) => {
  const directory = await open()
  await directory.transaction(async (tx) => {
    await tx.putUser(user(1, { displayName: 'b' }))
    await tx.putUser(user(2, { displayName: 'D' }))
    await tx.putUser(user(3, {}, { tombstone: true }))
    await tx.putGroup(group(1, { displayName: 'a' }, { created: 1 }))
    await tx.putGroup(group(7, { displayName: 'C' }))
    await tx.putMemberships([membership(7, 1)])
  })
  const search = async (changes: Partial<MixedSearchRequest>) => {
    const part = { related: false }
    const mixed = { startIndex: 1, count: 100, users: part, groups: part, ...changes }
    const { total, resources } = await directory.resources.search(mixed)
    return [total, ...resources.map(({ resourceType, id }) => `${resourceType} ${id}`)]
  }
  const all = ['User 1', 'User 2', 'Group 1', 'Group 7']
  t.strictSame(await search({}), [4, ...all], 'people first')
  t.strictSame(await search({ count: 2, startIndex: 2 }), [4, 'User 2', 'Group 1'])
  t.strictSame(await search({ startIndex: 9 }), [4])
  t.strictSame(await search({ count: 0 }), [4])

  const sort = { attribute: attribute('displayName'), descending: true }
  const sorted = { related: false, sort }
  t.strictSame(await search({ users: sorted, groups: sorted }), [
    4,
    'User 2',
    'Group 7',
    'User 1',
    'Group 1'
  ])
  t.strictSame(await search({ users: sorted, groups: { related: false } }), [
    4,
    'Group 1',
    'Group 7',
    'User 2',
    'User 1'
  ])
  for (const users of [{ related: false }, sorted]) {
    const read: Read = async (page) => {
      const found = await directory.resources.search({ ...page, users, groups: users })
      const resources = found.resources.map(({ resourceType, id }) => ({ id: resourceType + id }))
      return { ...found, resources }
    }
    const whole = await read({ startIndex: 1, count: 9 })
    for (const count of [1, 2, 3, 4]) {
      t.strictSame(
        await walk(read, count, idle),
        whole.resources.map(({ id }) => id)
      )
    }
  }
  const related = { related: true }
  const { resources } = await directory.resources.search({
    startIndex: 1,
    count: 9,
    users: related,
    groups: related
  })
  t.match(resources, [
    { related: [{ value: '7', display: 'C' }] },
    { related: [] },
    { related: [] },
    { related: [{ value: '1', display: 'b' }] }
  ])
  await directory.close()
})
