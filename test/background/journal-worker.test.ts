import t from 'tap'
import { createJournalWorker } from '../../src/background/journal-worker.ts'
import { newEntry } from '../../src/provisioning/operations.ts'
import { memoryUrl, openDirectory } from '../../src/store/open.ts'
import { createFakeClock } from '../box/support/clocks.ts'
import { groupId, userId } from '../contract/directory-records.ts'
import { createMemoryLog } from '../helpers/memory-log.ts'
import { until } from '../helpers/until.ts'

t.test('what requests are working takes nobody’s place', async (t) => {
  const clock = createFakeClock()
  const { log } = createMemoryLog()
  const identity = { boxHost: 'api.box.com', enterpriseId: '1' }
  const directory = await openDirectory({ url: memoryUrl, identity, clock, log })
  t.teardown(() => directory.close())
  const entries = await directory.transaction((tx) =>
    tx.appendJournal(
      Array.from({ length: 1_001 }, (_, index) => ({
        ...newEntry(
          { kind: 'add-membership', groupId: groupId(7), userId: userId(100 + index) },
          'a-request',
          clock.now()
        ),
        acknowledged: index === 1_000
      }))
    )
  )
  const inWork = new Set(entries.slice(0, 1_000).map(({ id }) => id))
  const driven: number[] = []
  const stop = new AbortController()
  const worker = createJournalWorker({
    directory,
    inWork,
    clock,
    log,
    async drive({ id }) {
      driven.push(id)
      await directory.transaction((tx) => tx.updateJournal([id], { state: 'confirmed' }))
      return true
    }
  })
  const running = worker.run(stop.signal)
  await until('the other is driven', () => driven.length > 0)
  t.same(driven, [entries[1_000]?.id])
  stop.abort()
  await running
})
