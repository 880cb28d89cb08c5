import t from 'tap'
import { systemClock } from '../../src/lib/clock.ts'
import { erasePerson } from '../../src/provisioning/erasure.ts'
import { openDirectory } from '../../src/store/open.ts'
import { createMemoryLog } from '../helpers/memory-log.ts'
import { userRecord } from './fixtures.ts'

t.test('whoever comes back while being erased stays', async (t) => {
  const { log } = createMemoryLog()
  const identity = { boxHost: 'box.example.com', enterpriseId: '1' }
  const directory = await openDirectory({
    url: 'file::memory:',
    identity,
    clock: systemClock,
    log
  })
  t.teardown(() => directory.close())
  const shadow = { userName: 'ann@example.com', displayName: 'Ann' }
  const left = userRecord({ linked: true, tombstone: true, shadow })
  await directory.transaction((tx) => tx.putUser(left))

  const back = { ...left, tombstone: false }
  let isBack = false
  const busy = {
    ...directory,
    transaction: async <T>(work: Parameters<typeof directory.transaction<T>>[0]) => {
      if (!isBack) await directory.transaction((tx) => tx.putUser(back))
      isBack = true
      return directory.transaction(work)
    }
  }
  await erasePerson(busy, left.id, { now: 1, correlationId: 'c' })
  t.match(await directory.users.get(left.id), { tombstone: false, shadow })

  await directory.transaction((tx) => tx.putUser(left))
  await erasePerson(directory, left.id, { now: 2, correlationId: 'd' })
  t.strictSame((await directory.users.get(left.id))?.shadow, {}, 'and who stays away is erased')
})
