import { createHmac } from 'node:crypto'
import t, { type Test } from 'tap'
import { createAlertDesk, type AlertDesk } from '../../src/alerts/alerts.ts'
import type { Post } from '../../src/alerts/post.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import type { AlertKind } from '../../src/provisioning/alerts.ts'
import { startAlertReceiver, type Received } from '../helpers/alert-receiver.ts'
import { createMemoryLog } from '../helpers/memory-log.ts'
import { until } from '../helpers/until.ts'

const secret = 'a-secret-for-the-webhook'
const hourMs = 3_600_000

const nothing: Received = { url: '', headers: {}, body: '' }

/** A desk whose clock stands still but for its waits, which pass at once. */
function deskFor(t: Test, url: string | undefined, post?: Post) {
  const { log, lines } = createMemoryLog()
  const raised: AlertKind[] = []
  const time = { now: Date.UTC(2030, 0, 1) }
  const waits: number[] = []
  const clock: Clock = {
    now: () => time.now,
    sleep(duration, signal) {
      if (duration < hourMs) {
        waits.push(duration)
        time.now += duration
        return Promise.resolve()
      }
      return new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('woken')), { once: true })
      })
    }
  }
  const desk: AlertDesk = createAlertDesk({
    webhook: url === undefined ? undefined : { url, secret },
    clock,
    random: systemRandom,
    log,
    onRaised: (kind) => raised.push(kind),
    ...(post === undefined ? {} : { post })
  })
  const stop = new AbortController()
  const running = desk.run(stop.signal)
  const end = async () => {
    stop.abort()
    await running
  }
  t.teardown(end)
  return { desk, lines, raised, time, waits, end }
}

t.test('an alert is logged, counted and posted with a signature', async (t) => {
  const { url, received } = await startAlertReceiver(t)
  const { desk, lines, raised } = deskFor(t, url)
  const facts = { subject: 'user:7', userId: '7', removal: 'delete' }
  desk.raise('protected-leaver', facts, { login: 'ann@example.com' })
  await until('the alert arrives', () => received.length === 1)
  const [{ headers, body } = nothing] = received
  t.match(JSON.parse(body), { kind: 'protected-leaver', facts, at: '2030-01-01T00:00:00.000Z' })
  t.match(JSON.parse(body), { runbook: 'docs/operations/runbook.md#protected-leaver' })
  t.notMatch(body, 'ann@example.com', 'what is for the log only stays there')
  const timestamp = String(headers['x-box-scim-timestamp'])
  t.equal(timestamp, String(Date.UTC(2030, 0, 1) / 1000))
  const expected = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')
  t.equal(headers['x-box-scim-signature'], `sha256=${expected}`)
  t.strictSame(raised, ['protected-leaver'])
  t.match(lines, [{ level: 'error', fields: { alert: 'protected-leaver', login: /ann/ } }])
  t.notMatch(JSON.stringify(lines), secret)
})

t.test('a kind and a subject are sent once an hour, and logged each time', async (t) => {
  const { url, received } = await startAlertReceiver(t)
  const { desk, lines, raised, time } = deskFor(t, url)
  const subjects = () =>
    received.map(({ body }) => (JSON.parse(body) as { facts: { subject: string } }).facts.subject)
  desk.raise('protected-leaver', { subject: 'user:7' })
  desk.raise('protected-leaver', { subject: 'user:7' })
  desk.raise('protected-leaver', { subject: 'user:8' })
  await until('both arrive', () => received.length === 2)
  time.now += hourMs - 1
  desk.raise('protected-leaver', { subject: 'user:7' })
  time.now += 1
  desk.raise('protected-leaver', { subject: 'user:7' })
  await until('the repetition arrives', () => received.length === 3)
  t.strictSame(subjects(), ['user:7', 'user:8', 'user:7'])
  t.equal(raised.length, 5)
  t.equal(lines.length, 5)
})

t.test('what the receiver cannot take now is sent again, later and later', async (t) => {
  const { url, received } = await startAlertReceiver(t, [500, 429, 503])
  const { desk, waits, lines } = deskFor(t, url)
  desk.raise('fuse-open', { subject: 'fuse:people' })
  await until('the fourth attempt arrives', () => received.length === 4)
  t.equal(new Set(received.map(({ headers }) => headers['x-box-scim-id'])).size, 1)
  t.equal(waits.length, 3)
  const [first = 0, second = 0, third = 0] = waits
  t.ok(first >= 500 && first <= 1500 && second >= 1000 && third >= 2000, waits.join(' '))
  t.equal(lines.length, 1, 'nothing else is logged')
})

t.test('a redirect is not followed, and a refusal not repeated', async (t) => {
  const { url, received } = await startAlertReceiver(t, [302, 400])
  const { desk, lines, waits } = deskFor(t, url)
  desk.raise('fuse-open', { subject: 'fuse:people' })
  await until('it is given up', () => lines.length === 2)
  desk.raise('fuse-open', { subject: 'fuse:people' })
  await until('the next is given up', () => lines.length === 4)
  t.strictSame(
    received.map(({ url }) => url),
    ['/alerts', '/alerts'],
    'what was not delivered does not keep the next one back'
  )
  t.strictSame(waits, [])
  t.match(lines[1], { level: 'error', fields: { delivery: 'refused' } })
})

t.test('a receiver that is gone costs ten attempts, and the queue is bounded', async (t) => {
  let attempts = 0
  const { desk, lines, end } = deskFor(t, 'https://alerts.example.com/', async () => {
    attempts += 1
    throw new Error('unreachable')
  })
  desk.raise('fuse-open', { subject: 'fuse:people' })
  await until('it is given up', () => lines.length === 2)
  t.equal(attempts, 10)
  const most = 100
  for (let index = 0; index <= most; index += 1) {
    desk.raise('protected-leaver', { subject: `user:${index}` })
  }
  const left = lines.filter(({ message }) => message.startsWith('too many alerts wait'))
  t.equal(left.length, 1)
  await end()
  t.equal(lines.filter(({ message }) => message.includes('could not be sent')).length, 1 + most)
})

t.test('without a webhook there are log and metrics', async (t) => {
  const { desk, lines, raised } = deskFor(t, undefined)
  desk.raise('token-expiring', { subject: 'token:1', token: 'okta' })
  t.match(lines, [{ level: 'warn', fields: { token: 'okta' } }])
  t.strictSame(raised, ['token-expiring'])
})
