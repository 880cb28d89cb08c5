import t from 'tap'
import { startBridge } from '../helpers/bridge.ts'
import { group, person, scimClient } from '../helpers/scim-client.ts'

const bridge = await startBridge(t)
const scim = scimClient(bridge)
const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'

const ann = await scim.post(
  '/Users',
  person('a+b@example.com', {
    title: 'Cook "Chief" \\ é',
    emails: [
      { type: 'work', value: 'ann@example.com', primary: true },
      { type: 'home', value: 'home@example.org' }
    ],
    roles: [{ value: 'Admin', primary: true }],
    [enterprise]: { department: "R&D's", manager: { value: '77' } }
  })
)
const bob = await scim.post(
  '/Users',
  person('bob@example.com', { emails: [{ type: 'home', value: 'bob@example.com' }] })
)
await scim.patch(`/Users/${String(bob.body['id'])}`, {
  op: 'replace',
  path: 'active',
  value: false
})
const [annId, bobId] = [String(ann.body['id']), String(bob.body['id'])]
const { body: sales } = await scim.post('/Groups', group('Sales', [annId]))

/** The ids of Ann and Bob whom a filter finds; others are not of interest. */
async function found(filter: string): Promise<readonly string[]> {
  const people = await scim.find('/Users', filter)
  return people.map(({ id }) => String(id)).filter((id) => [annId, bobId].includes(id))
}

/** Declares a test in which each filter finds these people. */
function finds(title: string, rows: readonly (readonly [string, readonly string[]])[]) {
  t.test(title, async (t) => {
    for (const [filter, ids] of rows) t.strictSame(await found(filter), ids, filter)
  })
}

finds('RFC 7644 §3.4.2.2: any value of a multi-valued attribute may match', [
  ['emails.value ew "@example.org"', [annId]],
  ['emails co "example.org"', [annId]],
  ['emails eq "BOB@example.com"', [bobId]],
  ['emails.type eq "home"', [annId, bobId]]
])

finds('RFC 7644 §3.4.2.2: a value path holds for one and the same value', [
  ['emails[type eq "home" and value co "example.com"]', [bobId]],
  ['emails[type eq "work" and value co "example.org"]', []],
  ['emails[type eq "work" or value co "bob"]', [annId, bobId]]
])

finds('RFC 7644 §3.4.2.2: not, and, or and parentheses', [
  ['userName sw "bob" or userName sw "a+b" and active eq false', [bobId]],
  ['(userName sw "bob" or userName sw "a+b") and active eq true', [annId]],
  ['not (userName sw "bob") and emails pr', [annId]],
  ['NOT(emails.type eq "work") AND userName Pr AND emails pr', [bobId]]
])

finds('RFC 7643 §2.5: pr is false for what has no value, ne is true', [
  ['title pr', [annId]],
  ['nickName pr', []],
  ['title ne "x"', [annId, bobId]],
  ['title eq null', [bobId]],
  ['title ne null', [annId]]
])

finds('RFC 7644 §3.4.2.2: dates are compared as instants', [
  [`meta.created le "${new Date(Date.now() + 86_400_000).toISOString()}"`, [annId, bobId]],
  [`meta.created eq "${offset(ann.body)}" and title pr`, [annId]],
  ['meta.lastModified lt "2001-01-01T00:00:00.123456789+14:00"', []]
])

finds('RFC 7644 §3.4.2.2: JSON escapes, and signs that URLs know, arrive as they were meant', [
  ['title eq "cook \\"chief\\" \\\\ \\u00e9"', [annId]],
  ['userName eq "a+b@example.com"', [annId]],
  [`${enterprise}:department eq "R&D's"`, [annId]]
])

finds('RFC 7644 §3.4.2.1: an attribute of no schema has no value', [
  ['shoeSize eq 42', []],
  ['not (shoeSize pr) and emails pr', [annId, bobId]],
  ['urn:example:none:1.0:User:x eq "y"', []]
])

finds('RFC 7643 §3: schemas finds those who have an extension', [
  [`schemas eq "${enterprise}"`, [annId]],
  [`schemas eq "${enterprise.toUpperCase()}" and userName sw "bob"`, []]
])

finds('RFC 7644 §3.4.2.2: what clients send beyond the grammar is understood', [
  ['emails[type eq "work"].value eq "ANN@example.com"', [annId]],
  ['userName eq bob@example.com', [bobId]],
  ['active eq "True" and emails pr', [annId]],
  ['roles[primary eq "True"].value eq "admin"', [annId]],
  ['userName Eq "bob@example.com"  ', [bobId]],
  ['manager eq "77"', [annId]],
  [`id eq "${annId}" and manager eq "77"`, [annId]]
])

t.test('RFC 7644 §3.4.2.2: groups are found by a member', async (t) => {
  for (const filter of [
    `members eq "${annId}"`,
    `members.value eq "${annId}"`,
    `members[value eq "${annId}"]`,
    `id eq "${String(sales['id'])}" and members eq "${annId}"`
  ]) {
    t.match(await scim.find('/Groups', filter), [{ id: sales['id'] }], filter)
  }
  t.same(await scim.find('/Groups', `members eq "${bobId}"`), [])
})

t.test('RFC 7644 §3.12: what cannot be answered is invalidFilter, never everything', async (t) => {
  for (const filter of [
    'userName eq',
    'userName like "x"',
    'active gt true',
    'active lt "True"',
    'userName eq "x" and',
    '(userName pr',
    'emails[type eq "work"',
    'password eq "x"',
    ''
  ]) {
    const answer = await scim.get(`/Users?filter=${encodeURIComponent(filter)}`)
    t.match(answer, { status: 400, body: { scimType: 'invalidFilter', detail: /\w/ } }, filter)
  }
})

t.test('RFC 7644 §3.4.2.4: paging by index counts truly and stays in order', async (t) => {
  const all = await scim.get('/Users')
  const ids = (all.body['Resources'] as { readonly id: string }[]).map(({ id }) => id)
  const total = ids.length
  const page = async (query: string) => {
    const { body } = await scim.get(`/Users?${query}`)
    return { ...body, ids: (body['Resources'] as { readonly id: string }[]).map(({ id }) => id) }
  }
  t.match(await page('startIndex=2&count=2'), {
    totalResults: total,
    startIndex: 2,
    itemsPerPage: 2,
    ids: ids.slice(1, 3)
  })
  t.match(await page('startIndex=-5&count=1'), { startIndex: 1, ids: ids.slice(0, 1) })
  t.match(await page('count=0'), { totalResults: total, itemsPerPage: 0, ids: [] })
  t.match(await page('count=-3'), { totalResults: total, ids: [] })
  t.match(await page('startIndex=999'), { totalResults: total, startIndex: 999, ids: [] })
  t.equal((await scim.get('/Users?count=ten')).status, 400)
})

/** The instant of a person's creation with another offset and more digits. */
function offset(body: Readonly<Record<string, unknown>>): string {
  const { created } = body['meta'] as { readonly created: string }
  const twoHoursLater = new Date(Date.parse(created) + 7_200_000).toISOString()
  return `${twoHoursLater.slice(0, -1)}000+02:00`
}
