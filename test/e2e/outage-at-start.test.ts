import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import t from 'tap'
import { startServer } from '../../src/compose.ts'
import { loadConfig } from '../../src/config/load.ts'
import { createEmulator } from '../../src/emulator/emulator.ts'
import { demoCredentials, emptySeed } from '../../src/emulator/seed.ts'
import { createHurriedClock, passTime } from '../helpers/hurried-clock.ts'
import { assertPutOff } from '../helpers/put-off.ts'
import { person, scimClient } from '../helpers/scim-client.ts'
import { until } from '../helpers/until.ts'

const token = 'a-token-for-tests-only'
const deactivate = { op: 'replace', path: 'active', value: false }
const loginOf = (name: string) => `${name}@example.com`

t.test('Box cannot be reached at the first start', async (t) => {
  const clock = createHurriedClock()
  const emulator = createEmulator({ clock, callsPerMinute: 100_000, seed: emptySeed })
  t.teardown(() => emulator.close())
  const boxUrl = await emulator.listen()
  await emulator.close()
  const lines: string[] = []
  const logger = pino({ base: null }, { write: (line) => void lines.push(line) })
  const server = await startServer(configFor(boxUrl), { clock, logger })
  t.teardown(() => server.close())
  const scim = scimClient({ baseUrl: `${server.url}/scim/v2`, token })

  await until('the log says so', () => lines.some((line) => line.includes('import')))
  t.match(lines.join(''), /the import waits for Box/)
  for (const answer of [
    await scim.get('/Users?filter=userName%20eq%20%22x%40example.com%22'),
    await scim.get('/Groups/1'),
    await scim.post('/Users', person('x@example.com')),
    await scim.patch('/Users/1', deactivate),
    await scim.delete('/Groups/1')
  ]) {
    assertPutOff(t, ['before the import', answer])
  }
  const health = await fetch(`${server.url}/healthz`)
  t.equal(health.status, 200)
  const starting = await readiness(server.url)
  t.equal(starting.status, 503)
  t.match(starting.headers.get('retry-after'), /^[1-9]\d*$/)
  t.match(await starting.json(), {
    status: 'starting',
    box: 'degraded',
    import: { users: 0, groups: 0 }
  })

  await emulator.listen({ port: Number(new URL(boxUrl).port) })
  await passTime(clock, 'ready', async () => (await readiness(server.url)).ok)
  await server.ready
  t.same(await (await readiness(server.url)).json(), {
    status: 'ready',
    box: 'ok',
    import: 'done'
  })
  t.equal((await scim.post('/Users', person('x@example.com'))).status, 201)
})

t.test('restarted with a filled directory while Box cannot be reached', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'bridge-outage-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const databaseUrl = `file:${join(folder, 'bridge.db')}`
  const clock = createHurriedClock()
  const emulator = createEmulator({ clock, callsPerMinute: 100_000, seed: emptySeed })
  t.teardown(() => emulator.close())
  const boxUrl = await emulator.listen()
  const start = async () => {
    const server = await startServer(configFor(boxUrl, databaseUrl), { clock })
    return { server, scim: scimClient({ baseUrl: `${server.url}/scim/v2`, token }) }
  }
  const first = await start()
  await first.server.ready
  const ids = new Map<string, string>()
  for (const name of ['leo', 'lea', 'uma']) {
    const { body } = await first.scim.post('/Users', person(loginOf(name)))
    ids.set(name, String(body['id']))
  }
  emulator.faults.add({ kind: '503-before' })
  assertPutOff(t, ['told', await first.scim.patch(`/Users/${ids.get('leo')}`, deactivate)])
  await first.server.close()
  await emulator.close()
  emulator.faults.clear()

  const { server, scim } = await start()
  t.teardown(() => server.close())
  const ready = await readiness(server.url)
  t.equal(ready.status, 200, 'ready at once')
  t.match(await ready.json(), { status: 'ready', import: 'done' })
  t.match(await scim.get(`/Users/${ids.get('uma')}`), { status: 200, body: { active: true } })
  t.equal((await scim.find('/Users', `userName eq "${loginOf('uma')}"`)).length, 1)
  assertPutOff(t, ['deletion', await scim.delete(`/Users/${ids.get('lea')}`)])
  t.match(await (await readiness(server.url)).json(), { status: 'ready', box: 'degraded' })

  await emulator.listen({ port: Number(new URL(boxUrl).port) })
  await passTime(clock, 'removals of both lives are driven on', () => {
    const { users } = emulator.state()
    return [users[loginOf('leo')], users[loginOf('lea')]].every((u) => u?.status === 'inactive')
  })
  await passTime(clock, 'health', async () => /ok/.test(await (await readiness(server.url)).text()))
})

/** With its details. */
function readiness(url: string): Promise<Response> {
  return fetch(`${url}/readyz`, { headers: { authorization: `Bearer ${token}` } })
}

function configFor(boxUrl: string, databaseUrl = 'file::memory:') {
  const { clientId, clientSecret, enterpriseId } = demoCredentials
  return loadConfig(
    {
      PORT: '0',
      SCIM_TOKEN: token,
      DATABASE_URL: databaseUrl,
      BOX_API_URL: boxUrl,
      BOX_CLIENT_ID: clientId,
      BOX_CLIENT_SECRET: clientSecret,
      BOX_ENTERPRISE_ID: enterpriseId,
      BOX_CALLS_PER_MINUTE: '10000',
      LOG_LEVEL: 'silent'
    },
    () => ''
  )
}
