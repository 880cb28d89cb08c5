import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Population } from './population.ts'
import { startBridge } from './processes/bridge.ts'
import type { Bridge } from './processes/bridge.ts'
import { start } from './processes/start.ts'
import type { Process } from './processes/start.ts'
import { seedDirectory } from './seed-directory.ts'

/** A bridge of its own in front of a Box of its own. */
export interface Stage {
  readonly bridge: Bridge
  /** Answers `calls`, `state` and `pause`. */
  readonly box: Process
}

/** Sets up a Box that allows so many calls a minute, and a bridge; ends both after `play`. */
export async function onStage<Result>(
  options: Population & { readonly callsPerMinute: number; readonly budget: string },
  play: (stage: Stage) => Promise<Result>
): Promise<Result> {
  const { people, groups, callsPerMinute, budget } = options
  const folder = await mkdtemp(join(tmpdir(), 'box-scim-bench-'))
  const undo: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true })]
  try {
    const program = fileURLToPath(new URL('processes/box.ts', import.meta.url))
    const box = start(program, {
      args: [JSON.stringify({ people, groups, callsPerMinute, callLogLimit: 1_000_000 })]
    })
    undo.push(() => box.stop())
    const boxUrl = await box.ask<string>('url')
    const path = join(folder, 'bridge.db')
    await seedDirectory(path, people, boxUrl)
    const bridge = await startBridge(path, boxUrl, {
      BOX_CALLS_PER_MINUTE: budget,
      BOX_EVENTS_POLL_SECONDS: '0',
      REQUEST_BUDGET_SECONDS: '25',
      FUSE: 'off'
    })
    undo.push(() => bridge.stop())
    return await play({ bridge, box })
  } finally {
    for (const step of undo.toReversed()) await step()
  }
}
