import t, { type Test } from 'tap'
import type { Emulator } from '../../src/emulator/emulator.ts'
import { emptySeed } from '../../src/emulator/seed.ts'
import { bridgeProcess } from '../helpers/bridge-process.ts'
import { runCommand } from '../helpers/run-command.ts'
import { group, person } from '../helpers/scim-client.ts'
import { serveProcess } from '../helpers/serve-process.ts'

// Most of the time goes by in waiting for processes to start.
t.jobs = 3

const people = ['jane', 'bob', 'kim'].map((name) => {
  return { login: `${name}@example.com`, name: `Name of ${name}` }
})
const seed = {
  ...emptySeed,
  users: [...emptySeed.users, ...people],
  groups: [{ name: 'Sales', members: ['jane@example.com', 'bob@example.com'] }]
}

/** What reached Box: nothing but reads, and token requests. */
function methodsOf(emulator: Emulator): readonly string[] {
  const calls = emulator.calls.filter(({ path }) => path !== '/oauth2/token')
  return [...new Set(calls.map(({ method }) => method))]
}

async function planOf(t: Test, database: string): Promise<string> {
  const env = { DATABASE_URL: `file:${database}` }
  const { code, out, err } = await runCommand(['plan'], { env })
  t.match({ code, err }, { code: 0, err: '' })
  return out
}

