import t from 'tap'
import { BoxUnavailableError, ProvisioningError } from '../../../src/provisioning/errors.ts'
import { idOf, startServer, testNow } from '../server.ts'
import type { TestServer } from '../server.ts'

const userSchema = 'urn:ietf:params:scim:schemas:core:2.0:User'
const groupSchema = 'urn:ietf:params:scim:schemas:core:2.0:Group'
const patchSchema = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'
const listSchema = 'urn:ietf:params:scim:api:messages:2.0:ListResponse'
const scimType = 'application/scim+json; charset=utf-8'

const jane = { schemas: [userSchema], userName: 'jane@example.com', displayName: 'Jane Doe' }
const patchOf = (...operations: object[]) => ({ schemas: [patchSchema], Operations: operations })

async function createGroup(server: TestServer, name: string, members: readonly string[]) {
  const body = {
    schemas: [groupSchema],
    displayName: name,
    members: members.map((value) => ({ value }))
  }
  return server.send('POST', '/scim/v2/Groups', { body })
}

t.test('a person', async (t) => {
  const server = await startServer(t)
  const created = await server.send('POST', '/scim/v2/Users', { body: jane })
  const id = idOf(created)
  const path = `/scim/v2/Users/${id}`
  const location = `${server.url}${path}`

  t.test('RFC 7644 §3.3: is created with 201, Location and the whole resource', async (t) => {
    t.equal(created.status, 201)
    t.equal(created.headers.get('location'), location)
    t.equal(created.headers.get('content-type'), scimType)
    t.match(created.body, {
      ...jane,
      id,
      meta: { resourceType: 'User', location, created: new Date(testNow).toISOString() }
    })
  })

  t.test('is not created twice', async (t) => {
    const again = await server.send('POST', '/scim/v2/Users', { body: jane })
    t.equal(again.status, 409)
    t.match(again.body, { status: '409', scimType: 'uniqueness' })
  })

  t.test('is read, with groups unless they are not wanted', async (t) => {
    const whole = await server.send('GET', path)
    t.equal(whole.status, 200)
    t.equal(whole.headers.get('location'), location)
    t.match(whole.body, jane)
    t.match(server.users.calls.at(-1), { method: 'view', related: true })

    const brief = await server.send('GET', `${path}?attributes=userName`)
    t.equal(brief.body['userName'], jane.userName)
    t.notOk('displayName' in brief.body)
    t.match(server.users.calls.at(-1), { method: 'view', related: false })

    await server.send('GET', `${path}?excludedAttributes=groups`)
    t.match(server.users.calls.at(-1), { method: 'view', related: false })
  })

  t.test('is patched with 200 and the resource, in both dialects', async (t) => {
    const entra = await server.send('PATCH', path, {
      body: patchOf({ op: 'Replace', path: 'active', value: 'False' })
    })
    t.equal(entra.status, 200)
    t.match(entra.body, { id, active: false })
    t.equal(entra.headers.get('location'), location)

    const okta = await server.send('PATCH', path, {
      body: patchOf({ op: 'replace', value: { active: true } })
    })
    t.equal(okta.status, 200)
    t.match(okta.body, { id, active: true, userName: jane.userName })
  })

  t.test('is replaced with 200 and the resource', async (t) => {
    const body = { ...jane, id, displayName: 'Jane Smith', active: true, groups: [] }
    const replaced = await server.send('PUT', path, { body })
    t.equal(replaced.status, 200)
    t.match(replaced.body, { id, displayName: 'Jane Smith' })
    t.match(server.users.calls.at(-1), { method: 'put', context: { actor: 'token-1' } })
  })

  t.test('RFC 7644 §3.9: is answered as attributes ask, on writes too', async (t) => {
    const replaced = await server.send('PUT', `${path}?attributes=userName`, { body: jane })
    t.equal(replaced.status, 200)
    t.match(replaced.body, { id, userName: jane.userName, schemas: [userSchema] })
    t.notOk('displayName' in replaced.body)

    const body = patchOf({ op: 'replace', path: 'title', value: 'Cook' })
    const patched = await server.send('PATCH', `${path}?attributes=Title`, { body })
    t.equal(patched.status, 200)
    t.same(patched.body, { schemas: [userSchema], id, title: 'Cook' })
    const brief = await server.send('PATCH', `${path}?excludedAttributes=title,META`, { body })
    t.match(brief.body, { id, displayName: jane.displayName })
    t.notOk('title' in brief.body || 'meta' in brief.body)

    const core = `${userSchema}:userName`
    const other = { ...jane, userName: 'other@example.com' }
    const posted = await server.send('POST', `/scim/v2/Users?attributes=${core}`, { body: other })
    t.equal(posted.status, 201)
    t.ok(posted.headers.get('location'))
    t.same(Object.keys(posted.body).toSorted(), ['id', 'schemas', 'userName'])
    await server.send('DELETE', `/scim/v2/Users/${idOf(posted)}`)
  })

  t.test('RFC 7644 §3.9: is not changed when attributes are refused', async (t) => {
    const before = server.users.calls.length
    for (const [method, target] of [
      ['POST', '/scim/v2/Users'],
      ['PUT', path],
      ['PATCH', path]
    ] as const) {
      const query = '?attributes=userName&excludedAttributes=title'
      const answer = await server.send(method, target + query, { body: jane })
      t.equal(answer.status, 400, method)
    }
    t.equal(server.users.calls.length, before)
  })

  t.test('RFC 7644 §3.6: is deleted with 204 and gone afterwards', async (t) => {
    const deleted = await server.send('DELETE', path)
    t.equal(deleted.status, 204)
    t.equal(deleted.text, '')
    t.equal(deleted.headers.get('content-type'), null)
    for (const method of ['GET', 'DELETE', 'PUT', 'PATCH']) {
      const body =
        method === 'PUT'
          ? { body: jane }
          : method === 'PATCH'
            ? { body: patchOf({ op: 'replace', value: { active: false } }) }
            : {}
      const answer = await server.send(method, path, body)
      t.equal(answer.status, 404, method)
      t.match(answer.body, { status: '404' })
      t.equal(answer.headers.get('content-type'), scimType)
    }
  })
})

