import t from 'tap'
import { accessScopes } from '../../src/lib/access-scopes.ts'
import type { AccessScope } from '../../src/lib/access-scopes.ts'
import { rightsOf } from '../../src/scim/access/caller.ts'
import { startServer } from './server.ts'

interface Route {
  readonly request: string
  readonly needs: readonly string[]
  /** Where the path begins; default the SCIM base. */
  readonly base?: string
}

/** What a route asks for, and a request for each of its methods. */
const routes: readonly Route[] = [
  { request: 'POST /connect', needs: ['connect'], base: '' },
  { request: 'GET /Users', needs: ['users:read'] },
  { request: 'GET /Users/1', needs: ['users:read'] },
  { request: 'POST /Users/.search', needs: ['users:read'] },
  { request: 'POST /Users', needs: ['users:write'] },
  { request: 'PUT /Users/1', needs: ['users:write'] },
  { request: 'PATCH /Users/1', needs: ['users:write'] },
  { request: 'DELETE /Users/1', needs: ['users:write'] },
  { request: 'GET /Groups', needs: ['groups:read'] },
  { request: 'GET /Groups/1', needs: ['groups:read'] },
  { request: 'POST /Groups/.search', needs: ['groups:read'] },
  { request: 'POST /Groups', needs: ['groups:write'] },
  { request: 'PUT /Groups/1', needs: ['groups:write'] },
  { request: 'PATCH /Groups/1', needs: ['groups:write'] },
  { request: 'DELETE /Groups/1', needs: ['groups:write'] },
  { request: 'GET /', needs: ['users:read', 'groups:read'] },
  { request: 'POST /.search', needs: ['users:read', 'groups:read'] },
  { request: 'POST /Bulk', needs: ['users:write', 'groups:write'] },
  { request: 'GET /ServiceProviderConfig', needs: [] },
  { request: 'GET /Schemas', needs: [] },
  { request: 'GET /ResourceTypes', needs: [] },
  { request: 'GET /Me', needs: [] },
  { request: 'GET /nothing', needs: [] }
]

const lists: readonly (readonly AccessScope[])[] = [
  ...accessScopes.map((scope) => [scope]),
  ['users', 'groups'],
  ['users', 'read-only'],
  ['groups', 'read-only'],
  []
]

t.test('each scope opens its routes and no other (RFC 6750 §3.1)', async (t) => {
  for (const scopes of lists) {
    const rights = rightsOf(scopes)
    const server = await startServer(t, {}, { authenticate: () => ({ actor: 'somebody', rights }) })
    for (const { request, needs, base = '/scim/v2' } of routes) {
      const [method = '', path = ''] = request.split(' ')
      const body = ['POST', 'PUT', 'PATCH'].includes(method) ? { body: {} } : {}
      const answer = await server.send(method, `${base}${path}`, body)
      const isOpen = needs.every((right) => (rights as ReadonlySet<string>).has(right))
      t.equal(answer.status !== 403, isOpen, `${scopes.join(' ')}: ${request}`)
      if (isOpen) continue
      t.match(answer.headers.get('www-authenticate'), /error="insufficient_scope"/)
      t.match(answer.body, { status: '403', detail: /lacks the right/ })
    }
  }
})

t.test('read-only takes every write away', async (t) => {
  t.strictSame([...rightsOf(['read-only'])], ['users:read', 'groups:read'])
  t.strictSame([...rightsOf(['users', 'read-only'])], ['users:read'])
  t.strictSame([...rightsOf(['connect', 'read-only'])], [])
  t.strictSame([...rightsOf(['metrics', 'read-only'])], ['metrics'])
})
