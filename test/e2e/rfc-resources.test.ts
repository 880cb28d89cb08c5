import t from 'tap'
import { startBridge } from '../helpers/bridge.ts'
import { group, person, scimClient } from '../helpers/scim-client.ts'

const bridge = await startBridge(t)
const scim = scimClient(bridge)
const core = 'urn:ietf:params:scim:schemas:core:2.0:User'
const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
const acme = 'urn:ietf:params:scim:schemas:extension:Acme:2.0:User'

let people = 0

/** Creates a person with these attributes, and returns the path and what was answered. */
async function create(more: object = {}) {
  const answer = await scim.post('/Users', person(`p${(people += 1)}@example.com`, more))
  return { ...answer, path: `/Users/${String(answer.body['id'])}` }
}

const replace = (path: string, value: unknown) => ({ op: 'replace', path, value })

t.test(
  'RFC 7643 §3.1: ids are the server’s own, stay, and are not taken from a body',
  async (t) => {
    const { body, path } = await create({ id: 'bulkId', externalId: 'Ext-1' })
    t.match(body, { id: /^\d+$/, externalId: 'Ext-1' })
    await scim.patch(path, replace('userName', 'moved@example.com'))
    t.match((await scim.put(path, { ...body, id: '1', title: 'Cook' })).body, { id: body['id'] })
    const other = await create()
    t.not(other.body['id'], body['id'])
  }
)

t.test(
  'RFC 7643 §3: schemas lists the extensions that have data, and follows a PATCH',
  async (t) => {
    const { body, path } = await create()
    t.notOk((body['schemas'] as string[]).includes(enterprise))
    const grown = await scim.patch(path, {
      op: 'add',
      path: `${enterprise}:department`,
      value: 'R&D'
    })
    t.ok((grown.body['schemas'] as string[]).includes(enterprise))
    const shrunk = await scim.patch(path, { op: 'remove', path: `${enterprise}:department` })
    t.notOk((shrunk.body['schemas'] as string[]).includes(enterprise))
    t.notOk(enterprise in shrunk.body)
  }
)

t.test('RFC 7643 §3.1: meta is the server’s, with resourceType set by the endpoint', async (t) => {
  const meta = {
    resourceType: 'Group',
    created: '1999-01-01T00:00:00Z',
    location: 'x',
    version: 'x'
  }
  const { body, headers, path } = await create({ meta })
  t.match(body['meta'], {
    resourceType: 'User',
    created: /^20\d\d-\d\d-\d\dT[\d:.]+Z$/,
    lastModified: /^20\d\d-/,
    location: `${bridge.baseUrl}${path}`,
    version: /^W\/"/
  })
  t.equal(headers.get('location'), `${bridge.baseUrl}${path}`)
  const { body: sales } = await scim.post('/Groups', group('Meta'))
  t.match(sales['meta'], { resourceType: 'Group', location: /\/Groups\/\d+$/ })
})

t.test(
  'RFC 7643 §2.1, RFC 7644 §3.10: names in any letter case, with or without the core URN',
  async (t) => {
    const { path } = await create({ DISPLAYNAME: 'Ann', Name: { GIVENNAME: 'Ann' } })
    t.match((await scim.get(path)).body, { displayName: 'Ann', name: { givenName: 'Ann' } })
    await scim.patch(path, replace(`${core.toUpperCase()}:TITLE`, 'Baker'))
    const { body } = await scim.get(`${path}?attributes=${core}:title,NAME.givenname`)
    t.match(body, { title: 'Baker', name: { givenName: 'Ann' } })
    t.notOk('displayName' in body)
    t.equal((await scim.find('/Users', `${core}:TITLE eq "baker"`)).length, 1)
  }
)

t.test('RFC 7643 §2.5: null, [] and empty objects are no value', async (t) => {
  const nothing = { title: null, emails: [], name: {}, addresses: null, nickName: '' }
  const { body, path } = await create(nothing)
  for (const key of Object.keys(nothing)) t.notOk(key in body, key)
  await scim.patch(path, replace('title', 'Cook'))
  t.notOk('title' in (await scim.patch(path, replace('title', null))).body)
})

