import t from 'tap'
import { DatabaseSync } from 'node:sqlite'
import type { Hint } from '../../src/provisioning/hints.ts'
import type { MemberChange } from '../../src/provisioning/requests.ts'
import { openMirror, type Mirror } from '../helpers/mirror.ts'

const login = (name: string) => `${name}@example.com`
const seed = {
  users: ['ann', 'bob', 'cid'].map((name) => ({ login: login(name), name, job_title: 'Clerk' })),
  groups: [{ name: 'Team', members: [login('ann'), login('bob')] }],
  foreign: [
    {
      login: 'guest@elsewhere.example',
      name: 'Guest',
      kind: 'personal' as const,
      collaborates: true
    }
  ]
}

const userHint = (mirror: Mirror, name: string): Hint => {
  return { kind: 'user', userId: mirror.userId(login(name)) }
}
const memberHint = (mirror: Mirror, name: string): Hint => {
  const groupId = mirror.groupId('Team')
  return { kind: 'membership', groupId, userId: mirror.userId(login(name)) }
}

async function shown(mirror: Mirror, name: string): Promise<Record<string, unknown>> {
  const { text } = await mirror.users.view(mirror.userId(login(name)), false)
  return JSON.parse(text) as Record<string, unknown>
}

async function members(mirror: Mirror, name = 'Team'): Promise<readonly string[]> {
  const { related = [] } = await mirror.groups.view(mirror.groupId(name), true)
  return [...related].map(({ display }) => display).toSorted()
}

/** What the audit says of drift, oldest first. */
function drift({ url }: Mirror): readonly string[] {
  const database = new DatabaseSync(url.slice('file:'.length), { readOnly: true })
  const rows = database
    .prepare(`select action, target, notes from audit where action glob 'drift*' order by id`)
    .all()
  database.close()
  return rows.map(({ action, target, notes }) => {
    return `${String(action)} ${String(target).split(':')[0] ?? ''} ${String(notes)}`
  })
}

/** Has SCIM write this of somebody, so that they are linked. */
async function patch(mirror: Mirror, name: string, values: Record<string, string | boolean>) {
  await mirror.users.change(
    mirror.userId(login(name)),
    {
      verb: 'patch',
      deactivates: values['active'] === false,
      activates: values['active'] === true,
      apply: ({ resource }) => ({ ...resource, ...values })
    },
    mirror.context()
  )
}

async function patchTeam(mirror: Mirror, members: readonly MemberChange[], displayName = 'Team') {
  const change = {
    verb: 'patch',
    touchesAttributes: true,
    apply: ({ resource }: { readonly resource: object }) => ({ ...resource, displayName }),
    members
  } as const
  await mirror.groups.change(mirror.groupId('Team'), change, mirror.context())
}

t.test('what is changed in Box shows in SCIM for one call', async (t) => {
  const mirror = await openMirror(t, { seed })
  const { admin } = mirror.emulator
  admin.updateUser(login('ann'), { job_title: 'Boss', phone: '+1 555 0100' })
  admin.updateUser(login('bob'), { status: 'inactive' })
  t.same(await mirror.refresh(userHint(mirror, 'ann'), userHint(mirror, 'bob')), [
    'GET /users/:id',
    'GET /users/:id'
  ])
  t.match(await shown(mirror, 'ann'), { title: 'Boss' })
  t.match(await shown(mirror, 'bob'), { active: false })

  const groupId = mirror.groupId('Team')
  admin.updateGroup('Team', { name: 'Crew', description: 'All of them' })
  t.same(await mirror.refresh({ kind: 'group', groupId }), ['GET /groups/:id'])
  t.match(JSON.parse((await mirror.groups.view(groupId, false)).text), { displayName: 'Crew' })
  t.same(drift(mirror), [
    'drift.users user ["changed in Box: jobTitle, phone"]',
    'drift.access user ["deactivated in Box"]',
    'drift.groups group ["changed in Box: name, description"]'
  ])
  t.same(await mirror.refresh(userHint(mirror, 'ann')), ['GET /users/:id'])
  t.equal(drift(mirror).length, 3, 'what is as it was is no drift')
  t.same(await mirror.directory.journal.due(Infinity, 9), [], 'reported, not restored')
})

