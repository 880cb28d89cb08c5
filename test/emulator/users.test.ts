import t from 'tap'
import { boxError, entriesOf, idOf, invalid, seedWith, startBench } from './harness.ts'

const ANN = { name: 'Ann Archer', login: 'ann@example.com' }
const CONFLICT = 'A resource with this value already exists'

t.test('a created user reads back with the standard fields and the defaults of Box', async (t) => {
  const { call } = await startBench(t)
  const created = await call('POST', '/2.0/users', { ...ANN, job_title: 'Baker' })
  t.equal(created.status, 201)
  t.match(created.headers.get('content-type'), /^application\/json/)
  t.strictSame(created.body, {
    type: 'user',
    id: '30000003',
    name: 'Ann Archer',
    login: 'ann@example.com',
    created_at: '2026-03-02T10:00:00-08:00',
    modified_at: '2026-03-02T10:00:00-08:00',
    language: 'en',
    timezone: 'America/Los_Angeles',
    space_amount: 10737418240,
    space_used: 0,
    max_upload_size: 5368709120,
    status: 'active',
    job_title: 'Baker',
    phone: '',
    address: '',
    avatar_url: 'https://app.box.com/api/avatar/large/30000003',
    notification_email: null
  })
  const read = await call('GET', `/2.0/users/${idOf(created)}`)
  t.equal(read.status, 200)
  t.strictSame(read.body, created.body)
})

t.test(
  'times follow the daylight saving of the enterprise, and modified_at the changes',
  async (t) => {
    const { call, clock } = await startBench(t, { tokenLifetimeSeconds: 90 * 24 * 3600 })
    const { body } = await call('POST', '/2.0/users', ANN)
    const { id } = body as { id: string }
    clock.advance(30 * 24 * 3_600_000)
    const changed = await call('PUT', `/2.0/users/${id}?fields=created_at,modified_at`, {
      job_title: 'Baker'
    })
    t.strictSame(changed.body, {
      type: 'user',
      id,
      created_at: '2026-03-02T10:00:00-08:00',
      modified_at: '2026-04-01T11:00:00-07:00'
    })
  }
)

t.test('fields replaces the standard set, on every call that takes it', async (t) => {
  const { call } = await startBench(t)
  const created = await call('POST', '/2.0/users?fields=login', ANN)
  t.strictSame(created.body, { type: 'user', id: '30000003', login: ANN.login })
  const read = await call('GET', '/2.0/users/30000003?fields=role,tracking_codes,no_such_field')
  t.strictSame(read.body, { type: 'user', id: '30000003', role: 'user', tracking_codes: [] })
  const list = await call('GET', '/2.0/users?fields=name,login&filter_term=ann')
  t.strictSame(entriesOf(list), [{ type: 'user', id: '30000003', ...ANN }])
  const me = await call('GET', '/2.0/users/me?fields=login')
  t.match(me.body, { id: '30000001', login: /^AutomationUser_1000001_\w+@boxdevedition\.com$/ })
})

t.test('an unset external_app_user_id is absent, null or empty, as told', async (t) => {
  for (const [unsetText, expected] of [
    ['absent', {}],
    ['null', { external_app_user_id: null }],
    ['empty', { external_app_user_id: '' }]
  ] as const) {
    const { call } = await startBench(t, { guesses: { unsetText } })
    const { body } = await call('POST', '/2.0/users?fields=external_app_user_id', ANN)
    t.strictSame(body, { type: 'user', id: '30000003', ...expected })
  }
})

t.test('unknown fields are refused when told so', async (t) => {
  const { call } = await startBench(t, { guesses: { unknownFields: 'refused' } })
  const answer = await call('GET', '/2.0/users?fields=type,id,login,shoe_size')
  t.equal(answer.status, 400)
  t.strictSame(
    answer.body,
    boxError(400, 'bad_request', 'Bad Request', [invalid('fields', 'shoe_size')])
  )
})

t.test('every settable field is kept', async (t) => {
  const { call } = await startBench(t)
  const settings = {
    role: 'coadmin',
    language: 'gb',
    timezone: 'Europe/Dublin',
    status: 'cannot_delete_edit',
    phone: '+353 1 555 0110',
    address: '1 Sample Quay, Dublin',
    can_see_managed_users: false,
    is_sync_enabled: false,
    is_external_collab_restricted: true,
    is_exempt_from_device_limits: true,
    is_exempt_from_login_verification: true,
    external_app_user_id: 'e-1',
    tracking_codes: [{ type: 'tracking_code', name: 'Department', value: 'Baking' }]
  }
  const fields = Object.keys(settings).join(',')
  const { status, body } = await call('POST', `/2.0/users?fields=${fields}`, {
    ...ANN,
    ...settings
  })
  t.equal(status, 201)
  t.strictSame(body, { type: 'user', id: '30000003', ...settings })
})

