import * as fc from 'fast-check'
import t from 'tap'
import { authorized, startServer } from './server.ts'

const seed = 20_260_412

const method = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS')

const path = fc
  .tuple(
    fc.constantFrom('/scim/v2', '/scim/v2', '/scim/v2', '/scim', ''),
    fc.constantFrom('/Users', '/Groups', '/Schemas', '/ResourceTypes', '/Me', '/%2e', '/'),
    fc.oneof(
      fc.constant(''),
      fc.constant('/1001'),
      fc.string().map((id) => `/${encodeURIComponent(id)}`)
    )
  )
  .map((parts) => parts.join(''))

const words =
  'userName emails eq pr and or not ( ) [ ] "x" true emails[type urn:x:User:a __proto__ constructor 1 null'

const filter = fc.oneof(
  fc.string(),
  fc.array(fc.constantFrom(...words.split(' ')), { maxLength: 12 }).map((some) => some.join(' '))
)

const query = fc.record(
  {
    filter,
    attributes: fc.oneof(fc.string(), fc.constantFrom('userName,name.givenName', '__proto__.a')),
    excludedAttributes: fc.string(),
    startIndex: fc.oneof(fc.integer().map(String), fc.string()),
    count: fc.oneof(fc.integer().map(String), fc.string()),
    aadOptscim062020: fc.constant('')
  },
  { requiredKeys: [] }
)

const names =
  'userName displayName active name emails members groups roles id manager schemas meta toString hasOwnProperty name.givenName urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'

const attributeName = fc.oneof(fc.string(), fc.constantFrom(...names.split(' ')))

const value = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.dictionary(attributeName, fc.jsonValue({ maxDepth: 3 })),
  fc.constantFrom('False', 'true', '', null)
)

const patch = fc.record({
  schemas: fc.constant(['urn:ietf:params:scim:api:messages:2.0:PatchOp']),
  Operations: fc.array(
    fc.record(
      {
        op: fc.constantFrom('add', 'Replace', 'remove', 'move', 7),
        path: fc.oneof(
          attributeName,
          filter.map((text) => `emails[${text}].value`)
        ),
        value
      },
      { requiredKeys: ['op'] }
    ),
    { maxLength: 4 }
  )
})

const body = fc.oneof(
  fc.string(),
  fc.jsonValue().map((json) => JSON.stringify(json)),
  fc
    .string({ minLength: 1 })
    .map((userName) => JSON.stringify({ userName, displayName: userName })),
  fc.dictionary(attributeName, value).map((json) => JSON.stringify(json)),
  patch.map((json) => JSON.stringify(json))
)

const contentType = fc.oneof(
  { weight: 5, arbitrary: fc.constant('application/scim+json') },
  { weight: 1, arbitrary: fc.constantFrom('text/plain', 'application/json; charset=latin1', ';') }
)

t.test('whatever is asked, the answer is SCIM and the server is never at a loss', async (t) => {
  const server = await startServer(t)
  await server.send('POST', '/scim/v2/Users', { body: { userName: 'jane@example.com' } })
  await server.send('POST', '/scim/v2/Groups', { body: { displayName: 'Sales' } })

  const statuses = new Set<number>()
  const request = fc.record({ method, path, query, body, contentType })
  const property = fc.asyncProperty(request, async ({ method, path, query, body, contentType }) => {
    const answer = await server.app.inject({
      method,
      url: `${path}?${new URLSearchParams(query).toString()}`,
      headers: { ...authorized, 'content-type': contentType },
      ...(method === 'GET' || method === 'HEAD' ? {} : { payload: body })
    })
    statuses.add(answer.statusCode)
    if (answer.statusCode >= 500 && answer.statusCode !== 501) throw new Error(answer.body)
    if (answer.statusCode === 204) return
    if (answer.headers['content-type'] !== 'application/scim+json; charset=utf-8') {
      throw new Error(`No SCIM: ${answer.headers['content-type']}`)
    }
    if (answer.statusCode >= 400 && method !== 'HEAD') requireErrorBody(answer)
  })
  await fc.assert(property, { seed, numRuns: 1_500 })
  t.pass(`seed ${seed}`)
  for (const status of [200, 201, 204, 400, 404, 405, 415, 501]) {
    t.ok(statuses.has(status), `reached ${status}`)
  }
})

function requireErrorBody(answer: { readonly statusCode: number; json(): unknown }): void {
  const body = answer.json() as Readonly<Record<string, unknown>>
  if (body['status'] !== String(answer.statusCode) || typeof body['detail'] !== 'string') {
    throw new Error(`No SCIM error: ${JSON.stringify(body)}`)
  }
}
