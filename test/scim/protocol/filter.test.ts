import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { test } from 'tap'
import type { Query } from '../../../src/provisioning/query.ts'
import { ScimError } from '../../../src/scim/protocol/errors.ts'
import { maxFilterLength } from '../../../src/scim/protocol/filter-lexer.ts'
import {
  maxFilterDepth,
  maxFilterTerms,
  parseFilter
} from '../../../src/scim/protocol/filter-parser.ts'
import { printFilter } from '../../../src/scim/protocol/filter-printer.ts'
import { resourceTypes } from '../../../src/scim/protocol/schemas.ts'

const { User, Group } = resourceTypes
const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
const box = 'urn:ietf:params:scim:schemas:extension:box:2.0:User'
const core = 'urn:ietf:params:scim:schemas:core:2.0:User'
const custom = 'urn:ietf:params:scim:schemas:extension:Acme:2.0:User'

const ref = (path: string, type = 'string', caseExact = false) => ({
  path: path.split('|'),
  type,
  caseExact,
  known: true
})
const unknown = (path: string) => ({ ...ref(path, 'unknown'), known: false })
const compare = (attribute: object, operator: string, value: unknown) => ({
  kind: 'compare',
  attribute,
  operator,
  value
})
const present = (attribute: object) => ({ kind: 'present', attribute })
const not = (term: object) => ({ kind: 'not', term })
const and = (...terms: object[]) => ({ kind: 'and', terms })
const or = (...terms: object[]) => ({ kind: 'or', terms })
const element = (name: string, where: object) => ({
  kind: 'element',
  attribute: ref(name, 'complex'),
  where
})

const title = present(ref('title'))
const active = compare(ref('active', 'boolean'), 'eq', true)
const isWork = compare(ref('type'), 'eq', 'work')
const userName = (value: string) => compare(ref('userName'), 'eq', value)
const id = (value: string) => compare(ref('id', 'string', true), 'eq', value)

/** Declares a test in which each filter parses to the query beside it. */
function parses(name: string, type: typeof User, rows: readonly (readonly [string, object])[]) {
  void test(name, async (t) => {
    for (const [text, query] of rows) t.strictSame(parseFilter(text, type), query, text)
  })
}

parses('RFC 7644 §3.4.2.2: attribute expressions with every kind of literal', User, [
  ['userName eq "bjensen"', userName('bjensen')],
  ['name.familyName co "O\'Malley"', compare(ref('name|familyName'), 'co', "O'Malley")],
  ['userName sw "J"', compare(ref('userName'), 'sw', 'J')],
  ['title pr', title],
  ['active eq true', active],
  ['active ne false', compare(ref('active', 'boolean'), 'ne', false)],
  [`${box}:spaceAmount gt 1e3`, compare(ref(`${box}|spaceAmount`, 'integer'), 'gt', 1000)],
  [`${box}:spaceAmount eq -1`, compare(ref(`${box}|spaceAmount`, 'integer'), 'eq', -1)],
  ['externalId eq "A"', compare(ref('externalId', 'string', true), 'eq', 'A')],
  ['userName eq "a\\"b\\\\c\\u00e9+ü"', userName('a"b\\cé+ü')],
  ['title eq null', not(title)],
  ['title ne null', title],
  ['manager eq null', not(present(ref(`${enterprise}|manager`, 'complex')))],
  [`schemas eq "${enterprise}"`, compare(ref('schemas', 'reference'), 'eq', enterprise)]
])

parses('RFC 7643 §2.3.5: dates of any offset and precision are the same instant', User, [
  ...[
    '2011-05-13T04:42:34Z',
    '2011-05-13T06:42:34+02:00',
    '2011-05-13T04:42:34.0000001Z',
    '2011-05-13T04:42:34'
  ].map(
    (date) =>
      [
        `meta.lastModified ge "${date}"`,
        compare(ref('meta|lastModified', 'dateTime'), 'ge', '2011-05-13T04:42:34.000Z')
      ] as const
  ),
  [
    'meta.created lt 2011-05-13T04:42:34Z',
    compare(ref('meta|created', 'dateTime'), 'lt', '2011-05-13T04:42:34.000Z')
  ]
])

