import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { SignJWT } from 'jose'
import { createEmulator } from '../../src/emulator/emulator.ts'
import { demoCredentials, demoSeed } from '../../src/emulator/seed.ts'
import { boxError, seedWith, START, startBench } from './harness.ts'

const GRANT_REFUSED = {
  error: 'invalid_grant',
  error_description: 'Grant credentials are invalid'
}

t.test('a token for client credentials', async (t) => {
  const { token, raw } = await startBench(t)
  const answer = await token()
  t.equal(answer.status, 200)
  t.strictSame(answer.body, {
    access_token: 'token-2',
    expires_in: 3600,
    restricted_to: [],
    token_type: 'bearer'
  })
  for (const access of ['token-1', 'token-2']) {
    const headers = { authorization: `Bearer ${access}` }
    t.equal((await raw('/2.0/users/me', { headers })).status, 200, `${access} is valid`)
  }
})

t.test('a grant with anything wrong is refused with an OAuth error', async (t) => {
  const { token } = await startBench(t)
  for (const fields of [
    { client_id: 'other' },
    { client_secret: 'other' },
    { box_subject_id: '999' },
    { box_subject_type: 'user' }
  ]) {
    const answer = await token(fields)
    t.equal(answer.status, 400)
    t.strictSame(answer.body, GRANT_REFUSED)
  }
  t.match((await token({ grant_type: 'password' })).body, { error: 'unsupported_grant_type' })
})

/** A JWT with the claims Box wants, but for these. */
const sign = (claims: object, expires = START / 1000 + 30) =>
  new SignJWT({
    iss: demoCredentials.clientId,
    sub: demoCredentials.enterpriseId,
    aud: 'https://api.box.com/oauth2/token',
    box_sub_type: 'enterprise',
    jti: 'a-unique-id-of-enough-length',
    ...claims
  })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(expires)
    .sign(new TextEncoder().encode('any key whatsoever'))

t.test('a token for a JWT, whatever its signature', async (t) => {
  const { token } = await startBench(t)
  const grant = async (assertion: string) =>
    token({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion })

  t.match((await grant(await sign({}))).body, { token_type: 'bearer' })
  t.match((await grant(await sign({}))).body, {
    error: 'invalid_grant',
    error_description: "Please check the 'jti' claim. A unique 'jti' value is required."
  })
  t.match((await grant(await sign({ jti: 'another-unique-identifier' }, START / 1000 - 1))).body, {
    error: 'invalid_grant',
    error_description:
      "Current date time must be before the expiration date time listed in the 'exp' claim."
  })
  t.strictSame((await grant(await sign({ sub: '999' }))).body, GRANT_REFUSED)
  t.strictSame((await grant('nonsense')).body, GRANT_REFUSED)
})

t.test('what a JWT may claim', async (t) => {
  const { token, clock } = await startBench(t)
  const grant = async (assertion: string) =>
    token({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion })
  const now = START / 1000
  const other = { jti: 'another-unique-identifier' }
  t.match((await grant(await sign(other, now + 61))).body, { error_description: /exp.* future/ })
  t.equal((await grant(await sign(other, now + 60))).status, 200)
  for (const claims of [
    { aud: 'https://box.example/oauth2/token' },
    { aud: undefined },
    { iss: 'other' },
    { box_sub_type: 'user' }
  ]) {
    t.strictSame((await grant(await sign(claims))).body, GRANT_REFUSED, JSON.stringify(claims))
  }
  for (const jti of ['fifteen-letters', 'x'.repeat(129), undefined]) {
    t.match((await grant(await sign({ jti }))).body, { error_description: /'jti' claim/ })
  }
  clock.advance(90_000)
  const late = await grant(await sign({}))
  t.equal(late.headers.get('date'), 'Mon, 02 Mar 2026 18:01:30 GMT', 'by which to set a clock')
})

const pair = () => generateKeyPairSync('rsa', { modulusLength: 2048 })

t.test('a JWT is signed with one of the keys that the application has', async (t) => {
  const [first, second, stranger] = [pair(), pair(), pair()]
  const pem = ({ publicKey }: typeof first) =>
    publicKey.export({ type: 'spki', format: 'pem' }).toString()
  let count = 0
  const grantOf = async (keys: readonly (typeof first)[]) => {
    const publicKeys = keys.map((key, index) => ({ id: `key-${index}`, key: pem(key) }))
    const { token } = await startBench(t, { publicKeys })
    return async (by: typeof first, header: { kid?: string; alg?: string }) => {
      const assertion = await new SignJWT({
        iss: demoCredentials.clientId,
        sub: demoCredentials.enterpriseId,
        aud: 'https://api.box.com/oauth2/token',
        box_sub_type: 'enterprise',
        jti: `a-unique-identifier-${++count}`
      })
        .setProtectedHeader({ alg: 'RS256', ...header })
        .setExpirationTime(START / 1000 + 30)
        .sign(by.privateKey)
      const form = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }
      return (await token(form)).status
    }
  }
  const one = await grantOf([first])
  t.equal(await one(first, {}), 200, 'one key need not be named')
  t.equal(await one(first, { kid: 'key-0', alg: 'RS512' }), 200)
  t.equal(await one(first, { kid: 'key-7' }), 400)
  t.equal(await one(stranger, { kid: 'key-0' }), 400)
  t.equal(await one(first, { alg: 'PS256' }), 400)
  const two = await grantOf([first, second])
  t.equal(await two(second, { kid: 'key-1' }), 200)
  t.equal(await two(second, { kid: 'key-0' }), 400)
  t.equal(await two(second, {}), 400, 'several keys have to be told apart')
})

