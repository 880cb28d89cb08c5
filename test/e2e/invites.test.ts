import t from 'tap'
import { emptySeed } from '../../src/emulator/seed.ts'
import { startBridge } from '../helpers/bridge.ts'
import { bridgeProcess } from '../helpers/bridge-process.ts'
import { conflictSeed, invitesAsked, startConflictBridge } from '../helpers/conflict-bridge.ts'
import { runCommand } from '../helpers/run-command.ts'
import { person, scimClient } from '../helpers/scim-client.ts'
import { passTime } from '../helpers/hurried-clock.ts'
import { until } from '../helpers/until.ts'

t.jobs = 4

const pia = 'pia@example.com'
const env = { ON_LOGIN_CONFLICT: 'invite' }
const create = 'POST /users 409 user_login_already_used'
const find = 'GET /users 200'
const answered = (code: RegExp) => ({ status: 409, body: { scimType: 'uniqueness', detail: code } })

t.test('one invite, one answer until it is accepted, then the person is linked', async (t) => {
  const bridge = await startConflictBridge(t, env)
  const { emulator, scim } = bridge
  const body = person('Pia@example.com', { title: 'Baker', externalId: 'e-1' })
  t.match(await scim.post('/Users', body), answered(/was invited.*must accept/))
  t.strictSame(bridge.takeCalls(), ['POST /users', 'GET /users', 'POST /invites'])
  const id = emulator.state().invites[0]?.id ?? ''
  t.match(bridge.lastAudit(), {
    action: 'user.create',
    target: 'user:Pia@example.com',
    outcome: 'invite_pending',
    plan: ['create-user', 'invite-user'],
    calls: [create, find, 'POST /invites 200'],
    notes: [`invite ${id} was sent`]
  })
  for (const attempt of ['an hour later', 'a day later']) {
    t.match(await scim.post('/Users', body), answered(/must accept/), attempt)
    t.strictSame(bridge.takeCalls(), ['POST /users', 'GET /users', 'GET /invites/N'], attempt)
    t.match(bridge.lastAudit(), { outcome: 'invite_pending', plan: ['create-user'] }, attempt)
  }
  t.equal(emulator.state().invites.length, 1)
  t.same(bridge.openEntries(), [])
  t.match(bridge.query('select * from invites'), [
    { login: 'Pia@example.com', box_id: id, status: 'pending' }
  ])

  emulator.admin.answerInvite(pia, 'accepted')
  const linked = await scim.post('/Users', body)
  t.match(linked, { status: 201, body: { userName: 'Pia@example.com', title: 'Baker' } })
  t.strictSame(bridge.takeCalls(), ['POST /users', 'GET /users', 'PUT /users/N'])
  t.equal(linked.body['id'], emulator.state().users[pia]?.id)
  t.match(bridge.query("select target, notes from audit where action = 'invite.end'"), [
    { target: `user:${String(linked.body['id'])}`, notes: new RegExp(id) }
  ])
  t.same(bridge.query('select * from invites'), [])
  t.match(await scim.post('/Users', body), { status: 409, body: { detail: /match that user/ } })
})

t.test('box-scim invite and box-scim status', async (t) => {
  const bridge = await startConflictBridge(t, env)
  t.match(await bridge.invite('list'), { code: 0, out: /^No invites\.\s*$/ })
  await bridge.scim.post('/Users', person(pia))
  t.match(await bridge.invite('list'), { code: 0, out: /^pia@example\.com: pending, sent .*Z, in/ })
  const { out } = await bridge.invite('list', '--json')
  t.match(JSON.parse(out), [{ login: pia, id: /^\d+$/, status: 'pending', sentAt: Number }])
  const status = await runCommand(['status'], { env: { DATABASE_URL: bridge.databaseUrl } })
  t.match(status.out, /^Invites +1 pending, the oldest for \d+ \w+: see box-scim invite list$/m)
  t.match(await bridge.invite('forget', 'nobody@example.com'), { code: 1, err: /No invite/ })
  t.match(await bridge.invite('forget', pia), { code: 0, out: /was pending, is forgotten/ })
  t.match(await bridge.invite('list'), { code: 0, out: /^No invites/ })
})

