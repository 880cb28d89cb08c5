import * as fc from 'fast-check'
import t from 'tap'
import { isJsonObject } from '../../src/lib/json.ts'
import type { JsonObject, JsonValue } from '../../src/lib/json.ts'
import type { GroupRecord, MembershipRow, UserRecord } from '../../src/provisioning/model.ts'
import type { Directory } from '../../src/provisioning/ports.ts'
import type { AttributeRef, Comparison, Query } from '../../src/provisioning/query.ts'
import { openDirectory } from '../../src/store/open.ts'
import { attribute, group, membership, request, user } from '../contract/directory-records.ts'

const seed = 20_260_711

const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'

const openMemory = () =>
  openDirectory({
    url: 'file::memory:',
    identity: { boxHost: 'api.box.com', enterpriseId: '42' },
    clock: { now: () => 0, sleep: async () => {} },
    log: { info() {}, warn() {}, error() {}, debug() {} }
  })

const compare = (
  ref: AttributeRef,
  operator: Comparison,
  value: string | number | boolean | null
): Query => ({ kind: 'compare', attribute: ref, operator, value })

const both = (a: Query, b: Query): Query => ({ kind: 'and', terms: [a, b] })

const present = (ref: AttributeRef): Query => ({ kind: 'present', attribute: ref })

// ---- a plain evaluation of the same query, which shares nothing with the compiler but the types

interface World {
  readonly users: readonly UserRecord[]
  readonly groups: readonly GroupRecord[]
  readonly memberships: readonly MembershipRow[]
}

/** What a filter sees of a person: the resource with everything that is kept beside it. */
function userDocument(record: UserRecord, world: World): JsonObject {
  const groups = world.memberships
    .filter((row) => row.intended && row.userId === record.id)
    .flatMap((row) => world.groups.filter(({ id, tombstone }) => id === row.groupId && !tombstone))
    .map(({ id, resource }) => ({
      value: id,
      display: resource['displayName'] ?? '',
      type: 'direct'
    }))
  return {
    ...record.resource,
    id: record.id,
    meta: {
      resourceType: 'User',
      created: new Date(record.created).toISOString(),
      lastModified: new Date(record.lastModified).toISOString()
    },
    groups
  }
}

/** What a filter sees of a group. */
function groupDocument(record: GroupRecord, world: World): JsonObject {
  const members = world.memberships
    .filter((row) => row.intended && row.groupId === record.id)
    .flatMap((row) => world.users.filter(({ id, tombstone }) => id === row.userId && !tombstone))
    .map(({ id, resource }) => ({
      value: id,
      display: (resource['displayName'] || resource['userName']) ?? '',
      type: 'User'
    }))
  return { ...record.resource, id: record.id, meta: { resourceType: 'Group' }, members }
}

function valuesOf(base: JsonValue, { path, known }: AttributeRef): readonly JsonValue[] {
  const same = (key: string, step: string) =>
    known ? key === step : key.toLowerCase() === step.toLowerCase()
  let values: readonly JsonValue[] = [base]
  for (const step of path) {
    values = values
      .flatMap((value) => (isJsonObject(value) ? Object.entries(value) : []))
      .flatMap(([key, value]) => (same(key, step) ? [value] : []))
      .flatMap((value) => (Array.isArray(value) ? (value as readonly JsonValue[]) : [value]))
  }
  return values.filter((value) => value !== null)
}

function isEmpty(value: JsonValue): boolean {
  return (
    value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0)
  )
}

function ordered<Value>(left: Value, operator: Comparison, right: Value): boolean {
  if (operator === 'eq') return left === right
  if (operator === 'gt') return left > right
  if (operator === 'ge') return left >= right
  if (operator === 'lt') return left < right
  return operator === 'le' && left <= right
}