t.test('bodies that the protocol refuses reach no use case', async (t) => {
  const server = await startServer(t)
  for (const [method, path, body] of [
    ['POST', '/scim/v2/Users', '[]'],
    ['POST', '/scim/v2/Users', '"text"'],
    ['POST', '/scim/v2/Users', '{}'],
    ['POST', '/scim/v2/Groups', '{}'],
    ['PUT', '/scim/v2/Users/1', 'null'],
    ['PATCH', '/scim/v2/Users/1', '{}'],
    ['PATCH', '/scim/v2/Groups/1', '{"Operations":"x"}']
  ] as const) {
    const answer = await server.send(method, path, { body })
    t.equal(answer.status, 400, `${method} ${path} ${body}`)
    t.match(answer.body, { status: '400', scimType: /^invalid/ })
  }
  t.same([...server.users.calls, ...server.groups.calls], [])
})

t.test('a list of people', async (t) => {
  const server = await startServer(t)

  t.test('is empty where there is nobody', async (t) => {
    const answer = await server.send('GET', '/scim/v2/Users?filter=userName+eq+%22nobody%22')
    t.equal(answer.status, 200)
    t.equal(answer.headers.get('content-type'), scimType)
    t.same(answer.body, {
      schemas: [listSchema],
      totalResults: 0,
      startIndex: 1,
      itemsPerPage: 0,
      Resources: []
    })
    t.match(server.users.calls.at(-1), { request: { query: { kind: 'compare' } } })
  })

  t.test('is paged', async (t) => {
    for (const name of ['a', 'b', 'c']) {
      await server.send('POST', '/scim/v2/Users', {
        body: { schemas: [userSchema], userName: `${name}@example.com` }
      })
    }
    const page = await server.send('GET', '/scim/v2/Users?startIndex=2&count=1')
    t.match(page.body, {
      totalResults: 3,
      startIndex: 2,
      itemsPerPage: 1,
      Resources: [
        { userName: 'b@example.com', meta: { location: `${server.url}/scim/v2/Users/1002` } }
      ]
    })
    const past = await server.send('GET', '/scim/v2/Users?startIndex=9')
    t.match(past.body, { totalResults: 3, startIndex: 9, itemsPerPage: 0, Resources: [] })
  })

  t.test('holds no more than the server promises', async (t) => {
    await server.send('GET', '/scim/v2/Users?count=100000')
    const asked = server.users.calls.at(-1)?.request?.count
    const config = await server.send('GET', '/scim/v2/ServiceProviderConfig')
    t.match(config.body, { filter: { supported: true, maxResults: asked } })
  })

  t.test('refuses a filter it does not understand', async (t) => {
    const answer = await server.send('GET', '/scim/v2/Users?filter=userName+eq')
    t.equal(answer.status, 400)
    t.match(answer.body, { scimType: 'invalidFilter' })
  })
})