t.test('memberships are read at one call, or two where they are gone', async (t) => {
  const mirror = await openMirror(t, { seed })
  const { admin } = mirror.emulator
  admin.putMember('Team', login('cid'))
  admin.putMember('Team', login('bob'), 'admin')
  admin.removeMember('Team', login('ann'))
  const calls = await mirror.refresh(
    ...['ann', 'bob', 'cid'].map((name) => memberHint(mirror, name))
  )
  t.equal(calls.length, 4)
  t.same(await members(mirror), ['bob', 'cid'])
  t.same(drift(mirror).toSorted(), [
    'drift.memberships membership ["added in Box"]',
    'drift.memberships membership ["changed in Box: role"]',
    'drift.memberships membership ["removed in Box"]'
  ])
})

t.test('all members of a group are read at one call for a thousand', async (t) => {
  const mirror = await openMirror(t, { seed })
  const { admin } = mirror.emulator
  admin.putMember('Team', login('cid'))
  admin.removeMember('Team', login('ann'))
  const groupId = mirror.groupId('Team')
  t.equal((await mirror.refresh({ kind: 'members', groupId })).length, 1)
  t.same(await members(mirror), ['bob', 'cid'])
})

t.test('who and what appears in Box appears in SCIM', async (t) => {
  const mirror = await openMirror(t, { seed })
  const { admin } = mirror.emulator
  admin.createUser({ login: login('dan'), name: 'dan' })
  admin.createGroup({ name: 'New' })
  admin.putMember('New', login('dan'))
  admin.putMember('New', login('ann'))
  admin.createUser({ login: login('app'), name: 'app', is_platform_access_only: true })
  const calls = await mirror.refresh(
    { kind: 'membership', groupId: mirror.groupId('New'), userId: mirror.userId(login('dan')) },
    userHint(mirror, 'dan'),
    userHint(mirror, 'app')
  )
  t.same(await members(mirror, 'New'), ['ann', 'dan'])
  t.match(await shown(mirror, 'dan'), { active: true })
  await t.rejects(shown(mirror, 'app'), { code: 'not_found' })
  t.ok(calls.length <= 6, `${calls.length} calls for five things, the bridge's own account aside`)
  const guest = mirror.emulator.admin.createForeignAccount({
    login: 'other@elsewhere.example',
    name: 'Other',
    kind: 'personal' as const,
    collaborates: true
  })
  await mirror.refresh({ kind: 'user', userId: guest as ReturnType<Mirror['userId']> })
  await t.rejects(mirror.users.view(guest, false), { code: 'not_found' })
  const { id } = mirror.emulator.state().serviceAccount
  await mirror.refresh({ kind: 'user', userId: id as ReturnType<Mirror['userId']> })
  await t.rejects(mirror.users.view(id, false), { code: 'not_found' })
})

t.test('deleted in Box is a 404, and a POST creates anew', async (t) => {
  const mirror = await openMirror(t, {
    seed,
    settings: { restores: ['users', 'access', 'groups', 'memberships'] }
  })
  const { admin } = mirror.emulator
  await patch(mirror, 'ann', { title: 'Boss' })
  const id = mirror.userId(login('ann'))
  const groupId = mirror.groupId('Team')
  admin.deleteUser(login('ann'))
  t.same(await mirror.refresh({ kind: 'user', userId: id }), ['GET /users/:id', 'GET /users/me'])
  await t.rejects(mirror.users.view(id, false), { code: 'not_found' })
  t.same(await members(mirror), ['bob'])
  t.same(await mirror.directory.memberships.ofUser(id), [])
  const created = await mirror.users.create(
    { userName: login('ann'), displayName: 'ann' },
    mirror.context()
  )
  t.not(created.id, id)
  admin.deleteGroup('Team')
  t.same(await mirror.refresh({ kind: 'group', groupId }), ['GET /groups/:id', 'GET /users/me'])
  await t.rejects(mirror.groups.view(groupId, false), { code: 'not_found' })
  t.same(await mirror.directory.memberships.ofGroup(groupId), [])
  t.same(drift(mirror), [
    'drift.deleted user ["deleted in Box"]',
    'drift.deleted group ["deleted in Box"]'
  ])
})

