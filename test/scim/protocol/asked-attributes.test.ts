import t from 'tap'
import { askedAttributes } from '../../../src/scim/protocol/asked-attributes.ts'
import { resourceTypes } from '../../../src/scim/protocol/schemas.ts'

const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
const core = 'urn:ietf:params:scim:schemas:core:2.0:User'
const asked = (body: unknown) => askedAttributes(body, resourceTypes.User)
const names = (body: unknown) => asked(body).map(({ name }) => name)

t.test('a resource: names as the schema writes them', async (t) => {
  t.strictSame(
    names({
      schemas: [core],
      USERNAME: 'ann@example.com',
      name: { givenName: 'Ann' },
      [enterprise]: { Department: 'x', favourite: 1 },
      [core]: { title: 'y' },
      'urn:x:password': 'z'
    }),
    [
      'userName',
      'name',
      `${enterprise}:department`,
      `${enterprise}:favourite`,
      'title',
      'urn:x:password'
    ]
  )
})

t.test('a PATCH: paths without what chooses elements, and values', async (t) => {
  const operations = [
    { op: 'Replace', path: 'Active', value: 'False' },
    { op: 'add', path: 'emails[type eq "work" and value eq "a]@example.com"].value', value: 'b' },
    { op: 'remove', path: `${enterprise}.manager` },
    { op: 'replace', value: { displayName: 'Ann', [enterprise]: { department: 'd' } } },
    { op: 'add', path: 'password[', value: 'p' }
  ]
  t.strictSame(asked({ Operations: operations }), [
    { name: 'active', value: 'False' },
    { name: 'emails.value', value: 'b' },
    { name: `${enterprise}:manager`, value: undefined },
    { name: 'displayName', value: 'Ann' },
    { name: `${enterprise}:department`, value: 'd' },
    { name: 'password[', value: 'p' }
  ])
})

t.test('whatever else is sent asks for nothing that could be named', async (t) => {
  for (const body of [undefined, null, 7, 'text', [], { Operations: [7, { path: 8 }, {}] }]) {
    t.strictSame(asked(body), [], JSON.stringify(body))
  }
})
