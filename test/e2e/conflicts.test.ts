import t from 'tap'
import { startConflictBridge } from '../helpers/conflict-bridge.ts'
import { connectTo } from '../helpers/connect.ts'
import { group, person } from '../helpers/scim-client.ts'
import { until } from '../helpers/until.ts'

t.jobs = 4

const ann = 'ann@example.com'
const anna = 'anna@example.com'
const taken = 'POST /users 409 user_login_already_used'
const conflict = (detail: RegExp) => ({ status: 409, body: { scimType: 'uniqueness', detail } })
const invalid = (detail: RegExp) => ({ status: 400, body: { scimType: 'invalidValue', detail } })
const login = (value: string) => ({ op: 'replace', path: 'userName', value })

t.test('a login of the enterprise: linked once, then 409 naming its owner', async (t) => {
  const bridge = await startConflictBridge(t)
  const { scim, emulator } = bridge
  const id = emulator.state().users[ann]?.id ?? ''
  t.match(await scim.post('/Users', person(ann)), { status: 201, body: { id } })
  t.strictSame(bridge.takeCalls(), ['PUT /users/N'])
  t.match(bridge.lastAudit(), { target: `user:${id}`, outcome: 'done', plan: ['update-user'] })
  const again = await scim.post('/Users', person('Ann@Example.com'))
  t.match(again, conflict(new RegExp(`belongs to user ${id} already: match that user`)))
  t.strictSame(bridge.takeCalls(), [])
  t.match(bridge.lastAudit(), { action: 'user.create', outcome: 'login_taken', calls: [] })
})

t.test('a login that came to Box behind the bridge, under either ON_EXISTING', async (t) => {
  for (const ON_EXISTING of ['link', 'conflict']) {
    const bridge = await startConflictBridge(t, { ON_EXISTING })
    const id = bridge.emulator.admin.createUser({ login: 'late@example.com', name: 'Late' })
    const answer = await bridge.scim.post('/Users', person('late@example.com'))
    const calls = ['POST /users', 'GET /users']
    if (ON_EXISTING === 'link') {
      t.match(answer, { status: 201, body: { id } })
      t.strictSame(bridge.takeCalls(), [...calls, 'PUT /users/N'])
      t.match(bridge.lastAudit(), { outcome: 'done', plan: ['create-user', 'update-user'] })
    } else {
      t.match(answer, conflict(new RegExp(`belongs to user ${id}`)))
      t.strictSame(bridge.takeCalls(), calls)
      t.match(bridge.lastAudit(), { outcome: 'login_taken', calls: [taken, 'GET /users 200'] })
    }
    t.same(bridge.openEntries(), [])
  }
})

t.test('an alias that the directory knows: 409 naming its owner', async (t) => {
  const bridge = await startConflictBridge(t)
  const { scim, emulator } = bridge
  const path = bridge.pathOf(ann)
  const held = { kind: 'rate-limited', method: 'DELETE', path: '/2.0/*' } as const
  emulator.faults.add({ ...held, retryAfterSeconds: 600 })
  await scim.patch(path, login(anna))
  t.same(emulator.state().users[anna]?.aliases, [ann], 'the old address is left behind')
  bridge.takeCalls()
  const id = path.replace('/Users/', '')
  t.match(await scim.post('/Users', person(ann)), conflict(new RegExp(`belongs to user ${id}`)))
  t.strictSame(
    bridge.takeCalls().filter((call) => call.startsWith('POST')),
    []
  )
  t.match(bridge.lastAudit(), { outcome: 'login_taken' })
  emulator.faults.clear()
  await bridge.pass('the alias is gone', () => bridge.openEntries().length === 0)
  t.same(emulator.state().users[anna]?.aliases, [])
  t.equal((await scim.post('/Users', person(ann))).status, 201, 'then the address is free')
})