t.test('a token error in the shape of the API, where it is so', async (t) => {
  const { token } = await startBench(t, { guesses: { grantErrorBody: 'error' } })
  t.strictSame(
    (await token({ client_secret: 'other' })).body,
    boxError(400, 'invalid_grant', 'Grant credentials are invalid')
  )
})

t.test('without a valid token: 401, a challenge and no body', async (t) => {
  const { raw } = await startBench(t)
  const missing = await raw('/2.0/users')
  t.equal(missing.status, 401)
  t.equal(missing.headers.get('www-authenticate'), 'Bearer realm="Service"')
  t.equal(missing.body, '')
  const wrong = await raw('/2.0/users', { headers: { authorization: 'Bearer nonsense' } })
  t.equal(wrong.status, 401)
  t.match(wrong.headers.get('www-authenticate'), /^Bearer realm="Service", error="invalid_token"/)
  t.equal(wrong.body, '')
  const talkative = await startBench(t, { guesses: { unauthorizedBody: 'error' } })
  t.strictSame(
    (await talkative.raw('/2.0/users')).body,
    boxError(401, 'unauthorized', 'Unauthorized')
  )
})

t.test('tokens expire and can be revoked, one or all', async (t) => {
  const { call, clock, emulator, raw, token } = await startBench(t, { tokenLifetimeSeconds: 60 })
  clock.advance(59_999)
  t.equal((await call('GET', '/2.0/users/me')).status, 200)
  clock.advance(1)
  t.equal((await call('GET', '/2.0/users/me')).status, 401)

  const me = (access: string) =>
    raw('/2.0/users/me', { headers: { authorization: `Bearer ${access}` } })
  const revoke = (fields: Record<string, string>) =>
    raw('/oauth2/revoke', { method: 'POST', body: new URLSearchParams(fields) })
  await token()
  await token()
  const client = {
    client_id: demoCredentials.clientId,
    client_secret: demoCredentials.clientSecret
  }
  const stranger = await revoke({ ...client, client_secret: 'other', token: 'token-2' })
  t.equal(stranger.status, 400)
  t.strictSame(stranger.body, GRANT_REFUSED)
  t.equal((await me('token-2')).status, 200)
  const revoked = await revoke({ ...client, token: 'token-2' })
  t.equal(revoked.status, 200)
  t.equal(revoked.body, '')
  t.equal((await me('token-2')).status, 401)
  t.equal((await me('token-3')).status, 200)
  emulator.revokeTokens()
  t.equal((await me('token-3')).status, 401)
})

t.test('unknown ids, ids that are no numbers, wrong verbs and unknown paths', async (t) => {
  const { call } = await startBench(t)
  const notFound = boxError(404, 'not_found', 'Not Found')
  const notAllowed = boxError(405, 'method_not_allowed', 'Method Not Allowed')
  for (const [method, path, expected] of [
    ['GET', '/2.0/users/999', notFound],
    ['GET', '/2.0/users/99999999999999999999', notFound],
    ['PUT', '/2.0/groups/999', notFound],
    ['GET', '/2.0/folders/0', notFound],
    ['GET', '/3.0/users', notFound],
    ['GET', '/', notFound],
    ['GET', '/2.0/users/jsmith', notAllowed],
    ['PUT', '/2.0/users/30000002x', notAllowed],
    ['GET', '/2.0/groups/sales', notAllowed],
    ['DELETE', '/2.0/group_memberships/x', notAllowed],
    ['DELETE', '/2.0/users', notAllowed],
    ['PATCH', '/2.0/users/30000002', notAllowed],
    ['GET', '/2.0/group_memberships', notAllowed]
  ] as const) {
    const { status, body } = await call(method, path)
    t.strictSame({ status, body }, { status: (body as { status: number }).status, body: expected })
  }
})

t.test('every answer names its request, in the header and in an error', async (t) => {
  const emulator = createEmulator()
  t.teardown(() => emulator.close())
  const url = await emulator.listen()
  const first = await fetch(`${url}/2.0/users`)
  const second = await fetch(`${url}/oauth2/token`, { method: 'POST' })
  t.match(first.headers.get('box-request-id'), /^[0-9a-f]{16}$/)
  t.not(first.headers.get('box-request-id'), second.headers.get('box-request-id'))
  const { call } = await startBench(t)
  const answer = await call('GET', '/2.0/users/999')
  t.equal(answer.headers.get('box-request-id'), (answer.body as { request_id: string }).request_id)
})

