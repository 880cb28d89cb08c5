import { createEmulator } from '../../src/emulator/emulator.ts'
import { boxSeed } from '../population.ts'
import { serveMessages } from './messages.ts'

/** What an emulated Box of the bench is to be like. */
interface BoxOptions {
  readonly people: number
  readonly groups: number[]
  /** Default: it never refuses for being called too often. */
  readonly callsPerMinute?: number
  /** How many calls it remembers. */
  readonly callLogLimit?: number
}

const { people, groups, callsPerMinute, callLogLimit } = JSON.parse(
  process.argv[2] ?? ''
) as BoxOptions
const emulator = createEmulator({
  seed: boxSeed({ people, groups }),
  callsPerMinute: callsPerMinute ?? 10_000_000,
  callLogLimit: callLogLimit ?? 1
})
const url = await emulator.listen()
serveMessages({
  url: () => url,
  calls: () => emulator.calls,
  /** The next call is answered 429, with a pause of so many seconds. */
  pause: (seconds) => {
    const retryAfterSeconds = Number(seconds)
    emulator.faults.add({ kind: 'rate-limited', times: 1, path: '/2.0/*', retryAfterSeconds })
    return null
  },
  state: () => emulator.state()
})
