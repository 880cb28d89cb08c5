import t, { type Test } from 'tap'
import { startBridge, type BridgeOptions } from '../helpers/bridge.ts'
import { group, person, scimClient } from '../helpers/scim-client.ts'
import type { ScimAnswer } from '../helpers/scim-client.ts'

const bulkRequest = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest'
const bulkResponse = 'urn:ietf:params:scim:api:messages:2.0:BulkResponse'
const errorSchema = 'urn:ietf:params:scim:api:messages:2.0:Error'

interface Result {
  readonly location?: string
  readonly status: string
  readonly version?: string
  readonly response?: { readonly detail: string }
}

async function setUp(t: Test, options: BridgeOptions = {}) {
  const bridge = await startBridge(t, options)
  const scim = scimClient(bridge)
  const bulk = (Operations: readonly object[], more: object = {}) =>
    scim.post('/Bulk', { schemas: [bulkRequest], ...more, Operations })
  return { ...bridge, scim, bulk }
}

function resultsOf({ status, body }: ScimAnswer): readonly Result[] {
  if (status !== 200) throw new Error(JSON.stringify(body))
  return body['Operations'] as readonly Result[]
}

const statuses = (answer: ScimAnswer) => resultsOf(answer).map(({ status }) => status)
const pathOf = ({ location = '' }: Result) => location.slice(location.indexOf('/v2/') + 3)
const post = (bulkId: string, path: string, data: object) => ({
  method: 'POST',
  bulkId,
  path,
  data
})
const patch = (path: string, ...Operations: object[]) => ({
  method: 'PATCH',
  path,
  data: { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations }
})
const jo = person('jo@example.com')

t.test('RFC 7644 §3.7: operations are done as single requests are', async (t) => {
  const { scim, bulk, baseUrl, emulator } = await setUp(t)
  const created = await bulk([post('jo', '/Users', jo), post('sales', '/Groups', group('Sales'))])
  t.match(created, { status: 200, body: { schemas: [bulkResponse] } })
  const [user, team] = resultsOf(created)
  if (user === undefined || team === undefined) throw new Error('two results are due')
  t.match(user, { method: 'POST', bulkId: 'jo', status: '201', version: 'W/"1"' })
  t.ok(user.location?.startsWith(`${baseUrl}/Users/`))
  t.notOk('response' in user)
  const id = pathOf(user).split('/')[2] ?? ''
  t.match((await scim.get(pathOf(user))).body, { id, userName: 'jo@example.com' })

  const changed = await bulk([
    patch(pathOf(team), { op: 'add', path: 'members', value: [{ value: id }] }),
    { method: 'put', path: pathOf(user), data: { ...jo, title: 'Cook' } },
    { method: 'DELETE', path: pathOf(team) }
  ])
  t.same(statuses(changed), ['200', '200', '204'])
  t.match(resultsOf(changed), [
    { method: 'PATCH', location: team.location },
    { location: user.location, version: /^W/ },
    { method: 'DELETE', location: team.location }
  ])
  t.match((await scim.get(pathOf(user))).body, { title: 'Cook' })
  t.equal((await scim.get(pathOf(team))).status, 404)
  t.equal(emulator.state().users['jo@example.com']?.job_title, 'Cook')
})

t.test('RFC 7644 §3.7.2: bulkIds stand for what is created, in any order', async (t) => {
  const { scim, bulk } = await setUp(t)
  const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
  const answer = await bulk([
    patch('/Groups/bulkId:sales', {
      op: 'add',
      path: 'members',
      value: [{ value: 'bulkId:boss' }]
    }),
    post('sales', '/Groups', group('Sales', ['bulkId:jo'])),
    post('jo', '/Users', { ...jo, [enterprise]: { manager: { value: 'bulkId:boss' } } }),
    post('boss', '/Users', person('boss@example.com'))
  ])
  t.same(statuses(answer), ['200', '201', '201', '201'])
  const [, team, user, boss] = resultsOf(answer)
  if (team === undefined || user === undefined || boss === undefined)
    throw new Error('four are due')
  const idOf = (result: Result) => pathOf(result).split('/')[2] ?? ''
  const { body } = await scim.get(pathOf(team))
  t.same(
    (body['members'] as { value: string }[]).map(({ value }) => value).toSorted(),
    [idOf(user), idOf(boss)].toSorted()
  )
  t.match((await scim.get(pathOf(user))).body, { [enterprise]: { manager: { value: idOf(boss) } } })
})

t.test(
  'RFC 7644 §3.7.1: what waits for itself is 409, and so is what needs a failure',
  async (t) => {
    const { bulk } = await setUp(t)
    const answer = await bulk([
      post('a', '/Groups', group('A', ['bulkId:b'])),
      post('b', '/Groups', group('B', ['bulkId:a'])),
      post('self', '/Groups', group('C', ['bulkId:self'])),
      post('bad', '/Users', { userName: '' }),
      post('d', '/Groups', group('D', ['bulkId:bad'])),
      post('e', '/Groups', group('E', ['bulkId:nobody'])),
      post('f', '/Groups', group('F'))
    ])
    t.same(statuses(answer), ['409', '409', '409', '400', '409', '400', '201'])
    for (const result of resultsOf(answer).slice(0, 6)) {
      t.notOk('location' in result, 'a failed POST has no location')
      t.match(result.response, { schemas: [errorSchema], status: result.status, detail: /./ })
    }
  }
)