parses('RFC 7644 §3.4.2.2: precedence is grouping, not, and, or', User, [
  ['title pr and active eq true', and(title, active)],
  ['title pr or active eq true and id eq "1"', or(title, and(active, id('1')))],
  ['(title pr or active eq true) and id eq "1"', and(or(title, active), id('1'))],
  ['not (title pr) and active eq true', and(not(title), active)],
  ['not(title pr or active eq true)', not(or(title, active))],
  ['title pr and (active eq true and id eq "1")', and(title, active, id('1'))],
  ['((title pr))', title]
])

parses('RFC 7644 §3.4.2.2: conditions in brackets hold for one element', User, [
  [
    'emails[type eq "work" and value co "@example.com"]',
    element('emails', and(isWork, compare(ref('value'), 'co', '@example.com')))
  ],
  [
    'emails[type eq "work" or not (primary eq true)] and title pr',
    and(element('emails', or(isWork, not(compare(ref('primary', 'boolean'), 'eq', true)))), title)
  ],
  [
    'name[familyName eq "x" and givenName pr]',
    and(compare(ref('name|familyName'), 'eq', 'x'), present(ref('name|givenName')))
  ],
  [
    `${box}:trackingCodes[name eq "Site"]`,
    element(`${box}|trackingCodes`, compare(ref('name'), 'eq', 'Site'))
  ]
])

parses('RFC 7643 §2.1: names, URNs and operators in any letter case', User, [
  ['USERNAME Eq "x"', userName('x')],
  ['Name.GivenName CO "x"', compare(ref('name|givenName'), 'co', 'x')],
  ['title PR AND active eq TRUE', and(title, active)],
  ['NOT (title pr) Or active eq true', or(not(title), active)],
  [`${core.toUpperCase()}:username eq "x"`, userName('x')],
  [
    `${enterprise.toLowerCase()}:Department eq "x"`,
    compare(ref(`${enterprise}|department`), 'eq', 'x')
  ],
  ['Emails[Type eq "work"]', element('emails', isWork)]
])

const workIs = (value: string) => element('emails', and(isWork, compare(ref('value'), 'eq', value)))

parses('what identity providers send beyond the grammar', User, [
  ['emails[type eq "work"].value eq "a@example.com"', workIs('a@example.com')],
  ['emails[type eq "work"].VALUE pr', element('emails', and(isWork, present(ref('value'))))],
  [
    'emails[type eq "work" and primary eq true].value eq "x"',
    element(
      'emails',
      and(isWork, compare(ref('primary', 'boolean'), 'eq', true), compare(ref('value'), 'eq', 'x'))
    )
  ],
  ['externalId eq jyoung', compare(ref('externalId', 'string', true), 'eq', 'jyoung')],
  ['externalId eq 701984', compare(ref('externalId', 'string', true), 'eq', '701984')],
  ['userName eq a+b@example.com', userName('a+b@example.com')],
  ['roles[primary eq "True"]', element('roles', compare(ref('primary', 'boolean'), 'eq', true))],
  ['active eq "False"', compare(ref('active', 'boolean'), 'eq', false)],
  ['  userName   eq "x"  \t', userName('x')],
  ['emails eq "x"', compare(ref('emails|value'), 'eq', 'x')],
  ['emails co "x"', compare(ref('emails|value'), 'co', 'x')],
  ['emails pr', present(ref('emails', 'complex'))],
  ['groups eq "7"', compare(ref('groups|value'), 'eq', '7')],
  [
    'id eq "1" and manager eq "2"',
    and(id('1'), compare(ref(`${enterprise}|manager|value`), 'eq', '2'))
  ],
  [
    `manager eq "2" and ${enterprise}.manager.value eq "2"`,
    and(
      compare(ref(`${enterprise}|manager|value`), 'eq', '2'),
      compare(ref(`${enterprise}|manager|value`), 'eq', '2')
    )
  ],
  [`${enterprise} pr`, present(ref(enterprise, 'complex'))]
])

parses('membership probes', Group, [
  ['id eq "9" and members eq "1"', and(id('9'), compare(ref('members|value'), 'eq', '1'))],
  ['members.value eq "1"', compare(ref('members|value'), 'eq', '1')],
  ['members[value eq "1"]', element('members', compare(ref('value'), 'eq', '1'))]
])

