import t from 'tap'
import { nextTurn, turns } from '../../src/lib/turns.ts'
import { createGroupCommit } from '../../src/store/group-commit.ts'
import { memoryUrl, openDirectory } from '../../src/store/open.ts'
import { createMemoryLog } from '../helpers/memory-log.ts'

/** An engine that notes what is asked of it and fails where it is told to. */
function createNotingEngine(failing?: 'begin' | 'commit' | 'rollback') {
  const asked: string[] = []
  const note = (name: string) => () => {
    asked.push(name)
    if (name === failing || (failing === 'rollback' && name === 'commit')) {
      throw new Error(`${name} failed`)
    }
  }
  const commits = createGroupCommit({
    begin: note('begin'),
    beginPart: note('beginPart'),
    endPart: note('endPart'),
    undoPart: note('undoPart'),
    commit: note('commit'),
    rollback: note('rollback')
  })
  const count = (name: string) => asked.filter((one) => one === name).length
  const run = <T>(work: () => Promise<T>) => commits.run(work)
  return { asked, count, run, idle: () => commits.idle() }
}

t.test('those that queue share a commit, and hear of nothing before it', async (t) => {
  const { asked, count, run, idle } = createNotingEngine()
  const told: string[] = []
  const works = Array.from({ length: 40 }, async (_, index) => {
    await run(async () => index)
    told.push(`${index} after ${count('commit')}`)
  })
  await Promise.all(works)
  await idle()
  t.equal(count('begin'), 2)
  t.equal(count('endPart'), 40)
  t.same(told[0], '0 after 1')
  t.same(told[31], '31 after 1')
  t.same(told[32], '32 after 2')
  t.equal(asked.at(-1), 'commit')
})

t.test('one that throws is undone by itself', async (t) => {
  const { asked, run } = createNotingEngine()
  const outcomes = await Promise.allSettled([
    run(async () => 'first'),
    run(() => Promise.reject(new Error('no'))),
    run(async () => 'third')
  ])
  t.match(outcomes, [{ value: 'first' }, { reason: { message: 'no' } }, { value: 'third' }])
  t.same(asked.join(' '), 'begin beginPart endPart beginPart undoPart beginPart endPart commit')
})

for (const failing of ['begin', 'commit', 'rollback'] as const) {
  t.test(
    `where ${failing} fails, all of the group are told, and those after it are tried`,
    async (t) => {
      const { count, run } = createNotingEngine(failing)
      const works = Array.from({ length: 33 }, () => run(async () => true))
      const outcomes = await Promise.allSettled(works)
      t.ok(outcomes.every(({ status }) => status === 'rejected'))
      t.equal(count('begin'), failing === 'begin' ? 33 : 2)
    }
  )
}

t.test(
  'whoever else waits is served between commits, and not held up by two long ones',
  async (t) => {
    const { count, run } = createNotingEngine()
    let served = 0
    const stop = new AbortController()
    const others = (async () => {
      for (; !stop.signal.aborted; served += 1) await nextTurn()
    })()
    const servedAtEnd: number[] = []
    const works = Array.from({ length: 96 }, () =>
      run(async () => 1).then(() => servedAtEnd.push(served))
    )
    await Promise.all(works)
    t.equal(count('commit'), 3)
    const [first = 0, second = 0, third = 0] = [servedAtEnd[0], servedAtEnd[32], servedAtEnd[64]]
    t.ok(second - first >= 60, `${second - first} turns`)
    t.ok(third - second >= 60, `${third - second} turns`)

    await Promise.all([
      run(async () => 1),
      run(() => turns(2)),
      run(() => turns(2)),
      run(async () => 1)
    ])
    t.equal(count('commit'), 6, 'each with those before it only')
    stop.abort()
    await others
  }
)

t.test('in a database, of a group all remains but what threw', async (t) => {
  const clock = { now: () => 0, sleep: () => Promise.resolve() }
  const identity = { boxHost: 'box.invalid', enterpriseId: '1' }
  for (const url of [memoryUrl, `file:${t.testdir()}/bridge.db`]) {
    const { log } = createMemoryLog()
    const directory = await openDirectory({ url, identity, clock, log })
    const seen: unknown[] = []
    const outcomes = await Promise.allSettled([
      directory.transaction((tx) => tx.putState('one', 1)),
      directory.transaction(async (tx) => {
        await tx.putState('one', 2)
        await tx.putState('two', 2)
        throw new Error('no')
      }),
      directory.transaction(async (tx) => {
        seen.push(await tx.state.get('one'), await tx.state.get('two'))
        seen.push(await directory.state.get('one'))
        await tx.putState('three', 3)
      })
    ])
    t.match(outcomes, [{ status: 'fulfilled' }, { reason: { message: 'no' } }, {}])
    t.same(seen, [1, undefined, undefined], 'outside nothing is seen before the commit')
    t.equal(await directory.state.get('one'), 1)
    t.equal(await directory.state.get('two'), undefined)
    t.equal(await directory.state.get('three'), 3)
    await directory.close()
  }
})
