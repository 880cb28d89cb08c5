import t, { type Test } from 'tap'
import { connectTo } from '../helpers/connect.ts'
import { startFusedBridge } from '../helpers/fused-bridge.ts'
import { passTime } from '../helpers/hurried-clock.ts'
import { runInProcess } from '../helpers/run-command.ts'
import { person } from '../helpers/scim-client.ts'

async function start(t: Test, env: Readonly<Record<string, string>>, users: readonly string[]) {
  const seed = { users: users.map((login) => ({ login, name: login })) }
  const bridge = await startFusedBridge(t, { seed, env: { DRY_RUN: 'true', ...env } })
  const [row] = bridge.query("select file from pragma_database_list where name = 'main'")
  const database = { DATABASE_URL: `file:${String(row?.['file'])}` }
  const plan = async () => {
    const { code, out, err } = await runInProcess(['plan'], database)
    if (code !== 0) throw new Error(err)
    return out
  }
  return { ...bridge, plan }
}

t.test('app users and sign-ins are in the plan', async (t) => {
  const app = { USER_KIND: 'app', ASSOCIATION: 'external_app_user_id' }
  const bridge = await start(t, app, [])
  t.match(await bridge.scim.post('/Users', person('zoe', { externalId: 'e-1' })), {
    status: 201,
    body: { id: 'dry-1', userName: 'zoe' }
  })
  const connect = connectTo(bridge)
  t.match(await connect({ externalId: 'e-1' }), { body: { boxUserId: 'dry-1', created: false } })
  const answers = await Promise.all([1, 2, 3].map(() => connect({ externalId: 'e-2' })))
  t.strictSame(new Set(answers.map(({ body }) => body['boxUserId'])), new Set(['dry-2']))
  const told = await bridge.plan()
  t.match(told, '2 changes; people: 2 created\n')
  t.match(told, /#1 would be created as an app user: .*externalAppUserId "e-1"/)
  t.match(told, /#2 would be created as an app user: .*externalAppUserId "e-2"/)
})

t.test('so is everything that follows a DELETE', async (t) => {
  const follow = { ON_DELETE: 'transfer', TRANSFER_TO: 'mia@example.com', END_SESSIONS: 'true' }
  const people = ['mia@example.com', 'leo@example.com']
  const bridge = await start(t, follow, people)
  const { scim, emulator, clock, plan } = bridge
  const before = emulator.state()
  const leo = await scim.post(
    '/Users',
    person('leo@example.com', { displayName: 'leo@example.com' })
  )
  t.equal((await scim.delete(`/Users/${String(leo.body['id'])}`)).status, 204)
  await passTime(clock, 'deleted', async () => (await plan()).includes('would be deleted'))
  const told = await plan()
  t.match(told, '4 changes; people: 1 deactivated, 1 deleted, 2 other steps\n')
  t.match(told, /the sessions would be ended/)
  t.match(told, /the content would be moved to user/)
  t.match(told, /1 removals were acknowledged and not done[^\n]*\n +#\d deletion: leo@example\.com/)
  t.strictSame(emulator.state(), before)
})