t.test(
  'RFC 7643 §8.7.1: letter case counts in id and externalId, not in userName, e-mails or names',
  async (t) => {
    const { body, path } = await create({
      externalId: 'CaseId',
      displayName: 'Case Person',
      emails: [{ value: 'Case@example.com', type: 'work' }]
    })
    const userName = String(body['userName']).toUpperCase()
    for (const filter of [
      `userName eq "${userName}"`,
      'displayName eq "CASE person"',
      'emails.value eq "cASE@EXAMPLE.com"',
      'externalId eq "CaseId"'
    ]) {
      t.match(await scim.find('/Users', filter), [{ id: body['id'] }], filter)
    }
    t.same(await scim.find('/Users', 'externalId eq "caseid"'), [])
    t.equal((await scim.post('/Users', person(userName))).status, 409)
    t.equal((await scim.get(path)).body['userName'], body['userName'], 'shown as it was sent')
  }
)

t.test('RFC 7643 §4.1.1: userName is required, not empty, and unique', async (t) => {
  const { body, path } = await create()
  for (const userName of [undefined, '', '  ', null]) {
    const answer = await scim.post('/Users', { ...person('x@example.com'), userName })
    t.match(answer, { status: 400, body: { scimType: 'invalidValue' } })
  }
  t.match(await scim.patch(path, replace('userName', '')), { status: 400 })
  t.match(await scim.patch(path, { op: 'remove', path: 'userName' }), {
    status: 400,
    body: { scimType: 'mutability' }
  })
  t.match(await scim.post('/Users', person(String(body['userName']))), {
    status: 409,
    body: { scimType: 'uniqueness' }
  })
})

t.test(
  'RFC 7643 §2.4: at most one value is primary, and a new one clears the others',
  async (t) => {
    const emails = [
      { value: 'a@example.com', primary: true },
      { value: 'b@example.com', primary: false }
    ]
    const { path } = await create({ emails })
    const added = { op: 'add', path: 'emails', value: [{ value: 'c@example.com', primary: true }] }
    const { body } = await scim.patch(path, added)
    const primaries = (body['emails'] as { value: string; primary?: boolean }[])
      .filter(({ primary }) => primary === true)
      .map(({ value }) => value)
    t.same(primaries, ['c@example.com'])
    const two = emails.map(({ value }) => ({ value, primary: true }))
    t.match(await scim.post('/Users', person('two@example.com', { emails: two })), { status: 400 })
  }
)

t.test('RFC 7643 §7: a password is never returned, found, or kept', async (t) => {
  const { body, path } = await create({ password: 'correct horse battery staple' })
  t.notOk('password' in body)
  t.notOk('password' in (await scim.get(`${path}?attributes=password`)).body)
  t.equal((await scim.patch(path, { op: 'replace', value: { password: 'x' } })).status, 200)
  t.match(await scim.get('/Users?filter=password%20pr'), { body: { scimType: 'invalidFilter' } })
})

t.test('RFC 7643 §2.2: what is read-only is ignored in a body and refused at a path', async (t) => {
  const groups = [{ value: '1', display: 'Forged' }]
  const { body, path } = await create({ groups })
  t.notOk('groups' in body)
  t.equal((await scim.put(path, { ...body, groups })).status, 200)
  t.match(await scim.patch(path, replace('groups', groups)), {
    status: 400,
    body: { scimType: 'mutability' }
  })
  t.notOk('groups' in (await scim.get(path)).body)
})

t.test('RFC 7643 §4.1.2: groups of a person follow the members of groups', async (t) => {
  const { body, path } = await create()
  const { body: sales } = await scim.post('/Groups', group('Follow', [String(body['id'])]))
  t.match((await scim.get(path)).body['groups'], [{ value: sales['id'], display: 'Follow' }])
  const members = { op: 'remove', path: `members[value eq "${String(body['id'])}"]` }
  await scim.patch(`/Groups/${String(sales['id'])}`, members)
  t.notOk('groups' in (await scim.get(path)).body)
})

