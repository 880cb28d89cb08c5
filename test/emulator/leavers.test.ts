import t from 'tap'
import { boxError, idOf, invalid, seedWith, startBench } from './harness.ts'
import type { Bench } from './harness.ts'

/** Ids in the order of the seed; the admin is 30000002. */
const [ADMIN, ANN, BEN, KIM] = ['30000002', '30000003', '30000004', '30000005']
const seed = seedWith({
  users: [
    { name: 'Ada Admin', login: 'ada@example.com', role: 'admin' },
    { name: 'Ann Archer', login: 'ann@example.com', ownsContent: true, space_used: 500 },
    { name: 'Ben Baker', login: 'ben@example.com' },
    { name: 'Kim Kept', login: 'kim@example.com', ownsContent: true, retained: true },
    { name: 'Wes Wall', login: 'wes@example.com', barred: true }
  ],
  groups: [{ name: 'Bakers' }]
})
const slow = seedWith({
  users: [
    ...seed.users.slice(0, 1),
    { name: 'Ann', login: 'ann@example.com', ownsContent: true, transferMs: 700_000 },
    { name: 'Ben', login: 'ben@example.com' },
    { name: 'Kim', login: 'kim@example.com', ownsContent: true }
  ]
})

const transfer = ({ call }: Bench, from: string, to: string, query = '') =>
  call('PUT', `/2.0/users/${from}/folders/0${query}`, { owned_by: { id: to } })

t.test('a transfer moves everything into a new folder, and deleting is allowed', async (t) => {
  const bench = await startBench(t, { seed })
  t.equal((await bench.call('DELETE', `/2.0/users/${ANN}`)).status, 409)
  const moved = await transfer(bench, ANN, BEN, '?notify=false')
  t.equal(moved.status, 200)
  t.strictSame(moved.body, {
    type: 'folder',
    id: '70000001',
    sequence_id: '0',
    etag: '0',
    name: "Ann Archer's Files and Folders",
    owned_by: { type: 'user', id: BEN, name: 'Ben Baker', login: 'ben@example.com' }
  })
  t.match((await bench.call('GET', `/2.0/users/${ANN}`)).body, { space_used: 0 })
  t.match((await bench.call('GET', `/2.0/users/${BEN}`)).body, { space_used: 500 })
  t.match(bench.emulator.state(), {
    users: { 'ann@example.com': { ownsContent: false }, 'ben@example.com': { ownsContent: true } },
    transfers: [{ from: ANN, to: BEN, folder: "Ann Archer's Files and Folders", done: true }]
  })
  t.equal((await bench.call('DELETE', `/2.0/users/${ANN}`)).status, 204)
  t.equal((await bench.call('DELETE', `/2.0/users/${BEN}`)).status, 409, 'who owns it now')
})

t.test('content under retention is transferred, and retained there', async (t) => {
  const bench = await startBench(t, { seed })
  t.equal((await bench.call('DELETE', `/2.0/users/${KIM}?force=true`)).status, 403)
  t.equal((await transfer(bench, KIM, BEN)).status, 200)
  t.equal((await bench.call('DELETE', `/2.0/users/${KIM}`)).status, 204)
  t.equal((await bench.call('DELETE', `/2.0/users/${BEN}?force=true`)).status, 403)
})

t.test('transfers that Box refuses', async (t) => {
  const bench = await startBench(t, { seed })
  const higher = boxError(
    403,
    'forbidden',
    'Cannot transfer files from/to higher privileged accounts'
  )
  t.strictSame((await transfer(bench, ANN, ADMIN)).body, higher)
  t.strictSame((await transfer(bench, ADMIN, ANN)).body, higher)
  t.match((await transfer(bench, ANN, '30000006')).body, { code: 'forbidden_by_policy' })
  t.strictSame(
    (await transfer(bench, ANN, '99')).body,
    boxError(404, 'not_found', 'Not Found', [invalid('owned_by', '99')])
  )
  t.equal((await transfer(bench, '99', BEN)).status, 404)
  t.equal((await transfer(bench, ANN, ANN)).status, 400)
  t.equal((await bench.call('PUT', `/2.0/users/${ANN}/folders/0`, {})).status, 400)
  t.equal((await bench.call('PUT', `/2.0/users/${ANN}/folders/1`, {})).status, 405)
  t.strictSame(bench.emulator.state().transfers, [])
  const service = bench.emulator.state().serviceAccount.id
  t.equal((await transfer(bench, ANN, service)).status, 200, 'to the account itself')
})

