import t, { type Test } from 'tap'
import { emptySeed } from '../../src/emulator/seed.ts'
import type { BridgeOptions } from '../helpers/bridge.ts'
import { bridgeProcess } from '../helpers/bridge-process.ts'
import { connectTo } from '../helpers/connect.ts'
import { startLeavingBridge, type LeavingBridge } from '../helpers/leaving-bridge.ts'
import { person, type ScimAnswer } from '../helpers/scim-client.ts'
import { until } from '../helpers/until.ts'

t.jobs = 2

const ann = 'ann@example.com'
const active = (value: boolean) => ({ op: 'replace', path: 'active', value })
const annsSignIn = { externalId: 'e-1', userName: ann, displayName: 'Name of ann' }

/** Each way of matching people. */
const modes = {
  login: {},
  'external id': { ASSOCIATION: 'external_app_user_id' },
  'app users': { ASSOCIATION: 'external_app_user_id', USER_KIND: 'app' }
} as const

interface Setting extends LeavingBridge {
  readonly connect: (person: object) => Promise<ScimAnswer>
  /** The ids of the accounts that Box has for Ann. */
  readonly accounts: () => readonly string[]
}

async function start(
  t: Test,
  env: Readonly<Record<string, string>> = {},
  options: BridgeOptions = {}
): Promise<Setting> {
  const all = { BOX_EVENTS_POLL_SECONDS: '300', ...env }
  const bridge = await startLeavingBridge(t, all, { seed: { users: [] }, ...options })
  const accounts = () =>
    Object.values(bridge.emulator.state().users)
      .filter((user) => user.external_app_user_id === 'e-1')
      .map(({ id }) => id)
  return { ...bridge, connect: connectTo(bridge), accounts }
}

function times<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => work(index)))
}

const creationsIn = ({ emulator }: Pick<LeavingBridge, 'emulator'>) =>
  emulator.calls.filter(({ method, path }) => method === 'POST' && path === '/2.0/users').length

const idsIn = (answers: readonly ScimAnswer[]) =>
  new Set(answers.map(({ body }) => body['boxUserId']))

const createdIn = (answers: readonly ScimAnswer[]) =>
  answers.filter(({ body }) => body['created'] === true).length

for (const [mode, env] of Object.entries(modes)) {
  t.test(`50 at once for somebody new make one account: ${mode}`, async (t) => {
    const bridge = await start(t, env)
    const answers = await times(50, () => bridge.connect(annsSignIn))
    t.equal(creationsIn(bridge), 1)
    t.equal(bridge.takeCalls().length, 1)
    const [id] = bridge.accounts()
    t.equal(bridge.accounts().length, 1)
    t.same([...idsIn(answers)], [id])
    t.equal(createdIn(answers), 1)
    t.equal(answers.filter(({ status }) => status === 200).length, 49)
    t.equal(answers.filter(({ status }) => status === 201).length, 1)
    t.match(bridge.audit(id ?? ''), [{ action: 'user.connect', outcome: 'done' }])
    t.match(await bridge.scim.find('/Users', `userName eq "${ann}"`), [
      { id, externalId: 'e-1', displayName: 'Name of ann', active: true }
    ])
  })

  t.test(`sign-ins and provisioning at once make one account: ${mode}`, async (t) => {
    const bridge = await start(t, env)
    const { scim } = bridge
    const answers = await times(20, (index) =>
      index % 4 === 1 ? scim.post('/Users', person(ann, annsSignIn)) : bridge.connect(annsSignIn)
    )
    t.equal(creationsIn(bridge), 1)
    const [id] = bridge.accounts()
    t.equal(bridge.accounts().length, 1)
    const posts = answers.filter((_, index) => index % 4 === 1)
    t.equal(posts.filter(({ status }) => status === 409).length, posts.length - 1)
    t.equal(posts.find(({ status }) => status === 201)?.body['id'], id)
    const connections = answers.filter((_, index) => index % 4 !== 1)
    t.same([...idsIn(connections)], [id])
    t.equal(createdIn(connections), 1)
  })

  for (const kind of ['reset-after', '503-after', '503-before', 'reset-before'] as const) {
    t.test(`${kind} of a creation: ${mode}`, async (t) => {
      const bridge = await start(t, env)
      bridge.emulator.faults.add({ kind, method: 'POST', path: '/2.0/users', times: 1 })
      const answers = await times(10, () => bridge.connect(annsSignIn))
      const answered = answers.filter(({ status }) => status < 300)
      for (const { status, headers } of answers) {
        t.ok([200, 201, 503].includes(status), String(status))
        if (status === 503) t.match(headers.get('retry-after'), /^\d+$/)
      }
      bridge.clock.skip(130_000)
      const later = await bridge.connect(annsSignIn)
      t.ok([200, 201].includes(later.status))
      t.equal(bridge.accounts().length, 1)
      t.same([...idsIn([...answered, later])], bridge.accounts())
      t.equal(createdIn([...answered, later]), 1)
    })
  }

  for (const kind of ['delay-after', 'delay'] as const) {
    t.test(`the end of the process in a creation (${kind}): ${mode}`, async (t) => {
      const bridge = await bridgeProcess(t, { env, emulator: { seed: emptySeed } })
      const { emulator } = bridge
      await bridge.start()
      const fault = { kind, ms: 600_000, times: 1 } as const
      emulator.faults.add({ ...fault, method: 'POST', path: '/2.0/users' })
      const lost = times(5, () => connectTo(bridge)(annsSignIn).catch(() => undefined))
      const accounts = () =>
        Object.values(emulator.state().users).filter((one) => one.external_app_user_id === 'e-1')
      await until('it is under way', () => emulator.faults.armed.length === 0)
      const isApplied = kind === 'delay-after'
      if (isApplied) await until('Box has done it', () => accounts().length === 1)
      await bridge.kill()
      await lost
      emulator.faults.clear()
      await bridge.start()
      const answers = await times(50, () => connectTo(bridge)(annsSignIn))
      if (!isApplied && mode === 'app users') {
        t.same([...new Set(answers.map(({ status }) => status))], [503], 'it may yet appear')
        t.equal(accounts().length, 0)
        return
      }
      t.equal(accounts().length, 1)
      t.same([...idsIn(answers)], [accounts()[0]?.id])
      t.equal(createdIn(answers), 1)
      t.equal(creationsIn(bridge), isApplied ? 1 : 2)
      await bridge.stop()
      await bridge.start()
      t.match(await connectTo(bridge)(annsSignIn), { status: 200, body: { created: false } })
    })
  }
}

