import t from 'tap'
import type { SeedUser } from '../../src/emulator/seed.ts'
import { boxError, entriesOf, invalid, seedWith, startBench } from './harness.ts'
import type { Answer, Bench } from './harness.ts'

const people = (count: number): SeedUser[] =>
  Array.from({ length: count }, (_, index) => {
    const number = String(index + 1).padStart(5, '0')
    return { login: `p${number}@example.com`, name: `Person ${number}` }
  })

const loginsOf = (answer: Answer) => entriesOf(answer).map(({ login }) => login)

t.test('filter_term is a prefix of name or login, letter case aside', async (t) => {
  const users = [
    { login: 'ann@example.com', name: 'Zoe Zander' },
    { login: 'ANNA@example.com', name: 'Bea' },
    { login: 'carl@example.com', name: 'Ann Archer', aliases: ['dora@example.com'] },
    { login: 'jo.ann@example.com', name: 'Jo Ann' },
    { login: 'x+tag@example.com', name: 'Tagged' }
  ]
  const { call } = await startBench(t, { seed: seedWith({ users }) })
  t.strictSame(loginsOf(await call('GET', '/2.0/users?filter_term=Ann')), [
    'ann@example.com',
    'ANNA@example.com',
    'carl@example.com'
  ])
  t.strictSame(loginsOf(await call('GET', '/2.0/users?filter_term=x%2Btag@')), [
    'x+tag@example.com'
  ])
  t.strictSame(loginsOf(await call('GET', '/2.0/users?filter_term=dora')), [])
  const switched = await startBench(t, {
    seed: seedWith({ users }),
    guesses: { filterTermIgnoresCase: false, aliasesSearched: true, serviceAccountListed: true }
  })
  t.strictSame(loginsOf(await switched.call('GET', '/2.0/users?filter_term=Ann')), [
    'carl@example.com'
  ])
  t.strictSame(loginsOf(await switched.call('GET', '/2.0/users?filter_term=dora')), [
    'carl@example.com'
  ])
  t.match(loginsOf(await switched.call('GET', '/2.0/users?filter_term=AutomationUser')), [/^Auto/])
})

t.test('user_type: managed by default; an external user by the whole login only', async (t) => {
  const { call } = await startBench(t, {
    seed: seedWith({
      users: [{ login: 'far.away@example.com', name: 'Managed' }],
      foreign: [
        {
          login: 'far@elsewhere.example',
          name: 'Far',
          kind: 'other-enterprise',
          collaborates: true
        },
        {
          login: 'hid@elsewhere.example',
          name: 'Hid',
          kind: 'other-enterprise',
          collaborates: false
        }
      ]
    })
  })
  const list = (query: string) => call('GET', `/2.0/users?fields=login,phone&${query}`)
  const external = { type: 'user', id: '30000003', login: 'far@elsewhere.example', phone: null }
  t.strictSame(loginsOf(await list('filter_term=far')), ['far.away@example.com'])
  t.strictSame(loginsOf(await list('filter_term=far@elsewhere.example')), [])
  t.strictSame(entriesOf(await list('user_type=all&filter_term=far@elsewhere.example')), [external])
  t.strictSame(entriesOf(await list('user_type=external&filter_term=FAR@elsewhere.example')), [
    external
  ])
  t.strictSame(entriesOf(await list('user_type=external&filter_term=far@')), [])
  t.strictSame(entriesOf(await list('user_type=external&filter_term=hid@elsewhere.example')), [])
  t.strictSame(
    (await list('user_type=odd')).body,
    boxError(400, 'bad_request', 'Bad Request', [invalid('user_type', 'odd')])
  )
  t.match((await call('GET', '/2.0/users/30000003')).body, { login: external.login, phone: null })
  t.equal((await call('GET', '/2.0/users/30000004')).status, 404)
})

t.test('paging by offset: 100 by default, 1,000 at most, no deeper than 10,000', async (t) => {
  const { call } = await startBench(t, { seed: seedWith({ users: people(1205) }) })
  const first = await call('GET', '/2.0/users')
  t.match(first.body, { total_count: 1205, limit: 100, offset: 0 })
  t.equal(entriesOf(first).length, 100)
  const clamped = await call('GET', '/2.0/users?limit=5000&offset=1000&fields=login')
  t.match(clamped.body, { total_count: 1205, limit: 1000, offset: 1000 })
  t.equal(entriesOf(clamped).length, 205)
  t.equal(entriesOf(clamped)[0]?.['login'], 'p01001@example.com')
  t.strictSame((await call('GET', '/2.0/users?offset=10000')).body, {
    total_count: 1205,
    entries: [],
    limit: 100,
    offset: 10000
  })
  for (const [name, value] of [
    ['offset', '10001'],
    ['offset', 'x'],
    ['offset', '-1'],
    ['limit', 'x'],
    ['limit', '0']
  ] as const) {
    const answer = await call('GET', `/2.0/users?${name}=${value}`)
    t.strictSame(
      answer.body,
      boxError(400, `invalid_${name}`, `Invalid value '${value}' for '${name}'`)
    )
  }
})

