import t, { type Test } from 'tap'
import { startBridge } from '../helpers/bridge.ts'
import { person, scimClient } from '../helpers/scim-client.ts'

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
