import t, { type Test } from 'tap'
import { startBridge } from '../helpers/bridge.ts'
import { group, person, scimClient } from '../helpers/scim-client.ts'
import type { ScimAnswer, ScimClient } from '../helpers/scim-client.ts'

async function setUp(t: Test) {
  const bridge = await startBridge(t)
  return { ...bridge, scim: scimClient(bridge) }
}

/** The version of an answer, which header and body must agree on. */
function versionOf(t: Test, answer: ScimAnswer): string {
  const etag = answer.headers.get('etag') ?? ''
  t.match(etag, /^W\/"\d+"$/)
  if ('meta' in answer.body) t.match(answer.body, { meta: { version: etag } })
  return etag
}

const replace = (path: string, value: unknown) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations: [{ op: 'replace', path, value }]
})

const addMember = (value: string) => ({ op: 'add', path: 'members', value: [{ value }] })
const renameTo = (name: number) => ({
  op: 'replace',
  path: 'displayName',
  value: `Sales ${name}`
})

const patch = (...Operations: object[]) => ({ ...replace('', ''), Operations })

const statusesOf = (answers: readonly ScimAnswer[]) =>
  answers.map(({ status }) => status).toSorted((left, right) => left - right)

async function createPerson(t: Test, scim: ScimClient) {
  const created = await scim.post('/Users', person('jo@example.com'))
  return { path: `/Users/${String(created.body['id'])}`, version: versionOf(t, created) }
}

t.test('RFC 7644 §3.14: a person has a version, in ETag and in meta', async (t) => {
  const { scim } = await setUp(t)
  const { path, version } = await createPerson(t, scim)
  t.equal(versionOf(t, await scim.get(path)), version)
  t.equal(versionOf(t, await scim.get(`${path}?attributes=userName`)), version)

  const changed = await scim.send('PATCH', path, replace('title', 'Cook'))
  t.not(versionOf(t, changed), version, 'a change moves it')
  const again = await scim.send('PATCH', path, replace('title', 'Cook'))
  t.equal(versionOf(t, again), versionOf(t, changed), 'a change of nothing does not')
  t.match(again.body['meta'], changed.body['meta'], 'nor does it move lastModified')
  const put = await scim.put(path, again.body)
  t.equal(versionOf(t, put), versionOf(t, changed), 'an echo is a change of nothing')
})

t.test('RFC 7644 §3.14: If-None-Match spares an answer that the client has', async (t) => {
  const { scim } = await setUp(t)
  const { path, version } = await createPerson(t, scim)
  for (const header of [version, version.slice(2), `W/"x", ${version}`, '*']) {
    const answer = await scim.send('GET', path, undefined, { 'if-none-match': header })
    t.equal(answer.status, 304, header)
    t.equal(answer.headers.get('etag'), version)
    t.same(answer.body, {})
  }
  const other = await scim.send('GET', path, undefined, { 'if-none-match': 'W/"99"' })
  t.match(other, { status: 200, body: { userName: 'jo@example.com' } })
  const missing = await scim.send('GET', '/Users/404', undefined, { 'if-none-match': '*' })
  t.equal(missing.status, 404)
})

t.test('RFC 7644 §3.14: If-Match lets only a change of that version through', async (t) => {
  const { scim, ...bridge } = await setUp(t)
  const { path, version } = await createPerson(t, scim)
  const cook = replace('title', 'Cook')
  t.equal((await scim.send('PATCH', path, cook, { 'if-match': version })).status, 200)

  const before = bridge.boxCalls()
  const stale = { 'if-match': version }
  for (const [method, body] of [
    ['PATCH', replace('title', 'Baker')],
    ['PUT', person('jo@example.com', { title: 'Baker' })],
    ['DELETE', undefined]
  ] as const) {
    const refused = await scim.send(method, path, body, stale)
    t.match(refused, { status: 412, body: { status: '412', detail: /If-Match/ } }, method)
  }
  t.equal(bridge.boxCalls(), before, 'nothing was sent')
  const current = await scim.get(path)
  t.match(current.body, { title: 'Cook', active: true })

  const list = { 'if-match': `W/"99", ${versionOf(t, current)}` }
  t.equal((await scim.send('PATCH', path, replace('title', 'Baker'), list)).status, 200)
  const any = { 'if-match': '*' }
  t.equal((await scim.send('PUT', path, person('jo@example.com'), any)).status, 200)
  t.equal((await scim.send('DELETE', path, undefined, any)).status, 204)
  t.equal((await scim.send('DELETE', path, undefined, any)).status, 404)
})

t.test(
  'RFC 7644 §3.14: a leaver loses access even where If-Match names another version',
  async (t) => {
    const { scim, emulator } = await setUp(t)
    const { path, version } = await createPerson(t, scim)
    await scim.send('PATCH', path, replace('title', 'Cook'))
    const answer = await scim.send('PATCH', path, replace('active', false), { 'if-match': version })
    t.match(answer, { status: 412, body: { detail: /If-Match.*was deactivated/ } })
    t.match((await scim.get(path)).body, { active: false, title: 'Cook' })
    t.equal(emulator.state().users['jo@example.com']?.status, 'inactive')
  }
)

