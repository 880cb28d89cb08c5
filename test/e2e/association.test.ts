import t, { type Test } from 'tap'
import { demoCredentials, type SeedUser } from '../../src/emulator/seed.ts'
import type { BridgeOptions } from '../helpers/bridge.ts'
import { startLeavingBridge, type LeavingBridge } from '../helpers/leaving-bridge.ts'
import { person } from '../helpers/scim-client.ts'

t.jobs = 2

const byId = { ASSOCIATION: 'external_app_user_id', BOX_EVENTS_POLL_SECONDS: '300' }
const ann = 'ann@example.com'
const bob = 'bob@example.com'

/** Ann's account was made by this application; Bob's by hand. */
const annOfApp: SeedUser = {
  login: ann,
  name: 'Name of ann',
  external_app_user_id: 'e-1',
  createdByApp: true
}
const bobByHand: SeedUser = { login: bob, name: 'Name of bob' }

function start(
  t: Test,
  users: readonly SeedUser[],
  options: BridgeOptions = {}
): Promise<LeavingBridge> {
  return startLeavingBridge(t, { ...byId, ...options.env }, { ...options, seed: { users } })
}

const both = (externalId: string) => ({
  op: 'replace',
  value: { externalId, title: `Title ${externalId}` }
})
const patched = (path: string, value: unknown) => ({ op: 'replace', path, value })
const loginChange = [
  'POST /users/N/email_aliases',
  'PUT /users/N',
  'GET /users/N/email_aliases',
  'DELETE /users/N/email_aliases/N'
]

t.test('somebody new costs one call, and is known by the externalId', async (t) => {
  const { scim, emulator, takeCalls, audit } = await start(t, [])
  const created = await scim.post('/Users', person(ann, { externalId: 'e-1' }))
  t.equal(created.status, 201)
  t.same(takeCalls(), ['POST /users'])
  t.equal(emulator.state().users[ann]?.external_app_user_id, 'e-1')

  t.match(await scim.post('/Users', person(bob, { externalId: 'e-1' })), {
    status: 409,
    body: {
      scimType: 'uniqueness',
      detail: `The externalId "e-1" belongs to user ${String(created.body['id'])} already: match that user instead of creating another.`
    }
  })
  t.same(takeCalls(), [], 'nobody is asked and nothing is changed')
  t.match(audit(bob), [{ action: 'user.create', outcome: 'external_id_taken', notes: [] }])
  t.match(await scim.post('/Users', person(bob)), { status: 201 }, 'without one, the login counts')
})

t.test('the externalId comes before the login', async (t) => {
  const { scim, emulator, takeCalls, audit } = await start(t, [annOfApp])
  const { id = '' } = emulator.state().users[ann] ?? {}
  const linked = await scim.post(
    '/Users',
    person('ann.new@example.com', { externalId: 'e-1', displayName: 'Name of ann' })
  )
  t.match(linked, { status: 201, body: { id, userName: 'ann.new@example.com' } })
  t.same(takeCalls(), loginChange, 'the login follows')
  t.equal(emulator.state().users['ann.new@example.com']?.id, id)
  t.match(audit(id), [{ action: 'user.create', outcome: 'done' }])
})

t.test('then the login counts', async (t) => {
  const { scim, emulator, takeCalls, audit } = await start(t, [bobByHand])
  const { id = '' } = emulator.state().users[bob] ?? {}
  const linked = await scim.post('/Users', person(bob, { externalId: 'e-2' }))
  t.match(linked, { status: 201, body: { id, externalId: 'e-2' } })
  t.same(takeCalls(), [], 'Box takes the externalId of its creating application only')
  t.equal(emulator.state().users[bob]?.external_app_user_id, '')
  t.equal(audit(id).length, 1)
  const again = person('robert@example.com', { externalId: 'e-2' })
  t.match(await scim.post('/Users', again), { status: 409, body: { detail: new RegExp(id) } })
  t.same(takeCalls(), [])
})

t.test('two accounts for one person are for an admin to sort out', async (t) => {
  const { scim, emulator, takeCalls, audit } = await start(t, [annOfApp, bobByHand])
  const { users } = emulator.state()
  const wanted = person(bob, { externalId: 'e-1' })
  t.match(await scim.post('/Users', wanted), {
    status: 409,
    body: {
      scimType: 'uniqueness',
      detail: `The externalId "e-1" belongs to user ${users[ann]?.id}, and ${bob} to user ${users[bob]?.id}: two Box accounts, and which is the person only an admin can tell. Give the other one another login in the Box Admin Console, or delete it there, and provision again.`
    }
  })
  t.same(takeCalls(), [])
  t.same(emulator.state().users, users)
  t.match(audit(bob), [{ outcome: 'external_id_taken' }])
})

