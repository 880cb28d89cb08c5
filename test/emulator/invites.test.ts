import t from 'tap'
import { boxError, idOf, invalid, seedWith, startBench } from './harness.ts'

const seed = seedWith({
  users: [{ name: 'Ann Archer', login: 'ann@example.com', aliases: ['archer@example.com'] }],
  foreign: [
    { login: 'pia@example.com', name: 'Pia', kind: 'personal', collaborates: false },
    { login: 'otto@partner.example', name: 'Otto', kind: 'other-enterprise', collaborates: true }
  ]
})

const invite = (login: string, id = '1000001') => ({
  enterprise: { id },
  actionable_by: { login }
})

t.test('somebody with a free account is invited, and the invite can be read', async (t) => {
  const { call, emulator } = await startBench(t, { seed })
  const created = await call('POST', '/2.0/invites', invite('Pia@example.com'))
  t.equal(created.status, 200)
  t.strictSame(created.body, {
    type: 'invite',
    id: '60000001',
    invited_to: { type: 'enterprise', id: '1000001', name: 'Example Corp' },
    actionable_by: { type: 'user', id: '30000003', name: 'Pia', login: 'pia@example.com' },
    invited_by: {
      type: 'user',
      id: '30000001',
      name: 'SCIM bridge',
      login: 'AutomationUser_1000001_bridge@boxdevedition.com'
    },
    status: 'pending',
    created_at: '2026-03-02T10:00:00-08:00',
    modified_at: '2026-03-02T10:00:00-08:00'
  })
  t.strictSame((await call('GET', '/2.0/invites/60000001')).body, created.body)
  t.strictSame((await call('GET', '/2.0/invites/60000001?fields=status')).body, {
    type: 'invite',
    id: '60000001',
    status: 'pending'
  })
  t.strictSame(emulator.state().invites, [
    { id: '60000001', status: 'pending', login: 'pia@example.com' }
  ])
  t.equal((await call('GET', '/2.0/users/30000003')).status, 404, 'not a user yet')
  t.equal((await call('GET', '/2.0/invites/1')).status, 404)
  t.equal((await call('GET', '/2.0/invites/one')).status, 405)
})

t.test('who accepts becomes a user under the same id; who rejects stays outside', async (t) => {
  const { call, clock, emulator } = await startBench(t, { seed })
  const id = idOf(await call('POST', '/2.0/invites', invite('pia@example.com')))
  emulator.admin.answerInvite('pia@example.com', 'rejected')
  t.match((await call('GET', `/2.0/invites/${id}`)).body, { status: 'rejected' })
  t.throws(() => emulator.admin.answerInvite(id, 'accepted'), /is rejected/)
  const again = idOf(await call('POST', '/2.0/invites', invite('pia@example.com')))
  t.not(again, id)
  clock.advance(60_000)
  emulator.admin.answerInvite(again, 'accepted')
  t.match((await call('GET', `/2.0/invites/${again}`)).body, {
    status: 'accepted',
    modified_at: '2026-03-02T10:01:00-08:00'
  })
  const user = await call('GET', '/2.0/users/30000003')
  t.match(user.body, { login: 'pia@example.com', name: 'Pia', status: 'active' })
  t.match((await call('PUT', '/2.0/users/30000003', { job_title: 'Baker' })).body, {
    job_title: 'Baker'
  })
  t.match(
    (await call('GET', '/2.0/users?filter_term=pia@example.com')).body,
    { total_count: 1 },
    'found by login'
  )
})