parses('a name that is in no schema is kept and marked, for it has no value', User, [
  ['shoeSize eq 42', compare(unknown('shoeSize'), 'eq', 42)],
  ['shoeSize eq "42"', compare(unknown('shoeSize'), 'eq', '42')],
  ['Shoe.Color eq red', compare(unknown('Shoe|Color'), 'eq', 'red')],
  ['name.nick pr', present(unknown('name|nick'))],
  [`${custom}:Badge eq true`, compare(unknown(`${custom}|Badge`), 'eq', true)],
  [
    'shoes[color eq "red"].size ge 4',
    {
      kind: 'element',
      attribute: unknown('shoes'),
      where: and(compare(unknown('color'), 'eq', 'red'), compare(unknown('size'), 'ge', 4))
    }
  ],
  ['emails[colour eq "red"]', element('emails', compare(unknown('colour'), 'eq', 'red'))]
])

/** Declares a test in which each filter is refused as `invalidFilter`. */
function refuses(name: string, filters: readonly string[]) {
  void test(name, async (t) => {
    for (const text of filters) {
      t.throws(
        () => parseFilter(text, User),
        { name: 'ScimError', status: 400, scimType: 'invalidFilter' },
        text.slice(0, 60)
      )
    }
  })
}

refuses('RFC 7644 §3.12: what is outside the grammar is refused, never taken for everything', [
  '',
  '   ',
  'userName',
  'userName eq',
  'userName eq ""extra""',
  'userName eq "x" and',
  'and userName eq "x"',
  'userName eq "x" title pr',
  'userName eq "open',
  'userName eq "bad \\x escape"',
  'userName is "x"',
  'userName eq (x)',
  '(title pr',
  'title pr)',
  '()',
  'not title pr',
  'not ()',
  'emails[type eq "work"',
  'emails[type eq "work"].',
  'emails[type eq "work"].value',
  'emails[type eq "work"]value eq "x"',
  'emails[]',
  'emails[type eq "work"].a.b eq "x"',
  'emails[value[type eq "x"]]',
  'a.b.c eq "x"',
  '"userName" eq "x"',
  'user name eq "x"',
  `${core} pr eq`
])

refuses('RFC 7644 §3.4.2.2: comparisons that the type of the attribute does not have', [
  'active gt true',
  'active le "False"',
  'active co "True"',
  'active eq "yes"',
  'active eq 1',
  'x509Certificates.value gt "TUlJ"',
  'x509Certificates lt "TUlJ"',
  'meta.created eq "yesterday"',
  'meta.created co "2011"',
  'meta.created ge "2011-05-13"',
  `${box}:spaceAmount eq "many"`,
  `${box}:spaceAmount co 1`,
  `${box}:spaceAmount eq 1e999`,
  'title gt null',
  'shoe gt true',
  'shoe co 1',
  'name eq "x"',
  'addresses co "x"',
  'meta eq "x"',
  `${core} eq "x"`,
  `${enterprise} eq "x"`,
  'userName[value eq "x"]',
  'emails.value[type eq "work"]',
  `${enterprise}[department eq "x"]`
])

refuses('RFC 7643 §2.2: a password cannot be found out by filtering', [
  'password eq "x"',
  'Password pr',
  `${core}:password sw "a"`
])

refuses('hostile sizes end at a limit', [
  `userName eq "${'x'.repeat(maxFilterLength)}"`,
  `${'('.repeat(maxFilterDepth + 1)}title pr${')'.repeat(maxFilterDepth + 1)}`,
  `${'not ('.repeat(maxFilterDepth + 1)}title pr${')'.repeat(maxFilterDepth + 1)}`,
  Array.from({ length: maxFilterTerms + 1 }, () => 'title pr').join(' or '),
  '('.repeat(maxFilterLength)
])

void test('filters as large as the limits are read', async (t) => {
  const deep = `${'('.repeat(maxFilterDepth)}title pr${')'.repeat(maxFilterDepth)}`
  t.strictSame(parseFilter(deep, User), title)
  const many = parseFilter(
    Array.from({ length: maxFilterTerms }, () => 'title pr').join(' or '),
    User
  )
  t.equal(many.kind === 'or' && many.terms.length, maxFilterTerms)
})

