import t from 'tap'
import { bridgeProcess } from '../helpers/bridge-process.ts'
import { chaosBridge, runChaos, type ChaosReport } from './run-chaos.ts'

/** Another run than the usual one: CHAOS_SEED=… npx tap test/chaos/chaos.test.ts */
const seed = Number(process.env['CHAOS_SEED'] ?? 20)

const size = { people: 300, groups: 30, memberships: 3_000 }
const kills = 5

/** Removals that nobody but the bridge finishes: as many as make a lost one show. */
const isEnough = ({ user = 0, membership = 0 }: ChaosReport['left']) =>
  user >= 3 && membership >= 20

// Beside other tests on a busy machine.
t.setTimeout(300_000)

t.test('300 people, 30 groups, 3,000 memberships, five crashes', async (t) => {
  t.comment(`CHAOS_SEED=${seed}`)
  const bridge = await bridgeProcess(t, chaosBridge)
  const report = await runChaos(bridge, {
    seed,
    size,
    callsBetweenKills: [200, 900],
    isOver: (progress) => progress.cycles > 0 && progress.kills >= kills && isEnough(progress.left),
    say: (line) => t.comment(line)
  })
  t.comment(JSON.stringify({ ...report, drift: report.drift.length }))
  t.same(report.drift, [], 'Box is what was meant')
  t.same(report.duplicates, [], 'nothing is there twice')
  t.same(report.contradictions, [], 'what was acknowledged is there, after every crash')
  t.same(report.openEntries, [], 'the journal is empty')
  t.ok(report.kills >= kills, `${report.kills} kills`)
  t.ok(isEnough(report.left), `left to the bridge: ${JSON.stringify(report.left)}`)
  const kinds = Object.entries(report.faults).filter(([, count]) => count > 0)
  t.ok(kinds.length >= 10, `${kinds.length} kinds of faults`)
  t.equal(await bridge.stop(), 0)
  t.same(bridge.openEntries(), [], 'and stays empty')
})
