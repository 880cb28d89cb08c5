import t from 'tap'
import { startBridge } from '../helpers/bridge.ts'
import { group, person, scimClient } from '../helpers/scim-client.ts'

const bridge = await startBridge(t)
const scim = scimClient(bridge)
const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'

let people = 0

async function create(more: object = {}) {
  const answer = await scim.post('/Users', person(`m${(people += 1)}@example.com`, more))
  return { ...answer, id: String(answer.body['id']), path: `/Users/${String(answer.body['id'])}` }
}

const replace = (path: string, value: unknown) => ({ op: 'replace', path, value })
const work = { value: 'w@example.com', type: 'work' }

t.test(
  'RFC 7644 §3.3: POST answers 201 with the resource and its Location, twice is 409',
  async (t) => {
    const { status, headers, body, path } = await create()
    t.equal(status, 201)
    t.equal(headers.get('location'), `${bridge.baseUrl}${path}`)
    t.match(body, { id: /^\d+$/, meta: { location: headers.get('location') } })
    t.match(await scim.post('/Users', person(String(body['userName']))), {
      status: 409,
      body: { scimType: 'uniqueness' }
    })
  }
)

t.test('RFC 7644 §3.4.1: GET answers the resource with Location and ETag, or 404', async (t) => {
  const { path, body } = await create()
  const answer = await scim.get(path)
  t.equal(answer.status, 200)
  t.strictSame(answer.body, body)
  t.equal(answer.headers.get('location'), `${bridge.baseUrl}${path}`)
  t.match(answer.headers.get('etag'), /^W\/"/)
  t.equal((await scim.get('/Users/0')).status, 404)
})

t.test('RFC 7644 §3.4.2: a list without a match is 200 with no Resources', async (t) => {
  t.match(await scim.get('/Users?filter=userName%20eq%20%22nobody%22'), {
    status: 200,
    body: { totalResults: 0, itemsPerPage: 0, startIndex: 1, Resources: [] }
  })
})

t.test('RFC 7644 §3.5.1: PUT replaces and never creates', async (t) => {
  const { path, body } = await create({ title: 'Cook', nickName: 'Em' })
  const { title: _title, ...rest } = body
  const replaced = await scim.put(path, { ...rest, displayName: 'Other' })
  t.match(replaced, { status: 200, body: { displayName: 'Other', nickName: 'Em' } })
  t.notOk('title' in replaced.body, 'what is absent is cleared')
  t.match(await scim.put(path, { displayName: 'Nameless' }), {
    status: 400,
    body: { scimType: 'invalidValue' }
  })
  t.equal((await scim.put('/Users/0', person('zero@example.com'))).status, 404)
  t.same(await scim.find('/Users', 'userName eq "zero@example.com"'), [])
})

t.test('RFC 7644 §3.5.1: PUT without active leaves somebody as they are', async (t) => {
  const { path, body } = await create()
  await scim.patch(path, replace('active', false))
  const { active: _active, ...rest } = body
  t.match(await scim.put(path, rest), { status: 200, body: { active: false } })
})

t.test(
  'RFC 7644 §3.5.2: PATCH answers the person, 204 for a group, 200 where attributes are asked',
  async (t) => {
    const { path } = await create()
    t.match(await scim.patch(path, replace('title', 'Cook')), {
      status: 200,
      body: { title: 'Cook' }
    })
    const { body } = await scim.post('/Groups', group('Patched'))
    const groupPath = `/Groups/${String(body['id'])}`
    t.equal((await scim.patch(groupPath, replace('externalId', 'x'))).status, 204)
    t.match(await scim.patch(`${groupPath}?attributes=externalId`, replace('externalId', 'y')), {
      status: 200,
      body: { id: body['id'], externalId: 'y' }
    })
  }
)

t.test(
  'RFC 7644 §3.5.2: PATCH is atomic, in order, each operation on the result of the last',
  async (t) => {
    const { path, body } = await create({ title: 'Cook' })
    const calls = bridge.boxCalls()
    const refused = await scim.patch(path, replace('title', 'Baker'), replace('userName', ''))
    t.equal(refused.status, 400)
    t.strictSame((await scim.get(path)).body, body)
    t.equal(bridge.boxCalls(), calls)
    const done = await scim.patch(
      path,
      { op: 'add', path: 'emails', value: [work] },
      replace('emails[type eq "work"].value', 'x@example.com'),
      { op: 'remove', path: 'title' },
      { op: 'add', path: 'title', value: 'Baker' }
    )
    t.match(done.body, { title: 'Baker', emails: [{ type: 'work', value: 'x@example.com' }] })
  }
)

t.test(
  'RFC 7644 §3.5.2.1: add without a path, to one value, to several, to a complex one',
  async (t) => {
    const { path } = await create({ emails: [work], name: { givenName: 'Em' } })
    const home = { value: 'h@example.com', type: 'home' }
    const { body } = await scim.patch(path, {
      op: 'add',
      value: { title: 'Cook', emails: [home], name: { familyName: 'May' }, 'name.middleName': 'J' }
    })
    t.match(body, { title: 'Cook', name: { givenName: 'Em', familyName: 'May', middleName: 'J' } })
    t.strictSame(body['emails'], [work, home])
    const again = await scim.patch(path, { op: 'add', path: 'emails', value: [home] })
    t.strictSame(again.body, body, 'an identical value changes nothing')
  }
)

t.test(
  'RFC 7644 §3.5.2.1, §3.5.2.3: a value path without a match describes what to create',
  async (t) => {
    const { path } = await create()
    for (const op of ['add', 'replace']) {
      const type = op === 'add' ? 'work' : 'home'
      const { body } = await scim.patch(path, {
        op,
        path: `emails[type eq "${type}"].value`,
        value: op
      })
      t.match((body['emails'] as object[]).at(-1), { type, value: op })
    }
    t.match(await scim.patch(path, replace('emails[value co "zz"].display', 'x')), {
      status: 400,
      body: { scimType: 'noTarget' }
    })
  }
)

t.test('RFC 7644 §3.5.2.2: remove of one value, of all, of those listed or matched', async (t) => {
  const emails = ['a', 'b', 'c'].map((value) => ({ value, type: value }))
  const { path } = await create({ title: 'Cook', emails })
  const remove = (target: string, value?: unknown) =>
    scim.patch(path, { op: 'remove', path: target, ...(value === undefined ? {} : { value }) })
  t.notOk('title' in (await remove('title')).body)
  t.strictSame((await remove('emails[value eq "a"]')).body['emails'], emails.slice(1))
  t.strictSame((await remove('emails', [{ value: 'b', type: 'b' }])).body['emails'], [emails[2]])
  t.notOk('emails' in (await remove('emails')).body)
  t.match(await scim.patch(path, { op: 'remove' }), { status: 400, body: { scimType: 'noTarget' } })
  for (const target of ['userName', 'id', 'groups', 'meta.created']) {
    t.match(await remove(target), { status: 400, body: { scimType: 'mutability' } }, target)
  }
})

t.test('RFC 7644 §3.5.2.2: removing somebody who is no member is a success', async (t) => {
  const [one, two] = [await create(), await create()]
  const { body } = await scim.post('/Groups', group('Absent', [one.id]))
  const path = `/Groups/${String(body['id'])}`
  for (const operation of [
    { op: 'remove', path: `members[value eq "${two.id}"]` },
    { op: 'Remove', path: 'members', value: [{ $ref: null, value: two.id }] }
  ]) {
    t.equal((await scim.patch(path, operation)).status, 204)
  }
  t.match((await scim.get(path)).body, { members: [{ value: one.id }] })
})

t.test(
  'RFC 7644 §3.5.2.3: replace merges a complex value and replaces several values',
  async (t) => {
    const { path } = await create({ emails: [work], name: { givenName: 'Em', familyName: 'May' } })
    const home = { value: 'h@example.com', type: 'home' }
    const { body } = await scim.patch(
      path,
      replace('name', { familyName: 'June' }),
      { op: 'replace', value: { emails: [home] } },
      replace('nickName', 'was absent')
    )
    t.match(body, { name: { givenName: 'Em', familyName: 'June' }, nickName: 'was absent' })
    t.strictSame(body['emails'], [home])
  }
)

t.test(
  'RFC 7644 §3.12: a PATCH without Operations, or with another op, is invalidSyntax',
  async (t) => {
    const { path } = await create()
    const schemas = ['urn:ietf:params:scim:api:messages:2.0:PatchOp']
    for (const message of [{ schemas }, { schemas, Operations: [{ op: 'move', path: 'title' }] }]) {
      t.match(await scim.send('PATCH', path, message), {
        status: 400,
        body: { scimType: 'invalidSyntax' }
      })
    }
    t.equal((await scim.patch(path)).status, 200, 'an empty list asks for nothing')
  }
)

t.test(
  'RFC 7644 §3.6: DELETE is 204, then 404; gone from lists, and the name is free again',
  async (t) => {
    const { path, body } = await create()
    t.equal((await scim.delete(path)).status, 204)
    for (const answer of [
      await scim.get(path),
      await scim.delete(path),
      await scim.put(path, body),
      await scim.patch(path, replace('title', 'x'))
    ]) {
      t.equal(answer.status, 404)
    }
    t.same(await scim.find('/Users', `userName eq "${String(body['userName'])}"`), [])
    t.equal((await scim.post('/Users', person(String(body['userName'])))).status, 201)
  }
)

t.test('RFC 7644 §3.11: /Me is 501 for every method', async (t) => {
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
    t.equal((await scim.send(method, '/Me', method === 'GET' ? undefined : {})).status, 501, method)
  }
})