function holds(value: JsonValue, query: Query & { kind: 'compare' }): boolean {
  const { attribute: ref, operator, value: literal } = query
  const type = ref.type === 'unknown' ? typeof literal : ref.type
  if (type === 'boolean')
    return operator === 'eq' && typeof value === 'boolean' && value === literal
  if (type === 'integer' || type === 'decimal' || type === 'number') {
    return (
      typeof value === 'number' && typeof literal === 'number' && ordered(value, operator, literal)
    )
  }
  if (type === 'complex' || typeof value !== 'string' || typeof literal !== 'string') return false
  if (type === 'dateTime') {
    return (
      /^\d{4}-/.test(value) &&
      /^\d{4}-/.test(literal) &&
      ordered(Date.parse(value), operator, Date.parse(literal))
    )
  }
  const exact = ref.caseExact && ref.type !== 'unknown'
  const [left, right] = exact ? [value, literal] : [value.toLowerCase(), literal.toLowerCase()]
  if (operator === 'co') return left.includes(right)
  if (operator === 'sw') return left.startsWith(right)
  if (operator === 'ew') return left.endsWith(right)
  return ordered(Buffer.compare(Buffer.from(left), Buffer.from(right)), operator, 0)
}

function evaluate(query: Query, base: JsonValue): boolean {
  switch (query.kind) {
    case 'and':
      return query.terms.every((term) => evaluate(term, base))
    case 'or':
      return query.terms.some((term) => evaluate(term, base))
    case 'not':
      return !evaluate(query.term, base)
    case 'present':
      return valuesOf(base, query.attribute).some((value) => !isEmpty(value))
    case 'element':
      return valuesOf(base, query.attribute).some((value) => evaluate(query.where, value))
    case 'compare':
    default: {
      if (query.operator === 'ne') return !evaluate({ ...query, operator: 'eq' }, base)
      if (query.value === null) {
        return query.operator === 'eq' && !evaluate(present(query.attribute), base)
      }
      return valuesOf(base, query.attribute).some((value) => holds(value, query))
    }
  }
}

// ---- random resources and queries over few names and values, so that they meet

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
const numbers = [0, 1, 7, -3, 1.5, 1e21, 2 ** 60]

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

const world: fc.Arbitrary<World> = fc
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

