import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Population } from './population.ts'
import { startBridge, token } from './processes/bridge.ts'
import { start } from './processes/start.ts'
import { measureBlocks } from './blocks.ts'
import { measureEngine } from './engine.ts'
import { measureMembers } from './members.ts'
import { measureReads } from './reads.ts'
import { seedDirectory } from './seed-directory.ts'
import type { Row } from './table.ts'

const sizes = { small: 1_000, large: 100_000 }
const population: Population = { people: sizes.large, groups: [100, 50_000] }
const program = (name: string) => fileURLToPath(new URL(`processes/${name}.ts`, import.meta.url))

/** How long the bridges rest before their memory is read: V8 tidies up once a process is idle. */
const restMs = 15_000

/** Measures reads, single changes, blocks, memory and the SCIM engine. */
export async function measureWhole({
  isQuick
}: {
  readonly isQuick: boolean
}): Promise<readonly Row[]> {
  const effort = isQuick ? { rounds: 3, seconds: 1 } : { rounds: 5, seconds: 2 }
  const folder = await mkdtemp(join(tmpdir(), 'box-scim-bench-'))
  const undo: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true })]
  try {
    const open = async (name: string, population: Population) => {
      const box = start(program('box'), { args: [JSON.stringify(population)] })
      undo.push(() => box.stop())
      const boxUrl = await box.ask<string>('url')
      const path = join(folder, `${name}.db`)
      await seedDirectory(path, population.people, boxUrl)
      const bridge = await startBridge(path, boxUrl)
      undo.push(() => bridge.stop())
      await bridge.logged('the directory is compared with Box')
      return bridge
    }
    // The first hundred are in both groups and half of all in one, as in the large directory.
    const small = await open('small', { people: sizes.small, groups: [100, sizes.small / 2] })
    const large = await open('large', population)
    const baseline = start(program('baseline'))
    undo.push(() => baseline.stop())
    const largePath = join(folder, 'large.db')
    const least = start(program('least'), { args: [largePath, token] })
    undo.push(() => least.stop())
    const servers = { baseline, small, large, least }
    await wait(restMs)
    // Whoever starts serves nobody yet: what blocked the event loop until now is forgotten.
    for (const server of Object.values(servers)) await server.ask('longestBlock')
    const memory = {
      small: await small.ask<number>('memory'),
      large: await large.ask<number>('memory')
    }
    const rows = [
      ...(await measureReads(servers, sizes, effort)),
      await measureMembers(large, effort.rounds),
      ...(await measureBlocks(servers, effort.rounds)),
      memoryRow(memory),
      ...measureEngine()
    ]
    return rows
  } finally {
    for (const step of undo.toReversed()) await step()
  }
}

function memoryRow({ small, large }: { readonly small: number; readonly large: number }): Row {
  return {
    figure: 'memory at rest with 100,000 users mirrored (RSS)',
    measured: `${large.toFixed(0)} MB`,
    baseline: `${small.toFixed(0)} MB (1,000 users)`,
    result: (large / small).toFixed(2),
    target: '≤ 300 MB',
    verdict: large <= 300 ? 'met' : 'missed'
  }
}
