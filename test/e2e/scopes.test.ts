import { join } from 'node:path'
import t from 'tap'
import { createOperator } from '../../src/compose/operator.ts'
import { accessScopes, type AccessScope } from '../../src/lib/access-scopes.ts'
import { rightsOf } from '../../src/scim/access/caller.ts'
import { startBridge } from '../helpers/bridge.ts'
import { guardedRequests } from '../helpers/route-rights.ts'

const lists: readonly (readonly AccessScope[])[] = [
  ...accessScopes.map((scope) => [scope]),
  ['users', 'groups'],
  ['users', 'read-only'],
  ['groups', 'read-only'],
  ['connect', 'read-only'],
  ['metrics', 'read-only']
]

const withBody = new Set(['POST', 'PUT', 'PATCH'])

t.test('each scope opens its routes and no other (RFC 6750 §3.1)', async (t) => {
  const url = `file:${join(t.testdir(), 'bridge.db')}`
  const operator = createOperator(url)
  const tokens = new Map<readonly AccessScope[], string>()
  for (const scopes of lists) {
    const name = scopes.join('-')
    tokens.set(
      scopes,
      await operator.makeToken({ name, scopes, networks: [], expiresAt: undefined })
    )
  }
  const bridge = await startBridge(t, { env: { DATABASE_URL: url } })
  const before = bridge.boxCalls()
  const ask = (method: string, path: string, token: string | undefined) =>
    fetch(bridge.url + path, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        'content-type': 'application/scim+json'
      },
      ...(withBody.has(method) ? { body: '{}' } : {})
    })

  for (const [scopes, token] of tokens) {
    const rights = rightsOf(scopes)
    for (const { method, path, needs } of guardedRequests) {
      const what = `${scopes.join(' ')}: ${method} ${path}`
      const answer = await ask(method, path, token)
      const isOpen = needs.every((right) => rights.has(right))
      t.equal(answer.status !== 403, isOpen, what)
      t.not(answer.status, 401, what)
      t.ok(answer.status < 500 || answer.status === 501, what)
      if (method === 'GET') t.equal((await ask('HEAD', path, token)).status, answer.status, what)
      if (isOpen) continue
      t.match(answer.headers.get('www-authenticate'), /^Bearer .*error="insufficient_scope"$/)
      t.match(await answer.json(), { status: '403', detail: /lacks the right/ })
    }
    const ready = await ask('GET', '/readyz', token)
    t.match(await ready.json(), { box: 'ok' }, 'the details of /readyz need any token')
  }

  for (const { method, path } of guardedRequests) {
    t.equal((await ask(method, path, undefined)).status, 401, `nobody: ${method} ${path}`)
  }
  t.strictSame(await (await ask('GET', '/readyz', undefined)).json(), { status: 'ready' })
  t.equal((await ask('GET', '/healthz', undefined)).status, 200)
  t.equal(bridge.boxCalls(), before, 'and nothing reached Box')
})