/** Reads all pages by marker, doing something between them. */
async function allPages(
  { call }: Bench,
  limit: number,
  between: () => void = () => undefined
): Promise<{ pages: object[]; logins: string[] }> {
  const pages: object[] = []
  const logins: string[] = []
  let marker: string | null | undefined = ''
  do {
    const query = marker === '' ? '' : `&marker=${encodeURIComponent(marker)}`
    const answer: Answer = await call('GET', `/2.0/users?usemarker=true&limit=${limit}${query}`)
    pages.push(answer.body as object)
    logins.push(...(loginsOf(answer) as string[]))
    marker = (answer.body as { next_marker?: string | null }).next_marker
    between()
  } while (marker !== null && marker !== undefined && marker !== '')
  return { pages, logins }
}

t.test('paging by marker: everybody once, without count and offset', async (t) => {
  const users = people(2500)
  for (const userOrder of ['login', 'id'] as const) {
    const bench = await startBench(t, { seed: seedWith({ users }), guesses: { userOrder } })
    const { pages, logins } = await allPages(bench, 1000)
    t.equal(pages.length, 3)
    t.strictSame(Object.keys(pages[0] ?? {}), ['entries', 'limit', 'next_marker'])
    t.match(pages[2], { next_marker: null, limit: 1000 })
    t.strictSame(
      logins,
      users.map(({ login }) => login)
    )
  }
})

t.test('a marker neither repeats nor skips others when the list changes meanwhile', async (t) => {
  const bench = await startBench(t, { seed: seedWith({ users: people(9) }) })
  const { admin } = bench.emulator
  const changes = [
    () => admin.deleteUser('p00001@example.com'),
    () => admin.createUser({ login: 'a@example.com', name: 'Before all' }),
    () => admin.deleteUser('p00009@example.com')
  ]
  const { logins } = await allPages(bench, 2, () => changes.shift()?.())
  t.strictSame(
    logins,
    [1, 2, 3, 4, 5, 6, 7, 8].map((number) => `p0000${number}@example.com`)
  )
})

t.test('the end of the markers, and markers that are none', async (t) => {
  const seed = seedWith({ users: people(2) })
  const empty = await startBench(t, { seed, guesses: { lastMarker: 'empty' } })
  t.match((await allPages(empty, 1)).pages, { length: 2, 1: { next_marker: '' } })
  const absent = await startBench(t, {
    seed,
    guesses: { lastMarker: 'absent', badMarker: 'first-page' }
  })
  const { pages, logins } = await allPages(absent, 2)
  t.strictSame(Object.keys(pages[0] ?? {}), ['entries', 'limit'])
  const path = '/2.0/users?usemarker=true&marker=nonsense'
  t.strictSame(loginsOf(await absent.call('GET', path)), logins)
  const answer = await empty.call('GET', path)
  t.strictSame(
    answer.body,
    boxError(400, 'bad_request', 'Bad Request', [invalid('marker', 'nonsense')])
  )
  t.strictSame(loginsOf(await empty.call('GET', '/2.0/users?usemarker=true&marker=0')), logins)
})

t.test('new users can be missing from lists for a while, but not from reads', async (t) => {
  const { call, clock } = await startBench(t, { guesses: { listDelayMs: 5000 } })
  await call('POST', '/2.0/users', { login: 'new@example.com', name: 'New' })
  t.equal((await call('GET', '/2.0/users/30000003')).status, 200)
  t.match((await call('GET', '/2.0/users?filter_term=new')).body, { total_count: 0 })
  clock.advance(5000)
  t.match((await call('GET', '/2.0/users?filter_term=new')).body, { total_count: 1 })
})

t.test('ten thousand people, two hundred groups and fifty thousand memberships', async (t) => {
  const users = people(10_000)
  const groups = Array.from({ length: 200 }, (_, index) => ({
    name: `Group ${index}`,
    members: users.slice(index * 50, index * 50 + 250).map(({ login }) => login)
  }))
  const big = await startBench(t, {
    seed: seedWith({ users, groups }),
    callsPerMinute: Number.MAX_SAFE_INTEGER
  })
  t.equal((await allPages(big, 1000)).logins.length, 10_000)
  const members = await big.call('GET', '/2.0/groups/20000001/memberships?limit=1000')
  t.equal(entriesOf(members).length, 250)
  const searches = await Promise.all(
    Array.from({ length: 500 }, (_, index) =>
      big.call('GET', `/2.0/users?filter_term=p0${1000 + index}@&fields=login`)
    )
  )
  t.ok(searches.every((answer) => entriesOf(answer).length === 1))
})