t.test('a long transfer is answered after ten minutes and goes on', async (t) => {
  const bench = await startBench(t, { seed: slow })
  const answer = transfer(bench, ANN, BEN)
  await bench.clock.sleeper()
  t.match((await bench.call('GET', `/2.0/users/${BEN}`)).body, { space_used: 0 })
  const blocked = boxError(
    409,
    'operation_blocked_temporary',
    'The operation is blocked by another ongoing operation'
  )
  t.strictSame((await transfer(bench, ANN, BEN)).body, blocked, 'the same once more')
  t.strictSame((await transfer(bench, KIM, BEN)).body, blocked, 'another one to the same receiver')
  bench.clock.advance(600_000)
  t.equal((await answer).status, 200)
  t.match(bench.emulator.state().transfers, [{ done: false }])
  t.equal((await bench.call('DELETE', `/2.0/users/${ANN}`)).status, 409)
  bench.clock.advance(100_000)
  t.match(bench.emulator.state().transfers, [{ done: true }])
  t.equal((await bench.call('DELETE', `/2.0/users/${ANN}`)).status, 204)
})

t.test('a transfer goes on when its caller has gone', async (t) => {
  const bench = await startBench(t, { seed: slow })
  const { body } = await bench.token()
  const { access_token: token } = body as { readonly access_token: string }
  const gone = new AbortController()
  const answer = fetch(`${bench.url}/2.0/users/${ANN}/folders/0`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ owned_by: { id: BEN } }),
    signal: gone.signal
  })
  await bench.clock.sleeper()
  gone.abort()
  await t.rejects(answer)
  bench.clock.advance(700_000)
  t.match(bench.emulator.state().users['ann@example.com'], { ownsContent: false, space_used: 0 })
})

t.test('the guesses about transfers', async (t) => {
  const bench = await startBench(t, {
    seed: slow,
    guesses: {
      transferWhileRunning: 'done',
      transferOfNothing: 'bad-request',
      transferToNobody: 'bad-request',
      transferFreesSpace: false,
      transferFolderName: 'login-and-name'
    }
  })
  const before = (await bench.call('GET', `/2.0/users/${KIM}`)).body
  t.equal((await transfer(bench, BEN, KIM)).status, 400, 'of nothing')
  t.equal((await transfer(bench, ANN, '99')).status, 400, 'to nobody')
  const running = transfer(bench, ANN, BEN)
  await bench.clock.sleeper()
  const second = await transfer(bench, KIM, BEN)
  t.match(second.body, { name: "kim@example.com - Kim's Files and Folders" })
  t.match((await bench.call('GET', `/2.0/users/${KIM}`)).body, {
    space_used: (before as { readonly space_used: number }).space_used
  })
  t.equal((await bench.call('DELETE', `/2.0/users/${KIM}`)).status, 204)
  bench.clock.advance(600_000)
  t.equal((await running).status, 200)
  const nothing = await startBench(t, { seed: slow })
  t.equal((await transfer(nothing, BEN, KIM)).status, 200, 'an empty folder')
})

