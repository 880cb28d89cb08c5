import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { createInterface } from 'node:readline'
import { request } from 'node:http'
import t from 'tap'
import { createEmulator } from '../../src/emulator/emulator.ts'
import { defaultGuesses } from '../../src/emulator/guesses.ts'
import { demoSeed } from '../../src/emulator/seed.ts'
import { boxError, idOf, startBench } from './harness.ts'
import type { Bench } from './harness.ts'

/** Calls the control surface, which asks for no token. */
const control = (bench: Bench, method: string, path: string, body?: object) =>
  bench.raw(`/_control${path}`, {
    method,
    ...(body !== undefined && {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' }
    })
  })

t.test('off by default', async (t) => {
  const bench = await startBench(t)
  for (const path of ['/', '/state', '/calls', '/faults']) {
    const answer = await control(bench, 'GET', path)
    t.equal(answer.status, 404)
    t.strictSame(answer.body, boxError(404, 'not_found', 'Not Found'))
  }
})

t.test('every listed URL exists', async (t) => {
  const bench = await startBench(t, { control: true })
  const { body } = await control(bench, 'GET', '/')
  const listed = Object.keys(body as object).filter((key) => key.includes(' '))
  t.equal(listed.length, 22)
  for (const entry of listed) {
    const [method = '', path = ''] = entry.split(' ')
    const target = path.replace('/_control', '').replaceAll(/:\w+/g, 'nobody')
    const answer = await control(bench, method, target)
    t.notMatch(answer.body, { code: 'not_found' }, entry)
    t.not(answer.status, 500, entry)
  }
})

t.test('shows the state and the calls', async (t) => {
  const bench = await startBench(t, { control: true, seed: demoSeed })
  await bench.call('GET', '/2.0/users?limit=1')
  const state = await control(bench, 'GET', '/state')
  t.strictSame(state.body, JSON.parse(JSON.stringify(bench.emulator.state())))
  t.match(state.body, {
    users: { 'elin.nyberg@example.com': { aliases: ['elin.berg@example.com'], status: 'active' } },
    groups: { Finance: { members: ['mia.schneider@example.com', 'noah.berger@example.com'] } }
  })
  t.match((await control(bench, 'GET', '/calls')).body, [
    { method: 'GET', path: '/2.0/users', status: 200, at: bench.clock.now() }
  ])
  t.equal((await control(bench, 'DELETE', '/calls')).status, 204)
  t.strictSame((await control(bench, 'GET', '/calls')).body, [], 'its own calls do not count')
})

t.test('arms and disarms faults, and refuses nonsense', async (t) => {
  const bench = await startBench(t, { control: true })
  const fault = { kind: '503-after', times: 1, method: 'GET', path: '/2.0/groups' }
  const armed = await control(bench, 'POST', '/faults', fault)
  t.equal(armed.status, 201)
  t.strictSame(armed.body, [fault])
  t.strictSame((await control(bench, 'GET', '/faults')).body, [fault])
  t.equal((await bench.call('GET', '/2.0/groups')).status, 503)
  await control(bench, 'POST', '/faults', { kind: 'server-error' })
  t.equal((await control(bench, 'DELETE', '/faults')).status, 204)
  t.equal((await bench.call('GET', '/2.0/groups')).status, 200)
  for (const nonsense of [
    {},
    { kind: 'earthquake' },
    { kind: 'delay' },
    { kind: 'server-error', times: 0 },
    { kind: 'server-error', time: 1 }
  ]) {
    const refused = await control(bench, 'POST', '/faults', nonsense)
    t.equal(refused.status, 400)
    t.match(refused.body, { error: String })
  }
  t.strictSame(bench.emulator.faults.armed, [])
  t.equal((await control(bench, 'DELETE', '/tokens')).status, 204)
  t.equal((await bench.call('GET', '/2.0/groups')).status, 401)
})

