import t, { type Test } from 'tap'
import { createMonthCount } from '../../src/background/month-count.ts'
import { openDirectory } from '../../src/store/open.ts'
import { createFakeClock } from '../box/support/clocks.ts'
import { createMemoryLog } from '../helpers/memory-log.ts'

const november = Date.parse('2026-11-30T23:00:00Z')

async function setUp(t: Test) {
  const clock = createFakeClock(november)
  const memory = createMemoryLog()
  const { log } = memory
  const identity = { boxHost: 'api.box.com', enterpriseId: '1' }
  const directory = await openDirectory({ url: 'file::memory:', identity, clock, log })
  t.teardown(() => directory.close())
  const start = (allowance?: number) => createMonthCount({ directory, clock, log, allowance })
  const warned = () => memory.lines.filter(({ level }) => level === 'warn')
  return { clock, directory, start, warned }
}

t.test('it warns at 80 % and at 100 %, once each in a month and over restarts', async (t) => {
  const { clock, start, warned } = await setUp(t)
  const first = await start(10)
  for (let calls = 0; calls < 7; calls += 1) first.count()
  t.same(warned(), [])
  first.count()
  t.match(warned(), [
    {
      fields: { month: '2026-11', calls: 8, allowance: 10 },
      message: '80 % of BOX_CALLS_PER_MONTH are used'
    }
  ])
  await first.flush()

  const second = await start(10)
  t.equal(second.calls(), 8, 'it goes on')
  second.count()
  t.equal(warned().length, 1)
  second.count()
  second.count()
  t.match(warned()[1], { message: '100 % of BOX_CALLS_PER_MONTH are used', fields: { calls: 10 } })
  t.equal(warned().length, 2)

  await clock.advance(3_600_000)
  t.equal(second.calls(), 0, 'a new month begins')
  for (let calls = 0; calls < 8; calls += 1) second.count()
  t.match(warned()[2], { fields: { month: '2026-12', calls: 8 } })
})

t.test('it is written down each minute, and at the end', async (t) => {
  const { clock, directory, start } = await setUp(t)
  const noted = () => directory.state.get('box-calls')
  const count = await start()
  const stop = new AbortController()
  const running = count.run(stop.signal)
  count.count()
  await clock.advance(59_000)
  t.match(await noted(), { calls: 0 })
  await clock.advance(1_000)
  t.same(await noted(), { month: '2026-11', calls: 1, allowance: null, warned: 0 })
  count.count()
  stop.abort()
  await running
  await count.flush()
  t.match(await noted(), { calls: 2 })
  t.equal((await start(100)).calls(), 2)
})