/** Queries in the form in which the parser gives them: no `and` directly in `and`, no `or` in `or`. */
function queries(leaf: fc.Arbitrary<Query>, depth: number): fc.Arbitrary<Query> {
  if (depth === 0) return leaf
  const inner = queries(leaf, depth - 1)
  const joined = (kind: 'and' | 'or') =>
    fc
      .array(
        inner.filter((term) => term.kind !== kind),
        { minLength: 2, maxLength: 4 }
      )
      .map((terms): Query => ({ kind, terms }))
  return fc.oneof(
    leaf,
    joined('and'),
    joined('or'),
    inner.map((term): Query => ({ kind: 'not', term }))
  )
}

const anyText = fc.string({ unit: 'grapheme', maxLength: 12 })
const textOperator = fc.constantFrom('eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le')

function comparisons(
  attributes: readonly object[],
  operators: fc.Arbitrary<string>,
  values: fc.Arbitrary<unknown>
): fc.Arbitrary<Query> {
  return fc
    .tuple(fc.constantFrom(...attributes), operators, values)
    .map(([attribute, operator, value]) => compare(attribute, operator, value) as Query)
}

const leaves = fc.oneof(
  comparisons(
    [ref('userName'), ref('name|givenName'), ref(`${enterprise}|manager|value`), unknown('Shoe')],
    textOperator,
    anyText
  ),
  comparisons([ref('active', 'boolean')], fc.constantFrom('eq', 'ne'), fc.boolean()),
  comparisons(
    [ref(`${box}|spaceAmount`, 'integer'), unknown(`${custom}|badge`)],
    fc.constantFrom('eq', 'ne', 'gt', 'ge', 'lt', 'le'),
    fc.maxSafeInteger()
  ),
  comparisons(
    [ref('meta|created', 'dateTime')],
    fc.constantFrom('eq', 'ne', 'gt', 'le'),
    fc
      .date({ min: new Date(0), max: new Date('2200-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString())
  ),
  fc
    .constantFrom(ref('title'), ref('emails', 'complex'), ref(enterprise, 'complex'))
    .map((attribute) => present(attribute) as Query)
)

const elementLeaves = fc.oneof(
  comparisons([ref('type'), ref('value'), unknown('colour')], textOperator, anyText),
  comparisons([ref('primary', 'boolean')], fc.constantFrom('eq', 'ne'), fc.boolean())
)

const everyQuery = queries(
  fc.oneof(
    { weight: 4, arbitrary: leaves },
    {
      weight: 1,
      arbitrary: queries(elementLeaves, 1).map((where) => element('emails', where) as Query)
    }
  ),
  3
)

void test('what is printed reads back as the same query, for any query', async (t) => {
  const seed = 7644
  fc.assert(
    fc.property(everyQuery, (query) => {
      assert.deepEqual(parseFilter(printFilter(query), User), query)
    }),
    { seed, numRuns: 1_000 }
  )
  t.pass(`held for every case; seed ${seed}`)
})

function parseOrRefuse(text: string): Query | undefined {
  try {
    return parseFilter(text, User)
  } catch (error) {
    assert.ok(error instanceof ScimError, String(error))
    assert.equal(error.scimType, 'invalidFilter')
    return undefined
  }
}

void test('any text at all is either a query or an invalidFilter', async (t) => {
  const seed = 3412
  const piece = fc.constantFrom(
    ...'userName emails active name urn: $ref .value : eq pr and or not ( ) [ ] " \\ true null 1e9 "x"'
      .split(' ')
      .flatMap((text) => [text, ` ${text} `]),
    `${enterprise}:`
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, anyText), { maxLength: 12 }), (pieces) => {
      const text = pieces.join('')
      const query = parseOrRefuse(text)
      if (query !== undefined) assert.deepEqual(parseFilter(printFilter(query), User), query)
    }),
    { seed, numRuns: 1_000 }
  )
  t.pass(`held for every case; seed ${seed}`)
})