t.test('who is there is found, without a call', async (t) => {
  const users = [
    { login: ann, name: 'Ann' },
    { login: 'boss@example.com', name: 'Boss', role: 'coadmin' }
  ] as const
  const { connect, emulator, takeCalls, query } = await start(t, {}, { seed: { users } })
  const { id } = emulator.state().users[ann] ?? {}
  const found = await connect({ ...annsSignIn, title: 'Other', preferredLanguage: 'tlh' })
  t.match(found, { status: 200, body: { boxUserId: id, created: false } })
  t.strictSame(Object.keys(found.body).toSorted(), ['boxUserId', 'created'])
  t.match(await connect({ externalId: 'boss', userName: 'boss@example.com' }), { status: 200 })
  t.same(takeCalls(), [])
  t.same(emulator.state().users[ann]?.job_title, '')
  t.same(query('select id from audit'), [], 'finding is reading')
})

t.test('whom a sign-in created, provisioning takes over', async (t) => {
  const { connect, scim, takeCalls, audit } = await start(t, { ON_EXISTING: 'conflict' })
  const emails = [{ value: ann, type: 'work', primary: true }]
  const named = { externalId: 'e-1', userName: 'ann', displayName: 'Ann' }
  const created = await connect({ ...named, emails })
  const id = String(created.body['boxUserId'])
  t.equal(created.status, 201)
  t.match(await scim.get(`/Users/${id}`), { body: { ...named, emails } })
  takeCalls()
  t.match(await scim.post('/Users', person(ann, { externalId: 'e-1', title: 'Boss' })), {
    status: 201,
    body: { id, title: 'Boss' }
  })
  t.same(takeCalls(), ['PUT /users/N'])
  t.equal((await scim.post('/Users', person(ann))).status, 409)
  t.match(
    audit(id).map(({ action }) => action),
    ['user.connect', 'user.create']
  )
})

t.test('who is known does not wait for what is being done in Box', async (t) => {
  const { connect, scim, emulator } = await start(t)
  const { body } = await scim.post('/Users', person(ann, annsSignIn))
  emulator.faults.add({ kind: 'delay', ms: 600_000, method: 'PUT', path: '/2.0/users/:id' })
  const title = { op: 'replace', path: 'title', value: 'Boss' }
  const change = scim.patch(`/Users/${String(body['id'])}`, title)
  await until('Box hangs', () => emulator.calls.at(-1)?.method === 'PUT')
  t.match(await connect(annsSignIn), { status: 200, body: { created: false } })
  t.equal((await change).status, 503)
})