t.test(
  'events tell of an answer, and of a new user where Box calls the accepted one so',
  async (t) => {
    for (const [acceptedInviteIsNewUser, types] of [
      [true, ['NEW_USER', 'MASTER_INVITE_ACCEPT']],
      [false, ['MASTER_INVITE_ACCEPT']]
    ] as const) {
      const { call, emulator } = await startBench(t, { seed, guesses: { acceptedInviteIsNewUser } })
      await call('POST', '/2.0/invites', invite('pia@example.com'))
      emulator.admin.answerInvite('pia@example.com', 'rejected')
      await call('POST', '/2.0/invites', invite('pia@example.com'))
      emulator.admin.answerInvite('pia@example.com', 'accepted')
      t.strictSame(
        emulator.events.recorded.map(({ event_type: type }) => type),
        ['MASTER_INVITE_REJECT', ...types]
      )
      const source = { type: 'user', id: '30000003', name: 'Pia', login: 'pia@example.com' }
      t.match(emulator.events.recorded, [{ source, created_by: { id: '30000003' } }])
    }
  }
)

t.test('who cannot be invited', async (t) => {
  const { call } = await startBench(t, { seed })
  const post = (body: object) => call('POST', '/2.0/invites', body)
  t.strictSame(
    (await post(invite('nobody@example.com'))).body,
    boxError(404, 'not_found', 'Not Found')
  )
  const taken = boxError(409, 'conflict', 'A resource with this value already exists')
  t.strictSame((await post(invite('ann@example.com'))).body, taken)
  t.strictSame((await post(invite('archer@example.com'))).body, taken, 'an alias')
  t.strictSame(
    (await post(invite('otto@partner.example'))).body,
    boxError(403, 'forbidden', 'Cannot invite user who belongs to a different enterprise')
  )
  t.equal((await post(invite('pia@example.com', '2'))).status, 403, 'into another enterprise')
  await post(invite('pia@example.com'))
  t.strictSame((await post(invite('pia@example.com'))).body, taken, 'invited already')
  t.strictSame(
    (await post({ enterprise: '1000001' })).body,
    boxError(400, 'bad_request', 'Bad Request', [
      invalid('enterprise', '1000001'),
      {
        reason: 'missing_parameter',
        name: 'actionable_by',
        message: "'actionable_by' is required."
      }
    ])
  )
})

t.test('the guesses about invites', async (t) => {
  const refusing = await startBench(t, {
    seed,
    guesses: { inviteOfMember: 'bad-request', inviteOfOtherEnterprise: 'bad-request' }
  })
  for (const login of ['ann@example.com', 'otto@partner.example']) {
    const answer = await refusing.call('POST', '/2.0/invites', invite(login))
    t.match(answer, { status: 400, body: { code: 'bad_request' } }, login)
  }
  for (const [repeatedInvite, isSame] of [
    ['existing', true],
    ['new', false]
  ] as const) {
    const { call } = await startBench(t, { seed, guesses: { repeatedInvite } })
    const first = idOf(await call('POST', '/2.0/invites', invite('pia@example.com')))
    const second = idOf(await call('POST', '/2.0/invites', invite('pia@example.com')))
    t.equal(first === second, isSame, repeatedInvite)
  }
  const { call, emulator } = await startBench(t, { seed, guesses: { answeredInvite: 'gone' } })
  const id = idOf(await call('POST', '/2.0/invites', invite('pia@example.com')))
  t.equal((await call('GET', `/2.0/invites/${id}`)).status, 200)
  emulator.admin.answerInvite(id, 'accepted')
  t.equal((await call('GET', `/2.0/invites/${id}`)).status, 404)
})

t.test('inviting takes a scope, which can be granted later', async (t) => {
  const { call, emulator } = await startBench(t, { seed, scopes: ['root_readwrite'] })
  const answer = await call('POST', '/2.0/invites', invite('pia@example.com'))
  t.match(answer, { status: 403, body: { code: 'insufficient_scope' } })
  t.equal((await call('GET', '/2.0/invites/1')).status, 403)
  emulator.admin.changeEnterprise({ scopes: ['manage_enterprise_properties'] })
  t.equal((await call('POST', '/2.0/invites', invite('pia@example.com'))).status, 200)
  t.equal((await call('PUT', '/2.0/users/30000002/folders/0', {})).status, 403)
})
