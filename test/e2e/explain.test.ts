import t, { type Test } from 'tap'
import type { ToldStory } from '../../src/compose/operator.ts'
import { startFusedBridge, type FusedBridge } from '../helpers/fused-bridge.ts'
import { passTime } from '../helpers/hurried-clock.ts'
import { runInProcess, type CommandResult } from '../helpers/run-command.ts'
import { group, person } from '../helpers/scim-client.ts'
import { until } from '../helpers/until.ts'

// Most of the time goes by in waiting for processes to start.
t.jobs = 3

/** What `box-scim explain` prints. */
interface Told {
  /** With every time, correlation id and request id replaced by a word. */
  readonly story: (what: string) => Promise<readonly string[]>
  readonly run: (...args: readonly string[]) => Promise<CommandResult>
}

async function setUp(
  t: Test,
  options: Parameters<typeof startFusedBridge>[1] = { env: {} }
): Promise<FusedBridge & Told> {
  const quiet = { BOX_EVENTS_POLL_SECONDS: '0', RECONCILE_HOURS: '0' }
  const bridge = await startFusedBridge(t, { ...options, env: { ...quiet, ...options.env } })
  const [row] = bridge.query("select file from pragma_database_list where name = 'main'")
  const env = { DATABASE_URL: `file:${String(row?.['file'])}` }
  const run = (...args: readonly string[]) => runInProcess(['explain', ...args], env)
  return {
    ...bridge,
    run,
    async story(what) {
      const { code, out, err } = await run(what)
      if (code !== 0) throw new Error(err)
      return out
        .trimEnd()
        .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
        .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')
        .replaceAll(/\(request id [^)]*\)/g, '(request id R)')
        .replaceAll(/\b(user|group|User|Group) \d+/g, '$1 N')
        .split('\n')
    }
  }
}

const createdAnn = [
  'TIME token-1 asked from 127.0.0.1 to create a person: userName "ann@example.com", active true, displayName',
  '  decided: create a person in Box: login "ann@example.com", name',
  '  Box: POST /users was answered 201 (request id R)',
  '  result: done',
  '  correlation id: UUID'
]

const idOf = ({ body }: { readonly body: Readonly<Record<string, unknown>> }) => String(body['id'])

const deactivation = { op: 'replace', path: 'active', value: false }

t.test('a person who is created and put into a group', { buffered: true }, async (t) => {
  const { scim, story } = await setUp(t)
  const ann = idOf(await scim.post('/Users', person('ann@example.com')))
  const team = idOf(await scim.post('/Groups', group('Team', [ann])))
  t.strictSame(await story('ann@example.com'), [
    'User N (ann@example.com). Linked: SCIM writes it; Box status active.',
    ...createdAnn,
    'TIME token-1 asked from 127.0.0.1 to create a group: displayName "Team", members',
    '  decided: put user N (ann@example.com) into group N (Team)',
    '  decided: operations about others: 1',
    '  Box: POST /groups was answered 201 (request id R)',
    '  Box: POST /group_memberships was answered 201 (request id R)',
    '  result: done',
    '  correlation id: UUID',
    'Nothing is on its way.'
  ])
  const ofTeam = [
    'Group N (Team). Linked: SCIM writes it.',
    'TIME token-1 asked from 127.0.0.1 to create a group: displayName "Team", members',
    '  decided: create a group in Box: name "Team"',
    '  decided: put user N (ann@example.com) into group N (Team)',
    '  Box: POST /groups was answered 201 (request id R)',
    '  Box: POST /group_memberships was answered 201 (request id R)',
    '  result: done',
    '  correlation id: UUID',
    'Nothing is on its way.'
  ]
  for (const what of ['team', team, `group:${team}`]) t.strictSame(await story(what), ofTeam, what)
})

