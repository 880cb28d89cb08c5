import t from 'tap'
import { createDenials, denialsPerMinute, type Denial } from '../../src/provisioning/denials.ts'
import type { Directory } from '../../src/provisioning/ports.ts'
import { openDirectory } from '../../src/store/open.ts'

const clock = { now: () => 1_234, sleep: async () => {} }
const log = { info() {}, warn() {}, error() {}, debug() {} }

const denial = (more: Partial<Denial> = {}): Denial => ({
  correlationId: 'c',
  actor: '',
  via: '',
  source: '192.0.2.1',
  method: 'GET',
  route: '/scim/v2/Users',
  status: 401,
  ...more
})

async function setUp(t: { teardown(end: () => unknown): void }) {
  const identity = { boxHost: 'api.box.com', enterpriseId: '42' }
  const directory = await openDirectory({ url: 'file::memory:', identity, clock, log })
  t.teardown(() => directory.close())
  const told = async () =>
    (await directory.history.list({ afterId: 0, limit: 1_000 })).map(
      ({ actor, outcome, asked }) => `${actor} ${asked?.source} ${outcome} ${asked?.requests}`
    )
  return { directory, told }
}

t.test('one entry for a source, a caller and an outcome', async (t) => {
  const { directory, told } = await setUp(t)
  const denials = createDenials({ directory, clock })
  denials.note(denial())
  denials.note(denial({ status: 429 }))
  denials.note(denial({ method: 'POST' }))
  denials.note(denial({ status: 403, actor: 'entra', via: 'token' }))
  denials.note(denial({ source: '2001:db8::1' }))
  t.strictSame(await told(), [])
  await denials.flush()
  await denials.flush()
  t.strictSame(await told(), [
    'unknown 192.0.2.1 unauthenticated 2',
    'unknown 192.0.2.1 throttled 1',
    'entra 192.0.2.1 forbidden 1',
    'unknown 2001:db8::1 unauthenticated 1'
  ])
})

t.test('however many sources, the entries of a minute are few', async (t) => {
  const { directory, told } = await setUp(t)
  const denials = createDenials({ directory, clock })
  for (let n = 0; n < 5_000; n += 1) denials.note(denial({ source: `10.0.${n >> 8}.${n & 255}` }))
  await denials.flush()
  const entries = await told()
  t.equal(entries.length, denialsPerMinute + 1)
  t.equal(entries.at(-1), `unknown others unauthenticated ${5_000 - denialsPerMinute}`)
})

t.test('what cannot be written down is written down later', async (t) => {
  const { directory, told } = await setUp(t)
  let isBroken = true
  const flaky: Directory = {
    ...directory,
    async transaction(work) {
      if (isBroken) throw new Error('the disk is full')
      return directory.transaction(work)
    }
  }
  const denials = createDenials({ directory: flaky, clock })
  denials.note(denial())
  await t.rejects(denials.flush(), { message: 'the disk is full' })
  denials.note(denial())
  isBroken = false
  await denials.flush()
  t.strictSame(await told(), ['unknown 192.0.2.1 unauthenticated 2'])
})
