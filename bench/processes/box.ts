import { createEmulator } from '../../src/emulator/emulator.ts'
import { boxSeed } from '../population.ts'
import { serveMessages } from './messages.ts'

/** An emulated Box that never refuses for being called too often. */
const { people, groups } = JSON.parse(process.argv[2] ?? '') as {
  people: number
  groups: number[]
}
const emulator = createEmulator({
  seed: boxSeed({ people, groups }),
  callsPerMinute: 10_000_000,
  callLogLimit: 1
})
const url = await emulator.listen()
serveMessages({ url: () => url })
