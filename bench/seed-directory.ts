import { createImport } from '../src/background/import.ts'
import { createBoxClient } from '../src/box/client.ts'
import { demoCredentials } from '../src/emulator/seed.ts'
import { systemClock } from '../src/lib/clock.ts'
import type { Logger } from '../src/lib/logger.ts'
import { systemRandom } from '../src/lib/random.ts'
import type { Directory } from '../src/provisioning/ports.ts'
import { changeUser } from '../src/provisioning/records.ts'
import { openDirectory } from '../src/store/open.ts'
import { defaultSettings as settings } from '../test/provisioning/fixtures.ts'
import { shadowOf, userId } from './population.ts'

const quiet: Logger = { info() {}, warn() {}, error() {}, debug() {} }

/** How much is written in one transaction. */
const batch = 1_000

/**
 * Makes the directory of a bridge that has imported the enterprise of an emulated Box, whose first
 * `people` an IdP has written since then.
 */
export async function seedDirectory(path: string, people: number, boxUrl: string): Promise<void> {
  const { enterpriseId } = demoCredentials
  const identity = { boxHost: new URL(boxUrl).host, enterpriseId }
  const clock = systemClock
  const directory = await openDirectory({ url: `file:${path}`, identity, clock, log: quiet })
  try {
    await importAll(directory, boxUrl)
    for (const numbers of batches(people)) await link(directory, numbers)
  } finally {
    await directory.close()
  }
}

async function importAll(directory: Directory, apiUrl: string): Promise<void> {
  const parts = { clock: systemClock, log: quiet }
  const box = createBoxClient({
    ...parts,
    apiUrl,
    credentials: { kind: 'client-credentials', ...demoCredentials },
    callsPerMinute: 1_000_000,
    random: systemRandom
  })
  const alerts = {
    raise(kind: string) {
      throw new Error(`seeding the directory: ${kind}`)
    }
  }
  try {
    const all = { ...parts, directory, box, settings, alerts, begin: async () => {} }
    await (await createImport(all)).run(new AbortController().signal)
  } finally {
    await box.close()
  }
}

async function link(directory: Directory, numbers: readonly number[]): Promise<void> {
  const now = systemClock.now()
  await directory.transaction(async (tx) => {
    for (const n of numbers) {
      const record = await tx.users.get(userId(n))
      if (record === undefined) throw new Error(`The emulated Box has no person ${n}`)
      await tx.putUser(changeUser(record, { linked: true, shadow: shadowOf(n) }, settings, now))
    }
  })
}

function* batches(count: number): Generator<number[]> {
  for (let start = 0; start < count; start += batch) {
    yield Array.from({ length: Math.min(batch, count - start) }, (_, index) => start + index)
  }
}
