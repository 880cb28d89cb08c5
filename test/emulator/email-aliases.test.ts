import t from 'tap'
import { boxError, entriesOf, idOf, invalid, seedWith, startBench } from './harness.ts'
import type { Bench } from './harness.ts'

const OLD = 'old@example.com'
const NEW = 'new@example.com'
const CONFLICT = 'A resource with this value already exists'
const USER = '/2.0/users/30000002'
const seed = seedWith({
  users: [
    { name: 'Ann', login: OLD },
    { name: 'Bob', login: 'bob@example.com', aliases: ['robert@example.com'] }
  ]
})

const refusedLogin = (login: string) =>
  boxError(400, 'bad_request', 'Bad Request', [invalid('new_primary_email', login)])

const addAlias = ({ call }: Bench, body: object) => call('POST', `${USER}/email_aliases`, body)

t.test('aliases are added, listed and removed', async (t) => {
  const bench = await startBench(t, { seed })
  const added = await addAlias(bench, { email: NEW, is_confirmed: true })
  t.equal(added.status, 201)
  const alias = { type: 'email_alias', id: idOf(added), email: NEW, is_confirmed: true }
  t.strictSame(added.body, alias)
  const listed = await bench.call('GET', `${USER}/email_aliases`)
  t.strictSame(listed.body, { total_count: 1, entries: [alias] })
  const path = `${USER}/email_aliases/${alias.id}`
  t.equal((await bench.call('DELETE', path)).status, 204)
  t.strictSame((await bench.call('DELETE', path)).body, boxError(404, 'not_found', 'Not Found'))
  t.equal((await bench.call('GET', '/2.0/users/999/email_aliases')).status, 404)
})

t.test('a login changes by way of an alias, and the old one becomes an alias', async (t) => {
  const bench = await startBench(t, { seed })
  const { call, emulator } = bench
  t.strictSame((await call('PUT', USER, { login: NEW })).body, refusedLogin(NEW))
  await addAlias(bench, { email: NEW, is_confirmed: true })
  const changed = await call('PUT', `${USER}?fields=login`, { login: NEW })
  t.strictSame(changed.body, { type: 'user', id: '30000002', login: NEW })
  const aliases = entriesOf(await call('GET', `${USER}/email_aliases`))
  t.match(aliases, [{ email: OLD, is_confirmed: true }])
  t.equal(aliases.length, 1)
  t.equal((await call('DELETE', `${USER}/email_aliases/${String(aliases[0]?.['id'])}`)).status, 204)
  t.match(emulator.state().users[NEW], { id: '30000002', aliases: [] })
  t.equal((await call('POST', '/2.0/users', { name: 'Heir', login: OLD })).status, 201)
})

t.test('a login does not change to what is no confirmed alias of that very user', async (t) => {
  const bench = await startBench(t, { seed, guesses: { ownDomainAliasConfirmsItself: false } })
  const { call, emulator } = bench
  t.match((await addAlias(bench, { email: NEW })).body, { is_confirmed: false })
  const before = emulator.state()
  for (const login of [NEW, 'OLD@example.com', 'robert@example.com', 'bob@example.com']) {
    const answer = await call('PUT', USER, { login, job_title: 'Baker' })
    t.equal(answer.status, 400, login)
    t.strictSame(answer.body, refusedLogin(login))
  }
  t.strictSame(emulator.state(), before)
})

t.test('an alias confirms itself in the enterprise’s own domain', async (t) => {
  const bench = await startBench(t, { seed })
  t.match((await addAlias(bench, { email: NEW })).body, { is_confirmed: true })
  t.match((await addAlias(bench, { email: 'n2@example.com', is_confirmed: false })).body, {
    is_confirmed: false
  })
})

t.test('the present login can be sent again, or not', async (t) => {
  const { call } = await startBench(t, { seed })
  t.equal((await call('PUT', USER, { login: OLD, job_title: 'Baker' })).status, 200)
  const strict = await startBench(t, { seed, guesses: { sameLogin: 'refused' } })
  t.strictSame((await strict.call('PUT', USER, { login: OLD })).body, refusedLogin(OLD))
})

t.test('a login may have to be confirmed before it can change', async (t) => {
  const bench = await startBench(t, { seed, guesses: { loginChangeNeedsConfirmedEmail: true } })
  bench.emulator.admin.updateUser(OLD, { emailConfirmed: false })
  await addAlias(bench, { email: NEW })
  t.strictSame((await bench.call('PUT', USER, { login: NEW })).body, refusedLogin(NEW))
  bench.emulator.admin.updateUser(OLD, { emailConfirmed: true })
  t.equal((await bench.call('PUT', USER, { login: NEW })).status, 200)
})

t.test('addresses that are taken, outside the domains, or none', async (t) => {
  const bench = await startBench(t, { seed })
  for (const email of ['BOB@example.com', 'robert@example.com', OLD]) {
    const answer = await addAlias(bench, { email })
    t.equal(answer.status, 409)
    t.strictSame(
      answer.body,
      boxError(409, 'conflict', CONFLICT, [
        { reason: 'invalid_parameter', name: 'email', message: CONFLICT }
      ])
    )
  }
  const outside = await addAlias(bench, { email: 'ann@elsewhere.example' })
  t.strictSame(
    outside.body,
    boxError(400, 'bad_request', 'Bad Request', [invalid('email', 'ann@elsewhere.example')])
  )
  t.equal((await addAlias(bench, { email: 'nobody' })).status, 400)
  t.equal((await addAlias(bench, {})).status, 400)

  const switched = await startBench(t, {
    seed,
    guesses: { aliasTaken: 'bad-request', aliasOutsideDomains: 'conflict' }
  })
  t.equal((await addAlias(switched, { email: OLD })).status, 400)
  t.equal((await addAlias(switched, { email: 'ann@elsewhere.example' })).status, 409)
})
