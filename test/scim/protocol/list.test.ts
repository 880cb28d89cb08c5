import { test } from 'tap'
import { listResponse, parseSearch, searchLimits } from '../../../src/scim/protocol/list.ts'
import { resourceTypes } from '../../../src/scim/protocol/schemas.ts'

const { User, Group } = resourceTypes
const limits = { defaultCount: 100, maxCount: 1000 }
const page = (parameters: Record<string, unknown>) => {
  const { startIndex, count } = parseSearch(User, parameters, limits)
  return [startIndex, count]
}

void test('RFC 7644 §3.4.2.4: startIndex and count are brought into their range', async (t) => {
  t.strictSame(page({}), [1, 100])
  t.strictSame(page({ startIndex: '101', count: '50' }), [101, 50])
  t.strictSame(page({ startIndex: '0', count: '-1' }), [1, 0])
  t.strictSame(page({ startIndex: '-5', count: '0' }), [1, 0])
  t.strictSame(page({ count: '1001' }), [1, 1000])
  t.strictSame(page({ startIndex: '9'.repeat(30) }), [Number.MAX_SAFE_INTEGER, 100])
  t.strictSame(page({ startIndex: '', count: '' }), [1, 100])
  t.strictSame(page({ startIndex: 3, count: 4 }), [3, 4])
  t.strictSame(page({ startIndex: ['7', '8'], count: ['9'] }), [7, 9])
  t.strictSame(searchLimits, limits)
})

void test('RFC 7644 §3.12: what is no whole number is invalidValue', async (t) => {
  for (const value of ['x', '1.5', '1e3', '0x10', 'NaN', '1 2', null, true, {}, 1.5]) {
    for (const name of ['startIndex', 'count']) {
      t.throws(
        () => parseSearch(User, { [name]: value }, limits),
        { name: 'ScimError', status: 400, scimType: 'invalidValue' },
        `${name}=${JSON.stringify(value)}`
      )
    }
  }
})

void test('RFC 7644 §3.4.2: unknown parameters are ignored, the first filter counts', async (t) => {
  const search = parseSearch(
    User,
    {
      aadOptscim062020: '',
      filter: ['userName eq "a"', 'userName eq "b"'],
      sorting: 'userName',
      startindex: '7'
    },
    limits
  )
  t.match(search.query, { kind: 'compare', value: 'a' })
  t.equal(search.sort, undefined)
  t.equal(search.startIndex, 1)
  t.notOk('query' in parseSearch(User, {}, limits))
})

void test('RFC 7644 §3.12: a filter that cannot be read never means everything', async (t) => {
  for (const filter of ['', ' ', 'userName', 7, {}, null]) {
    t.throws(() => parseSearch(User, { filter }, limits), {
      name: 'ScimError',
      status: 400,
      scimType: 'invalidFilter'
    })
  }
})

void test('RFC 7644 §3.9: groups and members are read only where they are shown', async (t) => {
  const related = (type: typeof User, parameters: Record<string, unknown>) =>
    parseSearch(type, parameters, limits).related
  t.equal(related(User, {}), true)
  t.equal(related(Group, {}), true)
  t.equal(related(Group, { excludedAttributes: 'MEMBERS' }), false)
  t.equal(related(Group, { excludedAttributes: 'displayName,members' }), false)
  t.equal(related(Group, { excludedAttributes: 'displayName' }), true)
  t.equal(related(Group, { excludedAttributes: 'members.display' }), true)
  t.equal(related(Group, { attributes: 'id' }), false)
  t.equal(related(Group, { attributes: 'members.value' }), true)
  t.equal(related(User, { attributes: 'userName,groups' }), true)
  t.equal(related(User, { attributes: 'urn:ietf:params:scim:schemas:core:2.0:User' }), true)
})

void test('RFC 7644 §3.4.2: a list counts what it holds and keeps the texts as they are', async (t) => {
  const text = listResponse({ total: 5, startIndex: 3, resources: ['{"id":"1"}', '{"id": "2"}'] })
  t.equal(
    text,
    '{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":5,"startIndex":3,"itemsPerPage":2,"Resources":[{"id":"1"},{"id": "2"}]}'
  )
  t.strictSame(JSON.parse(listResponse({ total: 0, startIndex: 1, resources: [] })), {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
    totalResults: 0,
    startIndex: 1,
    itemsPerPage: 0,
    Resources: []
  })
})