t.test('a login that belongs to somebody outside the enterprise', { buffered: true }, async (t) => {
  const seed = {
    foreign: [
      { login: 'taken@example.com', name: 'Somebody', kind: 'personal', collaborates: false }
    ] as const
  }
  const { scim, story } = await setUp(t, { env: {}, seed })
  t.equal((await scim.post('/Users', person('taken@example.com'))).status, 409)
  t.strictSame(await story('Taken@example.com'), [
    'User Taken@example.com. The directory does not have it.',
    'TIME token-1 asked from 127.0.0.1 to create a person: userName "taken@example.com", active true, displayName',
    '  decided: create a person in Box: login "taken@example.com", name',
    '  Box: POST /users was answered 409 user_login_already_used (request id R)',
    '  Box: GET /users was answered 200 (request id R)',
    '  result: refused: the login belongs to a Box account outside the enterprise (409)',
    '  correlation id: UUID',
    'Nothing is on its way.'
  ])
})

t.test('a deactivation that an outage of Box delays', { buffered: true }, async (t) => {
  const { scim, emulator, clock, story, run } = await setUp(t)
  const ann = idOf(await scim.post('/Users', person('ann@example.com')))
  emulator.faults.add({ kind: '503-before', method: 'PUT' })
  const refused = await scim.patch(`/Users/${ann}`, deactivation)
  t.equal(refused.status, 503)
  const before = [
    'User N (ann@example.com). Linked: SCIM writes it; Box status active.',
    ...createdAnn,
    'TIME token-1 asked from 127.0.0.1 to change a person: active false',
    '  decided: set user N (ann@example.com) to inactive in Box',
    '  Box: PUT /users/:id was answered 503 unavailable (request id R)',
    '  result: Box could not be reached or did not answer (503)',
    '  correlation id: UUID'
  ]
  const during = await story(ann)
  t.strictSame(during.slice(0, -1), [...before, 'Still to come:'])
  t.match(
    during.at(-1),
    /^ {2}set user N \(ann@example.com\) to inactive in Box: decided at TIME, failed so far \(unavailable\) after \d+ attempts?; the bridge tries again (?:at TIME|now)$/
  )

  emulator.faults.clear()
  const boxStatus = () => emulator.state().users['ann@example.com']?.status
  await passTime(clock, 'carried out', () => boxStatus() === 'inactive')
  await until('recorded', async () => (await story(ann)).at(-1) === 'Nothing is on its way.')
  const [first = '', ...rest] = before
  const carriedOut = [
    'TIME the bridge went on with a deactivation',
    '  decided: set user N (ann@example.com) to inactive in Box',
    '  Box: PUT /users/:id was answered 200 (request id R)',
    '  note: content owned by the person is now hidden from collaborators',
    '  result: done',
    '  correlation id: UUID',
    'Nothing is on its way.'
  ]
  t.strictSame(await story(ann), [
    first.replace('status active', 'status inactive'),
    ...rest,
    ...carriedOut
  ])

  const correlationId = refused.headers.get('x-correlation-id') ?? ''
  t.strictSame(
    await story(correlationId),
    ['Request UUID.', ...rest.slice(createdAnn.length), ...carriedOut],
    'the request has led to both'
  )
  const { events } = JSON.parse((await run(ann, '--json')).out) as ToldStory
  t.strictSame(
    events.map(({ time }) => time),
    events.map(({ time }) => new Date(time).toISOString()).toSorted(),
    'in order, in UTC'
  )
  t.strictSame(
    events.slice(1).map((event) => event.correlationId),
    [correlationId, correlationId]
  )
})

