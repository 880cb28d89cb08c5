import t from 'tap'
import { bridgeProcess } from '../helpers/bridge-process.ts'
import { person } from '../helpers/scim-client.ts'
import { until } from '../helpers/until.ts'

/** How much memory the bridge may have: less than what all bodies together would take. */
const heapMegabytes = 192
const writes = 1_500
const bodyLength = 32 * 1024

t.test('a storm of writes while Box hangs: bounded memory, honest answers', async (t) => {
  const bridge = await bridgeProcess(t, {
    env: {
      REQUEST_BUDGET_SECONDS: '3',
      CALLER_WRITES: '0',
      NODE_OPTIONS: `--max-old-space-size=${heapMegabytes}`
    }
  })
  await bridge.start()
  const { scim } = bridge
  const before = await scim.post('/Users', person('ann@example.com'))
  t.equal(before.status, 201)
  const path = `/Users/${String(before.body['id'])}`
  bridge.emulator.faults.add({ kind: 'delay', ms: 120_000, method: 'POST', path: '/2.0/users' })

  const more = { title: 'x'.repeat(bodyLength) }
  const storm = Array.from({ length: writes }, (_, index) =>
    scim.post('/Users', person(`p${index}@example.com`, more))
  )
  const isOver = Promise.all(storm).then(() => true)
  const reads: number[] = []
  while (!(await Promise.race([isOver, Promise.resolve(false)]))) {
    reads.push((await scim.get(path)).status)
  }
  t.ok(reads.length > 10, `reads went on: ${reads.length}`)
  t.same(new Set(reads), new Set([200]), 'all of them')

  const answers = await Promise.all(storm)
  t.same(
    answers.filter(({ status }) => status !== 503 && status !== 429),
    []
  )
  const waits = answers.map(({ headers }) => headers.get('retry-after') ?? '')
  t.same(
    waits.filter((wait) => !/^[1-9]\d*$/.test(wait)),
    []
  )
  const shed = answers.filter(({ body }) => /too much to do/.test(String(body['detail'])))
  t.ok(shed.length > 0, 'some were turned away at the door')
  t.ok(shed.length < writes, 'and some were tried')

  bridge.emulator.faults.clear()
  await until('a client that tries again gets through', async () => {
    const { status } = await scim.post('/Users', person('late@example.com'))
    return status === 201 || status === 409
  })
  t.equal(await bridge.stop(), 0)
})