t.test('space is unlimited with -1', async (t) => {
  const { call } = await startBench(t)
  const { body } = await call('POST', '/2.0/users?fields=space_amount', {
    ...ANN,
    space_amount: -1
  })
  t.match(body, { space_amount: 1_000_000_000_000_000 })
})

t.test('an update leaves alone what it does not send, and clears texts', async (t) => {
  const { call } = await startBench(t)
  const created = await call('POST', '/2.0/users', { ...ANN, job_title: 'Baker', phone: '5550100' })
  const path = `/2.0/users/${idOf(created)}`
  t.match((await call('PUT', path, { job_title: '' })).body, { job_title: '', phone: '5550100' })
  t.match((await call('PUT', path, { phone: null })).body, { phone: '' })
  const email = { email: 'desk@example.com' }
  t.match((await call('PUT', path, { notification_email: email })).body, {
    notification_email: { ...email, is_confirmed: true }
  })
  t.match((await call('PUT', path, { notification_email: null })).body, {
    notification_email: null
  })
  t.match((await call('PUT', path, { status: 'inactive' })).body, { status: 'inactive' })
  t.match((await call('PUT', path)).body, { status: 'inactive', name: 'Ann Archer' })
})

t.test('a notification e-mail may have to be confirmed by its owner', async (t) => {
  const { call } = await startBench(t, { guesses: { notificationEmailConfirmsItself: false } })
  const email = { email: 'desk@example.com' }
  const { body } = await call('POST', '/2.0/users', { ...ANN, notification_email: email })
  t.match(body, { notification_email: { ...email, is_confirmed: false } })
})

t.test('null for a text is refused or passed over when told so', async (t) => {
  const refusing = await startBench(t, { guesses: { nullText: 'refused' } })
  await refusing.call('POST', '/2.0/users', { ...ANN, phone: '5550100' })
  const refused = await refusing.call('PUT', '/2.0/users/30000003', { phone: null })
  t.strictSame(
    refused.body,
    boxError(400, 'bad_request', 'Bad Request', [invalid('phone', 'null')])
  )
  const ignoring = await startBench(t, { guesses: { nullText: 'ignored' } })
  await ignoring.call('POST', '/2.0/users', { ...ANN, phone: '5550100' })
  t.match((await ignoring.call('PUT', '/2.0/users/30000003', { phone: null })).body, {
    phone: '5550100'
  })
})

t.test('wrong values are refused all at once, and nothing is changed', async (t) => {
  const { call, emulator } = await startBench(t)
  const missing = await call('POST', '/2.0/users', {})
  t.equal(missing.status, 400)
  t.strictSame(
    missing.body,
    boxError(400, 'bad_request', 'Bad Request', [
      { reason: 'missing_parameter', name: 'name', message: "'name' is required." },
      { reason: 'missing_parameter', name: 'login', message: "'login' is required." }
    ])
  )
  await call('POST', '/2.0/users', ANN)
  const before = emulator.state()
  const wrong = await call('PUT', '/2.0/users/30000003', {
    job_title: 'Master Baker',
    name: 'x'.repeat(51),
    role: 'admin',
    status: 'asleep',
    phone: 5,
    language: 'en-US',
    timezone: 'Mars/Olympus',
    space_amount: 1.5,
    is_sync_enabled: 'yes',
    tracking_codes: [{ name: 'Shoe Size', value: '42' }]
  })
  t.equal(wrong.status, 400)
  const { errors } = (wrong.body as { context_info: { errors: { name: string }[] } }).context_info
  t.strictSame(errors.map(({ name }) => name).toSorted(), [
    'is_sync_enabled',
    'language',
    'name',
    'phone',
    'role',
    'space_amount',
    'status',
    'timezone',
    'tracking_codes'
  ])
  t.strictSame(
    (await call('PUT', '/2.0/users/30000003', { notification_email: { email: 'nobody' } })).body,
    boxError(400, 'invalid_parameter', 'Invalid parameter', [
      invalid('notification_email', '{"email":"nobody"}')
    ])
  )
  for (const body of ['{', '[]', '"x"']) {
    t.equal((await call('POST', '/2.0/users', body)).status, 400, body)
  }
  t.strictSame(emulator.state(), before)
})

t.test('the length of a name is counted in characters', async (t) => {
  const { call } = await startBench(t)
  t.equal((await call('POST', '/2.0/users', { ...ANN, name: '🍞'.repeat(50) })).status, 201)
})

