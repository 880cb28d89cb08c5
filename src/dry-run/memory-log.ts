import type { DryWriteEntry } from '../provisioning/dry-run/writes.ts'
import type { DryLog } from './dry-box.ts'

/** A log of a dry run that is gone with the process; `entries` is what it holds, in order. */
export function createMemoryLog(): DryLog & { readonly entries: readonly DryWriteEntry[] } {
  const entries: DryWriteEntry[] = []
  return {
    entries,
    async *readAll() {
      yield* entries
    },
    append(write, at) {
      const entry = { id: entries.length + 1, at, write }
      entries.push(entry)
      return Promise.resolve(entry)
    }
  }
}