t.test('who accepts is found by the reconcile, and linked by the next POST', async (t) => {
  for (const onExisting of ['link', 'conflict']) {
    const bridge = await startConflictBridge(t, {
      ...env,
      ON_EXISTING: onExisting,
      RECONCILE_HOURS: '1'
    })
    const { emulator, scim } = bridge
    await scim.post('/Users', person(pia))
    emulator.admin.answerInvite(pia, 'accepted')
    bridge.clock.skip(3_600_000)
    await bridge.pass('the reconcile', () => bridge.query('select * from invites').length === 0)
    t.match(await scim.find('/Users', `userName eq "${pia}"`), [{ displayName: 'Pia' }])
    bridge.takeCalls()
    const answer = await scim.post('/Users', person(pia))
    t.equal(answer.status, onExisting === 'link' ? 201 : 409, onExisting)
    t.strictSame(bridge.takeCalls(), onExisting === 'link' ? ['PUT /users/N'] : [])
    t.equal(emulator.state().invites.length, 1)
  }
})

t.test('who accepts is told of by an event, where Box calls it NEW_USER', async (t) => {
  const events = { ...env, BOX_EVENTS_POLL_SECONDS: '60' }
  for (const acceptedInviteIsNewUser of [true, false]) {
    const guesses = { acceptedInviteIsNewUser }
    const bridge = await startConflictBridge(t, events, { guesses })
    const { emulator, scim } = bridge
    await scim.post('/Users', person(pia))
    emulator.admin.answerInvite(pia, 'accepted')
    // Somebody else, of whom an event tells in any case, and later.
    emulator.admin.createUser({ login: 'late@example.com', name: 'Late' })
    const find = (login: string) => scim.find('/Users', `userName eq "${login}"`)
    await passTime(bridge.clock, 'the events', async () => {
      return (await find('late@example.com')).length === 1
    })
    t.equal((await find(pia)).length, acceptedInviteIsNewUser ? 1 : 0)
    t.match(await scim.post('/Users', person(pia)), { status: 201 }, 'linked in any case')
    t.same(bridge.query('select * from invites'), [])
  }
})

t.test('a creation of our own that Box does not list yet is found once it does', async (t) => {
  for (const inviteOfMember of ['conflict', 'bad-request'] as const) {
    const bridge = await startConflictBridge(t, env, { guesses: { inviteOfMember } })
    const { emulator, scim, clock } = bridge
    const lost = { method: 'POST', path: '/2.0/users', times: 1 } as const
    emulator.faults.add({ kind: 'list-delay', ms: 600_000, ...lost })
    emulator.faults.add({ kind: 'reset-after', ...lost })
    t.match(await scim.post('/Users', person('new@example.com')), { status: 503 })
    clock.skip(60_000)
    const second = await scim.post('/Users', person('new@example.com'))
    t.match(second, answered(/Box does not invite its owner/))
    t.same(bridge.query('select * from invites'), [], 'nothing stands in the way later')
    clock.skip(600_000)
    t.match(await scim.post('/Users', person('new@example.com')), { status: 201 })
    t.equal(Object.keys(emulator.state().users).length, 4, 'and is there once')
  }
})

t.test('an invite that comes to nothing, and another one', async (t) => {
  for (const [answeredInvite, status] of [
    ['named', 'rejected'],
    ['gone', 'gone']
  ] as const) {
    const bridge = await startConflictBridge(t, env, { guesses: { answeredInvite } })
    const { emulator, scim } = bridge
    await scim.post('/Users', person(pia))
    emulator.admin.answerInvite(pia, 'rejected')
    bridge.takeCalls()
    const ended = await scim.post('/Users', person(pia))
    t.match(ended, answered(/box-scim invite forget pia@example\.com/), status)
    t.strictSame(bridge.takeCalls(), ['POST /users', 'GET /users', 'GET /invites/N'])
    t.match(bridge.lastAudit(), {
      outcome: 'invite_ended',
      notes: [new RegExp(`invite \\d+ is ${status}`)]
    })
    t.match(await scim.post('/Users', person(pia)), answered(/forget/), 'told again')
    t.strictSame(bridge.takeCalls(), ['POST /users', 'GET /users'], 'Box is not asked again')
    t.equal(emulator.state().invites.length, 1, 'and no other is sent')

    await t.rejects(bridge.forget('nobody@example.com'), { message: /No invite is known for/ })
    await bridge.forget('PIA@example.com')
    t.match(bridge.lastAudit(), {
      action: 'invite.forget',
      target: `login:${pia}`,
      notes: [`it was ${status}`]
    })
    t.match(await scim.post('/Users', person(pia)), answered(/must accept/))
    t.equal(emulator.state().invites.length, 2)
  }
})