t.test('logins outside: Box does not say whose, and the detail says who can help', async (t) => {
  const bridge = await startConflictBridge(t)
  bridge.emulator.admin.addAlias(ann, 'annie@example.com')
  for (const address of ['pia@example.com', 'otto@partner.example', 'annie@example.com']) {
    const answer = await bridge.scim.post('/Users', person(address))
    const detail = /personal account, another enterprise, or an alias.*must change.*request id \w+/
    t.match(answer, conflict(detail), address)
    t.strictSame(bridge.takeCalls(), ['POST /users', 'GET /users'], address)
    t.match(bridge.lastAudit(), {
      target: `user:${address}`,
      outcome: 'login_taken_outside',
      plan: ['create-user'],
      calls: [taken, 'GET /users 200']
    })
    t.same(await bridge.scim.find('/Users', `userName eq "${address}"`), [])
  }
  t.same(bridge.emulator.state().invites, [], 'nobody is invited unless it is switched on')
  t.same(bridge.openEntries(), [])
})

t.test('what Box tells besides of a login in use changes nothing', async (t) => {
  const guesses = { loginConflictContext: 'errors', aliasesSearched: true } as const
  const bridge = await startConflictBridge(t, {}, { guesses })
  bridge.emulator.admin.addAlias(ann, 'annie@example.com')
  for (const address of ['pia@example.com', 'annie@example.com']) {
    const answer = await bridge.scim.post('/Users', person(address))
    t.match(answer, conflict(/not a user of this enterprise/), address)
  }
  const lax = { guesses: { aliasesCollideOnCreate: false } }
  const other = await startConflictBridge(t, {}, lax)
  other.emulator.admin.addAlias(ann, 'annie@example.com')
  t.equal((await other.scim.post('/Users', person('annie@example.com'))).status, 201)
})

t.test('nobody becomes the account that the bridge acts as', async (t) => {
  const bridge = await startConflictBridge(t, {}, { guesses: { serviceAccountListed: true } })
  const { id, login } = bridge.emulator.state().serviceAccount
  const post = await bridge.scim.post('/Users', person(login))
  t.match(post, conflict(new RegExp(`belongs to user ${id}`)))
  t.match(bridge.lastAudit(), { outcome: 'login_taken' })
  const signIn = await connectTo(bridge)({ externalId: 'e-1', userName: login })
  t.match(signIn, conflict(new RegExp(`belongs to user ${id}`)))
  const calls = ['POST /users', 'GET /users']
  t.strictSame(bridge.takeCalls(), [...calls, ...calls])
  t.equal((await bridge.scim.get(`/Users/${id}`)).status, 404, 'it stays hidden')
})

t.test('a group name: linked once, then 409 naming its owner', async (t) => {
  for (const groupNameIgnoresCase of [true, false]) {
    const bridge = await startConflictBridge(t, {}, { guesses: { groupNameIgnoresCase } })
    const { scim, emulator } = bridge
    const id = emulator.admin.createGroup({ name: 'Sales' })
    t.match(await scim.post('/Groups', group('Sales')), { status: 201, body: { id } })
    t.strictSame(bridge.takeCalls(), ['POST /groups', 'GET /groups'])
    t.match(bridge.lastAudit(), { outcome: 'done', plan: ['create-group'] })
    const again = await scim.post('/Groups', group('SALES'))
    t.match(again, conflict(new RegExp(`belongs to group ${id}: match that group`)))
    t.strictSame(bridge.takeCalls(), [])
    t.match(bridge.lastAudit(), { action: 'group.create', outcome: 'group_name_taken' })

    const { body } = await scim.post('/Groups', group('Support'))
    const path = `/Groups/${String(body['id'])}`
    emulator.admin.createGroup({ name: 'Help' })
    bridge.takeCalls()
    const rename = { op: 'replace', path: 'displayName', value: 'Help' }
    t.match(await scim.patch(path, rename), conflict(/another group in Box: rename or delete it/))
    t.strictSame(bridge.takeCalls(), ['PUT /groups/N'])
    t.match(bridge.lastAudit(), {
      outcome: 'group_name_taken',
      calls: ['PUT /groups/:id 409 conflict']
    })
    t.match(await scim.get(path), { body: { displayName: 'Support' } }, 'nothing is half-done')
    t.same(bridge.openEntries(), [])
  }
})

