import { deepStrictEqual, ok } from 'node:assert/strict'
import * as fc from 'fast-check'
import { test } from 'tap'
import type { JsonObject, JsonValue } from '../../../src/lib/json.ts'
import { isJsonObject } from '../../../src/lib/json.ts'
import { isList } from '../../../src/scim/protocol/document.ts'
import { ScimError } from '../../../src/scim/protocol/errors.ts'
import { normaliseResource } from '../../../src/scim/protocol/normalise.ts'
import { parseUserPatch } from '../../../src/scim/protocol/patch.ts'
import { patchSchema } from '../../../src/scim/protocol/patch-request.ts'
import { parseResource } from '../../../src/scim/protocol/resource.ts'
import { enterpriseUserUrn, resourceTypes } from '../../../src/scim/protocol/schemas.ts'
import { validateDocument } from '../../../src/scim/protocol/validate.ts'

const { User } = resourceTypes
const runs = { seed: 20_260_901, numRuns: 1_000 }

const text = fc.constantFrom('a', 'b', 'B', 'x y', '')
const type = fc.constantFrom('work', 'Work', 'home')
const flag = fc.constantFrom(true, false, 'True', 'False')
const element = fc.record({ value: text, type, primary: flag }, { requiredKeys: [] })
const elements = fc.array(element, { maxLength: 4 }).map((all) => {
  let primary = false
  return all.map(({ primary: own, ...rest }) => {
    const isFirst = own === true && !primary
    primary ||= isFirst
    return isFirst ? { ...rest, primary: true } : rest
  })
})

const body = fc.record(
  {
    userName: fc.constant('ada@example.com'),
    title: text,
    active: flag,
    emails: elements,
    phoneNumbers: elements,
    name: fc.record({ givenName: text, familyName: text }, { requiredKeys: [] }),
    [enterpriseUserUrn]: fc.record(
      { department: text, manager: fc.record({ value: text }) },
      { requiredKeys: [] }
    ),
    custom: fc.jsonValue({ maxDepth: 2 })
  },
  { requiredKeys: ['userName'] }
)

/** A path, with the keys that it may change and values that go with it, right and wrong ones. */
const operation = fc.oneof(
  fc.record({
    op: fc.constantFrom('add', 'Replace', 'remove'),
    path: fc.constantFrom(
      'title',
      'name.givenName',
      'emails',
      'emails[type eq "work"].value',
      'emails[primary eq true].type',
      'emails[value co "a"].display',
      `${enterpriseUserUrn}:department`,
      'custom'
    ),
    value: fc.oneof(text, elements)
  }),
  fc.record({
    op: fc.constantFrom('add', 'remove', 'replace'),
    path: fc.constantFrom('emails', 'emails[type eq "home"]'),
    value: fc.oneof(elements, element)
  }),
  fc.record({
    op: fc.constant('replace'),
    path: fc.constantFrom('emails.primary', 'emails[type eq "work"].primary', 'active'),
    value: flag
  }),
  fc.record({ op: fc.constantFrom('add', 'replace'), value: body })
)

const message = (...operations: readonly unknown[]) => ({
  schemas: [patchSchema],
  Operations: operations
})

/** The patched document, or undefined where the request is refused as it should be. */
function patched(resource: JsonObject, operations: readonly unknown[]): JsonObject | undefined {
  try {
    return parseUserPatch(message(...operations)).apply({ resource, shadow: {} })
  } catch (error) {
    if (error instanceof ScimError && error.status === 400) return undefined
    throw error
  }
}

function primaries(value: JsonValue | undefined): number {
  return isList(value)
    ? value.filter((one) => isJsonObject(one) && one['primary'] === true).length
    : 0
}

function isCanonical(value: JsonValue): boolean {
  if (value === null || value === '') return false
  if (isList(value)) return value.length > 0 && value.every(isCanonical)
  if (!isJsonObject(value)) return true
  const values = Object.values(value)
  return values.length > 0 && values.every(isCanonical)
}

