import t from 'tap'
import { createMembershipProgress } from '../../src/background/membership-progress.ts'
import { newEntry } from '../../src/provisioning/operations.ts'
import { openDirectory } from '../../src/store/open.ts'
import { createFakeClock } from '../box/support/clocks.ts'
import { groupId, userId } from '../contract/directory-records.ts'
import { createMemoryLog } from '../helpers/memory-log.ts'

t.test('the log tells once a minute how far acknowledged memberships are', async (t) => {
  const clock = createFakeClock()
  const { log, lines } = createMemoryLog()
  const identity = { boxHost: 'api.box.com', enterpriseId: '1' }
  const directory = await openDirectory({ url: 'file::memory:', identity, clock, log })
  t.teardown(() => directory.close())
  const parts = { directory, clock, log, callsPerMinute: 900 }
  const progress = createMembershipProgress(parts)
  const stop = new AbortController()
  const running = progress.run(stop.signal)
  const told = () => lines.filter(({ message }) => message.includes('acknowledged memberships'))
  await clock.advance(60_000)
  t.same(told(), [], 'nothing to tell')

  const entries = await directory.transaction((tx) =>
    tx.appendJournal(
      Array.from({ length: 1800 }, (_, index) => ({
        ...newEntry(
          { kind: 'add-membership', groupId: groupId(7), userId: userId(100 + index) },
          'a-request',
          clock.now()
        ),
        acknowledged: index < 1350
      }))
    )
  )
  t.match(await directory.journal.open(), {
    states: { decided: 1800, sent: 0, unknown: 0 },
    oldestAt: clock.now(),
    removals: 0,
    oldestRemovalAt: undefined,
    pendingMemberships: 1350
  })
  t.equal(progress.secondsLeft(1350), 90, 'by the budget until a rate is seen')
  await clock.advance(60_000)
  t.match(told(), [{ fields: { pending: 1350, doneLastMinute: 0, secondsLeft: 90 } }])

  const finish = async (ids: readonly number[]) => {
    await directory.transaction((tx) => tx.updateJournal(ids, { state: 'confirmed' }))
    for (const _ of ids) progress.settled()
  }
  await finish(entries.slice(0, 450).map(({ id }) => id))
  await clock.advance(60_000)
  t.match(told()[1], { fields: { pending: 900, doneLastMinute: 450, secondsLeft: 120 } })
  t.same(await directory.state.get('membership-progress'), { at: clock.now(), perMinute: 450 })

  await finish(entries.slice(450).map(({ id }) => id))
  await clock.advance(60_000)
  t.match(told()[2], { message: 'all acknowledged memberships are carried out' })
  await clock.advance(60_000)
  t.equal(told().length, 3)
  stop.abort()
  await running
})