t.test('a group that came to Box behind the bridge, under ON_EXISTING=conflict', async (t) => {
  const bridge = await startConflictBridge(t, { ON_EXISTING: 'conflict' })
  bridge.emulator.admin.createGroup({ name: 'Sales' })
  t.match(await bridge.scim.post('/Groups', group('Sales')), conflict(/belongs to group \d+/))
  t.strictSame(bridge.takeCalls(), ['POST /groups', 'GET /groups'])
  t.match(bridge.lastAudit(), { outcome: 'group_name_taken' })
})

t.test('no seat left: Box’s words, and where to look', async (t) => {
  for (const [noSeatLeft, call] of [
    ['forbidden', 'POST /users 403 forbidden'],
    ['bad-request', 'POST /users 400 bad_request']
  ] as const) {
    const bridge = await startConflictBridge(t, {}, { guesses: { noSeatLeft } })
    const { scim, emulator } = bridge
    const seats = Object.keys(emulator.state().users).length
    emulator.admin.changeEnterprise({ seats })
    const answer = await scim.post('/Users', person('new@example.com'))
    t.match(answer, invalid(/All seats .* are taken.*request id \w+.*whether a seat/), noSeatLeft)
    t.strictSame(bridge.takeCalls(), ['POST /users'])
    t.match(bridge.lastAudit(), {
      target: 'user:new@example.com',
      outcome: 'refused_by_box',
      plan: ['create-user'],
      calls: [call]
    })
    t.same(bridge.openEntries(), [])
    emulator.admin.changeEnterprise({ seats: seats + 1 })
    t.equal((await scim.post('/Users', person('new@example.com'))).status, 201, 'then it works')
  }
})

t.test('a new person outside the enterprise’s domains, where Box minds', async (t) => {
  const guesses = { createOutsideDomains: 'refused' } as const
  const bridge = await startConflictBridge(t, {}, { guesses })
  const answer = await bridge.scim.post('/Users', person('new@elsewhere.example'))
  t.match(answer, invalid(/does not create .*login.*e-mail domain may be added/))
  t.match(bridge.lastAudit(), { outcome: 'refused_by_box', calls: ['POST /users 400 bad_request'] })
})

t.test('a login change outside the enterprise’s domains', async (t) => {
  for (const [aliasOutsideDomains, status, calls] of [
    ['bad-request', 400, ['POST /users/N/email_aliases', 'GET /users/N/email_aliases']],
    ['conflict', 409, ['POST /users/N/email_aliases', 'GET /users/N/email_aliases']],
    [
      'unconfirmed',
      400,
      [
        'POST /users/N/email_aliases',
        'PUT /users/N',
        'GET /users/N/email_aliases',
        'DELETE /users/N/email_aliases/N'
      ]
    ]
  ] as const) {
    const bridge = await startConflictBridge(t, {}, { guesses: { aliasOutsideDomains } })
    const { scim, emulator } = bridge
    const path = bridge.pathOf(ann)
    const answer = await scim.patch(path, login('ann@elsewhere.example'))
    t.match(
      answer,
      { status, body: { detail: /domain must belong to the enterprise.*request id/ } },
      aliasOutsideDomains
    )
    t.strictSame(bridge.takeCalls(), calls, aliasOutsideDomains)
    t.match(bridge.lastAudit(), {
      target: path.replace('/Users/', 'user:'),
      outcome: status === 400 ? 'refused_by_box' : 'login_taken_outside'
    })
    t.match(emulator.state().users[ann], { aliases: [] }, 'nothing is half-done')
    t.match(await scim.get(path), { body: { userName: ann } })
    t.same(bridge.openEntries(), [])
    emulator.admin.changeEnterprise({ domains: ['example.com', 'elsewhere.example'] })
    const changed = await scim.patch(path, login('ann@elsewhere.example'))
    t.match(changed, { status: 200, body: { userName: 'ann@elsewhere.example' } })
  }
})