t.test('a window of a minute limits the calls, and says how long to wait', async (t) => {
  const { call, clock, raw } = await startBench(t, { callsPerMinute: 3 })
  for (const offset of [0, 10_000, 10_500]) {
    t.equal((await call('GET', '/2.0/users/me')).status, 200)
    clock.advance(offset)
  }
  const refused = await call('GET', '/2.0/users/me')
  t.equal(refused.status, 429)
  t.equal(refused.headers.get('retry-after'), '40')
  t.strictSame(
    refused.body,
    boxError(429, 'rate_limit_exceeded', 'Request rate limit exceeded, please try again later')
  )
  t.equal((await raw('/2.0/users/me')).status, 401, 'only a token’s owner is counted')
  clock.advance(39_499)
  t.equal((await call('GET', '/2.0/users/me')).headers.get('retry-after'), '1')
  clock.advance(1)
  t.equal((await call('GET', '/2.0/users/me')).status, 200)
})

t.test('calls are recorded as they came in', async (t) => {
  const { call, clock, emulator, token } = await startBench(t, { callLogLimit: 4 })
  await token()
  clock.advance(5)
  await call('GET', '/2.0/users?limit=1')
  t.strictSame(emulator.calls, [
    { method: 'POST', path: '/oauth2/token', query: '', status: 200, at: START },
    { method: 'GET', path: '/2.0/users', query: 'limit=1', status: 200, at: START + 5 }
  ])
  for (const id of [1, 2, 3]) await call('GET', `/2.0/groups/${id}`)
  t.strictSame(
    emulator.calls.map(({ path }) => path),
    ['/2.0/groups/1', '/2.0/groups/2', '/2.0/groups/3'],
    'the oldest are forgotten first'
  )
  emulator.clearCalls()
  t.strictSame(emulator.calls, [])
})

t.test('the state outlives the server, so that Box can go away and come back', async (t) => {
  const { call, emulator, url } = await startBench(t)
  await call('POST', '/2.0/users', { name: 'Ann', login: 'ann@example.com' })
  await emulator.close()
  await t.rejects(call('GET', '/2.0/users'))
  t.ok(emulator.state().users['ann@example.com'])
  await emulator.listen({ port: Number(new URL(url).port) })
  t.match((await call('GET', '/2.0/users?filter_term=ann')).body, { total_count: 1 })
  await t.rejects(emulator.listen(), /listening already/)
})

t.test('a port in use is said so, and another can be tried', async (t) => {
  const occupant = createServer()
  await new Promise<void>((resolve) => occupant.listen(0, '127.0.0.1', resolve))
  t.teardown(() => occupant.close())
  const emulator = createEmulator()
  t.teardown(() => emulator.close())
  const { port } = occupant.address() as AddressInfo
  await t.rejects(emulator.listen({ port }), { code: 'EADDRINUSE' })
  t.match(await emulator.listen(), /^http:\/\/127\.0\.0\.1:\d+$/)
})

t.test('the demo enterprise', async (t) => {
  const { call, emulator } = await startBench(t, { seed: demoSeed })
  const state = emulator.state()
  const users = Object.values(state.users)
  const count = (accepts: (user: (typeof users)[number]) => boolean) => users.filter(accepts).length
  t.equal(users.length, 20)
  t.equal(
    count(({ role }) => role === 'admin'),
    1
  )
  t.equal(
    count(({ role }) => role === 'coadmin'),
    1
  )
  t.equal(
    count(({ status }) => status === 'inactive'),
    2
  )
  t.equal(
    count(({ status }) => status === 'cannot_delete_edit'),
    1
  )
  t.equal(
    count((user) => user.is_platform_access_only),
    1
  )
  t.ok(Object.keys(state.users).every((login) => /@(example\.com|boxdevedition\.com)$/.test(login)))
  t.strictSame(Object.keys(state.groups), [
    'All Users',
    'Engineering',
    'Finance',
    'Human Resources',
    'Sales'
  ])
  t.strictSame(state.groups['Engineering']?.admins, ['grace.tan@example.com'])
  for (const login of ['tess.young@example.com', 'will.hart@partner.example.com']) {
    t.equal((await call('POST', '/2.0/users', { name: 'Taken', login })).status, 409)
  }
})

t.test('a seed at odds with itself is refused', async (t) => {
  const ann = { name: 'Ann', login: 'ann@example.com' }
  for (const parts of [
    { users: [ann, { name: 'Ann', login: 'ANN@example.com' }] },
    { users: [{ ...ann, aliases: ['ann@example.com'] }] },
    { groups: [{ name: 'Sales' }, { name: 'sales' }] },
    { groups: [{ name: 'Sales', members: ['nobody@example.com'] }] }
  ]) {
    t.throws(() => createEmulator({ seed: seedWith(parts) }), TypeError)
  }
})