t.test(
  'RFC 7644 §4: discovery is 200, one document by id, 403 with a filter, 405 for a write',
  async (t) => {
    for (const [path, id] of [
      ['/Schemas', enterprise],
      ['/ResourceTypes', 'User']
    ] as const) {
      const list = await scim.get(`${path}?startIndex=9&count=1&sortBy=id`)
      const documents = list.body['Resources'] as { readonly id: string }[]
      t.match(list, { status: 200, body: { totalResults: documents.length } })
      t.strictSame(
        (await scim.get(`${path}/${id}`)).body,
        documents.find((one) => one.id === id)
      )
      t.equal((await scim.get(`${path}?filter=id%20pr`)).status, 403)
      const written = await scim.send('POST', path, {})
      t.equal(written.status, 405)
      t.equal(written.headers.get('allow'), 'GET, HEAD')
    }
  }
)

t.test('RFC 7643 §5: ServiceProviderConfig is one object and promises what works', async (t) => {
  const { status, body } = await scim.get('/ServiceProviderConfig')
  t.equal(status, 200)
  t.match(body, {
    patch: { supported: true },
    bulk: { supported: true, maxOperations: 100, maxPayloadSize: 1_048_576 },
    filter: { supported: true, maxResults: 1_000 },
    changePassword: { supported: false },
    sort: { supported: true },
    etag: { supported: true },
    pagination: { cursor: true, index: true, defaultPaginationMethod: 'index' },
    authenticationSchemes: [{ type: 'oauthbearertoken', name: /\w/, description: /\w/ }]
  })
  t.notOk('securityEvents' in body, 'RFC 9967 is not offered')
})

t.test('RFC 9967 §2.5: a wish for an asynchronous answer may be ignored, and is', async (t) => {
  const { path } = await create()
  const body = person('async@example.com')
  const answer = await scim.send('POST', '/Users', body, { prefer: 'respond-async' })
  t.equal(answer.status, 201)
  t.notOk(answer.headers.has('preference-applied'))
  t.equal((await scim.send('DELETE', path, undefined, { prefer: 'respond-async' })).status, 204)
})
