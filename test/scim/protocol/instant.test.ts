import * as fc from 'fast-check'
import t from 'tap'
import { instantText } from '../../../src/scim/protocol/instant.ts'

t.test('a point in time is written as ECMAScript writes it (RFC 7643 §2.3.5)', async (t) => {
  const times = fc.integer({
    min: Date.UTC(0, 0, 1) - 70_000_000_000_000,
    max: Date.UTC(12_000, 0, 1)
  })
  fc.assert(
    fc.property(times, (time) => instantText(time) === new Date(time).toISOString()),
    { numRuns: 5_000 }
  )
  t.equal(instantText(0), '1970-01-01T00:00:00.000Z')
  t.equal(instantText(-1), '1969-12-31T23:59:59.999Z')
})
