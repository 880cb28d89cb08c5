import t from 'tap'
import { isJsonObject } from '../../../src/lib/json.ts'
import { startServer } from '../server.ts'
import type { Answer } from '../server.ts'

const listSchema = 'urn:ietf:params:scim:api:messages:2.0:ListResponse'
const scimType = 'application/scim+json; charset=utf-8'

function idsOf(answer: Answer): unknown[] {
  const resources = answer.body['Resources']
  return Array.isArray(resources) ? resources.filter(isJsonObject).map(({ id }) => id) : []
}

t.test('discovery', async (t) => {
  const server = await startServer(t)
  const get = (path: string) => server.send('GET', `/scim/v2${path}`)

  t.test('lists the schemas, whatever paging is asked for', async (t) => {
    for (const path of ['/Schemas', '/Schemas?startIndex=3&count=1', '/Schemas/']) {
      const answer = await get(path)
      t.equal(answer.status, 200)
      t.equal(answer.headers.get('content-type'), scimType)
      t.same(answer.body['schemas'], [listSchema])
      const ids = idsOf(answer)
      t.equal(answer.body['totalResults'], ids.length)
      t.ok(ids.includes('urn:ietf:params:scim:schemas:core:2.0:User'))
      t.ok(ids.includes('urn:ietf:params:scim:schemas:core:2.0:Group'))
      t.ok(ids.includes('urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'))
    }
  })

  t.test('RFC 7644 §4: shows every listed schema and resource type by its id', async (t) => {
    for (const path of ['/Schemas', '/ResourceTypes']) {
      const ids = idsOf(await get(path))
      t.ok(ids.length >= 2)
      for (const id of ids) {
        const answer = await get(`${path}/${String(id)}`)
        t.equal(answer.status, 200)
        t.equal(answer.body['id'], id)
        t.match(answer.body, { meta: { location: `${server.url}/scim/v2${path}/${String(id)}` } })
      }
      t.match((await get(`${path}/nothing`)).body, { status: '404' })
    }
  })

  t.test('finds a schema by its URN in any letter case', async (t) => {
    const answer = await get('/Schemas/URN:IETF:params:scim:schemas:core:2.0:user')
    t.equal(answer.body['id'], 'urn:ietf:params:scim:schemas:core:2.0:User')
  })

  t.test('lists the resource types with their endpoints', async (t) => {
    const answer = await get('/ResourceTypes')
    t.match(answer.body, {
      totalResults: 2,
      Resources: [
        { id: 'User', endpoint: '/Users' },
        { id: 'Group', endpoint: '/Groups' }
      ]
    })
  })

  t.test('shows the configuration as one object', async (t) => {
    const answer = await get('/ServiceProviderConfig')
    t.equal(answer.status, 200)
    t.match(answer.body, {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'],
      patch: { supported: true },
      bulk: { supported: true },
      meta: { location: `${server.url}/scim/v2/ServiceProviderConfig` }
    })
  })

  t.test('RFC 7644 §4: refuses filters, with 403', async (t) => {
    for (const path of [
      '/Schemas',
      '/ResourceTypes',
      '/ServiceProviderConfig',
      '/ResourceTypes/User'
    ]) {
      const answer = await get(`${path}?filter=id+eq+%22User%22`)
      t.equal(answer.status, 403, path)
      t.match(answer.body, { status: '403' })
    }
  })
})
