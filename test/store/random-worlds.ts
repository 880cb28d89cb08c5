import * as fc from 'fast-check'
import type { JsonObject, JsonValue } from '../../src/lib/json.ts'
import type { AttributeRef, Query } from '../../src/provisioning/query.ts'
import { attribute, group, membership, user } from '../contract/directory-records.ts'
import type { World } from './plain-evaluation.ts'

// Random resources and queries over few names and values, so that they meet.

const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'

const compare = (
  attribute: AttributeRef,
  operator: (typeof operators)[number],
  value: string | number | boolean | null
): Query => ({ kind: 'compare', attribute, operator, value })

const present = (attribute: AttributeRef): Query => ({ kind: 'present', attribute })

const texts = [
  '',
  'a',
  'A',
  'ab',
  'b%',
  '_',
  "it's",
  'Straße',
  'ÄB',
  'äb',
  '"q"',
  'a\\b',
  '😀',
  '{}',
  'true',
  '7'
]
const instants = [
  '2026-01-01T00:00:00Z',
  '2026-01-01T01:00:00+01:00',
  '2026-01-01T00:00:00.5Z',
  '2026-01-01T00:00:00.500000Z',
  '2025-12-31T23:59:59.999Z'
]
// No whole number beyond 2^53: SQLite would read its digits exactly, and requests may not send one.
const numbers = [0, 1, 7, -3, 1.5, 1e21, 2 ** 53 - 1]

const text = fc.constantFrom(...texts)
const instant = fc.constantFrom(...instants)
const number = fc.constantFrom(...numbers)

const scalar: fc.Arbitrary<JsonValue> = fc.oneof(
  text,
  instant,
  number,
  fc.boolean(),
  fc.constant(null)
)

const element = fc.record(
  { value: text, type: fc.constantFrom('work', 'Work', 'home'), primary: fc.boolean() },
  { requiredKeys: [] }
)

const anyElements: fc.Arbitrary<JsonValue> = fc.oneof(
  { weight: 4, arbitrary: fc.array(element, { maxLength: 3 }) },
  { weight: 1, arbitrary: element },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 2 }) },
  { weight: 1, arbitrary: scalar }
)

const resource: fc.Arbitrary<JsonObject> = fc.record(
  {
    userName: text,
    externalId: text,
    displayName: text,
    active: fc.oneof(fc.boolean(), fc.constant('True')),
    name: fc.oneof(fc.record({ givenName: text }, { requiredKeys: [] }), scalar),
    emails: anyElements,
    Odd: scalar,
    odd: anyElements,
    'a "quoted" key\\': scalar,
    [enterprise]: fc.record(
      { department: text, hired: instant, level: number, manager: element },
      { requiredKeys: [] }
    )
  },
  { requiredKeys: [] }
)

const ids = ['1', '2', '3', '4']

/** Few people and groups, whose names and values meet. */
export const world: fc.Arbitrary<World> = fc
  .tuple(
    fc.array(fc.tuple(resource, fc.boolean()), { minLength: 4, maxLength: 4 }),
    fc.array(fc.tuple(resource, fc.boolean()), { minLength: 3, maxLength: 3 }),
    fc.uniqueArray(
      fc.record({ group: fc.constantFrom('1', '2', '3'), user: fc.constantFrom(...ids, '9') }),
      { selector: ({ group, user }) => `${group}-${user}`, maxLength: 8 }
    ),
    fc.nat({ max: 255 })
  )
  .map(([users, groups, pairs, shown]) => ({
    users: users.map(([document, tombstone], index) =>
      user(
        index + 1,
        {},
        { resource: document, tombstone, created: Date.parse(instants[index] ?? '') }
      )
    ),
    groups: groups.map(([document, tombstone], index) =>
      group(index + 1, {}, { resource: document, tombstone })
    ),
    memberships: pairs.map((pair, index) =>
      membership(pair.group, pair.user, { intended: ((shown >> index) & 1) === 0 })
    )
  }))

const operators = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'] as const

function comparisons(refs: readonly AttributeRef[]): fc.Arbitrary<Query> {
  return fc
    .constantFrom(...refs)
    .chain((ref) =>
      fc
        .tuple(fc.constantFrom(...operators), literalFor(ref))
        .map(([operator, value]) => compare(ref, operator, value))
    )
}

function literalFor(ref: AttributeRef): fc.Arbitrary<string | number | boolean | null> {
  if (ref.type === 'boolean') return fc.oneof(fc.boolean(), fc.constant(null))
  if (ref.type === 'dateTime') return fc.oneof(instant, text)
  if (ref.type === 'decimal') return number
  if (ref.type === 'unknown') return fc.oneof(text, number, fc.boolean(), fc.constant(null))
  const value = ref.path.at(-1) === 'value' || ref.path[0] === 'id'
  return fc.oneof(value ? fc.constantFrom(...ids, ...texts) : text, fc.constant(null))
}

const inElement = [
  attribute('value'),
  attribute('type'),
  attribute('type', { caseExact: true }),
  attribute('primary', { type: 'boolean' })
]