t.test('a login does not pass to somebody with another externalId', async (t) => {
  const { scim, emulator, takeCalls, pathOf } = await start(t, [annOfApp])
  const wanted = person(ann, { externalId: 'e-9' })
  t.match(await scim.post('/Users', wanted), {
    status: 409,
    body: { scimType: 'uniqueness', detail: /another externalId/ }
  })
  t.same(takeCalls(), [])
  const corrected = await scim.patch(pathOf(ann), patched('externalId', 'e-9'))
  t.match(corrected, { status: 200, body: { externalId: 'e-9' } }, 'as the answer advises')
  const { id } = emulator.state().users[ann] ?? {}
  t.match(await scim.post('/Users', wanted), {
    status: 409,
    body: {
      detail: `The externalId "e-9" belongs to user ${id} already: match that user instead of creating another.`
    }
  })
})

t.test('who comes back is known by the externalId, whatever the login', async (t) => {
  const { scim, emulator, takeCalls } = await start(t, [])
  const { body } = await scim.post('/Users', person(ann, { externalId: 'e-1' }))
  const path = `/Users/${String(body['id'])}`
  await scim.delete(path)
  takeCalls()
  const named = { externalId: 'e-1', displayName: 'Name of ann' }
  t.match(await scim.post('/Users', person('ann.new@example.com', named)), {
    status: 201,
    body: { id: body['id'], active: true }
  })
  t.same(takeCalls(), loginChange)
  t.match(emulator.state().users['ann.new@example.com'], { id: body['id'], status: 'active' })

  await scim.delete(path)
  takeCalls()
  for (const more of [{ externalId: 'e-2' }, {}]) {
    t.match(await scim.post('/Users', person('ann.new@example.com', more)), {
      status: 409,
      body: { scimType: 'uniqueness', detail: /not handed to a namesake/ }
    })
  }
  t.equal(emulator.state().users['ann.new@example.com']?.status, 'inactive')
})

t.test('an externalId changes, is nobody else’s, and does not go away', async (t) => {
  const { scim, emulator, takeCalls, pathOf } = await start(t, [annOfApp, bobByHand])
  const bobsId = patched('externalId', 'e-2')
  t.match(await scim.patch(pathOf(bob), bobsId), { status: 200, body: { externalId: 'e-2' } })
  t.same(takeCalls(), [], 'another application created Bob')

  const { body } = await scim.post('/Users', person('cat@example.com', { externalId: 'e-3' }))
  const cat = `/Users/${String(body['id'])}`
  takeCalls()
  t.match(await scim.patch(cat, bobsId), { status: 409, body: { scimType: 'uniqueness' } })
  t.same(takeCalls(), [])
  t.match(await scim.patch(cat, patched('externalId', 'e-4')), { status: 200 })
  t.same(takeCalls(), ['PUT /users/N'])
  t.equal(emulator.state().users['cat@example.com']?.external_app_user_id, 'e-4')

  t.match(await scim.patch(cat, { op: 'remove', path: 'externalId' }), {
    body: { externalId: 'e-4' }
  })
  const named = { userName: 'cat@example.com', displayName: 'Name of cat' }
  t.match(await scim.put(cat, named), { status: 200, body: { externalId: 'e-4' } })
  t.same(takeCalls(), [])
})

t.test('of two who are given one externalId at once, one gets it', async (t) => {
  const { scim, emulator } = await start(t, [])
  const paths: string[] = []
  for (const name of ['a', 'b', 'c', 'd']) {
    const { body } = await scim.post('/Users', person(`${name}@example.com`, { externalId: name }))
    paths.push(`/Users/${String(body['id'])}`)
  }
  const [created, ...answers] = await Promise.all([
    scim.post('/Users', person('e@example.com', { externalId: 'e-1' })),
    ...paths.map((path) => scim.patch(path, patched('externalId', 'e-1')))
  ])
  const statuses = [created, ...answers].map(({ status }) => status)
  t.equal(statuses.filter((status) => status < 300).length, 1)
  t.equal(statuses.filter((status) => status === 409).length, 4)
  t.equal((await scim.find('/Users', 'externalId eq "e-1"')).length, 1)
  const { users } = emulator.state()
  t.equal(Object.values(users).filter((one) => one.external_app_user_id === 'e-1').length, 1)
})