t.test('the switches for locales, tracking codes and domains', async (t) => {
  const { call } = await startBench(t, {
    guesses: {
      unknownLocale: 'ignored',
      undefinedTrackingCode: 'accepted',
      createOutsideDomains: 'refused'
    }
  })
  const { body } = await call('POST', '/2.0/users?fields=language,tracking_codes', {
    ...ANN,
    language: 'xx',
    tracking_codes: [{ name: 'Shoe Size', value: '42' }]
  })
  t.match(body, { language: 'en', tracking_codes: [{ name: 'Shoe Size', value: '42' }] })
  const outside = await call('POST', '/2.0/users', { name: 'Bob', login: 'bob@elsewhere.example' })
  t.strictSame(
    outside.body,
    boxError(400, 'bad_request', 'Bad Request', [invalid('login', 'bob@elsewhere.example')])
  )
})

t.test('a login is unique over all of Box, whatever the letter case', async (t) => {
  const seed = seedWith({
    users: [{ ...ANN, aliases: ['archer@example.com'] }],
    foreign: [
      { login: 'free@example.com', name: 'Free', kind: 'personal', collaborates: false },
      { login: 'far@example.com', name: 'Far', kind: 'other-enterprise', collaborates: false }
    ]
  })
  const { call } = await startBench(t, { seed })
  for (const login of [
    'ANN@example.com',
    'Archer@example.com',
    'free@example.com',
    'far@example.com'
  ]) {
    const answer = await call('POST', '/2.0/users', { name: 'Twin', login })
    t.equal(answer.status, 409)
    t.strictSame(
      answer.body,
      boxError(409, 'user_login_already_used', 'User with the specified login already exists')
    )
  }
  const lenient = await startBench(t, {
    seed,
    guesses: { aliasesCollideOnCreate: false, loginConflictContext: 'errors' }
  })
  const twin = { name: 'Twin', login: 'archer@example.com' }
  t.equal((await lenient.call('POST', '/2.0/users', twin)).status, 201)
  t.match((await lenient.call('POST', '/2.0/users', twin)).body, {
    code: 'user_login_already_used',
    context_info: { errors: [invalid('login', twin.login)] }
  })
})

t.test('an app user needs no login and gets one of Box', async (t) => {
  const { call } = await startBench(t)
  const answer = await call('POST', '/2.0/users?fields=login,is_platform_access_only', {
    name: 'Robot',
    is_platform_access_only: true
  })
  t.strictSame(answer.body, {
    type: 'user',
    id: '30000003',
    login: 'AppUser_1000001_0123456789@boxdevedition.com',
    is_platform_access_only: true
  })
  t.match(entriesOf(await call('GET', '/2.0/users?filter_term=robot')), [{ id: '30000003' }])
})

t.test('external_app_user_id belongs to the application that created the user', async (t) => {
  const seed = seedWith({
    users: [
      { ...ANN, external_app_user_id: 'same' },
      {
        name: 'Own',
        login: 'own@example.com',
        createdByApp: true,
        external_app_user_id: 'same'
      }
    ]
  })
  const { call, emulator } = await startBench(t, { seed })
  const found = await call('GET', '/2.0/users?external_app_user_id=same&fields=login')
  t.strictSame(entriesOf(found), [{ type: 'user', id: '30000003', login: 'own@example.com' }])

  const foreign = await call('PUT', '/2.0/users/30000002', {
    external_app_user_id: 'mine',
    job_title: 'Baker'
  })
  t.equal(foreign.status, 403)
  t.strictSame(
    foreign.body,
    boxError(
      403,
      'access_denied_insufficient_permissions',
      'Access denied - insufficient permission'
    )
  )
  t.match(emulator.state().users[ANN.login], { external_app_user_id: 'same', job_title: '' })

  t.equal((await call('PUT', '/2.0/users/30000003', { external_app_user_id: 'b' })).status, 200)
  t.equal((await call('PUT', '/2.0/users/30000003', { external_app_user_id: '' })).status, 200)
  t.equal(emulator.state().users['own@example.com']?.external_app_user_id, '')

  const strict = await startBench(t, {
    seed,
    guesses: {
      foreignExternalAppUserId: 'ignored',
      externalAppUserIdUnique: true,
      maxExternalAppUserIdLength: 5
    }
  })
  const ignored = await strict.call('PUT', '/2.0/users/30000002', { external_app_user_id: 'mine' })
  t.equal(ignored.status, 200)
  t.equal(strict.emulator.state().users[ANN.login]?.external_app_user_id, 'same')
  const bob = { name: 'Bob', login: 'bob@example.com' }
  t.strictSame(
    (await strict.call('POST', '/2.0/users', { ...bob, external_app_user_id: 'same' })).body,
    boxError(409, 'conflict', CONFLICT, [
      { reason: 'invalid_parameter', name: 'external_app_user_id', message: CONFLICT }
    ])
  )
  t.equal(
    (await strict.call('POST', '/2.0/users', { ...bob, external_app_user_id: 'longer' })).status,
    400
  )
})