/** What a query of groups may name. */
export const refs: readonly AttributeRef[] = [
  attribute('id', { caseExact: true }),
  attribute('userName'),
  attribute('userName', { caseExact: true }),
  attribute('externalId', { caseExact: true }),
  attribute('displayName'),
  attribute('active', { type: 'boolean' }),
  attribute('name', { type: 'complex' }),
  attribute('name.givenName'),
  attribute('emails', { type: 'complex' }),
  attribute('emails.value'),
  attribute('emails.type', { caseExact: true }),
  attribute('emails.primary', { type: 'boolean' }),
  attribute('', { path: [enterprise, 'department'] }),
  attribute('', { path: [enterprise, 'hired'], type: 'dateTime' }),
  attribute('', { path: [enterprise, 'level'], type: 'decimal' }),
  attribute('', { path: [enterprise, 'manager', 'value'] }),
  attribute('', { path: [enterprise], type: 'complex' }),
  attribute('ODD', { type: 'unknown', known: false }),
  attribute('oDd.VALUE', { type: 'unknown', known: false }),
  attribute('', { path: ['a "Quoted" KEY\\'], type: 'unknown', known: false }),
  attribute('', { path: ['a "quoted" key\\'] }),
  attribute('nowhere', { type: 'unknown', known: false }),
  attribute('meta', { type: 'complex' }),
  attribute('meta.resourceType', { caseExact: true }),
  attribute('groups.value'),
  attribute('groups.display'),
  attribute('members.value'),
  attribute('members.display'),
  attribute('members.type')
]

// Groups keep their times as well, but the plain evaluation is given those of people only.
/** What a query of people may name. */
export const userRefs = [
  ...refs,
  attribute('meta.created', { type: 'dateTime' }),
  attribute('meta.lastModified', { type: 'dateTime' })
]

/** Queries that name these attributes. */
export function trees(refs: readonly AttributeRef[]): fc.Arbitrary<Query> {
  const elementTerm = fc.oneof(
    comparisons(inElement),
    fc.constantFrom(...inElement).map((ref) => present(ref))
  )
  const where: fc.Arbitrary<Query> = fc.oneof(
    elementTerm,
    fc.record({
      kind: fc.constantFrom('and', 'or'),
      terms: fc.array(elementTerm, { maxLength: 3 })
    }),
    elementTerm.map((term) => ({ kind: 'not', term }) as const)
  )
  const within = [
    attribute('emails', { type: 'complex' }),
    attribute('odd', { type: 'unknown', known: false }),
    attribute('members', { type: 'complex' }),
    attribute('groups', { type: 'complex' }),
    attribute('', { path: [enterprise, 'manager'], type: 'complex' })
  ]
  return fc.letrec<{ tree: Query }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      comparisons(refs),
      fc.constantFrom(...refs).map((ref) => present(ref)),
      fc
        .tuple(fc.constantFrom(...within), where)
        .map(([ref, where]): Query => ({ kind: 'element', attribute: ref, where })),
      fc.record({
        kind: fc.constantFrom('and', 'or'),
        terms: fc.array(tie('tree'), { maxLength: 4 })
      }),
      tie('tree').map((term): Query => ({ kind: 'not', term }))
    )
  })).tree
}

const textNames = [
  'userName',
  'externalId',
  'displayName',
  'name.givenName',
  'NAME.FAMILYNAME',
  'odd'
]
const named = [
  ...textNames,
  'id',
  'emails',
  'emails.value',
  'emails.type',
  'groups',
  `${enterprise}:department`,
  'manager'
]

const literalText = fc.oneof(
  fc.constantFrom(...texts, ...ids).map((value) => JSON.stringify(value)),
  fc.constantFrom('true', 'False', 'null', '7', 'a')
)

const term = fc.oneof(
  fc.tuple(fc.constantFrom(...named), fc.constantFrom(...operators, 'EQ'), literalText),
  fc.tuple(fc.constantFrom(...named, 'active', 'meta', enterprise), fc.constant('pr')),
  fc.tuple(fc.constant('active'), fc.constantFrom('eq', 'ne'), fc.constantFrom('true', '"False"')),
  fc.tuple(
    fc.constantFrom('meta.created', 'meta.lastModified'),
    fc.constantFrom('eq', 'ne', 'gt', 'ge', 'lt', 'le'),
    instant.map((value) => JSON.stringify(value))
  )
)

const inBrackets = fc.tuple(
  fc.constantFrom('type', 'value', 'Type'),
  fc.constantFrom('eq', 'ne', 'co', 'sw'),
  fc.constantFrom('"work"', '"a"', '""')
)

/** Filters as a client writes them (RFC 7644 §3.4.2.2). */
export const filterTexts: fc.Arbitrary<string> = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3 },
    term.map((words) => words.join(' ')),
    inBrackets.map((words) => `emails[${words.join(' ')}]`),
    inBrackets.map((words) => `emails[${words.join(' ')}].value co "a"`),
    fc
      .tuple(tie('filter'), fc.constantFrom(' and ', ' OR '), tie('filter'))
      .map((parts) => `(${parts.join('')})`),
    tie('filter').map((inner) => `not (${inner})`)
  )
})).filter
