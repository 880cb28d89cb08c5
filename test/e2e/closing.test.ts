import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { pino } from 'pino'
import t from 'tap'
import { closingLimits } from '../../src/compose/closing.ts'
import { startBridge } from '../helpers/bridge.ts'
import { createHurriedClock } from '../helpers/hurried-clock.ts'
import { person, scimClient } from '../helpers/scim-client.ts'
import { until } from '../helpers/until.ts'

const { requestsMs, workMs } = closingLimits

/** Long after every answer is due; the emulator cuts its waiting off when it closes. */
const foreverMs = 600_000

t.test('what does not end is cut off after 30 seconds, and the database is closed', async (t) => {
  t.equal(requestsMs + workMs, 30_000)
  const clock = createHurriedClock(1)
  const lines: string[] = []
  const logger = pino({ base: null }, { write: (line) => void lines.push(line) })
  const database = join(t.testdir(), 'bridge.db')
  const env = { DATABASE_URL: `file:${database}` }
  const bridge = await startBridge(t, { env, dependencies: { clock, logger } })
  const { emulator, token, url } = bridge
  emulator.faults.add({ kind: 'delay', ms: foreverMs, method: 'POST', path: '/2.0/users' })
  const write = scimClient(bridge).post('/Users', person('ann@example.com'))
  const slow = connect(Number(new URL(url).port), '127.0.0.1')
  const cut = once(slow, 'close').then(() => clock.now())
  slow.on('error', () => undefined)
  slow.write(
    `POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n` +
      'Content-Type: application/scim+json\r\nContent-Length: 500\r\n\r\n{'
  )
  await until('both are under way', async () => {
    const headers = { authorization: `Bearer ${token}` }
    const metrics = await (await fetch(`${url}/metrics`, { headers })).text()
    return metrics.includes('box_scim_writes_running 2')
  })

  const begun = clock.now()
  let isClosed = false
  const closed = bridge.close().then(() => (isClosed = true))
  await until('it is closed', () => {
    clock.skip(1_000)
    return isClosed
  })
  await closed
  t.equal((await write).status, 503, 'the write is answered when its budget ends')
  t.ok((await cut) - begun >= requestsMs, 'half a request is not cut off before')
  t.match(lines.join(''), /requests that did not end in time are cut off/)
  t.notOk(existsSync(`${database}-wal`), 'SQLite has closed the database')
})