t.test('a group', async (t) => {
  const server = await startServer(t)
  const created = await createGroup(server, 'Sales', ['7', '8'])
  const path = `/scim/v2/Groups/${idOf(created)}`
  const show = async () => (await server.send('GET', path)).body['members']

  t.test('is created with its members in the answer', async (t) => {
    t.equal(created.status, 201)
    t.equal(created.headers.get('location'), server.url + path)
    t.match(created.body, {
      displayName: 'Sales',
      members: [{ value: '7' }, { value: '8' }],
      meta: { resourceType: 'Group' }
    })
  })

  t.test('is created without reading members nobody wants', async (t) => {
    const before = server.groups.calls.length
    const answer = await server.send('POST', '/scim/v2/Groups?excludedAttributes=members', {
      body: { schemas: [groupSchema], displayName: 'Brief' }
    })
    t.equal(answer.status, 201)
    t.notOk('members' in answer.body)
    t.same(
      server.groups.calls.slice(before).map(({ method }) => method),
      ['create']
    )
  })

  t.test('is patched with 204', async (t) => {
    const added = await server.send('PATCH', path, {
      body: patchOf({ op: 'Add', path: 'members', value: [{ $ref: null, value: '9' }] })
    })
    t.equal(added.status, 204)
    t.equal(added.text, '')
    t.match(await show(), [{ value: '7' }, { value: '8' }, { value: '9' }])

    const removed = await server.send('PATCH', path, {
      body: patchOf({ op: 'remove', path: 'members[value eq "8"]' })
    })
    t.equal(removed.status, 204)
    t.match(await show(), [{ value: '7' }, { value: '9' }])
  })

  t.test('RFC 7644 §3.5.2: is patched with 200 where attributes are asked for', async (t) => {
    const body = patchOf({ op: 'Replace', path: 'displayName', value: 'Sales & More' })
    for (const query of ['?attributes=displayName', '?excludedAttributes=members']) {
      const answer = await server.send('PATCH', path + query, { body })
      t.equal(answer.status, 200, query)
      t.match(answer.body, { displayName: 'Sales & More' })
      t.notOk('members' in answer.body)
    }
  })

  t.test('is replaced with 200 and all of it', async (t) => {
    const answer = await server.send('PUT', path, {
      body: {
        schemas: [groupSchema],
        displayName: 'Sales',
        members: [{ value: '5', display: 'E' }]
      }
    })
    t.equal(answer.status, 200)
    t.match(answer.body, { displayName: 'Sales', members: [{ value: '5' }] })
  })

  t.test('is listed with members, unless they are excluded', async (t) => {
    const whole = await server.send('GET', '/scim/v2/Groups?startIndex=1&count=100')
    t.match(whole.body, { Resources: [{ members: [{ value: '5' }] }, {}] })

    const brief = await server.send('GET', '/scim/v2/Groups?excludedAttributes=members')
    t.notMatch(brief.text, /"members"/)
    t.match(server.groups.calls.at(-1), { request: { related: false } })
  })

  t.test('is deleted with 204', async (t) => {
    t.equal((await server.send('DELETE', path)).status, 204)
    t.equal((await server.send('GET', path)).status, 404)
  })
})

t.test('refusals and trouble reach the client from every method', async (t) => {
  const server = await startServer(t)
  const requests = [
    ['POST', '/scim/v2/Users', jane],
    ['PUT', '/scim/v2/Users/1001', jane],
    ['PATCH', '/scim/v2/Users/1001', patchOf({ op: 'replace', value: { active: false } })],
    ['DELETE', '/scim/v2/Users/1001', undefined]
  ] as const

  for (const [method, path, body] of requests) {
    server.users.failure = new ProvisioningError('protected', 'A co-admin is never changed.')
    const refused = await server.send(method, path, body === undefined ? {} : { body })
    t.equal(refused.status, 400, method)
    t.match(refused.body, { scimType: 'mutability', detail: 'A co-admin is never changed.' })

    server.users.failure = new BoxUnavailableError('Box does not answer.', {
      trouble: 'credentials',
      effect: 'none',
      retryAfterSeconds: 60
    })
    const troubled = await server.send(method, path, body === undefined ? {} : { body })
    t.equal(troubled.status, 503, method)
    t.equal(troubled.headers.get('retry-after'), '60')
  }
})