t.test('a change of the login that fails half-way', { buffered: true }, async (t) => {
  const { scim, emulator, clock, story } = await setUp(t)
  const ann = idOf(await scim.post('/Users', person('ann@example.com')))
  emulator.faults.add({ kind: 'server-error', method: 'PUT' })
  emulator.faults.add({ kind: '503-before', method: 'DELETE' })
  const change = { op: 'replace', path: 'userName', value: 'anna@example.com' }
  t.equal((await scim.patch(`/Users/${ann}`, change)).status, 503)
  const failed = [
    'User N (ann@example.com). Linked: SCIM writes it; Box status active.',
    ...createdAnn,
    'TIME token-1 asked from 127.0.0.1 to change a person: userName "anna@example.com"',
    '  decided: give user N (ann@example.com) the further address anna@example.com',
    '  decided: change user N (ann@example.com) in Box: login "anna@example.com"',
    '  decided: take the address anna@example.com from user N (ann@example.com)',
    '  Box: POST /users/:id/email_aliases was answered 201 (request id R)',
    '  Box: PUT /users/:id was answered 500 internal_server_error (request id R)',
    '  Box: GET /users/:id was answered 200 (request id R)',
    '  Box: GET /users/:id/email_aliases was answered 200 (request id R)',
    '  Box: DELETE /users/:id/email_aliases/:id was answered 503 unavailable (request id R)',
    '  note: update-user found not done',
    '  result: Box could not be reached or did not answer (503)',
    '  correlation id: UUID'
  ]
  const during = await story(ann)
  t.strictSame(during.slice(0, -1), [...failed, 'Still to come:'])
  t.match(
    during.at(-1),
    /^ {2}take the address anna@example.com from user N \(ann@example.com\): (?:decided at TIME, failed so far \(unavailable\) after \d+ attempts?; the bridge tries again (?:at TIME|now)|sent at TIME, and not answered yet)$/
  )

  emulator.faults.clear()
  const aliases = () => emulator.state().users['ann@example.com']?.aliases
  await passTime(clock, 'undone', () => aliases()?.length === 0)
  await until('recorded', async () => (await story(ann)).at(-1) === 'Nothing is on its way.')
  t.strictSame(await story(ann), [
    ...failed,
    'TIME the bridge went on with the removal of an alias',
    '  decided: take the address anna@example.com from user N (ann@example.com)',
    '  Box: GET /users/:id/email_aliases was answered 200 (request id R)',
    '  Box: DELETE /users/:id/email_aliases/:id was answered 204 (request id R)',
    '  result: done',
    '  correlation id: UUID',
    'Nothing is on its way.'
  ])
})

t.test('a removal that the fuse holds, until it is released', { buffered: true }, async (t) => {
  const bridge = await setUp(t, { env: { FUSE: '1/24h' } })
  const { scim, emulator, clock, story } = bridge
  const ann = idOf(await scim.post('/Users', person('ann@example.com')))
  const bo = idOf(await scim.post('/Users', person('bo@example.com')))
  t.equal((await scim.patch(`/Users/${bo}`, deactivation)).status, 200)
  t.equal((await scim.patch(`/Users/${ann}`, deactivation)).status, 503)
  const held = [
    ...createdAnn,
    'TIME the bridge opened the fuse',
    '  note: 1 removals counted, 1 more asked for, 1 allowed',
    '  result: done',
    '  correlation id: UUID',
    'TIME token-1 asked from 127.0.0.1 to change a person: active false',
    '  decided: set user N (ann@example.com) to inactive in Box',
    '  note: 1 removals held by the fuse',
    '  result: held by the fuse: nobody lost access for it (503)',
    '  correlation id: UUID'
  ]
  t.strictSame(await story(ann), [
    'User N (ann@example.com). Linked: SCIM writes it; Box status active.',
    ...held,
    'Still to come:',
    '  set user N (ann@example.com) to inactive in Box: held by the fuse since TIME, asked by token-1; dropped at TIME unless somebody runs box-scim fuse release'
  ])

  await bridge.fuse('release', 'ann@example.com')
  const boxStatus = () => emulator.state().users['ann@example.com']?.status
  await passTime(clock, 'carried out', () => boxStatus() === 'inactive')
  await until('recorded', async () => (await story(ann)).at(-1) === 'Nothing is on its way.')
  t.strictSame(await story(ann), [
    'User N (ann@example.com). Linked: SCIM writes it; Box status inactive.',
    ...held,
    'TIME the operator released a held removal',
    '  decided: set user N (ann@example.com) to inactive in Box',
    '  result: done',
    '  correlation id: UUID',
    'TIME the bridge went on with a deactivation',
    '  decided: set user N (ann@example.com) to inactive in Box',
    '  Box: PUT /users/:id was answered 200 (request id R)',
    '  note: content owned by the person is now hidden from collaborators',
    '  result: done',
    '  correlation id: UUID',
    'Nothing is on its way.'
  ])
})