t.test('RFC 7644 §3.7.3: errors stand beside successes, until failOnErrors', async (t) => {
  const { scim, bulk, ...bridge } = await setUp(t)
  const operations = [
    { method: 'DELETE', path: '/Groups/404' },
    post('jo', '/Users', jo),
    post('jo2', '/Users', jo),
    post('new', '/Groups', group('Sales'))
  ]
  const all = await bulk(operations)
  t.same(statuses(all), ['404', '201', '409', '201'])
  t.match(resultsOf(all), [
    { location: `${bridge.baseUrl}/Groups/404`, response: { status: '404' } },
    {},
    { response: { scimType: 'uniqueness' } },
    {}
  ])
  t.same(statuses(await bulk(operations, { failOnErrors: 2 })), ['404', '409'])
  t.same(statuses(await bulk(operations, { failOnErrors: 1 })), ['404'])
  t.equal((await scim.find('/Groups', 'displayName eq "Sales"')).length, 1)
})

t.test('RFC 7644 §3.7: a version is a condition', async (t) => {
  const { scim, bulk } = await setUp(t)
  const { body, headers } = await scim.post('/Users', jo)
  const path = `/Users/${String(body['id'])}`
  const version = headers.get('etag')
  const title = (value: string) => ({
    ...patch(path, { op: 'add', path: 'title', value }),
    version
  })
  t.same(statuses(await bulk([title('Cook'), title('Baker')])), ['200', '412'])
  t.match((await scim.get(path)).body, { title: 'Cook' })
})

t.test('RFC 7644 §3.7: an operation that makes no sense fails by itself', async (t) => {
  const { bulk } = await setUp(t)
  const nonsense = [
    null,
    7,
    {},
    { method: 'GET', path: '/Users/1' },
    { method: 'POST', path: '/Users', data: jo },
    post('x', '/Users/7', jo),
    post('y', '/Schemas', {}),
    post('y2', 'Users', jo),
    { method: 'PUT', path: '/Users', data: jo },
    { method: 'PATCH', path: '/Users/1' },
    { method: 'PATCH', path: '/Users/1/x', data: {} },
    { method: 'DELETE', path: '/Users/1?x' },
    { method: 'DELETE', path: ['/Users/1'] }
  ]
  const answer = await bulk([...(nonsense as object[]), post('jo', '/Users', jo)])
  t.same(statuses(answer), [...nonsense.map(() => '400'), '201'])
  const twice = await bulk([post('z', '/Groups', group('A')), post('z', '/Groups', group('B'))])
  t.same(statuses(twice), ['201', '400'])
})

t.test(
  'RFC 7644 §3.7: what is no bulk request is 400, too much is 413 and names the limit',
  async (t) => {
    const { scim, bulk } = await setUp(t)
    t.match(await scim.post('/Bulk', { Operations: [] }), { status: 400 })
    t.match(await scim.post('/Bulk', { schemas: [bulkRequest] }), { status: 400 })
    t.match(await bulk([], { failOnErrors: 'one' }), { status: 400 })
    t.same(statuses(await bulk([])), [])

    const nothing = { method: 'DELETE', path: '/Groups/404' }
    t.equal(statuses(await bulk(Array.from({ length: 100 }, () => nothing))).length, 100)
    t.match(await bulk(Array.from({ length: 101 }, () => nothing)), {
      status: 413,
      body: { status: '413', detail: /100 operations/ }
    })
    t.match(
      await bulk([post('a', '/Users', person('a@example.com', { x: 'x'.repeat(1_048_576) }))]),
      {
        status: 413,
        body: { detail: /1048576 bytes/ }
      }
    )
    const { status, headers } = await scim.get('/Bulk')
    t.equal(status, 405)
    t.equal(headers.get('allow'), 'POST')
    const { body } = await scim.get('/ServiceProviderConfig')
    t.match(body, { bulk: { supported: true, maxOperations: 100, maxPayloadSize: 1_048_576 } })
  }
)

t.test('RFC 7644 §3.7: leavers lose access first, and what finds no time is 503', async (t) => {
  const users = [{ login: 'leaver@example.com', name: 'Leaver' }]
  const { scim, bulk, emulator } = await setUp(t, {
    seed: { users },
    env: { REQUEST_BUDGET_SECONDS: '3', BOX_CALLS_PER_MINUTE: '60' }
  })
  const [leaver] = await scim.find('/Users', 'userName eq "leaver@example.com"')
  const answer = await bulk([
    ...Array.from({ length: 40 }, (_, index) =>
      post(`p${index}`, '/Users', person(`p${index}@example.com`))
    ),
    patch(`/Users/${String(leaver?.['id'])}`, { op: 'replace', value: { active: false } })
  ])
  const all = statuses(answer)
  t.equal(all.length, 41)
  t.equal(all.at(-1), '200', 'although it came last')
  t.equal(emulator.state().users['leaver@example.com']?.status, 'inactive')
  t.ok(all.includes('503'), 'later ones found no time')
  t.same(
    all.filter((status) => !['200', '201', '429', '503'].includes(status)),
    []
  )
  const late = resultsOf(answer).find(({ status }) => status === '503')
  t.match(late?.response, { detail: /no time left/ })
})