const refs: readonly AttributeRef[] = [
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
const userRefs = [
  ...refs,
  attribute('meta.created', { type: 'dateTime' }),
  attribute('meta.lastModified', { type: 'dateTime' })
]

function trees(refs: readonly AttributeRef[]): fc.Arbitrary<Query> {
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

async function replace(directory: Directory, { users, groups, memberships }: World) {
  await directory.transaction(async (tx) => {
    for (const { groupId, userId } of (
      await Promise.all(groups.map(({ id }) => tx.memberships.ofGroup(id)))
    ).flat()) {
      await tx.deleteMembership(groupId, userId)
    }
    for (const record of users) await tx.putUser(record)
    for (const record of groups) await tx.putGroup(record)
    await tx.putMemberships(memberships)
  })
}

t.test('SQL selects what a plain evaluation selects', async (t) => {
  const directory = await openMemory()
  t.teardown(() => directory.close())
  const queries = fc.array(trees(userRefs), { minLength: 6, maxLength: 6 })
  const groupQueries = fc.array(trees(refs), { minLength: 4, maxLength: 4 })
  let selected = 0
  await fc.assert(
    fc.asyncProperty(world, queries, groupQueries, async (world, queries, groupQueries) => {
      await replace(directory, world)
      for (const query of queries) {
        const page = await directory.users.search(request({ query }))
        const expected = world.users
          .filter((record) => !record.tombstone && evaluate(query, userDocument(record, world)))
          .toSorted((a, b) => a.created - b.created || (a.id < b.id ? -1 : 1))
        const found = page.resources.map(({ id }) => id)
        if (
          found.join() !== expected.map(({ id }) => id).join() ||
          page.total !== expected.length
        ) {
          throw new Error(`${JSON.stringify(query)} selects ${found.join()}`)
        }
        selected += found.length
      }
      for (const query of groupQueries) {
        const page = await directory.groups.search(request({ query }))
        const expected = world.groups.filter(
          (record) => !record.tombstone && evaluate(query, groupDocument(record, world))
        )
        const found = page.resources.map(({ id }) => id)
        if (found.join() !== expected.map(({ id }) => id).join()) {
          throw new Error(`groups: ${JSON.stringify(query)} selects ${found.join()}`)
        }
        selected += found.length
      }
    }),
    { seed, numRuns: 400 }
  )
  t.ok(selected > 1_000, `the queries select something: ${selected}`)
})

t.test('named cases', async (t) => {
  const directory = await openMemory()
  t.teardown(() => directory.close())
  const people = [
    user(1, {
      userName: 'İpek%@example.com',
      active: true,
      emails: [
        { type: 'work', value: 'x@example.com' },
        { type: 'home', value: 'y@example.com' }
      ],
      employeeType: '',
      score: 2 ** 63
    }),
    user(2, { userName: 'b@example.com', active: false, tags: ['A', 'b'] })
  ]
  await directory.transaction(async (tx) => {
    for (const person of people) await tx.putUser(person)
  })
  const select = async (query: Query) =>
    (await directory.users.search(request({ query }))).resources.map(({ id }) => id).join()
  const emails = attribute('emails', { type: 'complex' })
  const type = (value: string) => compare(attribute('type'), 'eq', value)
  const value = (value: string) => compare(attribute('value'), 'sw', value)
  const element = (where: Query): Query => ({ kind: 'element', attribute: emails, where })

  t.equal(await select(element(both(type('WORK'), value('x')))), '1')
  t.equal(await select(element(both(type('work'), value('y')))), '', 'not across elements')
  t.equal(await select(compare(attribute('emails.type'), 'ne', 'work')), '2', 'no value is equal')
  t.equal(await select(compare(attribute('userName'), 'co', '%')), '1', 'no wildcard')
  t.equal(await select(compare(attribute('userName'), 'co', '_')), '')
  t.equal(await select(compare(attribute('userName'), 'sw', 'i̇PEK')), '1')
  t.equal(await select(compare(attribute('userName'), 'ew', '')), '1,2')
  const active = attribute('active', { type: 'boolean' })
  t.equal(await select(compare(active, 'eq', 'True')), '1', 'a boolean in quotes')
  t.equal(await select(compare(active, 'eq', 'yes')), '')
  t.equal(await select(present(attribute('employeeType'))), '', "'' is no value")
  t.equal(await select(compare(attribute('employeeType'), 'eq', null)), '1,2')
  const unknown = { type: 'unknown', known: false } as const
  t.equal(await select(compare(attribute('TAGS', unknown), 'eq', 'B')), '2')
  t.equal(await select(compare(attribute('score', unknown), 'gt', 5)), '1')
  t.equal(await select(compare(attribute('score', unknown), 'eq', 'x')), '')
  t.equal(
    await select(compare(attribute('schemas'), 'eq', 'URN:ietf:params:scim:schemas:core:2.0:user')),
    '1,2'
  )
  t.equal(await select(present(attribute('meta.location'))), '', 'made when it is sent')
  const inMeta = compare(
    attribute('lastModified', { type: 'dateTime' }),
    'gt',
    '1970-01-01T00:00:02.001Z'
  )
  t.equal(await select({ kind: 'element', attribute: attribute('meta'), where: inMeta }), '2')
  const created = attribute('meta.created', { type: 'dateTime' })
  t.equal(await select(compare(created, 'eq', '1970-01-01T00:00:01.001')), '1', 'UTC by default')
  t.equal(await select(compare(created, 'eq', '1970-01-01t02:00:01.0010000+02:00')), '1')
  t.equal(await select(compare(created, 'ge', '1970')), '', 'no date at all')
  t.equal(await select(compare(created, 'ne', '1970-01-01T00:00:01.001Z')), '2')

  const terms = Array.from({ length: 5_000 }, (_, index) =>
    compare(attribute('userName'), 'eq', `${index}@example.com`)
  )
  t.equal(await select({ kind: 'or', terms: [...terms, compare(active, 'eq', false)] }), '2')
  t.equal(await select({ kind: 'and', terms: [] }), '1,2')
  t.equal(await select({ kind: 'or', terms: [] }), '')
})