t.test('changes users and groups as an administrator would', async (t) => {
  const bench = await startBench(t, { control: true, seed: demoSeed })
  const state = () => bench.emulator.state()
  const bela = '/users/bela.bartos@example.com'
  t.equal((await control(bench, 'PATCH', bela, { role: 'user', status: 'inactive' })).status, 204)
  t.match(state().users['bela.bartos@example.com'], { role: 'user', status: 'inactive' })
  const login = 'bela@example.com'
  t.equal((await control(bench, 'PATCH', bela, { login, ownsContent: true })).status, 204)
  const { id } = state().users[login] ?? { id: '' }
  t.equal((await bench.call('DELETE', `/2.0/users/${id}`)).status, 409)
  t.equal((await control(bench, 'DELETE', `/users/${id}`)).status, 204)
  t.notOk(state().users[login])

  const added = await control(bench, 'POST', '/users', { login, name: 'Bela Again' })
  t.equal(added.status, 201)
  t.match(added.body, { id: state().users[login]?.id })
  t.equal((await control(bench, 'POST', '/groups', { name: 'Bakers' })).status, 201)
  const member = '/groups/Bakers/members/bela@example.com'
  t.equal((await control(bench, 'PUT', member)).status, 200)
  t.strictSame(state().groups['Bakers']?.members, [login])
  await control(bench, 'PUT', member, { role: 'admin' })
  t.strictSame(state().groups['Bakers']?.admins, [login])
  t.equal((await control(bench, 'PATCH', '/groups/Bakers', { name: 'Cooks' })).status, 204)
  const cook = '/groups/Cooks/members/bela@example.com'
  t.equal((await control(bench, 'DELETE', cook)).status, 204)
  t.strictSame(state().groups['Cooks']?.members, [])
  t.equal((await control(bench, 'DELETE', cook)).status, 404)
  t.equal((await control(bench, 'DELETE', '/groups/Cooks')).status, 204)
  t.notOk(state().groups['Cooks'])
})

t.test('refuses what cannot be', async (t) => {
  const bench = await startBench(t, { control: true, seed: demoSeed })
  const before = bench.emulator.state()
  const service = before.serviceAccount.id
  for (const [method, path, body, status] of [
    ['PATCH', '/users/nobody', { name: 'X' }, 404],
    ['DELETE', `/users/${service}`, undefined, 404],
    ['PATCH', '/users/ada.admin@example.com', { shoeSize: 42 }, 400],
    ['PATCH', '/users/ada.admin@example.com', { status: 'asleep' }, 400],
    ['PATCH', '/users/ada.admin@example.com', { login: 'elin.berg@example.com' }, 409],
    ['POST', '/users', { name: 'X', login: 'tess.young@example.com' }, 409],
    ['POST', '/groups', { name: 'SALES' }, 409],
    ['PATCH', '/groups/Finance', { name: 'Sales' }, 409],
    ['PATCH', '/enterprise', { seats: -1 }, 400],
    ['PATCH', '/enterprise', { scopes: ['everything'] }, 400],
    ['POST', '/accounts', { login: 'x@example.com' }, 400],
    ['DELETE', '/accounts/nobody', undefined, 404],
    ['PUT', '/invites/nobody', { answer: 'accepted' }, 404],
    ['PUT', '/invites/nobody', { answer: 'maybe' }, 400],
    ['POST', '/reset', { seed: 'huge' }, 400]
  ] as const) {
    const answer = await control(bench, method, path, body)
    t.equal(answer.status, status, `${method} ${path}`)
    t.match(answer.body, { error: String })
  }
  t.strictSame(bench.emulator.state(), before)
})