t.test('sessions are ended in the background', async (t) => {
  const { call, emulator } = await startBench(t, { seed })
  const end = (body?: unknown) => call('POST', '/2.0/users/terminate_sessions', body)
  const begun = await end({ user_ids: [ANN], user_logins: ['ben@example.com'] })
  t.equal(begun.status, 202)
  t.strictSame(begun.body, {
    message: 'Request is successful, please check the admin events for the status of the job'
  })
  const now = '2026-03-02T10:00:00-08:00'
  t.strictSame(emulator.state().sessionEnds, { [ANN]: now, [BEN]: now })
  const empty = boxError(400, 'bad_request', 'Users can not be NULL or EMPTY')
  t.strictSame((await end({ user_ids: [], user_logins: [] })).body, empty)
  t.strictSame((await end({ user_ids: [KIM] })).body, empty, 'both lists are needed')
  const format = boxError(400, 'bad_request', 'User id format is string')
  t.strictSame((await end({ user_ids: [7], user_logins: [] })).body, format)
  t.equal((await end({ user_ids: ['99'], user_logins: [] })).status, 404)
  t.equal((await end({ user_ids: [], user_logins: ['x@example.com'] })).status, 404)
  t.equal((await end({ user_ids: [KIM, ADMIN], user_logins: [] })).status, 403)
  t.notOk(emulator.state().sessionEnds[KIM], 'all or nobody')
})

const person = (n: number) => ({ name: `P${n}`, login: `p${n}@example.com` })

t.test('every seat taken', async (t) => {
  const seats = seedWith({
    enterprise: { ...seed.enterprise, seats: 2 },
    users: seed.users.slice(0, 1)
  })
  const { call } = await startBench(t, { seed: seats })
  const first = idOf(await call('POST', '/2.0/users', person(1)))
  await call('PUT', `/2.0/users/${first}`, { status: 'inactive' })
  t.strictSame(
    (await call('POST', '/2.0/users', person(2))).body,
    boxError(403, 'forbidden', 'All seats of the enterprise are taken'),
    'who is inactive takes one as well'
  )
  const appUser = { name: 'App', is_platform_access_only: true }
  t.equal((await call('POST', '/2.0/users', appUser)).status, 201)
  await call('DELETE', `/2.0/users/${first}`)
  t.equal((await call('POST', '/2.0/users', person(2))).status, 201)

  const other = await startBench(t, {
    seed: seats,
    guesses: { noSeatLeft: 'bad-request', appUsersTakeSeats: true }
  })
  t.equal((await other.call('POST', '/2.0/users', appUser)).status, 201)
  t.match((await other.call('POST', '/2.0/users', person(1))).body, { code: 'bad_request' })
})

t.test('an information barrier keeps somebody out of groups', async (t) => {
  const { call } = await startBench(t, { seed })
  const group = { id: '20000001' }
  const join = (id: string) => call('POST', '/2.0/group_memberships', { user: { id }, group })
  t.match(await join('30000006'), { status: 403, body: { code: 'forbidden_by_policy' } })
  t.equal((await join(ANN ?? '')).status, 201)
})

t.test('what an address outside the domains, and one that is no alias, come to', async (t) => {
  const alias = { email: 'ann@elsewhere.example', is_confirmed: true }
  const lax = await startBench(t, { seed, guesses: { aliasOutsideDomains: 'unconfirmed' } })
  const added = await lax.call('POST', `/2.0/users/${ANN}/email_aliases`, alias)
  t.match(added, { status: 201, body: { is_confirmed: false } })
  const toIt = await lax.call('PUT', `/2.0/users/${ANN}`, { login: alias.email })
  t.equal(toIt.status, 400, 'not confirmed, so it cannot be the login')

  const direct = await startBench(t, { seed, guesses: { loginChangeNeedsAlias: false } })
  const change = (login: string) => direct.call('PUT', `/2.0/users/${ANN}`, { login })
  t.match((await change('archer@example.com')).body, { login: 'archer@example.com' })
  t.strictSame(direct.emulator.state().users['archer@example.com']?.aliases, ['ann@example.com'])
  t.equal((await change('ann@elsewhere.example')).status, 400)
  t.equal((await change('ben@example.com')).status, 400)
})

t.test('clearing provenance: done, or passed over', async (t) => {
  for (const [clearedProvenance, left] of [
    ['cleared', ''],
    ['kept', 'HR']
  ] as const) {
    const { call } = await startBench(t, {
      seed,
      guesses: { clearedProvenance, unsetText: 'empty' }
    })
    const group = '/2.0/groups/20000001?fields=provenance,description'
    await call('PUT', group, { provenance: 'HR', description: 'Bakes' })
    t.match((await call('PUT', group, { provenance: '', description: '' })).body, {
      provenance: left,
      description: ''
    })
  }
})
