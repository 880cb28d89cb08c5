import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import type { CompiledQuery } from 'kysely'
import t from 'tap'
import type { Test } from 'tap'
import { createScans } from '../../../src/store/scans/scans.ts'
import type { ScanLimits } from '../../../src/store/scans/scans.ts'

const query = <Row>(sql: string) => ({ sql, parameters: [] }) as unknown as CompiledQuery<Row>

const one = query<{ one: number }>('select 1 as one')

/** Counts for some seconds. */
const long = query(
  'with recursive n(i) as (select 1 union all select i + 1 from n where i < 12000000) select count(*) from n'
)

function startScans(t: Test, limits: ScanLimits = {}) {
  const path = join(t.testdir({}), 'scans.db')
  new DatabaseSync(path).close()
  const scans = createScans(path, limits)
  t.teardown(() => scans.close())
  return scans
}

t.test('a statement runs and gives its rows, another its error', async (t) => {
  const scans = startScans(t)
  t.same(await scans.run(one), [{ one: 1 }])
  await t.rejects(scans.run(query('select * from nothing')), { message: /nothing/ })
  await t.rejects(scans.run(query('create table changed (x)')), { message: /readonly/ })
  t.same(await scans.run(one), [{ one: 1 }], 'an error ends nothing')
})

t.test('what waits is bounded', async (t) => {
  const scans = startScans(t, { waiting: 1 })
  const running = scans.run(one)
  const waiting = scans.run(one)
  await t.rejects(scans.run(one), { code: 'busy', retryAfterSeconds: 5 })
  t.same(await Promise.all([running, waiting]), [[{ one: 1 }], [{ one: 1 }]])
})

t.test('a scan that takes too long is interrupted and its thread replaced', async (t) => {
  const scans = startScans(t, { runMs: 1_500 })
  const late = scans.run(long)
  const next = scans.run(one)
  await t.rejects(late, { code: 'busy' })
  t.same(await next, [{ one: 1 }])
})

t.test('closing fails what runs and what waits', async (t) => {
  const scans = startScans(t)
  const results = Promise.allSettled([scans.run(long), scans.run(one)])
  await scans.close()
  t.same(
    (await results).map(({ status }) => status),
    ['rejected', 'rejected']
  )
  await t.rejects(scans.run(one), { message: 'the directory is closed' })
})
