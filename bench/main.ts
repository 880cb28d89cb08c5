import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Population } from './population.ts'
import { startBridge } from './processes/bridge.ts'
import { start } from './processes/start.ts'
import { measureReads } from './reads.ts'
import { seedDirectory } from './seed-directory.ts'
import { tableOf } from './table.ts'

const sizes = { small: 1_000, large: 100_000 }
const effort = process.argv.includes('--quick')
  ? { rounds: 3, seconds: 1 }
  : { rounds: 7, seconds: 2 }
const population: Population = { people: sizes.large, groups: [100, 50_000] }
const program = (name: string) => fileURLToPath(new URL(`processes/${name}.ts`, import.meta.url))

const folder = await mkdtemp(join(tmpdir(), 'box-scim-bench-'))
const undo: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true })]
try {
  const box = start(program('box'), { args: [JSON.stringify(population)] })
  undo.push(() => box.stop())
  const boxUrl = await box.ask<string>('url')
  const open = async (name: string, population: Population) => {
    const path = join(folder, `${name}.db`)
    await seedDirectory(path, population, new URL(boxUrl).host)
    const bridge = await startBridge(path, boxUrl)
    undo.push(() => bridge.stop())
    return bridge
  }
  const small = await open('small', { people: sizes.small, groups: [100] })
  const large = await open('large', population)
  const baseline = start(program('baseline'))
  undo.push(() => baseline.stop())
  const rows = await measureReads({ baseline, small, large }, sizes, effort)
  console.log(tableOf(rows))
  console.log(
    await large.ask('memory'),
    await large.ask('longestBlock'),
    await baseline.ask('longestBlock')
  )
} finally {
  for (const step of undo.toReversed()) await step()
}
