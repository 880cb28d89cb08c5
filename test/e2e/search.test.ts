import t, { type Test } from 'tap'
import { startBridge } from '../helpers/bridge.ts'
import { group, person, scimClient } from '../helpers/scim-client.ts'
import type { ScimAnswer } from '../helpers/scim-client.ts'

const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'

/** A bridge with three people, one of whom has neither title nor department. */
async function setUp(t: Test) {
  const bridge = await startBridge(t)
  const scim = scimClient(bridge)
  await scim.post(
    '/Users',
    person('a@example.com', {
      title: 'beta',
      externalId: 'b',
      [enterprise]: { department: 'Sales' },
      emails: [{ value: 'z@example.com' }, { value: 'y@example.com', primary: true }]
    })
  )
  await scim.post(
    '/Users',
    person('B@example.com', {
      title: 'Alpha',
      externalId: 'A',
      [enterprise]: { department: 'legal' },
      emails: [{ value: 'x@example.com' }, { value: 'a@example.com' }]
    })
  )
  await scim.post('/Users', person('c@example.com'))
  const seed = 'externalId pr or userName eq "c@example.com"'
  return { ...bridge, scim, seed }
}

t.test('RFC 7644 §3.4.2.3: results are sorted', async (t) => {
  const { scim, seed } = await setUp(t)
  const order = async (parameters: Record<string, string>) => {
    const query = new URLSearchParams({ filter: seed, ...parameters })
    const { status, body } = await scim.get(`/Users?${query.toString()}`)
    t.equal(status, 200)
    const people = body['Resources'] as readonly { readonly userName: string }[]
    return people.map(({ userName }) => userName[0]).join('')
  }
  const descending = { sortOrder: 'descending' }
  t.equal(await order({ sortBy: 'userName' }), 'aBc', 'letter case does not matter')
  t.equal(await order({ sortBy: 'userName', ...descending }), 'cBa')
  t.equal(await order({ sortBy: 'externalId' }), 'Bac', 'letter case matters where caseExact')
  t.equal(await order({ sortBy: 'TITLE' }), 'Bac', 'absent values last')
  t.equal(await order({ sortBy: 'title', ...descending }), 'caB', 'absent values first')
  t.equal(await order({ sortBy: `${enterprise}:department` }), 'Bac')
  t.equal(await order({ sortBy: 'emails' }), 'Bac', 'the primary value, else the first')
  t.equal(await order({ sortBy: 'meta.created', count: '2' }), 'aB')
  t.equal(await order({ sortBy: 'unknown', ...descending }), 'aBc', 'without values, as usual')
  const refused = await scim.get('/Users?sortBy=id&sortOrder=up')
  t.match(refused, { status: 400, body: { scimType: 'invalidValue' } })
})

const searchRequest = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest'
const listResponse = 'urn:ietf:params:scim:api:messages:2.0:ListResponse'

type Listed = { readonly id: string; readonly userName?: string; readonly displayName?: string }

function listed({ body }: ScimAnswer): readonly Listed[] {
  return body['Resources'] as readonly Listed[]
}

t.test('RFC 7644 §3.4.3: a search by POST answers as one by GET does', async (t) => {
  const { scim, seed } = await setUp(t)
  const asked = {
    filter: seed,
    sortBy: 'userName',
    sortOrder: 'descending',
    startIndex: 2,
    count: 1
  }
  const query = new URLSearchParams(
    Object.entries(asked).map(([name, value]): [string, string] => [name, String(value)])
  )
  const byGet = await scim.get(`/Users?${query.toString()}`)
  const byPost = await scim.post('/Users/.search', { schemas: [searchRequest], ...asked })
  t.equal(byPost.status, 200, 'nothing is created')
  t.equal(byPost.headers.get('location'), null)
  t.same(byPost.body, byGet.body)
  t.match(byPost.body, {
    schemas: [listResponse],
    totalResults: 3,
    startIndex: 2,
    itemsPerPage: 1,
    Resources: [{ userName: 'B@example.com' }]
  })

  const brief = await scim.post('/Users/.search', {
    Schemas: [searchRequest.toUpperCase()],
    Filter: 'userName eq "a@example.com"',
    Attributes: ['userName', 'EMAILS.value'],
    count: null
  })
  t.same(Object.keys(listed(brief)[0] ?? {}).toSorted(), ['emails', 'id', 'schemas', 'userName'])
  const without = await scim.post('/Groups/.search/', {
    schemas: [searchRequest],
    excludedAttributes: ['members']
  })
  t.match(without, { status: 200, body: { totalResults: 0, Resources: [] } })
})

t.test('RFC 7644 §3.4.3: what is no SearchRequest is invalidSyntax', async (t) => {
  const { scim } = await setUp(t)
  for (const path of ['/Users/.search', '/Groups/.search', '/.search']) {
    for (const body of [{}, { schemas: [listResponse] }, { schemas: searchRequest.slice(1) }, []]) {
      const answer = await scim.post(path, body)
      t.match(answer, { status: 400, body: { scimType: 'invalidSyntax' } }, JSON.stringify(body))
    }
    const filter = { schemas: [searchRequest], filter: 'userName eq' }
    t.match(await scim.post(path, filter), { status: 400, body: { scimType: 'invalidFilter' } })
    const number = { schemas: [searchRequest], count: 1.5 }
    t.match(await scim.post(path, number), { status: 400, body: { scimType: 'invalidValue' } })
    const wrong = await scim.get(path)
    t.equal(wrong.status, 405)
    t.equal(wrong.headers.get('allow'), 'POST')
  }
})

