import { createDryBox, type DryLog } from '../dry-run/dry-box.ts'
import type { Clock } from '../lib/clock.ts'
import type { Directory } from '../provisioning/ports.ts'
import type { BoxSide } from './box-side.ts'

/** The same Box, read and never written: what would be written is kept in the directory. */
export async function pretendToWrite(
  box: BoxSide,
  directory: Directory,
  clock: Clock
): Promise<BoxSide> {
  const dry = await createDryBox({ reads: box.client, log: keptIn(directory), clock })
  return { ...box, client: { ...box.client, ...dry } }
}

function keptIn(directory: Directory): DryLog {
  return {
    async *readAll() {
      let after = 0
      for (;;) {
        const page = await directory.dryRun.writes(after)
        const last = page.at(-1)
        if (last === undefined) return
        yield* page
        after = last.id
      }
    },
    append: (write, at) => directory.transaction((tx) => tx.appendDryWrite(write, at))
  }
}
