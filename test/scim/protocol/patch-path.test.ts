import { test } from 'tap'
import type { JsonObject } from '../../../src/lib/json.ts'
import { parseFilter } from '../../../src/scim/protocol/filter-parser.ts'
import { matches } from '../../../src/scim/protocol/match.ts'
import { parsePatchPath } from '../../../src/scim/protocol/patch-path.ts'
import { resourceTypes } from '../../../src/scim/protocol/schemas.ts'

const { User, Group } = resourceTypes
const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
const core = 'urn:ietf:params:scim:schemas:core:2.0:User'

const keysOf = (path: string, type = User) => parsePatchPath(path, type).attribute.path

void test('RFC 7644 §3.5.2: paths without a filter', async (t) => {
  t.strictSame(keysOf('userName'), ['userName'])
  t.strictSame(keysOf(' Name.FAMILYNAME '), ['name', 'familyName'])
  t.strictSame(keysOf(`${core}:title`), ['title'])
  t.strictSame(keysOf(`${enterprise}:department`), [enterprise, 'department'])
  t.strictSame(keysOf(`${enterprise}.manager`), [enterprise, 'manager'])
  t.strictSame(keysOf('manager'), [enterprise, 'manager'])
  t.match(parsePatchPath(enterprise, User).attribute, { kind: 'extension', known: true })
  t.match(parsePatchPath('Shoes.Size', User).attribute, { known: false, path: ['Shoes', 'Size'] })
  t.equal(parsePatchPath('emails', User).filter, undefined)
})

void test('RFC 7644 §3.5.2: paths with a filter choose elements', async (t) => {
  const path = parsePatchPath('Emails[TYPE eq "work"].Value', User)
  t.strictSame(path.attribute.path, ['emails', 'value'])
  t.equal(path.attribute.name, 'emails')
  t.equal(path.attribute.subAttribute?.name, 'value')
  t.strictSame(path.filter, {
    kind: 'compare',
    operator: 'eq',
    value: 'work',
    attribute: { path: ['type'], type: 'string', caseExact: false, known: true }
  })
  const member = parsePatchPath('members[value eq "12"]', Group)
  t.strictSame(member.attribute.path, ['members'])
  t.equal(member.attribute.subName, undefined)
  t.match(member.filter, { kind: 'compare', value: '12' })
  t.match(parsePatchPath('roles[primary eq "True"].display', User).filter, { value: true })
  t.match(parsePatchPath(`${core}:emails[type eq "a]b"].value`, User).filter, { value: 'a]b' })
  t.match(parsePatchPath('shoes[size eq 4].color', User), {
    attribute: { known: false, path: ['shoes', 'color'] },
    filter: { kind: 'compare', value: 4 }
  })
})

void test('RFC 7644 §3.12: malformed paths are invalidPath', async (t) => {
  const paths = [
    '',
    'a b',
    'a.b.c',
    'name.',
    '[type eq "work"]',
    '(emails[type eq "work"])',
    'emails[type eq "work"]value',
    'emails[type eq "work"].value.x',
    'emails[type eq "work"].value eq "x"',
    'emails.value[type eq "work"]',
    'userName[value eq "x"]',
    'name[familyName eq "x"]',
    `${enterprise}[department eq "x"]`
  ]
  for (const path of paths) {
    t.throws(
      () => parsePatchPath(path, User),
      { name: 'ScimError', status: 400, scimType: 'invalidPath' },
      path
    )
  }
})

void test('RFC 7644 §3.12: what is wrong between the brackets is invalidFilter', async (t) => {
  for (const path of [
    'emails[]',
    'emails[type]',
    'emails[type eq "work"',
    'emails[primary gt 1]'
  ]) {
    t.throws(
      () => parsePatchPath(path, User),
      { name: 'ScimError', status: 400, scimType: 'invalidFilter' },
      path
    )
  }
})

const person: JsonObject = {
  userName: 'Ann@example.com',
  externalId: 'A1',
  active: true,
  name: { givenName: 'Ann', middleName: '' },
  emails: [
    { type: 'work', value: 'ann@example.com', primary: true },
    { type: 'home', value: 'a@home.example.com' }
  ],
  roles: [],
  photos: [{}],
  [enterprise]: { employeeNumber: '7', manager: { value: '5' } },
  ShoeSize: 42,
  badges: [{ Color: 'Red' }],
  meta: { created: '2024-01-01T00:00:00Z' }
}

void test('RFC 7644 §3.4.2.2: what a query means, by example', async (t) => {
  const expected: readonly (readonly [string, boolean])[] = [
    ['userName eq "ANN@EXAMPLE.COM"', true],
    ['externalId eq "a1"', false],
    ['externalId eq "A1"', true],
    ['active eq "True"', true],
    ['active ne true', false],
    ['name.givenName sw "an" and name.givenName ew "NN"', true],
    ['userName gt "ann"', true],
    ['userName lt "ann"', false],
    ['emails co "home"', true],
    ['emails ne "ann@example.com"', true],
    ['emails[type eq "Work" and value co "home"]', false],
    ['emails[type eq "home" and value co "home"]', true],
    ['emails[type eq "work"].value eq "ann@example.com"', true],
    ['emails[not (primary eq true)]', true],
    ['title pr', false],
    ['title ne "x"', true],
    ['title eq "x"', false],
    ['name.middleName pr', false],
    ['name pr', true],
    ['roles pr', false],
    ['photos pr', false],
    ['emails pr', true],
    [`${enterprise} pr`, true],
    ['manager eq "5"', true],
    ['shoesize eq 42', true],
    ['shoesize ge 43', false],
    ['shoesize eq "42"', false],
    ['BADGES[color eq "red"]', true],
    ['meta.created eq "2024-01-01T01:00:00+01:00"', true],
    ['meta.created gt "2023-12-31T23:59:59.999Z"', true],
    ['constructor pr', false],
    ['not (title pr) and (active eq false or userName pr)', true]
  ]
  for (const [filter, result] of expected) {
    t.equal(matches(parseFilter(filter, User), person), result, filter)
  }
})