t.test('RFC 7644 §3.4.2.1: the root is searched over all types', async (t) => {
  const { scim } = await setUp(t)
  const [person] = await scim.find('/Users', 'userName eq "a@example.com"')
  for (const name of ['A team', 'Sales']) {
    await scim.post('/Groups', group(name, [String(person?.['id'])]))
  }
  const search = async (parameters: Record<string, string>) => {
    const answer = await scim.get(`/?${new URLSearchParams(parameters).toString()}`)
    t.equal(answer.status, 200)
    const names = listed(answer).map(({ userName, displayName }) => userName ?? displayName)
    return { ...answer.body, names }
  }
  const filter = 'userName co "@example.com" and externalId pr or displayName eq "SALES"'
  const found = await search({ filter })
  t.match(found, {
    schemas: [listResponse],
    totalResults: 3,
    itemsPerPage: 3,
    names: ['a@example.com', 'B@example.com', 'Sales']
  })
  t.match(found, {
    Resources: [
      { groups: [{ display: 'A team' }, { display: 'Sales' }], meta: { resourceType: 'User' } },
      { meta: { resourceType: 'User' } },
      { members: [{ value: person?.['id'] }], meta: { resourceType: 'Group' } }
    ]
  })
  t.match(await search({ filter, startIndex: '2', count: '1' }), {
    totalResults: 3,
    startIndex: 2,
    itemsPerPage: 1,
    names: ['B@example.com']
  })
  t.match(await search({ filter, startIndex: '3' }), { itemsPerPage: 1, names: ['Sales'] })
  t.match(await search({ filter, startIndex: '9' }), { totalResults: 3, names: [] })
  t.match(await search({ filter: 'meta.resourceType eq "Group"' }), { totalResults: 2 })
  t.match(await search({ filter: 'members pr' }), { totalResults: 2 })
  t.match(await search({ filter: 'members.value eq "x" or name.givenName eq "?"' }), {
    totalResults: 0
  })
  t.match(
    await search({ filter: 'externalId pr or members pr', sortBy: 'displayName' }),
    { names: ['A team', 'a@example.com', 'B@example.com', 'Sales'] },
    'both types by one attribute'
  )
  const posted = await scim.post('/.search', {
    schemas: [searchRequest],
    filter,
    attributes: ['userName', 'members.value']
  })
  t.equal(posted.status, 200)
  t.same(
    listed(posted).map((one) => Object.keys(one).toSorted()),
    [
      ['id', 'schemas', 'userName'],
      ['id', 'schemas', 'userName'],
      ['id', 'members', 'schemas']
    ]
  )
  t.match(await scim.post('/', {}), { status: 405 })
})

t.test('RFC 9865 §2: pages by cursor', async (t) => {
  const { scim } = await setUp(t)
  await scim.post('/Groups', group('Sales'))
  for (const path of ['/Users', '/']) {
    const whole = await scim.get(`${path}?sortBy=userName&sortOrder=descending`)
    const ids: string[] = []
    let cursor: unknown = ''
    for (let page = 1; typeof cursor === 'string'; page++) {
      const parameters = { sortBy: 'userName', sortOrder: 'descending', count: '2', cursor }
      const query = new URLSearchParams(parameters).toString()
      // The same cursor leads on in a search by POST.
      const answer =
        page === 2
          ? await scim.post(path === '/' ? '/.search' : `${path}/.search`, {
              schemas: [searchRequest],
              ...parameters,
              count: 2
            })
          : await scim.get(`${path}?${query}`)
      t.equal(answer.status, 200)
      t.notOk('startIndex' in answer.body)
      t.equal(answer.body['totalResults'], whole.body['totalResults'])
      t.equal(answer.body['itemsPerPage'], listed(answer).length)
      ids.push(...listed(answer).map(({ id }) => id))
      cursor = answer.body['nextCursor']
    }
    t.same(
      ids,
      listed(whole).map(({ id }) => id),
      path
    )
  }
  const plain = await scim.get('/Users?count=1')
  t.notOk('nextCursor' in plain.body, 'pages by index are the default')
  t.match(plain.body, { startIndex: 1 })
})

t.test('RFC 9865 §2.1: cursors are refused where they do not belong', async (t) => {
  const { scim } = await setUp(t)
  const first = await scim.get('/Users?cursor&count=1&filter=userName+pr')
  const cursor = String(first.body['nextCursor'])
  for (const [path, scimType] of [
    [`/Users?count=1&filter=userName+pr&cursor=${cursor}`, undefined],
    [`/Users?count=1&filter=id+pr&cursor=${cursor}`, 'invalidCursor'],
    [`/Users?count=1&cursor=${cursor}`, 'invalidCursor'],
    [`/Users?count=1&filter=userName+pr&sortBy=id&cursor=${cursor}`, 'invalidCursor'],
    [`/Groups?count=1&filter=userName+pr&cursor=${cursor}`, 'invalidCursor'],
    [`/?count=1&filter=userName+pr&cursor=${cursor}`, 'invalidCursor'],
    ['/Users?cursor=x', 'invalidCursor'],
    [`/Users?count=2&filter=userName+pr&cursor=${cursor}`, 'invalidCount'],
    ['/Users?cursor&count=x', 'invalidCount'],
    ['/Users?cursor&count=1001', 'invalidCount']
  ] as const) {
    const answer = await scim.get(path)
    t.equal(answer.status, scimType === undefined ? 200 : 400, path)
    t.equal(answer.body['scimType'], scimType, path)
  }
  const none = await scim.get('/Users?cursor&count=0')
  t.match(none.body, { itemsPerPage: 0, Resources: [] })
})
