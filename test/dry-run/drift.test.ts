import t from 'tap'
import type { BoxGroupId, BoxUserId } from '../../src/provisioning/model.ts'
import { openMirror } from '../helpers/mirror.ts'

const seed = {
  users: ['jane', 'kim'].map((name) => ({ login: `${name}@example.com`, name })),
  groups: [{ name: 'Sales', members: ['jane@example.com'] }]
}

const document = (userName: string, displayName: string) => {
  return { userName, displayName, active: true }
}

t.test('what a dry run pretends is no difference to Box', async (t) => {
  const mirror = await openMirror(t, { seed, dryRun: true })
  const { users, groups, emulator } = mirror
  const jane = mirror.userId('jane@example.com')
  const sales = mirror.groupId('Sales')
  const before = emulator.state()
  await users.create(document('ann@example.com', 'Ann'), mirror.context())
  await users.create(document('jane@example.com', 'Jane Doe'), mirror.context())
  await groups.create({ displayName: 'Team' }, ['dry-1', jane], mirror.context())
  await users.delete(mirror.userId('kim@example.com'), mirror.context())
  const leave = { verb: 'patch', touchesAttributes: false } as const
  const members = [{ kind: 'remove', ids: [jane] }] as const
  const change = { ...leave, members, apply: () => ({}) }
  await groups.change(sales, change, mirror.context())

  const view = async () => [
    await users.search({ startIndex: 1, count: 100, related: true }),
    await groups.search({ startIndex: 1, count: 100, related: true })
  ]
  const shown = JSON.stringify(await view())
  t.strictSame(await mirror.reconcile(), [], 'a reconcile finds no difference')
  await mirror.refresh(
    { kind: 'user', userId: 'dry-1' as BoxUserId },
    { kind: 'user', userId: jane },
    { kind: 'group', groupId: sales },
    { kind: 'members', groupId: sales },
    { kind: 'members', groupId: 'dry-3' as BoxGroupId },
    { kind: 'membership', groupId: sales, userId: jane }
  )
  t.equal(JSON.stringify(await view()), shown, 'and looking again changes nothing')
  t.strictSame(emulator.state(), before)
})

t.test('what others change in Box is shown beside it', async (t) => {
  const mirror = await openMirror(t, { seed, dryRun: true })
  const { users, emulator } = mirror
  const jane = mirror.userId('jane@example.com')
  const kim = mirror.userId('kim@example.com')
  await users.create(document('jane@example.com', 'Jane Doe'), mirror.context())
  await users.create(document('kim@example.com', 'Kim Novak'), mirror.context())
  emulator.admin.updateUser('jane@example.com', { job_title: 'Chief', name: 'Janet' })
  emulator.admin.deleteUser('kim@example.com')
  t.strictSame(
    (await mirror.reconcile()).map((hint) => hint),
    [
      { kind: 'user', userId: jane },
      { kind: 'user', userId: kim }
    ]
  )
  await mirror.refresh()
  const record = await mirror.directory.users.get(jane)
  t.match(record?.resource, { title: 'Chief', displayName: 'Jane Doe' }, 'its own value stands')
  t.equal(await mirror.directory.users.get(kim), undefined)
})