t.test('whom the login found is known by the externalId from then on', async (t) => {
  const users = [
    { login: ann, name: 'Ann' },
    { login: 'bob@example.com', name: 'Bob' }
  ]
  const { connect, scim, emulator, takeCalls, audit } = await start(t, modes['external id'], {
    seed: { users }
  })
  const { id = '' } = emulator.state().users[ann] ?? {}
  const found = { status: 200, body: { boxUserId: id, created: false } }
  t.match(await connect(annsSignIn), found)
  t.match(await connect({ ...annsSignIn, userName: 'ann.new@example.com' }), found)
  t.match(await connect({ externalId: 'e-1' }), found, 'known people need no login')
  t.match(await connect({ externalId: 'e-7' }), { status: 400, body: { detail: /e-mail address/ } })
  t.same(takeCalls(), [])
  t.match(audit(id), [{ action: 'user.connect', notes: ['found by login'] }])
  t.match(await connect({ ...annsSignIn, externalId: 'e-2' }), {
    status: 409,
    body: { scimType: 'uniqueness', detail: /another externalId/ }
  })
  t.match(
    await scim.post('/Users', person(ann, { externalId: 'e-1', displayName: 'Ann' })),
    { status: 201, body: { id } },
    'SCIM has yet to link them'
  )
  const bobs = { externalId: 'e-5', userName: 'bob@example.com' }
  t.match(await connect(bobs), { status: 200, body: { created: false } })
  t.match(await scim.post('/Users', person('bob@example.com')), {
    status: 201,
    body: { externalId: 'e-5' }
  })
  const renamed = { ...bobs, userName: 'robert@example.com' }
  t.match(await connect(renamed), { status: 200, body: { created: false } }, 'it does not go away')
})

t.test('nobody who left comes back by signing in', async (t) => {
  const gone = {
    status: 409,
    body: { status: '409', detail: /signing in does not bring anybody back/ }
  }
  for (const [mode, env] of Object.entries(modes)) {
    const { connect, scim, emulator, takeCalls, accounts } = await start(t, env)
    const { body } = await scim.post('/Users', person(ann, annsSignIn))
    const id = String(body['id'])
    const path = `/Users/${id}`

    emulator.faults.add({ kind: '503-before', method: 'PUT', path: '/2.0/users/:id' })
    t.equal((await scim.patch(path, active(false))).status, 503)
    emulator.faults.clear()
    t.match(await connect(annsSignIn), gone, `${mode}: about to be deactivated`)
    t.equal((await scim.patch(path, active(false))).status, 200)
    takeCalls()
    t.match(await connect(annsSignIn), gone, `${mode}: deactivated`)
    t.match(await connect({ ...annsSignIn, active: true }), gone, `${mode}: whatever is asked`)
    t.same(takeCalls(), [])
    await scim.delete(path)
    takeCalls()
    t.match(await connect(annsSignIn), gone, `${mode}: deleted`)
    t.same(takeCalls(), [])
    t.equal((await scim.post('/Users', person(ann, annsSignIn))).status, 201)
    t.match(await connect(annsSignIn), { status: 200, body: { boxUserId: id } }, `${mode}: back`)
    t.same(accounts(), [id])
  }
})

t.test('who was created inactive, without an answer, does not come in by signing in', async (t) => {
  for (const [mode, env] of Object.entries(modes)) {
    const { connect, scim, emulator, accounts } = await start(t, env)
    emulator.faults.add({ kind: 'reset-after', method: 'POST', path: '/2.0/users', times: 1 })
    emulator.faults.add({ kind: '503-before', method: 'GET', path: '/2.0/users' })
    const inactive = person(ann, { ...annsSignIn, active: false })
    t.equal((await scim.post('/Users', inactive)).status, 503, mode)
    emulator.faults.clear()
    const gone = { status: 409, body: { detail: /signing in does not bring anybody back/ } }
    t.match(await connect(annsSignIn), gone, mode)
    t.match(await scim.post('/Users', inactive), { status: 201, body: { active: false } }, mode)
    t.equal(accounts().length, 1, mode)
  }
})