t.test('a forgotten invite that is still pending in Box', async (t) => {
  for (const [repeatedInvite, detail, invites] of [
    ['conflict', /Box does not invite its owner: .*already/, 1],
    ['existing', /must accept/, 1],
    ['new', /must accept/, 2]
  ] as const) {
    const bridge = await startConflictBridge(t, env, { guesses: { repeatedInvite } })
    await bridge.scim.post('/Users', person(pia))
    await bridge.forget(pia)
    t.match(await bridge.scim.post('/Users', person(pia)), answered(detail), repeatedInvite)
    t.equal(bridge.emulator.state().invites.length, invites, repeatedInvite)
    t.same(bridge.openEntries(), [])
  }
})

t.test('the owner of the login changes the address meanwhile', async (t) => {
  const bridge = await startConflictBridge(t, env)
  await bridge.scim.post('/Users', person(pia))
  bridge.emulator.admin.deleteForeignAccount(pia)
  bridge.takeCalls()
  t.match(await bridge.scim.post('/Users', person(pia)), { status: 201 })
  t.strictSame(bridge.takeCalls(), ['POST /users'])
  t.same(bridge.query('select * from invites'), [])
})

t.test('nobody is invited who is to be inactive', async (t) => {
  const bridge = await startConflictBridge(t, env)
  const inactive = person(pia, { active: false })
  t.match(await bridge.scim.post('/Users', inactive), answered(/not a user of this enterprise/))
  t.strictSame(bridge.takeCalls(), ['POST /users', 'GET /users'])
  t.match(bridge.lastAudit(), { outcome: 'login_taken_outside' })
  t.match(await bridge.scim.post('/Users', person(pia)), answered(/must accept/))
})

t.test('20 POSTs at once send one invite', async (t) => {
  const bridge = await startBridge(t, { env, seed: conflictSeed })
  const scim = scimClient(bridge)
  const posts = Array.from({ length: 20 }, () => scim.post('/Users', person(pia)))
  for (const answer of await Promise.all(posts)) t.match(answer, answered(/must accept/))
  t.equal(invitesAsked(bridge.emulator), 1)
})

t.test('whom Box does not let be invited', async (t) => {
  const otto = 'otto@partner.example'
  for (const word of ['forbidden', 'bad-request'] as const) {
    const guesses = { inviteOfOtherEnterprise: word }
    const bridge = await startConflictBridge(t, env, { guesses })
    for (const attempt of ['first', 'second']) {
      const answer = await bridge.scim.post('/Users', person(otto))
      t.match(answer, answered(/another enterprise, whose admin must free.*request id \w+/), word)
      t.strictSame(bridge.takeCalls(), ['POST /users', 'GET /users', 'POST /invites'], attempt)
      t.match(bridge.lastAudit(), { outcome: 'login_taken_outside' })
    }
    t.same(bridge.emulator.state().invites, [])
    t.same(bridge.query('select * from invites'), [])
    t.same(bridge.openEntries(), [])
  }
  for (const inviteOfMember of ['conflict', 'bad-request'] as const) {
    const bridge = await startConflictBridge(t, env, { guesses: { inviteOfMember } })
    bridge.emulator.admin.addAlias('ann@example.com', 'annie@example.com')
    const answer = await bridge.scim.post('/Users', person('annie@example.com'))
    t.match(answer, answered(/alias of a user of this enterprise/), inviteOfMember)
  }
})

t.test('nobody has the login as login any more when the invite is sent', async (t) => {
  const bridge = await startConflictBridge(t, env)
  const { emulator } = bridge
  emulator.faults.add({ kind: 'delay', ms: 200, method: 'POST', path: '/2.0/invites', times: 1 })
  const post = bridge.scim.post('/Users', person(pia))
  await until('it is on its way', () => emulator.faults.armed.length === 0)
  emulator.admin.deleteForeignAccount(pia)
  t.match(await post, answered(/no account has that address as its login/))
  t.match(bridge.lastAudit(), { calls: [create, find, 'POST /invites 404 not_found'] })
  t.match(await bridge.scim.post('/Users', person(pia)), { status: 201 })
})

/** The calls of a POST that sends an invite, and of one that finds it sent. */
const steps = [
  { method: 'POST', path: '/2.0/users', isInvited: false },
  { method: 'GET', path: '/2.0/users', isInvited: false },
  { method: 'POST', path: '/2.0/invites', isInvited: false },
  { method: 'GET', path: '/2.0/invites/:id', isInvited: true }
] as const