t.test('a login change to an address that is taken', async (t) => {
  for (const [aliasTaken, status] of [
    ['conflict', 409],
    ['bad-request', 400]
  ] as const) {
    const bridge = await startConflictBridge(t, {}, { guesses: { aliasTaken } })
    const { scim, emulator } = bridge
    const path = bridge.pathOf(ann)
    const bob = emulator.state().users['bob@example.com']?.id ?? ''
    const known = await scim.patch(path, login('bob@example.com'))
    t.match(known, conflict(new RegExp(`belongs to user ${bob}`)))
    t.strictSame(bridge.takeCalls(), [], 'known without asking')
    const outside = await scim.patch(path, login('pia@example.com'))
    t.match(outside, { status, body: { detail: /must be unused in all of Box/ } }, aliasTaken)
    t.strictSame(bridge.takeCalls(), ['POST /users/N/email_aliases', 'GET /users/N/email_aliases'])
    t.match(emulator.state().users[ann], { aliases: [] })
    t.match(await scim.get(path), { body: { userName: ann } })
    t.same(bridge.openEntries(), [])
  }
})

t.test('a login change of somebody who has not confirmed the present address', async (t) => {
  const guesses = { loginChangeNeedsConfirmedEmail: true }
  const bridge = await startConflictBridge(t, {}, { guesses })
  const { scim, emulator } = bridge
  const path = bridge.pathOf(ann)
  emulator.admin.updateUser(ann, { emailConfirmed: false })
  const refused = await scim.patch(path, login(anna))
  t.match(refused, invalid(/must have confirmed the present address/))
  t.strictSame(bridge.takeCalls(), [
    'POST /users/N/email_aliases',
    'PUT /users/N',
    'GET /users/N/email_aliases',
    'DELETE /users/N/email_aliases/N'
  ])
  t.match(emulator.state().users[ann], { aliases: [] })
  emulator.admin.updateUser(ann, { emailConfirmed: true })
  t.match(await scim.patch(path, login(anna)), { status: 200 })
  t.strictSame(bridge.takeCalls().length, 4)
})

/** The calls of a login change. */
const steps = [
  { method: 'POST', path: '/2.0/users/:id/email_aliases' },
  { method: 'PUT', path: '/2.0/users/:id' },
  { method: 'GET', path: '/2.0/users/:id/email_aliases' },
  { method: 'DELETE', path: '/2.0/users/:id/email_aliases/:alias' }
] as const

for (const kind of [
  '503-before',
  '503-after',
  'reset-before',
  'reset-after',
  'rate-limited',
  'insufficient-scope'
] as const) {
  t.test(`${kind} once at each call of a login change`, { buffered: true }, async (t) => {
    const bridge = await startConflictBridge(t)
    const { scim, emulator, clock } = bridge
    for (const [index, step] of steps.entries()) {
      const what = `${kind} at ${step.method} ${step.path}`
      const [from, to] = [`from-${index}@example.com`, `to-${index}@example.com`]
      const { body } = await scim.post('/Users', person(from))
      const path = `/Users/${String(body['id'])}`
      const target = `user:${String(body['id'])}`
      emulator.clearCalls()
      emulator.faults.add({ kind, ...step, times: 1 })
      let answer = await scim.patch(path, login(to))
      const first = bridge.lastAudit()
      t.equal(first.target, target, what)
      t.ok(first.calls.length > 0, `${what}: the calls are in the audit`)
      t.equal(first.outcome === 'done', answer.status === 200, what)
      await until(`the change after ${what}`, async () => {
        if (answer.status === 200) return true
        t.match(String(answer.status), /429|503/, what)
        t.match(answer.headers.get('retry-after'), /^\d+$/, what)
        clock.skip(15_000)
        answer = await scim.patch(path, login(to))
        return false
      })
      await bridge.pass(`settled after ${what}`, () => bridge.openEntries().length === 0)
      const { users } = emulator.state()
      t.match(users[to], { aliases: [] }, `${what}: no alias is left`)
      t.notOk(users[from], what)
      t.match(await scim.get(path), { body: { userName: to } }, what)
      const added = emulator.calls.filter(
        ({ method, path: asked }) => method === 'POST' && asked.endsWith('/email_aliases')
      )
      t.ok(added.length <= 2, `${what}: ${added.length} additions of the alias`)
      // By the request, or by the bridge, which may have finished it before the request came again.
      const done = bridge.query(
        `select 1 from audit where target = '${target}' and action <> 'user.create' and outcome = 'done'`
      )
      t.ok(done.length > 0, `${what}: the audit says that it is done`)
    }
  })
}