t.test(
  'admins, the service account and others are out of the service account’s reach',
  async (t) => {
    const { call, emulator } = await startBench(t, {
      seed: seedWith({
        users: [
          { name: 'Ada', login: 'ada@example.com', role: 'admin' },
          { name: 'Bela', login: 'bela@example.com', role: 'coadmin' },
          { name: 'Robot', login: 'robot@boxdevedition.com', is_platform_access_only: true }
        ],
        foreign: [
          {
            login: 'far@elsewhere.example',
            name: 'Far',
            kind: 'other-enterprise',
            collaborates: true
          }
        ]
      })
    })
    const before = emulator.state()
    const denied = boxError(
      403,
      'access_denied_insufficient_permissions',
      'Access denied - insufficient permission'
    )
    for (const id of ['30000001', '30000002', '30000003', '30000004', '30000005']) {
      for (const [method, path, body] of [
        ['PUT', '', { status: 'inactive' }],
        ['DELETE', '', undefined],
        ['POST', '/email_aliases', { email: 'x@example.com' }],
        ['DELETE', '/email_aliases/1', undefined]
      ] as const) {
        const answer = await call(method, `/2.0/users/${id}${path}`, body)
        t.equal(answer.status, 403, `${method} ${id}${path}`)
        t.strictSame(answer.body, denied)
      }
    }
    t.strictSame(emulator.state(), before)
  }
)

t.test('a user can become a co-admin, but never come back from it', async (t) => {
  const { call } = await startBench(t)
  await call('POST', '/2.0/users', ANN)
  t.equal((await call('PUT', '/2.0/users/30000003', { role: 'coadmin' })).status, 200)
  t.equal((await call('PUT', '/2.0/users/30000003', { role: 'user' })).status, 403)
})

t.test('nobody is turned out of the enterprise', async (t) => {
  const { call } = await startBench(t)
  await call('POST', '/2.0/users', ANN)
  t.equal((await call('PUT', '/2.0/users/30000003', { enterprise: null })).status, 403)
})

t.test('deleting takes the memberships along and frees the login', async (t) => {
  const { call, emulator } = await startBench(t)
  const user = idOf(await call('POST', '/2.0/users', ANN))
  const group = idOf(await call('POST', '/2.0/groups', { name: 'Bakers' }))
  await call('POST', '/2.0/group_memberships', { user: { id: user }, group: { id: group } })
  const deleted = await call('DELETE', `/2.0/users/${user}?notify=false`)
  t.equal(deleted.status, 204)
  t.equal(deleted.body, '')
  t.strictSame(emulator.state().groups['Bakers']?.members, [])
  t.strictSame(
    (await call('DELETE', `/2.0/users/${user}`)).body,
    boxError(404, 'not_found', 'Not Found')
  )
  t.not(idOf(await call('POST', '/2.0/users', ANN)), user)
})

t.test('owned content needs force, and a retention policy not even that', async (t) => {
  const seed = seedWith({
    users: [
      { ...ANN, ownsContent: true },
      { name: 'Kept', login: 'kept@example.com', ownsContent: true, retained: true }
    ]
  })
  const { call } = await startBench(t, { seed })
  t.strictSame(
    (await call('DELETE', '/2.0/users/30000002')).body,
    boxError(409, 'conflict', 'User still owns content')
  )
  t.equal((await call('DELETE', '/2.0/users/30000002?force=true')).status, 204)
  t.strictSame(
    (await call('DELETE', '/2.0/users/30000003?force=true')).body,
    boxError(
      403,
      'forbidden',
      'User cannot be deleted due to retention policies. Please transfer user content first'
    )
  )
  const other = await startBench(t, { seed, guesses: { deleteWithContent: 'bad-request' } })
  t.strictSame(
    (await other.call('DELETE', '/2.0/users/30000002')).body,
    boxError(400, 'bad_request', 'Bad Request')
  )
})

t.test('deactivation keeps memberships, or drops them when told so', async (t) => {
  const seed = seedWith({ users: [ANN], groups: [{ name: 'Bakers', members: [ANN.login] }] })
  for (const [inactiveMemberships, members] of [
    ['kept', [ANN.login]],
    ['dropped', []]
  ] as const) {
    const { call, emulator } = await startBench(t, { seed, guesses: { inactiveMemberships } })
    await call('PUT', '/2.0/users/30000002', { status: 'inactive' })
    t.strictSame(emulator.state().groups['Bakers']?.members, members)
  }
})
