import t from 'tap'
import { createFailureLimit, failureLimits } from '../../src/scim/access/failure-limit.ts'

function begin() {
  let now = 1_700_000_000_000
  const clock = { now: () => now, sleep: () => Promise.reject(new Error('nobody sleeps here')) }
  const limit = createFailureLimit(clock)
  const failTimes = (address: string, times: number) =>
    Array.from({ length: times }, () => limit.failed(address))
  return { failTimes, pass: (ms: number) => void (now += ms) }
}

const { burst, intervalMs } = failureLimits

t.test('a source may fail some times, then once an interval', async (t) => {
  const { failTimes, pass } = begin()
  t.ok(failTimes('192.0.2.1', burst).every((wait) => wait === undefined))
  t.strictSame(failTimes('192.0.2.1', 3), [2, 2, 2], 'asking again does not make it longer')
  pass(intervalMs)
  t.strictSame(failTimes('192.0.2.1', 2), [undefined, 2])
  pass(burst * intervalMs)
  t.ok(
    failTimes('192.0.2.1', burst).every((wait) => wait === undefined),
    'and begins anew'
  )
})

t.test('a clock that is set back makes nobody wait for it', async (t) => {
  const { failTimes, pass } = begin()
  failTimes('192.0.2.1', burst)
  pass(-3_600_000)
  t.strictSame(failTimes('192.0.2.1', 1), [2])
  pass(intervalMs)
  t.strictSame(failTimes('192.0.2.1', 1), [undefined])
})

t.test('sources are counted apart, a /64 of IPv6 as one', async (t) => {
  const { failTimes } = begin()
  failTimes('192.0.2.1', burst)
  t.strictSame(failTimes('192.0.2.2', 1), [undefined])
  failTimes('2001:db8:1:2::7', burst)
  t.strictSame(failTimes('2001:db8:1:2:ffff::1', 1), [2])
  t.strictSame(failTimes('2001:db8:1:3::7', 1), [undefined])
  t.strictSame(failTimes('2001:db8::1', 1), [undefined])
  t.strictSame(failTimes('192.0.2.1:49152', 1), [2], 'a port makes no other source')
  t.strictSame(failTimes('::ffff:192.0.2.1', 1), [2])
})

t.test('it remembers no more sources than it has room for', async (t) => {
  const { failTimes } = begin()
  failTimes('192.0.2.1', burst)
  for (let n = 0; n < 10_000; n += 1) failTimes(`10.0.${n >> 8}.${n & 255}`, 1)
  t.strictSame(failTimes('192.0.2.1', 1), [undefined], 'the oldest is forgotten')
})
