import { test } from 'tap'
import { resourceTypes } from '../../../src/scim/protocol/schemas.ts'
import { parseSort } from '../../../src/scim/protocol/sort.ts'

const { User, Group } = resourceTypes
const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
const pathOf = (sortBy: unknown, type = User) =>
  parseSort(type, { sortBy })?.attribute.path.join('/')

void test('RFC 7644 §3.4.2.3, §3.10: sortBy names an attribute in any form and letter case', async (t) => {
  t.equal(pathOf('userName'), 'userName')
  t.equal(pathOf(' USERNAME '), 'userName')
  t.equal(pathOf('Name.FamilyName'), 'name/familyName')
  t.equal(pathOf('urn:ietf:params:scim:schemas:core:2.0:User:name.givenName'), 'name/givenName')
  t.equal(pathOf(`${enterprise.toUpperCase()}:department`), `${enterprise}/department`)
  t.equal(pathOf('meta.lastModified'), 'meta/lastModified')
  t.equal(pathOf('displayName', Group), 'displayName')
  t.equal(pathOf(['title', 'userName']), 'title', 'the first of repeated parameters counts')
})

void test('RFC 7644 §3.4.2.3: a complex attribute is sorted by its value', async (t) => {
  t.equal(pathOf('emails'), 'emails/value')
  t.equal(pathOf('emails.value'), 'emails/value')
  t.equal(pathOf('emails.type'), 'emails/type')
})

void test('RFC 7644 §3.4.2.3: letter case counts where caseExact says so', async (t) => {
  t.match(parseSort(User, { sortBy: 'userName' }), { attribute: { caseExact: false } })
  t.match(parseSort(User, { sortBy: 'externalId' }), { attribute: { caseExact: true } })
})

void test('RFC 7644 §3.4.2.3: where no resource can have a value, nothing is sorted', async (t) => {
  for (const sortBy of [
    '',
    '  ',
    undefined,
    'no attribute',
    'a.b.c',
    'name',
    'password',
    User.core.id
  ]) {
    t.equal(parseSort(User, { sortBy, sortOrder: 'descending' }), undefined, String(sortBy))
  }
  t.match(
    parseSort(User, { sortBy: 'favouriteColour' }),
    { attribute: { known: false, path: ['favouriteColour'] } },
    'an attribute of no schema may still be stored'
  )
})

void test('RFC 7644 §3.4.2.3: sortOrder is ascending unless descending is asked for', async (t) => {
  const descends = (sortOrder?: unknown) => parseSort(User, { sortBy: 'id', sortOrder })?.descending
  t.equal(descends(), false)
  t.equal(descends(''), false)
  t.equal(descends('Ascending'), false)
  t.equal(descends('DESCENDING'), true)
  t.equal(parseSort(User, { sortOrder: 'sideways' }), undefined, 'without sortBy it says nothing')
})

void test('RFC 7644 §3.12: what is no text or no order is invalidValue', async (t) => {
  for (const parameters of [
    { sortBy: 7 },
    { sortBy: {} },
    { sortBy: 'id', sortOrder: 'sideways' },
    { sortBy: 'id', sortOrder: 1 }
  ]) {
    t.throws(() => parseSort(User, parameters), {
      name: 'ScimError',
      status: 400,
      scimType: 'invalidValue'
    })
  }
})