t.test('RFC 7643 §7: values outside canonicalValues are taken', async (t) => {
  const phoneNumbers = [{ value: '+47 1', type: 'satellite' }]
  const { status, body } = await create({ phoneNumbers })
  t.equal(status, 201)
  t.match(body, { phoneNumbers })
})

t.test('RFC 7643 §4.2: a group needs a displayName', async (t) => {
  for (const displayName of [undefined, '', null]) {
    t.match(await scim.post('/Groups', { displayName }), {
      status: 400,
      body: { scimType: 'invalidValue' }
    })
  }
})

t.test('RFC 7644 §3.5.2.1: what changes nothing does not move lastModified', async (t) => {
  const { body, path } = await create({ title: 'Cook', emails: [{ value: 'a@example.com' }] })
  for (const operation of [
    replace('title', 'Cook'),
    { op: 'add', path: 'emails', value: [{ value: 'a@example.com' }] },
    { op: 'remove', path: 'nickName' }
  ]) {
    const { body: same } = await scim.patch(path, operation)
    t.strictSame(same['meta'], body['meta'], operation.op)
  }
})

t.test(
  'RFC 7643 §3.3: attributes and extensions of no schema are kept, shown and found',
  async (t) => {
    const { status, body, path } = await create({
      favouriteColour: 'Green',
      [acme]: { Badge: 'B-7', floor: 3, desk: { row: 'x' } }
    })
    t.equal(status, 201)
    t.match(body, {
      favouriteColour: 'Green',
      [acme]: { Badge: 'B-7', floor: 3, desk: { row: 'x' } }
    })
    t.ok((body['schemas'] as string[]).includes(acme))
    for (const filter of [
      'favouriteColour eq "green"',
      'FAVOURITECOLOUR sw "gr"',
      `${acme}:badge eq "b-7"`,
      `${acme}:floor gt 2`,
      `${acme}:desk.row eq "X"`,
      `schemas eq "${acme}"`
    ]) {
      t.match(await scim.find('/Users', filter), [{ id: body['id'] }], filter)
    }
    const shown = (await scim.get(`${path}?attributes=favouritecolour,${acme}:Badge`)).body
    t.match(shown, { favouriteColour: 'Green', [acme]: { Badge: 'B-7' } })
    t.notOk('floor' in (shown[acme] as object))

    const patched = await scim.patch(
      path,
      replace(`${acme}:badge`, 'B-8'),
      { op: 'add', value: { [`${acme}:shift`]: 'night' } },
      { op: 'remove', path: 'favouriteColour' }
    )
    t.equal(patched.status, 200)
    const custom = patched.body[acme] as Readonly<Record<string, unknown>>
    t.match(Object.fromEntries(Object.entries(custom).map(([k, v]) => [k.toLowerCase(), v])), {
      badge: 'B-8',
      shift: 'night'
    })
    t.notOk('favouriteColour' in patched.body)
    const bare = await scim.patch(path, { op: 'remove', path: acme })
    t.notOk(acme in bare.body)
    t.notOk((bare.body['schemas'] as string[]).includes(acme))
  }
)

t.test('RFC 7643 §3.3: groups keep what no schema knows as well', async (t) => {
  const urn = 'urn:ietf:params:scim:schemas:extension:Acme:2.0:Group'
  const { body } = await scim.post('/Groups', {
    displayName: 'Custom',
    costCentre: '7',
    [urn]: { site: 'Oslo' }
  })
  t.match(body, { costCentre: '7', [urn]: { site: 'Oslo' } })
  t.ok((body['schemas'] as string[]).includes(urn))
  for (const filter of ['costCentre eq "7"', `${urn}:SITE eq "oslo"`]) {
    t.match(await scim.find('/Groups', filter), [{ id: body['id'] }], filter)
  }
})