t.test('a dry run with a restart in it, and its plan', { buffered: true }, async (t) => {
  const env = { DRY_RUN: 'true', FUSE: '1/24h' }
  const bridge = await bridgeProcess(t, { env, emulator: { seed } })
  const { database, emulator } = bridge
  const before = emulator.state()
  const idOf = (login: string) => String(emulator.state().users[login]?.id)
  const [jane, bob] = [idOf('jane@example.com'), idOf('bob@example.com')]
  const sales = String(emulator.state().groups['Sales']?.id)
  await bridge.start()

  const empty = await planOf(t, database)
  t.equal(
    empty,
    `Dry run of Box enterprise ${bridge.env['BOX_ENTERPRISE_ID']} at ${new URL(bridge.boxUrl).host}: Box was read and not changed.
Nothing would have been changed.

No removal was acknowledged.
The identity provider takes all of this for done: restart provisioning there before the bridge runs without DRY_RUN (docs/dry-run.md).
`
  )

  const ann = await bridge.scim.post('/Users', person('ann@example.com'))
  t.match(ann, { status: 201, body: { id: 'dry-1', userName: 'ann@example.com', active: true } })
  const team = await bridge.scim.post('/Groups', group('Team', ['dry-1', jane]))
  t.match(team, { status: 201, body: { id: 'dry-2' } })
  t.match(await bridge.scim.patch('/Users/dry-1', { op: 'add', path: 'title', value: 'Chief' }), {
    status: 200,
    body: { title: 'Chief' }
  })
  t.match(await bridge.scim.post('/Users', person('jane@example.com')), {
    status: 201,
    body: { id: jane }
  })
  t.match(await bridge.scim.post('/Users', person('ANN@example.com')), { status: 409 })

  await bridge.kill()
  await bridge.start()
  const { scim } = bridge
  t.match(await scim.get('/Users/dry-1'), { status: 200, body: { title: 'Chief' } })
  t.match(await scim.find('/Users', 'userName eq "ann@example.com"'), [{ id: 'dry-1' }])
  t.match(await scim.get('/Groups/dry-2'), {
    body: { members: [{ value: jane }, { value: 'dry-1' }] }
  })
  t.match(await scim.post('/Users', person('ann@example.com')), { status: 409 }, 'she is known')
  for (const path of [
    '/Users/dry-2',
    '/Users/dry-99',
    '/Users/dry-',
    '/Groups/dry-1',
    '/Users/dry-x'
  ]) {
    t.match(await scim.get(path), { status: 404 }, path)
  }

  const leave = { op: 'replace', path: 'active', value: false }
  t.match(await scim.patch(`/Users/${jane}`, leave), { status: 200, body: { active: false } })
  t.match(await scim.get(`/Users/${jane}`), { body: { active: false } })
  t.match(await scim.delete(`/Users/${bob}`), { status: 204 }, 'the fuse lets all pass')
  t.match(await scim.get(`/Users/${bob}`), { status: 404 })
  const out = { op: 'remove', path: `members[value eq "${jane}"]` }
  t.match(await scim.patch(`/Groups/${sales}`, out), { status: 204 })
  t.match(await scim.patch('/Groups/dry-2', out), { status: 204 })
  t.match(await scim.delete('/Users/dry-1'), { status: 204 })
  t.match(await scim.get('/Groups/dry-2'), { body: { members: undefined } })

  t.strictSame(emulator.state(), before, 'Box is as it was')
  t.strictSame(methodsOf(emulator), ['GET'], 'and got nothing but reads')

  const told = await planOf(t, database)
  const time = /\d{4}-\d\d-\d\dT[\d:.]+Z/.exec(told)?.[0] ?? ''
  t.equal(
    told,
    `Dry run of Box enterprise ${bridge.env['BOX_ENTERPRISE_ID']} at ${new URL(bridge.boxUrl).host}: Box was read and not changed.
10 changes; people: 1 created, 3 deactivated, 1 changed; groups: 1 created; memberships: 2 added, 2 removed

ann@example.com (dry-1)
     #1 would be created: login "ann@example.com", name "Name of ann"
     #5 would be changed: jobTitle "" → "Chief"
    #10 would be deactivated: status "active" → "inactive"

Team (dry-2)
     #2 would be created: name "Team"
     #3 ann@example.com (dry-1) would be added
     #4 jane@example.com (${jane}) would be added
     #9 jane@example.com (${jane}) would be removed

jane@example.com (${jane})
     #6 would be deactivated: status "active" → "inactive"

bob@example.com (${bob})
     #7 would be deactivated: status "active" → "inactive"

Sales (${sales})
     #8 jane@example.com (${jane}) would be removed

3 removals were acknowledged and not done. In Box these keep their access:
     #6 deactivation: jane@example.com (${jane})
     #7 deactivation: bob@example.com (${bob})
     #8 membership: jane@example.com (${jane}) in Sales (${sales})
The fuse for people would have opened at ${time} and held 2 of these removals.
The identity provider takes all of this for done: restart provisioning there before the bridge runs without DRY_RUN (docs/dry-run.md).
`
  )
  const asJson = await runCommand(['plan', '--json'], { env: { DATABASE_URL: `file:${database}` } })
  const report = JSON.parse(asJson.out) as { changes: unknown[]; undone: unknown[] }
  t.match(report, {
    box: { enterpriseId: bridge.env['BOX_ENTERPRISE_ID'] },
    fuses: { people: { openedAt: Number, held: 2 }, memberships: null }
  })
  t.strictSame(report.undone.at(-1), {
    number: 8,
    removal: 'membership',
    userId: jane,
    login: 'jane@example.com',
    groupId: sales,
    group: 'Sales'
  })
  t.match(report.changes[0], {
    number: 1,
    at: Number,
    write: { kind: 'create-user', fields: { login: 'ann@example.com' }, isAppUser: false },
    userId: 'dry-1',
    login: 'ann@example.com',
    groupId: null,
    group: null
  })
  const status = await runCommand(['status'], { env: { DATABASE_URL: `file:${database}` } })
  t.match(status.out, /^Box +enterprise \d+ at \S+; a DRY RUN, which only reads Box$/m)
  t.match(status.out, /^Fuses +people OPEN since \S+, 0 held/m)

  await bridge.stop()
  const real = serveProcess(t, { ...bridge.env, DRY_RUN: 'false' })
  t.match(await real.ended, { code: 1 })
  t.match(real.output(), /bridge\.db belongs to a dry run, whose changes never reached Box\./)
  const doctor = await runCommand(['doctor'], { env: { ...bridge.env, DRY_RUN: 'false' } })
  t.match(doctor, { code: 1, out: /^fail +database: .*bridge\.db belongs to a dry run$/m })
})

t.test('a dry run takes no database that is in use for real', { buffered: true }, async (t) => {
  const bridge = await bridgeProcess(t)
  await bridge.start()
  await bridge.stop()
  const dry = serveProcess(t, { ...bridge.env, DRY_RUN: 'true' })
  t.match(await dry.ended, { code: 1 })
  t.match(dry.output(), /bridge\.db belongs to a bridge that changes Box, and DRY_RUN is set\./)
  t.match(await runCommand(['plan'], { env: { DATABASE_URL: bridge.env['DATABASE_URL'] ?? '' } }), {
    code: 1,
    out: '',
    err: /^This is no directory of a dry run\./
  })
  t.match(await runCommand(['doctor'], { env: { ...bridge.env, DRY_RUN: 'true' } }), {
    code: 1,
    out: /^fail +database: .*bridge\.db belongs to a bridge that changes Box, and DRY_RUN is set$/m
  })
})