t.test('a 404 counts for nothing while the bridge itself is not let in', async (t) => {
  const mirror = await openMirror(t, { seed })
  const id = mirror.userId(login('ann'))
  mirror.emulator.admin.deleteUser(login('ann'))
  mirror.emulator.faults.add({ kind: '503-before', method: 'GET', path: '/2.0/users/me' })
  await t.rejects(mirror.refresh({ kind: 'user', userId: id }), { name: 'BoxUnavailableError' })
  t.ok(await mirror.users.view(id, false))
  t.equal((await mirror.directory.hints.waiting()).count, 1, 'the hint stays')
})

t.test('a flood of deletions stops, and an alarm is given', async (t) => {
  const people = [...Array(60).keys()].map((one) => ({ login: login(`p${one}`), name: `p${one}` }))
  const mirror = await openMirror(t, { seed: { users: people } })
  for (const { login } of people) mirror.emulator.admin.updateUser(login, { concealed: true })
  await mirror.refresh(...people.map(({ name }) => userHint(mirror, name)))
  t.equal(await mirror.directory.users.count(), 61 - 10)
  t.match(mirror.errors, [/too much has disappeared from Box/])
  t.equal(mirror.errors.length, 1)
  for (const { login } of people) mirror.emulator.admin.updateUser(login, { concealed: false })
  mirror.clock.skip(2 * 3_600_000)
  await mirror.refresh()
  t.equal((await mirror.directory.hints.waiting()).count, 0)
  t.equal(await mirror.directory.users.count(), 61 - 10, 'who could be read stays')
  await mirror.refresh(...people.map(({ name }) => userHint(mirror, name)))
  t.equal(await mirror.directory.users.count(), 61, 'and the others are back')
})

t.test('what an open journal entry decides is not overwritten', async (t) => {
  const mirror = await openMirror(t, { seed })
  const { emulator, clock } = mirror
  await patch(mirror, 'ann', { title: 'Boss' })
  emulator.faults.add({ kind: 'html-502', method: 'PUT', path: '/2.0/users/:id' })
  emulator.faults.add({ kind: 'html-502', method: 'GET', path: '/2.0/users/:id' })
  await t.rejects(patch(mirror, 'ann', { title: 'Chief' }))
  emulator.faults.clear()
  emulator.admin.updateUser(login('ann'), { job_title: 'Box says' })
  t.same(await mirror.refresh(userHint(mirror, 'ann')), [], 'nothing is called')
  t.equal((await mirror.directory.hints.waiting()).count, 1)
  clock.skip(120_000)
  await mirror.drive()
  t.same(await mirror.directory.journal.due(Infinity, 9), [])
  await mirror.refresh()
  t.match(await shown(mirror, 'ann'), { title: 'Box says' })
})

t.test('somebody deactivated by the bridge and let in by hand', async (t) => {
  const deactivatedStatus = 'cannot_delete_edit'
  const mirror = await openMirror(t, { seed, settings: { deactivatedStatus } })
  const { admin } = mirror.emulator
  await patch(mirror, 'ann', { active: false })
  t.match(await shown(mirror, 'ann'), { active: false })
  admin.updateUser(login('ann'), { status: 'active' })
  await mirror.refresh(userHint(mirror, 'ann'))
  t.match(await shown(mirror, 'ann'), { active: true })
  admin.updateUser(login('ann'), { status: deactivatedStatus })
  await mirror.refresh(userHint(mirror, 'ann'))
  t.match(await shown(mirror, 'ann'), { active: true }, 'a status set by a person takes no access')
})

t.test('a deleted person who is let in by hand is unlinked again', async (t) => {
  const mirror = await openMirror(t, { seed })
  const { admin } = mirror.emulator
  await patch(mirror, 'ann', { title: 'Boss' })
  await mirror.users.delete(mirror.userId(login('ann')), mirror.context())
  t.same(await members(mirror), ['bob'])
  admin.updateUser(login('ann'), { status: 'active' })
  await mirror.refresh(userHint(mirror, 'ann'))
  t.match(await shown(mirror, 'ann'), { active: true, title: 'Boss' })
  t.same(await members(mirror), ['ann', 'bob'])
  t.match(await mirror.directory.users.get(mirror.userId(login('ann'))), {
    linked: false,
    tombstone: false,
    shadow: {}
  })
  t.same(drift(mirror), [
    'drift.access user ["activated in Box","a deleted person is unlinked again"]'
  ])
})