t.test('the rest of an administrator’s changes, in process', async (t) => {
  const { call, emulator } = await startBench(t)
  const { admin } = emulator
  const id = admin.createUser({ login: 'ann@example.com', name: 'Ann' })
  admin.addAlias(id, 'archer@example.com')
  t.strictSame(emulator.state().users['ann@example.com']?.aliases, ['archer@example.com'])
  admin.updateUser(id, { login: 'archer@example.com' })
  t.strictSame(emulator.state().users['archer@example.com']?.aliases, ['ann@example.com'])
  t.throws(() => admin.addAlias(id, 'ann@example.com'), /address already/)
  admin.createForeignAccount({
    login: 'far@example.com',
    name: 'Far',
    kind: 'personal',
    collaborates: false
  })
  const twin = { login: 'far@example.com', name: 'Twin' }
  t.equal((await call('POST', '/2.0/users', twin)).status, 409)
  t.equal((await call('PUT', `/2.0/users/${id}`, { external_app_user_id: 'x' })).status, 403)
})

t.test('changes the enterprise and what is around it', async (t) => {
  const bench = await startBench(t, { control: true })
  const ann = { name: 'Ann', login: 'ann@example.com' }
  t.equal((await control(bench, 'PATCH', '/enterprise', { seats: 1 })).status, 204)
  t.match(await bench.call('POST', '/2.0/users', ann), { status: 403, body: { code: 'forbidden' } })
  t.equal((await control(bench, 'PATCH', '/enterprise', { seats: null })).status, 204)
  const user = idOf(await bench.call('POST', '/2.0/users', ann))
  const alias = { email: 'ann@new.example' }
  const aliases = `/2.0/users/${user}/email_aliases`
  t.equal((await bench.call('POST', aliases, alias)).status, 400)
  await control(bench, 'PATCH', '/enterprise', { domains: ['example.com', 'New.example'] })
  t.equal((await bench.call('POST', aliases, alias)).status, 201)

  const tom = { login: 'tom@example.com', name: 'Tom', kind: 'personal', collaborates: false }
  t.equal((await control(bench, 'POST', '/accounts', tom)).status, 201)
  t.equal((await control(bench, 'POST', '/accounts', tom)).status, 409)
  t.equal((await bench.call('POST', '/2.0/users', tom)).status, 409)
  t.equal((await control(bench, 'DELETE', '/accounts/tom@example.com')).status, 204)
  t.equal((await bench.call('POST', '/2.0/users', tom)).status, 201, 'the address is free')
})

t.test('changes what is guessed about Box, until it begins anew', async (t) => {
  const bench = await startBench(t, { control: true, guesses: { repeatedMembership: 'existing' } })
  const { emulator } = bench
  const first = { ...emulator.guesses }
  t.match(first, { ...defaultGuesses, repeatedMembership: 'existing' })
  const id = emulator.admin.createUser({ login: 'a@example.com', name: 'A', ownsContent: true })
  t.equal((await bench.call('DELETE', `/2.0/users/${id}`)).status, 409)
  const changes = { deleteWithContent: 'bad-request', maxNameLength: 3, aliasesSearched: true }
  t.equal((await control(bench, 'PATCH', '/guesses', changes)).status, 204)
  t.equal((await bench.call('DELETE', `/2.0/users/${id}`)).status, 400)
  t.strictSame((await control(bench, 'GET', '/guesses')).body, { ...first, ...changes })
  for (const nonsense of [{ deleteWithContent: 'maybe' }, { maxNameLength: 'x' }, { noSuch: 1 }]) {
    t.equal((await control(bench, 'PATCH', '/guesses', nonsense)).status, 400)
  }
  emulator.reset()
  t.strictSame(emulator.guesses, first)
})

t.test('begins anew', async (t) => {
  const bench = await startBench(t, { control: true, callsPerMinute: 2 })
  const first = bench.emulator.state()
  await bench.call('POST', '/2.0/users', { name: 'Ann', login: 'ann@example.com' })
  await bench.call('GET', '/2.0/users')
  bench.emulator.faults.add({ kind: 'server-error' })
  t.equal((await control(bench, 'POST', '/reset')).status, 204)
  t.strictSame(bench.emulator.state(), first)
  t.strictSame(bench.emulator.calls, [])
  t.equal((await bench.call('GET', '/2.0/users')).status, 401, 'no tokens')
  t.match((await bench.token()).body, { access_token: 'token-2' }, 'no faults')
  const headers = { authorization: 'Bearer token-2' }
  t.equal((await bench.raw('/2.0/users', { headers })).status, 200, 'no spent rate')
  t.equal((await control(bench, 'POST', '/reset', { seed: 'demo' })).status, 204)
  t.ok(bench.emulator.state().groups['Engineering'])
})

