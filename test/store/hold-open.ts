import { openDirectory } from '../../src/store/open.ts'
import { user } from '../contract/directory-records.ts'

/** Opens the database named by the argument, commits one person, leaves another uncommitted, stays. */
const directory = await openDirectory({
  url: process.argv[2] ?? '',
  identity: { boxHost: 'api.box.com', enterpriseId: '42' },
  clock: { now: () => 0, sleep: async () => {} },
  log: { info() {}, warn() {}, error() {}, debug() {} }
})
await directory.transaction((tx) => tx.putUser(user(1)))
await directory.transaction(async (tx) => {
  await tx.putUser(user(2))
  process.stdout.write('open\n')
  // A timer far away keeps the process there until it is killed.
  await new Promise((resolve) => setTimeout(resolve, 2 ** 30))
})