t.test('who turns out to be gone from Box is created anew', async (t) => {
  const bridge = await start(t, modes['external id'], {
    seed: { users: [{ login: ann, name: 'Ann' }] }
  })
  const { connect, scim, emulator, clock, pathOf } = bridge
  const path = pathOf(ann)
  emulator.faults.add({ kind: '503-after', method: 'PUT', path: '/2.0/users/:id' })
  emulator.faults.add({ kind: '503-before', method: 'GET', path: '/2.0/users/:id' })
  const title = { op: 'replace', path: 'title', value: 'Boss' }
  t.equal((await scim.patch(path, title)).status, 503)
  emulator.faults.clear()
  emulator.admin.deleteUser(ann)
  // Box is asked again by then, and the journal worker does not look yet.
  clock.skip(16_000)
  t.match(await connect(annsSignIn), { status: 201, body: { boxUserId: bridge.accounts()[0] } })
  t.equal((await scim.get(path)).status, 404)
})

t.test('the files of a leaver do not pass to a namesake', async (t) => {
  const { connect, scim, emulator } = await start(t)
  const { body } = await scim.post('/Users', person(ann, annsSignIn))
  await scim.delete(`/Users/${String(body['id'])}`)
  const namesake = { ...annsSignIn, externalId: 'e-2' }
  t.match(await connect(namesake), {
    status: 409,
    body: { scimType: 'uniqueness', detail: /not handed to a namesake/ }
  })
  emulator.admin.updateUser(ann, { login: 'ann.old@example.com' })
  t.match(await connect(namesake), { status: 201, body: { created: true } }, 'as it advises')
})

t.test('whom the fuse holds keeps access', async (t) => {
  const { connect, scim, held } = await start(t, { FUSE: '1/24h' })
  const { body: other } = await scim.post('/Users', person('bob@example.com'))
  const { body } = await scim.post('/Users', person(ann, annsSignIn))
  t.equal((await scim.delete(`/Users/${String(other['id'])}`)).status, 204)
  t.equal((await scim.delete(`/Users/${String(body['id'])}`)).status, 503)
  t.equal(held().length, 1)
  t.match(await connect(annsSignIn), { status: 200, body: { boxUserId: body['id'] } })
})

t.test('conflicts and trouble are answered as SCIM answers them', async (t) => {
  const foreign = [{ login: ann, kind: 'personal' }] as never
  const { connect, emulator, takeCalls, audit } = await start(
    t,
    {},
    { seed: { users: [], foreign } }
  )
  t.match(await connect(annsSignIn), {
    status: 409,
    body: {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
      scimType: 'uniqueness',
      detail: /not a user of this enterprise/
    }
  })
  t.match(audit(ann), [{ action: 'user.connect', outcome: 'login_taken_outside' }])
  takeCalls()
  for (const [body, detail] of [
    [{ userName: 'x@example.com' }, /externalId is required/],
    [{ externalId: '  ', userName: 'x@example.com' }, /externalId must be a string/],
    [{ externalId: 7, userName: 'x@example.com' }, /externalId/],
    [{ externalId: 'x', userName: 'x@example.com', active: false }, /active must be true/],
    [{ externalId: 'x' }, /e-mail address/],
    [{ externalId: 'x', userName: 'x@example.com', title: { a: 1 } }, /title/],
    [[], /object/]
  ] as const) {
    t.match(await connect(body), { status: 400, body: { status: '400', detail } })
  }
  t.same(takeCalls(), [])

  emulator.faults.add({ kind: '503-before' })
  const down = await connect({ externalId: 'x', userName: 'x@example.com' })
  t.equal(down.status, 503)
  t.match(down.headers.get('retry-after'), /^\d+$/)
  emulator.faults.clear()
  const unknown = { externalId: 'x', userName: 'x@example.com', 'urn:example:own': { a: 1 }, b: 2 }
  t.match(await connect(unknown), { status: 201, body: { created: true } })
  emulator.faults.add({ kind: '503-before' })
  t.match(await connect(unknown), { status: 200 }, 'who is known does not wait for Box')
})

t.test('the endpoint is beside the SCIM base, and closed to strangers', async (t) => {
  const { url, connect } = await start(t)
  const answer = await fetch(`${url}/connect`, { method: 'POST' })
  t.equal(answer.status, 401)
  t.match(answer.headers.get('www-authenticate'), /^Bearer/)
  const created = await connect(annsSignIn)
  t.match(created.headers.get('content-type'), /^application\/json/)
  t.ok(created.headers.get('x-correlation-id'))
})

t.test('until the first import is done nobody is created', async (t) => {
  const faults = [{ kind: '503-before', path: '/2.0/groups' }] as const
  const { connect, emulator, ready } = await start(t, {}, { faults, untilReady: false })
  t.match(await connect(annsSignIn), { status: 503, body: { detail: /first import/ } })
  emulator.faults.clear()
  await ready
  t.match(await connect(annsSignIn), { status: 201 })
})
