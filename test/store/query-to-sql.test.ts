import * as fc from 'fast-check'
import t from 'tap'
import type { Directory } from '../../src/provisioning/ports.ts'
import type { AttributeRef, Comparison, Query } from '../../src/provisioning/query.ts'
import { ScimError } from '../../src/scim/protocol/errors.ts'
import { parseFilter } from '../../src/scim/protocol/filter-parser.ts'
import { resourceTypes } from '../../src/scim/protocol/schemas.ts'
import { openDirectory } from '../../src/store/open.ts'
import { attribute, request, user } from '../contract/directory-records.ts'
import { evaluate, groupDocument, userDocument } from './plain-evaluation.ts'
import type { World } from './plain-evaluation.ts'
import { filterTexts, refs, trees, userRefs, world } from './random-worlds.ts'

const seed = 20_260_711

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

/** The ids of the people whom a query selects, in the order of a list. */
function selectedPeople(query: Query, world: World): string {
  return world.users
    .filter((record) => !record.tombstone && evaluate(query, userDocument(record, world)))
    .toSorted((a, b) => a.created - b.created || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id)
    .join()
}

/** Undefined where the filter is refused, such as one that wants an order of booleans. */
function parsed(filter: string): Query | undefined {
  try {
    return parseFilter(filter, resourceTypes.User)
  } catch (error) {
    if (error instanceof ScimError && error.scimType === 'invalidFilter') return undefined
    throw error
  }
}

const idsOf = (records: readonly { readonly id: string }[]) => records.map(({ id }) => id).join()

t.test('SQL selects what a plain evaluation selects', async (t) => {
  const directory = await openMemory()
  t.teardown(() => directory.close())
  const queries = fc.array(trees(userRefs), { minLength: 3, maxLength: 3 })
  const groupQueries = fc.array(trees(refs), { minLength: 2, maxLength: 2 })
  let selected = 0
  await fc.assert(
    fc.asyncProperty(world, queries, groupQueries, async (world, queries, groupQueries) => {
      await replace(directory, world)
      for (const query of queries) {
        const page = await directory.users.search(request({ query }))
        const found = idsOf(page.resources)
        if (found !== selectedPeople(query, world) || page.total !== page.resources.length) {
          throw new Error(`${JSON.stringify(query)} selects ${found}`)
        }
        selected += page.resources.length
      }
      for (const query of groupQueries) {
        const page = await directory.groups.search(request({ query }))
        const expected = world.groups
          .filter((record) => !record.tombstone && evaluate(query, groupDocument(record, world)))
          .map(({ id }) => id)
        const found = page.resources.map(({ id }) => id).join()
        if (found !== expected.join()) {
          throw new Error(`groups: ${JSON.stringify(query)} selects ${found}`)
        }
        selected += page.resources.length
      }
    }),
    { seed, numRuns: 1_000 }
  )
  t.ok(selected > 1_000, `seed ${seed}; the queries select something: ${selected}`)
})

t.test(
  'a filter as a client writes it selects the same by SQL and by plain evaluation',
  async (t) => {
    const directory = await openMemory()
    t.teardown(() => directory.close())
    let selected = 0
    await fc.assert(
      fc.asyncProperty(
        world,
        fc.array(filterTexts, { minLength: 2, maxLength: 2 }),
        async (world, filters) => {
          await replace(directory, world)
          for (const filter of filters) {
            const query = parsed(filter)
            if (query === undefined) continue
            const { resources } = await directory.users.search(request({ query }))
            if (idsOf(resources) !== selectedPeople(query, world)) {
              throw new Error(`${filter} selects ${idsOf(resources)}`)
            }
            selected += resources.length
          }
        }
      ),
      { seed, numRuns: 1_000 }
    )
    t.ok(selected > 1_000, `seed ${seed}; the filters select something: ${selected}`)
  }
)

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