t.test('what means several, and what nobody knows', { buffered: true }, async (t) => {
  const { scim, run, story } = await setUp(t)
  const ann = idOf(await scim.post('/Users', person('ann@example.com', { externalId: 'Team' })))
  const team = idOf(await scim.post('/Groups', group('Team')))
  t.strictSame(await run('team-x'), {
    code: 1,
    out: '',
    err: 'Nothing is known of team-x: neither a person nor a group, nor anything in the audit. Give a login, the name of a group, a Box id, an externalId or a correlation id.\n'
  })
  t.strictSame(await run('Team'), {
    code: 1,
    out: '',
    err: `Team can mean several: say user:${ann} for User ${ann} (ann@example.com), or group:${team} for Group ${team} (Team).\n`
  })
  t.match(await story(`user:${ann}`), [/^User N/])
  t.match(await story('user:Team'), [/^User N/])
  t.match(await story('group:team'), [/^Group N/])
  t.match(await run('group:ann@example.com'), { code: 1, err: /^Nothing is known/ })
})

t.test('what an app user waits for', { buffered: true }, async (t) => {
  const app = { USER_KIND: 'app', ASSOCIATION: 'external_app_user_id' }
  const env = { ...app, BOX_EVENTS_POLL_SECONDS: '300' }
  const { scim, emulator, story } = await setUp(t, { env })
  emulator.faults.add({ kind: 'reset-after', method: 'POST', path: '/2.0/users' })
  emulator.faults.add({ kind: '503-before', method: 'GET', path: '/2.0/users' })
  const zoe = person('zoe', { externalId: 'ext-zoe' })
  t.equal((await scim.post('/Users', zoe)).status, 503)
  for (const what of ['zoe', 'ext-zoe']) {
    const told = await story(what)
    t.match(told[2], /^ {2}decided: create an app user in Box: .*"ext-zoe"/, what)
    t.match(told.at(-1), /^ {2}create an app user in Box: .*what became of it is not known/, what)
  }
})

t.test('an invite that is not accepted yet is still to come', { buffered: true }, async (t) => {
  const seed = {
    foreign: [
      { login: 'taken@example.com', name: 'Somebody', kind: 'personal', collaborates: false }
    ] as const
  }
  const env = { ON_LOGIN_CONFLICT: 'invite', LOGIN_DOMAIN: 'example.com' }
  const { scim, story } = await setUp(t, { env, seed })
  t.equal((await scim.post('/Users', person('taken'))).status, 409)
  for (const what of ['taken', 'taken@example.com']) {
    const told = await story(what)
    t.strictSame(told.slice(-2), [
      'Still to come:',
      '  an answer to the invite of taken@example.com, sent at TIME: pending'
    ])
  }
})

t.test('a dry run does not pass for the truth', { buffered: true }, async (t) => {
  const { scim, story, run } = await setUp(t, { env: { DRY_RUN: 'true' } })
  const ann = idOf(await scim.post('/Users', person('ann@example.com')))
  t.equal(ann, 'dry-1')
  for (const what of [ann, 'ann@example.com', `user:${ann}`]) {
    t.strictSame((await story(what)).slice(0, 2), [
      'User dry-1 (ann@example.com). Linked: SCIM writes it; Box status active.',
      'This is a dry run: Box was only read, and what is told as done was not done there.'
    ])
  }
  await scim.patch(`/Users/${ann}`, deactivation)
  const decided = '  decided: set user dry-1 (ann@example.com) to inactive in Box'
  t.ok((await story(ann)).includes(decided))
  t.equal((JSON.parse((await run(ann, '--json')).out) as ToldStory).dryRun, true)
})