void test('any PATCH leaves a valid document with at most one primary and nothing unassigned', async (t) => {
  let applied = 0
  fc.assert(
    fc.property(body, fc.array(operation, { maxLength: 5 }), (given, operations) => {
      const resource = normaliseResource(User, given)
      const next = patched(resource, operations)
      if (next === undefined) return
      applied += 1
      validateDocument(User, next)
      ok(primaries(next['emails']) <= 1 && primaries(next['phoneNumbers']) <= 1)
      ok(isCanonical(next), JSON.stringify(next))
    }),
    runs
  )
  t.ok(applied > 500, `seed ${runs.seed}; ${applied} requests were applied`)
})

void test('a PATCH changes nothing outside its path', async (t) => {
  const single = fc.constantFrom<readonly [string, string]>(
    ['title', 'title'],
    ['name.familyName', 'name'],
    ['emails', 'emails'],
    ['emails[type eq "work"].value', 'emails'],
    [`${enterpriseUserUrn}:department`, enterpriseUserUrn],
    ['custom', 'custom']
  )
  const op = fc.constantFrom('add', 'replace', 'remove')
  fc.assert(
    fc.property(body, single, op, text, (given, [path, key], kind, value) => {
      const resource = normaliseResource(User, given)
      const next = patched(resource, [{ op: kind, path, value }])
      const { [key]: _before, ...untouched } = resource
      const { [key]: _after, ...rest } = next ?? resource
      deepStrictEqual(rest, untouched)
    }),
    runs
  )
  t.pass(`held for every case; seed ${runs.seed}`)
})

void test('RFC 7644 §3.5.2.3: a replace repeated changes nothing more', async (t) => {
  fc.assert(
    fc.property(body, operation, (given, one) => {
      if (one.op === 'remove' || one.op === 'add') return
      const once = patched(normaliseResource(User, given), [one])
      if (once === undefined || ('path' in one && one.path.includes('['))) return
      deepStrictEqual(patched(once, [one]), once)
    }),
    runs
  )
  t.pass(`held for every case; seed ${runs.seed}`)
})

void test('an add repeated changes nothing more', async (t) => {
  fc.assert(
    fc.property(body, elements, (given, value) => {
      const one = { op: 'add', path: 'emails', value }
      const once = patched(normaliseResource(User, given), [one])
      deepStrictEqual(once && patched(once, [one]), once)
    }),
    runs
  )
  t.pass(`held for every case; seed ${runs.seed}`)
})

void test('a canonical document is its own canonical form', async (t) => {
  fc.assert(
    fc.property(body, (given) => {
      const once = normaliseResource(User, given)
      deepStrictEqual(normaliseResource(User, once), once)
    }),
    runs
  )
  t.pass(`held for every case; seed ${runs.seed}`)
})

/** Runs `work`; nothing but a SCIM error may come of it. */
function refuses(work: () => unknown): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof ScimError) || error.status !== 400) throw error
  }
}

void test('any JSON is read or refused with a SCIM error', async (t) => {
  const key = fc.constantFrom(
    'Operations',
    'op',
    'path',
    'value',
    'active',
    'emails',
    'name',
    '__proto__',
    'userName',
    enterpriseUserUrn,
    'emails[type eq "work"].value'
  )
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, true, false, '', 'add', 'replace', 'active', 0, 'members', 'False'),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(key, tie('tree'), { maxKeys: 4 })
    )
  }))
  fc.assert(
    fc.property(tree, tree, (value, path) => {
      refuses(() => parseResource(User, value))
      refuses(() => parseUserPatch(value))
      refuses(() =>
        parseUserPatch(message({ op: 'replace', path, value })).apply({ resource: {}, shadow: {} })
      )
    }),
    runs
  )
  t.pass(`held for every case; seed ${runs.seed}`)
})