/** Faults, and whether Box may have done what it was asked. */
const kinds = [
  ['503-before', true],
  ['503-after', true],
  ['reset-before', true],
  ['reset-after', true],
  ['html-502', true],
  ['rate-limited', false],
  ['insufficient-scope', false]
] as const

for (const [kind, isDoubtful] of kinds) {
  t.test(`${kind} at each call of an invite`, { buffered: true }, async (t) => {
    const bridge = await startConflictBridge(t, env, { speed: 10 })
    const { emulator, scim, clock } = bridge
    for (const [index, { isInvited, ...call }] of steps.entries()) {
      const what = `${kind} at ${call.method} ${call.path}`
      const login = `guest-${index}@example.com`
      emulator.admin.createForeignAccount({
        login,
        name: 'Guest',
        kind: 'personal',
        collaborates: false
      })
      const invited = () => emulator.state().invites.filter((invite) => invite.login === login)
      const known = () => bridge.query(`select status from invites where login = '${login}'`)
      /** Box is left alone for a while after trouble. */
      const postAgain = async () => {
        let answer = await scim.post('/Users', person(login))
        await until(`an answer after ${what}`, async () => {
          if (answer.status !== 503 && answer.status !== 429) return true
          clock.skip(15_000)
          answer = await scim.post('/Users', person(login))
          return false
        })
        return answer
      }
      if (isInvited) await postAgain()
      // Longer than a request waits, so that the last attempt is not cut off by its deadline.
      const pause = kind === 'rate-limited' ? { retryAfterSeconds: 60 } : {}
      emulator.faults.add({ kind, ...call, ...pause })
      const first = await scim.post('/Users', person(login))
      const isInDoubt = isDoubtful && call.path === '/2.0/invites'
      if (isInDoubt) t.match(first, answered(/answer was lost.*forget/), what)
      else t.match(String(first.status), /429|503/, what)
      t.equal(first.headers.has('retry-after'), !isInDoubt, what)
      emulator.faults.clear()
      const asked = invitesAsked(emulator)
      t.match(await postAgain(), answered(isInDoubt ? /answer was lost/ : /must accept/), what)
      t.equal(invitesAsked(emulator) - asked, isInDoubt || isInvited ? 0 : 1, `${what}: sent once`)
      t.same(bridge.openEntries(), [], what)
      t.match(known(), [{ status: isInDoubt ? 'unknown' : 'pending' }], what)
      if (isInDoubt) {
        await bridge.forget(login)
        await postAgain()
      }
      t.equal(invited().length, 1, what)
      emulator.admin.answerInvite(login, 'accepted')
      t.match(await postAgain(), { status: 201 }, `${what}: linked`)
      t.same(known(), [], what)
    }
  })
}

for (const kind of ['delay', 'delay-after'] as const) {
  t.test(`killed while an invite is sent (${kind})`, { buffered: true }, async (t) => {
    const foreign = [{ login: pia, name: 'Pia', kind: 'personal' as const, collaborates: false }]
    const bridge = await bridgeProcess(t, { env, emulator: { seed: { ...emptySeed, foreign } } })
    const { emulator } = bridge
    await bridge.start()
    const fault = { kind, ms: 600_000, times: 1, method: 'POST', path: '/2.0/invites' } as const
    emulator.faults.add(fault)
    const lost = bridge.scim.post('/Users', person(pia)).catch(() => undefined)
    await until('it is on its way', () => emulator.faults.armed.length === 0)
    const isApplied = kind === 'delay-after'
    const sent = isApplied ? 1 : 0
    await until('Box has it, or not', () => emulator.state().invites.length === sent)
    await bridge.kill()
    t.equal(await lost, undefined)
    emulator.faults.clear()
    await bridge.start()
    // Whether somebody asks again or the bridge itself looks, half a minute later.
    const isSettled = () => bridge.openEntries().length === 0
    if (!isApplied) await until('the bridge has settled it', isSettled, 60_000)
    t.match(await bridge.scim.post('/Users', person(pia)), answered(/answer was lost/))
    t.equal(invitesAsked(emulator), 1, 'no second one')
    t.same(bridge.openEntries(), [])
    if (isApplied) emulator.admin.answerInvite(pia, 'accepted')
    else emulator.admin.deleteForeignAccount(pia)
    t.match(await bridge.scim.post('/Users', person(pia)), { status: 201 })
    t.equal(invitesAsked(emulator), 1)
  })
}