t.test('is there for callers on this machine that are no web pages', async (t) => {
  const emulator = createEmulator({ control: true })
  t.teardown(() => emulator.close())
  const { port } = new URL(await emulator.listen({ host: '0.0.0.0' }))
  const get = async (host: string, headers: Record<string, string>) => {
    const call = request({ host, port, path: '/_control/state', headers }).end()
    const [response] = (await once(call, 'response')) as [{ statusCode: number; resume(): void }]
    response.resume()
    return response.statusCode
  }
  t.equal(await get('127.0.0.1', {}), 200)
  t.equal(await get('127.0.0.1', { host: 'localhost:8081' }), 200)
  t.equal(await get('127.0.0.1', { origin: 'https://web.example' }), 404)
  t.equal(await get('127.0.0.1', { host: 'rebound.example' }), 404)
  const outer = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)
  if (outer === undefined) t.comment('this machine has no other address to call from')
  else t.equal(await get(outer.address, { host: 'localhost' }), 404)
})

/** Runs the emulator's own command until its first line, or its end. */
async function runMain(env: Record<string, string>) {
  const child = spawn(process.execPath, ['src/emulator/main.ts'], {
    env: { PATH: process.env['PATH'] ?? '', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const lines: string[] = []
  const ended = once(child, 'close').then(([code]) => code as number | null)
  createInterface({ input: child.stderr }).on('line', (line) => lines.push(line))
  const output = createInterface({ input: child.stdout })
  const first = once(output, 'line').then(([line]) => lines.push(String(line)))
  await Promise.race([first, ended])
  return { child, lines, ended }
}

t.test('the command prints one line with the URL and obeys the environment', async (t) => {
  const { child, lines, ended } = await runMain({
    EMULATOR_SEED: 'empty',
    EMULATOR_CALLS_PER_MINUTE: '5'
  })
  t.equal(lines.length, 1)
  const [, url = ''] = /^Box emulator at (http:\/\/127\.0\.0\.1:\d+) /.exec(lines[0] ?? '') ?? []
  t.equal(lines[0], `Box emulator at ${url} (controls at ${url}/_control/)`)
  const state = (await (await fetch(`${url}/_control/state`)).json()) as { users: object }
  t.strictSame(Object.keys(state.users), ['ada.admin@example.com'])
  child.kill('SIGTERM')
  t.equal(await ended, 0)
  t.equal(lines.length, 1)
})

t.test('the command can do without controls', async (t) => {
  const { child, lines, ended } = await runMain({ EMULATOR_CONTROL: 'off' })
  const [, url = ''] = /^Box emulator at (\S+) \(no controls\)$/.exec(lines[0] ?? '') ?? []
  t.equal((await fetch(`${url}/_control/state`)).status, 404)
  child.kill('SIGTERM')
  await ended
})

t.test('the command names every wrong setting and does not start', async (t) => {
  const { lines, ended } = await runMain({
    PORT: 'http',
    EMULATOR_SEED: 'huge',
    EMULATOR_CALLS_PER_MINUTE: '0',
    EMULATOR_CONTROL: 'yes'
  })
  t.equal(await ended, 1)
  t.match(lines.toSorted(), [
    /^EMULATOR_CALLS_PER_MINUTE: a whole number from 1 to \d+, not '0'$/,
    "EMULATOR_CONTROL: one of on, off, not 'yes'",
    "EMULATOR_SEED: one of demo, empty, not 'huge'",
    "PORT: a whole number from 0 to 65535, not 'http'"
  ])
})
