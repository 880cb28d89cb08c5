import { parseFilter } from '../src/scim/protocol/filter-parser.ts'
import { parseUserPatch } from '../src/scim/protocol/patch.ts'
import { resourceTypes } from '../src/scim/protocol/schemas.ts'
import { openConnection } from '../src/store/dialect.ts'
import { userKind } from '../src/store/resource-scope.ts'
import { searchStatement } from '../src/store/search.ts'
import { shadowOf } from './population.ts'
import { spreadOf } from './statistics.ts'
import type { Row } from './table.ts'

/** What Entra ID sends when much of a person changes. */
const patch = JSON.stringify({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations: [
    { op: 'Replace', path: 'displayName', value: 'New Name' },
    { op: 'Replace', path: 'name.givenName', value: 'New' },
    { op: 'Replace', path: 'name.familyName', value: 'Name' },
    { op: 'Replace', path: 'emails[type eq "work"].value', value: 'new@example.com' },
    { op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '+49 30 1234567' },
    { op: 'Replace', path: 'active', value: 'True' },
    { op: 'Add', path: 'title', value: 'Director' },
    {
      op: 'Add',
      path: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department',
      value: 'Sales'
    }
  ]
})

const filter = 'userName sw "a" and (active eq true or emails[type eq "work"].value co "example")'

/** Times the parts of the SCIM engine alone, each beside parsing the same text as JSON. */
export function measureEngine(): readonly Row[] {
  const { db, sqlite } = openConnection(':memory:', { readOnly: false })
  const resource = shadowOf(1)
  const rows = [
    reported('apply an 8-operation Entra PATCH', patch, () =>
      parseUserPatch(JSON.parse(patch)).apply({ resource, shadow: resource })
    ),
    reported('parse and compile a filter', JSON.stringify(filter), () =>
      searchStatement(db, userKind, {
        query: parseFilter(filter, resourceTypes.User),
        startIndex: 1,
        count: 100,
        related: true
      })
    )
  ]
  sqlite.close()
  return rows
}

function reported(figure: string, text: string, work: () => unknown): Row {
  const measured = microseconds(work)
  return {
    figure,
    measured: `${measured.median.toFixed(1)} µs`,
    baseline: `${microseconds(() => JSON.parse(text) as unknown).median.toFixed(1)} µs (JSON.parse)`,
    result: `${measured.least.toFixed(1)}–${measured.most.toFixed(1)} µs`,
    target: 'reported',
    verdict: 'reported'
  }
}

function microseconds(work: () => unknown) {
  const times = 500
  const rounds = Array.from({ length: 11 }, () => {
    const begin = performance.now()
    for (let time = 0; time < times; time += 1) work()
    return ((performance.now() - begin) * 1_000) / times
  })
  return spreadOf(rounds.slice(1))
}