t.test('access is restored', async (t) => {
  const mirror = await openMirror(t, { seed, settings: { restores: ['access'] } })
  const { emulator } = mirror
  const statusOf = (name: string) => emulator.state().users[login(name)]?.status
  await patch(mirror, 'ann', { active: false })
  await patch(mirror, 'bob', { title: 'Boss' })
  await mirror.users.delete(mirror.userId(login('cid')), mirror.context())
  emulator.admin.updateUser(login('ann'), { status: 'active' })
  emulator.admin.updateUser(login('bob'), { status: 'inactive', job_title: 'By hand' })
  emulator.admin.updateUser(login('cid'), { status: 'active' })
  const calls = await mirror.refresh(...['ann', 'bob', 'cid'].map((name) => userHint(mirror, name)))
  t.equal(statusOf('bob'), 'active')
  t.equal(statusOf('ann'), 'active', 'a removal is journaled')
  await mirror.drive()
  t.equal(statusOf('ann'), 'inactive')
  t.equal(statusOf('cid'), 'inactive')
  t.same(calls.filter((call) => call.startsWith('PUT')).length, 1)
  t.match(await shown(mirror, 'ann'), { active: false })
  t.match(
    await shown(mirror, 'bob'),
    { active: true, title: 'By hand' },
    'the title is reported only'
  )
  await t.rejects(shown(mirror, 'cid'), { code: 'not_found' }, 'and who was deleted stays so')
  t.same(await mirror.directory.journal.due(Infinity, 9), [])
})

/** Has Box in trouble while a hint is worked, and the journal find out what came of it. */
async function cutOff(mirror: Mirror, hint: Hint): Promise<void> {
  const path = hint.kind === 'group' ? '/2.0/groups/:id' : '/2.0/users/:id'
  mirror.emulator.faults.add({ kind: '503-before', method: 'PUT', path })
  await t.rejects(mirror.refresh(hint), { name: 'BoxUnavailableError' })
  mirror.emulator.faults.clear()
  mirror.clock.skip(120_000)
  await mirror.drive()
}

t.test(
  'what is cut off while it is restored is restored afterwards, also by another process',
  async (t) => {
    for (const restarts of [false, true]) {
      const settings = { restores: ['users', 'access', 'groups'] } as const
      const mirror = await openMirror(t, { seed, settings })
      const { emulator } = mirror
      await patch(mirror, 'bob', { title: 'Boss' })
      emulator.admin.updateUser(login('bob'), { status: 'inactive', job_title: 'By hand' })
      await patchTeam(mirror, [], 'Staff')
      const group: Hint = { kind: 'group', groupId: mirror.groupId('Staff') }
      emulator.admin.updateGroup('Staff', { name: 'By hand' })
      await cutOff(mirror, userHint(mirror, 'bob'))
      await cutOff(mirror, group)
      if (restarts) mirror.restart()
      await mirror.refresh()
      const { users, groups } = emulator.state()
      t.match(users[login('bob')], { status: 'active', job_title: 'Boss' })
      t.match(await shown(mirror, 'bob'), { active: true, title: 'Boss' })
      t.ok(groups['Staff'])
      t.same(drift(mirror), [
        'drift.restore user []',
        'drift.users user ["changed in Box: jobTitle"]',
        'drift.access user ["deactivated in Box"]',
        'drift.restore group []',
        'drift.groups group ["changed in Box: name"]'
      ])
      t.same(mirror.counted, [
        'restored users',
        'restored access',
        'found users',
        'found access',
        'restored groups',
        'found groups'
      ])
      t.equal((await mirror.directory.hints.waiting()).count, 0)
      emulator.admin.updateUser(login('bob'), { status: 'inactive' })
      await mirror.refresh(userHint(mirror, 'bob'))
      t.equal(drift(mirror).length, 7, 'and nothing is left of it')
    }
  }
)

