import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { emptySeed } from '../../src/emulator/seed.ts'
import { bridgeProcess } from '../helpers/bridge-process.ts'
import { runCommand } from '../helpers/run-command.ts'
import { person } from '../helpers/scim-client.ts'

// Most of the time goes by in waiting for processes to start.
t.jobs = 3

const people = ['jane', 'kim', 'zoe'].map((name) => {
  return { login: `${name}@example.com`, name: `Name of ${name}` }
})
const seed = {
  ...emptySeed,
  users: [...emptySeed.users, ...people],
  groups: [{ name: 'Sales', members: ['jane@example.com'] }]
}

const file = `userPrincipalName;displayName;id
jane@example.com;Name of jane;J1
kim@example.com;Kim Novak;K1
new@example.com;New;N1
New@example.com;Newer;N2
`

t.test('a preview beside a bridge that runs', { buffered: true }, async (t) => {
  const bridge = await bridgeProcess(t, { emulator: { seed } })
  const folder = dirname(bridge.database)
  const csv = join(folder, 'people.csv')
  writeFileSync(csv, file)
  await bridge.start()
  const { scim, emulator, env } = bridge
  const { body } = await scim.post('/Users', person('jane@example.com', { externalId: 'J1' }))
  const ids = Object.fromEntries(
    Object.entries(emulator.state().users).map(([login, { id }]) => [login, id])
  )
  t.equal(body['id'], ids['jane@example.com'])
  const before = emulator.state()
  const files = readdirSync(folder)
  emulator.clearCalls()

  const found = await runCommand(['preview', csv], { env: { ...env, TMPDIR: folder } })
  t.equal(found.err, '')
  t.equal(found.code, 2, 'somebody is in conflict')
  t.equal(
    found.out,
    `4 people against Box enterprise ${env['BOX_ENTERPRISE_ID']} at ${new URL(bridge.boxUrl).host}, as the directory knows it; nothing was changed.
Columns: login from userPrincipalName, external id from id, name from displayName.
Outcome: 1 in conflict, 1 linked, 0 restored, 1 created, 1 linked already, 2 in Box only.

In conflict: these would be refused, or are not whom the file takes them for: 1
  line 5 New@example.com: duplicate: It is the same Box user as on line 4.

Would be linked: they have a Box user, which is taken over: 1
  line 3 kim@example.com (${ids['kim@example.com']}): would be changed: name "Name of kim" → "Kim Novak"

Would be created: nobody can know before whether Box has such a login outside the enterprise: 1
  line 4 new@example.com

Linked already: they stay as they are: 1
  line 2 jane@example.com (${ids['jane@example.com']})

In Box only: the file does not have them, and nothing becomes of them: 2
  ada.admin@example.com (${ids['ada.admin@example.com']}) Ada Admin: never linked, protected
  zoe@example.com (${ids['zoe@example.com']}) Name of zoe: never linked
`
  )
  t.strictSame(readdirSync(folder), files, 'the copy is gone')
  t.strictSame(emulator.calls, [], 'Box is not asked')
  t.strictSame(emulator.state(), before)
  t.strictSame(await scim.find('/Users', 'userName eq "new@example.com"'), [])
  const kim = await scim.get(`/Users/${ids['kim@example.com']}`)
  t.match(kim.body, { displayName: 'Name of kim' }, 'and the directory is as it was')

  writeFileSync(csv, 'mail\nkim@example.com\n')
  const json = await runCommand(['preview', csv, '--json', '--login', 'Mail'], { env })
  t.equal(json.code, 0)
  const report = JSON.parse(json.out) as { inBoxOnly: unknown[] }
  t.strictSame(
    { ...report, inBoxOnly: report.inBoxOnly.length },
    {
      source: 'directory',
      box: { host: new URL(bridge.boxUrl).host, enterpriseId: env['BOX_ENTERPRISE_ID'] },
      columns: {
        login: 'mail',
        externalId: null,
        name: null,
        givenName: null,
        familyName: null,
        email: 'mail'
      },
      people: [
        {
          line: 2,
          login: 'kim@example.com',
          externalId: '',
          name: '',
          outcome: 'linked',
          userId: ids['kim@example.com'],
          code: null,
          reason: null,
          writes: []
        }
      ],
      inBoxOnly: 3
    }
  )
})

t.test('a preview before there is a directory', { buffered: true }, async (t) => {
  const { emulator, env, database } = await bridgeProcess(t, { emulator: { seed } })
  const csv = join(dirname(database), 'people.csv')
  writeFileSync(csv, file)
  const before = emulator.state()
  const found = await runCommand(['preview', csv], { env })
  t.match(found, { code: 2, err: '', out: /, read from Box just now; nothing was changed\.\n/ })
  t.match(found.out, /^Outcome: 1 in conflict, 2 linked, 0 restored, 1 created, /m)
  t.strictSame(
    emulator.calls.map(({ method, path }) => `${method} ${path}`),
    ['POST /oauth2/token', 'GET /2.0/users/me', 'GET /2.0/users'],
    'Box is read, without its groups'
  )
  t.strictSame(emulator.state(), before)
  t.notOk(existsSync(database), 'no directory is made')

  emulator.faults.add({ kind: '503-before', path: '/2.0/users' })
  const refused = await runCommand(['preview', csv], { env })
  t.match(refused, { code: 1, out: '', err: /^Nothing is imported yet, and Box cannot be read: / })
  const missing = await runCommand(['preview', `${csv}.not`], { env })
  t.match(missing, { code: 1, out: '', err: /people\.csv\.not/ })
  const demo = await runCommand(['preview', csv], {
    env: { DATABASE_URL: `file:${database}` }
  })
  t.match(demo, { code: 1, out: '', err: /^There is no directory yet, and no Box to be read: / })
})

t.test('a preview of somebody else', { buffered: true }, async (t) => {
  const bridge = await bridgeProcess(t)
  const csv = join(dirname(bridge.database), 'people.csv')
  writeFileSync(csv, file)
  await bridge.start()
  await bridge.stop()
  const env = { ...bridge.env, BOX_ENTERPRISE_ID: '7' }
  t.match(await runCommand(['preview', csv], { env }), {
    code: 1,
    out: '',
    err: /bridge\.db belongs to Box enterprise \d+ at .* but the bridge is configured for 7 /
  })
  const app = { USER_KIND: 'app', ASSOCIATION: 'external_app_user_id' }
  t.match(await runCommand(['preview', csv], { env: { ...bridge.env, ...app } }), {
    code: 1,
    out: '',
    err: /^The database is about managed users, and USER_KIND is app: /
  })
})
