import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createBridgeProcess } from '../helpers/bridge-process.ts'
import { chaosBridge, runChaos } from './run-chaos.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '20' },
    feed: { type: 'boolean', default: false }
  }
})
const seed = Number(values.seed)
const minutes = Number(values.minutes)
if (!Number.isInteger(seed) || !(minutes > 0)) {
  throw new TypeError('Usage: npm run chaos -- --seed WHOLE-NUMBER --minutes NUMBER [--feed]')
}

/** However short the run, the bridge dies this often. */
const leastKills = 20

/** Box's events and the fuses at work too: neither may make a difference. */
const feedEnv = {
  BOX_EVENTS_POLL_SECONDS: '5',
  FUSE: '1000000/24h',
  FUSE_MEMBERS: '1000000/24h'
}

const say = (line: string) => process.stdout.write(`${line}\n`)
const folder = await mkdtemp(join(tmpdir(), 'box-scim-chaos-'))
const bridge = await createBridgeProcess({
  ...chaosBridge,
  env: { ...chaosBridge.env, ...(values.feed ? feedEnv : {}) },
  path: join(folder, 'bridge.db')
})
const end = Date.now() + minutes * 60_000
try {
  say(`seed ${seed}, ${minutes} minutes`)
  const report = await runChaos(bridge, {
    seed,
    size: { people: 300, groups: 30, memberships: 3_000 },
    callsBetweenKills: [100, 1_500],
    isOver: ({ kills }) => Date.now() >= end && kills >= leastKills,
    say
  })
  const { drift, duplicates, contradictions, openEntries, ...figures } = report
  const faults = { drift, duplicates, contradictions, openEntries }
  say(JSON.stringify(figures, undefined, 2))
  for (const [name, list] of Object.entries(faults)) {
    say(`${name}: ${list.length}`)
    for (const line of list.slice(0, 50)) say(`  ${line}`)
  }
  if (Object.values(faults).some((list) => list.length > 0)) process.exitCode = 1
} finally {
  await bridge.close()
  await rm(folder, { recursive: true })
}
