import t from 'tap'
import { startBridge } from '../helpers/bridge.ts'
import { createHurriedClock } from '../helpers/hurried-clock.ts'
import { assertPutOff } from '../helpers/put-off.ts'
import { group, person, scimClient } from '../helpers/scim-client.ts'
import { until } from '../helpers/until.ts'

const active = (value: boolean) => ({ op: 'replace', path: 'active', value })
const emails = (value: string) => ({ emails: [{ value, type: 'work', primary: true }] })
const title = { op: 'replace', path: 'title', value: 'Boss' }

t.test('a deactivation is not lost where something else about the person is unknown', async (t) => {
  const clock = createHurriedClock()
  const bridge = await startBridge(t, { emulator: { clock }, dependencies: { clock } })
  const { emulator } = bridge
  const scim = scimClient(bridge)
  for (const verb of ['patch', 'delete'] as const) {
    const login = `${verb}@example.com`
    const { body } = await scim.post('/Users', person(login))
    const path = `/Users/${String(body['id'])}`
    emulator.faults.add({ kind: '503-before', path: '/2.0/*' })
    t.equal((await scim.patch(path, title)).status, 503, 'the title is unknown now')
    const gone = verb === 'patch' ? scim.patch(path, active(false)) : scim.delete(path)
    assertPutOff(t, [verb, await gone])
    emulator.faults.clear()
    clock.skip(60_000)
    await until('the bridge deactivates by itself', () => {
      clock.skip(5_000)
      return emulator.state().users[login]?.status === 'inactive'
    })
    if (verb === 'delete') {
      await until('and hides', async () => (await scim.get(path)).status === 404)
      t.equal((await scim.patch(path, active(true))).status, 404)
      t.equal(emulator.state().users[login]?.status, 'inactive', 'nobody brings a leaver back so')
    }
  }
})

t.test(
  "a leaver's account never passes to a namesake, and the advice of the refusal works",
  async (t) => {
    const bridge = await startBridge(t)
    const { emulator } = bridge
    const scim = scimClient(bridge)
    const { body } = await scim.post('/Users', person('leo@example.com', { externalId: 'e-1' }))
    const id = String(body['id'])
    await scim.delete(`/Users/${id}`)
    const namesake = person('leo@example.com', { externalId: 'e-2' })
    t.match(await scim.post('/Users', namesake), { status: 409, body: { detail: /leaver/ } })

    emulator.admin.updateUser('leo@example.com', { login: 'leo.old@example.com' })
    const created = await scim.post('/Users', namesake)
    t.equal(created.status, 201, 'the address is free now')
    t.not(created.body['id'], id)
    t.match(await scim.post('/Users', person('leo.old@example.com', { externalId: 'e-3' })), {
      status: 409,
      body: { detail: /leaver/ }
    })
    t.equal(emulator.state().users['leo.old@example.com']?.status, 'inactive')
    emulator.admin.deleteUser('leo.old@example.com')
    t.equal((await scim.post('/Users', person('leo.old@example.com'))).status, 201)
  }
)

t.test('whoever is renamed in Box keeps their record', async (t) => {
  const bridge = await startBridge(t)
  const scim = scimClient(bridge)
  const { body } = await scim.post('/Users', person('ann@example.com', { nickName: 'A' }))
  bridge.emulator.admin.updateUser('ann@example.com', { login: 'bea@example.com' })
  t.match(await scim.post('/Users', person('bea@example.com')), { status: 409 })
  t.match(await scim.get(`/Users/${String(body['id'])}`), {
    body: { nickName: 'A', userName: 'bea@example.com' }
  })
})

t.test('an externalId that Box alone knew brings the person back', async (t) => {
  const users = [
    {
      login: 'old@example.com',
      name: 'Old Hand',
      external_app_user_id: 'e-1',
      createdByApp: true
    }
  ]
  const bridge = await startBridge(t, { seed: { users } })
  const scim = scimClient(bridge)
  const [found] = await scim.find('/Users', 'externalId eq "e-1"')
  const id = String(found?.['id'])
  t.equal((await scim.delete(`/Users/${id}`)).status, 204)
  t.equal(
    (await scim.post('/Users', person('old@example.com'))).status,
    409,
    'without: somebody else'
  )
  t.match(await scim.post('/Users', person('old@example.com', { externalId: 'e-1' })), {
    status: 201,
    body: { id, active: true }
  })
})

t.test(
  'without events DELETE of a group removes members whom only Box knows, and lets nobody in meanwhile',
  async (t) => {
    const users = ['in@example.com', 'late@example.com'].map((login) => ({ login, name: login }))
    const env = { BOX_EVENTS_POLL_SECONDS: '0' }
    const bridge = await startBridge(t, { seed: { users }, env })
    const { emulator } = bridge
    const scim = scimClient(bridge)
    const ids = users.map(({ login }) => emulator.state().users[login]?.id ?? '')
    const { body } = await scim.post('/Groups', group('Sales', ids.slice(0, 1)))
    const path = `/Groups/${String(body['id'])}`
    emulator.admin.putMember('Sales', 'late@example.com')
    emulator.faults.add({ kind: 'delay', ms: 300, method: 'DELETE' })
    const deleted = scim.delete(path)
    await until('the group is hidden at once', async () => (await scim.get(path)).status === 404)
    const add = { op: 'add', path: 'members', value: [{ value: ids[1] }] }
    t.equal((await scim.patch(path, add)).status, 404)
    t.equal((await deleted).status, 204)
    t.same(emulator.state().groups['Sales']?.members, [])
  }
)

t.test('one userName belongs to one person, whatever their logins', async (t) => {
  const bridge = await startBridge(t)
  const scim = scimClient(bridge)
  const answers = await Promise.all(
    ['a@example.com', 'b@example.com'].map((email) =>
      scim.post('/Users', person('same', emails(email)))
    )
  )
  t.same(
    answers.map(({ status }) => status).toSorted((left, right) => left - right),
    [201, 409]
  )
})