t.test('an activation that is cut off is given up once SCIM deactivates', async (t) => {
  for (const leaves of ['deactivation', 'deletion'] as const) {
    const mirror = await openMirror(t, { seed, settings: { restores: ['access'] } })
    const { emulator } = mirror
    const id = mirror.userId(login('bob'))
    await patch(mirror, 'bob', { title: 'Boss' })
    emulator.admin.updateUser(login('bob'), { status: 'inactive' })
    await cutOff(mirror, userHint(mirror, 'bob'))
    if (leaves === 'deletion') await mirror.users.delete(id, mirror.context())
    else await patch(mirror, 'bob', { active: false })
    await mirror.refresh(userHint(mirror, 'bob'))
    t.match(emulator.state().users[login('bob')], { status: 'inactive' }, leaves)
    t.equal((await mirror.directory.hints.waiting()).count, 0)
  }
})

t.test('attributes of people are restored', async (t) => {
  const mirror = await openMirror(t, { seed, settings: { restores: ['users'] } })
  const { emulator } = mirror
  await patch(mirror, 'ann', { title: 'Boss' })
  emulator.admin.updateUser(login('ann'), { job_title: 'By hand', phone: '+1', status: 'inactive' })
  emulator.admin.updateUser(login('bob'), { job_title: 'By hand' })
  emulator.faults.add({ kind: '503-before', method: 'PUT', path: '/2.0/users/:id' })
  await t.rejects(mirror.refresh(userHint(mirror, 'ann')), { name: 'BoxUnavailableError' })
  emulator.faults.clear()
  mirror.clock.skip(120_000)
  await mirror.drive()
  await mirror.refresh(userHint(mirror, 'ann'), userHint(mirror, 'bob'))
  const { users } = emulator.state()
  t.match(users[login('bob')], { job_title: 'By hand' }, 'SCIM never wrote it')
  t.match(await shown(mirror, 'ann'), { active: false }, 'access is reported only')
  t.match(users[login('ann')], { job_title: 'Boss', phone: '+1', status: 'inactive' })
})

t.test('attributes of groups are restored', async (t) => {
  const mirror = await openMirror(t, { seed, settings: { restores: ['groups'] } })
  const groupId = mirror.groupId('Team')
  await patchTeam(mirror, [], 'Staff')
  mirror.emulator.admin.updateGroup('Staff', { name: 'By hand', description: 'New' })
  const calls = await mirror.refresh({ kind: 'group', groupId })
  t.same(calls, ['GET /groups/:id', 'PUT /groups/:id'])
  t.match(mirror.emulator.state().groups, { Staff: { description: 'New' } })
  t.match(JSON.parse((await mirror.groups.view(groupId, false)).text), { displayName: 'Staff' })
})

t.test('memberships are restored, of linked groups only', async (t) => {
  const mirror = await openMirror(t, { seed, settings: { restores: ['memberships'] } })
  const { admin } = mirror.emulator
  const membersInBox = () => mirror.emulator.state().groups['Team']?.members
  const disturb = () => {
    admin.putMember('Team', login('cid'))
    admin.removeMember('Team', login('ann'))
  }
  const hints = ['ann', 'cid'].map((name) => memberHint(mirror, name))
  disturb()
  await mirror.refresh(...hints)
  await mirror.drive()
  t.same(membersInBox(), [login('bob'), login('cid')], 'an unlinked group is as Box has it')
  admin.putMember('Team', login('ann'))
  admin.removeMember('Team', login('cid'))
  await mirror.refresh(...hints)

  await patchTeam(mirror, [], 'Team')
  for (const how of [hints, [{ kind: 'members', groupId: mirror.groupId('Team') } as const]]) {
    mirror.counted.length = 0
    disturb()
    await mirror.refresh(...how)
    t.same(await members(mirror), ['ann', 'bob'], 'SCIM shows what is meant')
    await mirror.drive()
    t.same(membersInBox(), [login('ann'), login('bob')])
    const each = ['found memberships', 'restored memberships']
    t.same(mirror.counted, [...each, ...each])
    t.same(await mirror.directory.journal.due(Infinity, 9), [])
  }
})