t.test('RFC 7644 §3.14: the version of a group moves with its members', async (t) => {
  const { scim } = await setUp(t)
  const jo = await scim.post('/Users', person('jo@example.com'))
  const id = String(jo.body['id'])
  const created = await scim.post('/Groups', group('Sales'))
  const path = `/Groups/${String(created.body['id'])}`
  const seen = [versionOf(t, created)]
  const moves = async (answer: ScimAnswer | undefined, why: string) => {
    const current = versionOf(t, await scim.get(path))
    t.notOk(seen.includes(current), why)
    if (answer !== undefined) t.equal(versionOf(t, answer), current, 'a 204 tells it too')
    seen.push(current)
  }
  const add = { op: 'add', path: 'members', value: [{ value: id }] }
  await moves(await scim.patch(path, add), 'added')
  t.equal(versionOf(t, await scim.patch(path, add)), seen.at(-1), 'added already')
  await moves(await scim.send('PATCH', path, replace('displayName', 'Sales 2')), 'renamed')
  await moves(await scim.patch(path, { ...add, op: 'remove' }), 'removed')
  await scim.patch(path, add)
  await moves(undefined, 'added again')
  t.equal((await scim.delete(`/Users/${id}`)).status, 204)
  await moves(undefined, 'a member who is deleted is none any more')
})

t.test('RFC 7644 §3.14: If-Match guards a group and its members', async (t) => {
  const { scim, ...bridge } = await setUp(t)
  const jo = await scim.post('/Users', person('jo@example.com'))
  const member = { op: 'add', path: 'members', value: [{ value: jo.body['id'] }] }
  const created = await scim.post('/Groups', group('Sales'))
  const path = `/Groups/${String(created.body['id'])}`
  const first = { 'if-match': versionOf(t, created) }
  const rename = { op: 'replace', path: 'displayName', value: 'Sales 2' }

  const both = await scim.send('PATCH', path, patch(rename, member), first)
  t.equal(both.status, 204, 'a change of name and members')
  const before = bridge.boxCalls()
  for (const [method, body] of [
    ['PATCH', patch({ ...member, op: 'remove' })],
    ['PATCH', patch(rename)],
    ['PATCH', patch()],
    ['PUT', group('Sales 3')],
    ['DELETE', undefined]
  ] as const) {
    t.equal((await scim.send(method, path, body, first)).status, 412, method)
  }
  t.equal(bridge.boxCalls(), before)
  t.match((await scim.get(path)).body, { displayName: 'Sales 2', members: [{}] })
  const second = { 'if-match': versionOf(t, both) }
  t.equal((await scim.send('PATCH', path, patch({ ...member, op: 'remove' }), second)).status, 204)
  t.equal((await scim.send('DELETE', path, undefined, { 'if-match': '*' })).status, 204)
})

t.test(
  'RFC 7644 §3.14: versions never go back while names and members change at once',
  async (t) => {
    const { scim } = await setUp(t)
    const ids = await Promise.all(
      ['a', 'b', 'c', 'd'].map(async (name) =>
        String((await scim.post('/Users', person(`${name}@example.com`))).body['id'])
      )
    )
    const created = await scim.post('/Groups', group('Sales'))
    const path = `/Groups/${String(created.body['id'])}`
    await Promise.all([
      ...ids.map((id) => scim.patch(path, addMember(id))),
      ...ids.map((_, index) => scim.patch(path, renameTo(index)))
    ])
    const first = Number(/\d+/.exec(versionOf(t, created))?.[0])
    const last = Number(/\d+/.exec(versionOf(t, await scim.get(path)))?.[0])
    t.equal(last, first + 8, 'each of the eight changes counts')
  }
)

t.test('RFC 7644 §3.14: of many changes of one version only one is made', async (t) => {
  const { scim, emulator } = await setUp(t)
  const user = await scim.post('/Users', person('jo@example.com'))
  const team = await scim.post('/Groups', group('Sales'))
  const path = `/Groups/${String(team.body['id'])}`
  const names = ['A', 'B', 'C', 'D']
  const renames = await Promise.all(
    names.map((name) =>
      scim.send('PUT', path, group(name, [String(user.body['id'])]), {
        'if-match': versionOf(t, team)
      })
    )
  )
  t.same(statusesOf(renames), [200, 412, 412, 412])
  const winner = names[renames.findIndex(({ status }) => status === 200)] ?? ''
  t.same(emulator.state().groups[winner]?.members, ['jo@example.com'])

  const userPath = `/Users/${String(user.body['id'])}`
  const changes = await Promise.all(
    names.map((name) =>
      scim.send('PATCH', userPath, replace('title', name), { 'if-match': versionOf(t, user) })
    )
  )
  t.same(statusesOf(changes), [200, 412, 412, 412])
})