for (const foreignExternalAppUserId of ['forbidden', 'ignored'] as const) {
  const isForbidden = foreignExternalAppUserId === 'forbidden'
  t.test(`an external id that Box does not take (${foreignExternalAppUserId})`, async (t) => {
    const emulator = { guesses: { foreignExternalAppUserId } }
    const bridge = await start(t, [], { emulator })
    const { scim, takeCalls, audit } = bridge
    const box = bridge.emulator
    const { body } = await scim.post('/Users', person(ann, { externalId: 'e-1' }))
    const id = String(body['id'])
    const path = `/Users/${id}`
    box.admin.updateUser(ann, { createdBy: 'another application' })
    takeCalls()
    t.match(await scim.patch(path, both('e-2')), {
      status: 200,
      body: { externalId: 'e-2', title: 'Title e-2' }
    })
    const once = ['PUT /users/N']
    t.same(takeCalls(), isForbidden ? [...once, ...once] : once, 'the rest is sent without it')
    if (isForbidden) t.match(audit(id).at(-1), { notes: [/keeps its own external id/] })
    t.match(await scim.patch(path, both('e-3')), { status: 200, body: { externalId: 'e-3' } })
    t.same(takeCalls(), once, 'and is not sent again')
    t.match(await scim.patch(path, patched('externalId', 'e-4')), { status: 200 })
    t.same(takeCalls(), [])
    t.match(box.state().users[ann], { external_app_user_id: 'e-1', job_title: 'Title e-3' })
    t.match(await scim.post('/Users', person(bob, { externalId: 'e-4' })), { status: 409 })
    t.match(audit(id).at(-1), { action: 'user.patch', outcome: 'done' })
  })

  t.test(`nothing but that (${foreignExternalAppUserId})`, async (t) => {
    const emulator = { guesses: { foreignExternalAppUserId } }
    const bridge = await start(t, [], { emulator })
    const { scim, takeCalls } = bridge
    const { body } = await scim.post('/Users', person(ann, { externalId: 'e-1' }))
    const path = `/Users/${String(body['id'])}`
    bridge.emulator.admin.updateUser(ann, { createdBy: 'another application' })
    takeCalls()
    t.match(await scim.patch(path, patched('externalId', 'e-2')), { status: 200 })
    t.match(await scim.patch(path, patched('externalId', 'e-3')), { body: { externalId: 'e-3' } })
    t.same(takeCalls(), ['PUT /users/N'])
  })
}

t.test('Box is asked where the directory may be behind', async (t) => {
  const { scim, emulator, takeCalls } = await start(t, [], {
    env: { BOX_EVENTS_POLL_SECONDS: '0' }
  })
  const id = emulator.admin.createUser({
    login: ann,
    name: 'Name of ann',
    external_app_user_id: 'e-1',
    createdBy: demoCredentials.clientId
  })
  t.match(
    await scim.post(
      '/Users',
      person('ann.new@example.com', { externalId: 'e-1', displayName: 'Name of ann' })
    ),
    { status: 201, body: { id } }
  )
  t.same(takeCalls(), ['GET /users', ...loginChange])
  t.match(await scim.post('/Users', person(bob, { externalId: 'e-2' })), { status: 201 })
  t.same(takeCalls(), ['GET /users', 'POST /users'])
})

t.test('where Box wants external ids to be unique', async (t) => {
  const emulator = { guesses: { externalAppUserIdUnique: true } }
  const behind = {
    login: 'ann.old@example.com',
    name: 'Name of ann',
    external_app_user_id: 'e-1',
    createdBy: demoCredentials.clientId
  }
  t.test('who has it is the person', async (t) => {
    const { scim, emulator: box } = await start(t, [], { emulator })
    const id = box.admin.createUser(behind)
    t.match(await scim.post('/Users', person(ann, { externalId: 'e-1' })), {
      status: 201,
      body: { id }
    })
    t.equal(box.state().users[ann]?.id, id)
  })
  t.test('with ASSOCIATION=login it is a conflict', async (t) => {
    const { scim, takeCalls } = await start(t, [], { emulator, env: { ASSOCIATION: 'login' } })
    t.equal((await scim.post('/Users', person(ann, { externalId: 'e-1' }))).status, 201)
    takeCalls()
    t.match(await scim.post('/Users', person(bob, { externalId: 'e-1' })), {
      status: 409,
      body: { scimType: 'uniqueness', detail: /externalId "e-1" belongs to user/ }
    })
    t.same(takeCalls(), ['POST /users', 'GET /users', 'GET /users'])
    t.same(await scim.find('/Users', `userName eq "${bob}"`), [])
  })
})

t.test('a creation that was cut off is found, though the login is another by then', async (t) => {
  const { scim, emulator, takeCalls } = await start(t, [])
  emulator.faults.add({ kind: 'reset-after', method: 'POST', path: '/2.0/users', times: 1 })
  emulator.faults.add({ kind: '503-before', method: 'GET', path: '/2.0/users' })
  const named = { externalId: 'e-1', displayName: 'Name of ann' }
  t.match(await scim.post('/Users', person(ann, named)), { status: 503 })
  emulator.faults.clear()
  const { id } = emulator.state().users[ann] ?? {}
  takeCalls()
  t.match(await scim.post('/Users', person('ann.new@example.com', named)), {
    status: 201,
    body: { id }
  })
  t.same(takeCalls(), ['GET /users', ...loginChange])
  t.equal(emulator.state().users['ann.new@example.com']?.id, id)
})
