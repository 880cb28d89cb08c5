import t, { type Test } from 'tap'
import { createBoxClient } from '../../src/box/client.ts'
import { createDryBox } from '../../src/dry-run/dry-box.ts'
import { createMemoryLog } from '../../src/dry-run/memory-log.ts'
import { createEmulator } from '../../src/emulator/emulator.ts'
import { demoCredentials } from '../../src/emulator/seed.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { BoxRefusedError, BoxUnavailableError } from '../../src/provisioning/errors.ts'
import type { BoxGroup, BoxGroupId, BoxUser, BoxUserId } from '../../src/provisioning/model.ts'
import type { BoxCall, BoxPort } from '../../src/provisioning/box-port.ts'

/** A Box enterprise with the demo's people, and what happens to it behind the port's back. */
interface Started {
  readonly box: BoxPort
  /** Lets the next write be done and its answer be lost. */
  readonly loseNextAnswer: (method: string) => void
  /** Adds so many people. */
  readonly crowd: (count: number) => void
  /** Puts somebody into a group in Box itself, as an admin of the group if so. */
  readonly putMember: (group: string, login: string, role: 'member' | 'admin') => void
  /** Takes somebody out of a group in Box itself. */
  readonly removeMember: (group: string, login: string) => void
  /** An invited person's answer. */
  readonly answerInvite: (login: string, answer: 'accepted' | 'rejected') => void
  /** Lets Box take an hour for a transfer of what somebody owns. */
  readonly slowTransfer: (login: string) => void
  /** Lets that hour pass. */
  readonly passAnHour: () => void
  /** Leaves no seat. */
  readonly takeSeats: () => void
}

type Start = (test: { teardown(end: () => Promise<unknown>): void }) => Promise<Started>

/** What only Box itself can know or do: a dry run takes no part in these. */
const onlyBox: ReadonlySet<string> = new Set([
  'users: an address outside the enterprise',
  'users: a login of another domain',
  'users: the external id of a user whom another application made',
  'users: no seat is left',
  'leavers: what Box refuses for reasons of its own',
  'leavers: a transfer whose answer is lost has an unknown effect',
  'leavers: a transfer goes on when nobody waits for it',
  'invites: pending, answered, and linked afterwards',
  'invites: who cannot be invited',
  'memberships: all members of a large group, page by page',
  'a create whose answer is lost has an unknown effect and is sent once',
  'updates and removals whose answer is lost are driven to their end',
  'events: what was done, by whom, and what to read again'
])

/** Every implementation of the port; each must pass the whole suite, but for what it cannot know. */
const implementations: ReadonlyMap<string, { start: Start; without: ReadonlySet<string> }> =
  new Map([
    ['the adapter, over HTTP, on the emulator', { start: startAdapter, without: new Set() }],
    ['a dry run, on the adapter', { start: startDryRun, without: onlyBox }]
  ])

async function startDryRun(test: Parameters<Start>[0]): Promise<Started> {
  const started = await startAdapter(test, { readOnly: true })
  const log = createMemoryLog()
  return { ...started, box: await createDryBox({ reads: started.box, log, clock: systemClock }) }
}

const silent = (): void => undefined
const hour = 3_600_000

async function startAdapter(
  test: Parameters<Start>[0],
  options: { readonly readOnly?: boolean } = {}
): Promise<Started> {
  let passed = 0
  const clock = { ...systemClock, now: () => systemClock.now() + passed }
  const emulator = createEmulator({ callsPerMinute: 1_000_000, clock })
  const box = createBoxClient({
    ...options,
    apiUrl: await emulator.listen(),
    credentials: { kind: 'client-credentials', ...demoCredentials },
    callsPerMinute: 1_000_000,
    clock: systemClock,
    random: { ...systemRandom, fraction: () => -0.49 },
    log: { info: silent, warn: silent, error: silent, debug: silent }
  })
  test.teardown(async () => {
    await box.close()
    await emulator.close()
  })
  return {
    box,
    loseNextAnswer: (method) =>
      emulator.faults.add({ kind: 'reset-after', method, path: '/2.0/*', times: 1 }),
    crowd(count) {
      for (let i = 0; i < count; i++) {
        emulator.admin.createUser({ login: `crowd.${i}@example.com`, name: `Crowd ${i}` })
      }
    },
    putMember: (group, login, role) => void emulator.admin.putMember(group, login, role),
    removeMember: (group, login) => emulator.admin.removeMember(group, login),
    answerInvite: (login, answer) => emulator.admin.answerInvite(login, answer),
    slowTransfer: (login) => emulator.admin.updateUser(login, { transferMs: hour }),
    passAnHour: () => {
      passed += hour
    },
    takeSeats: () => emulator.admin.changeEnterprise({ seats: 0 })
  }
}

const call = (lane: BoxCall['lane'] = 'client'): BoxCall => ({
  lane,
  deadline: Date.now() + 25_000
})

const kindly = { force: false, notify: false }

/** What a transfer needs. */
const patient = (): BoxCall => ({ lane: 'background', deadline: Date.now() + 660_000 })

async function person(box: BoxPort, login: string): Promise<BoxUser> {
  const found = await box.findUserByLogin(login, call())
  if (found === undefined) throw new Error(`nobody is called ${login}`)
  return found
}

async function team(box: BoxPort, name: string): Promise<BoxGroup> {
  const found = await box.findGroupByName(name, call())
  if (found === undefined) throw new Error(`no group is called ${name}`)
  return found
}

const refusal = async (work: Promise<unknown>): Promise<BoxRefusedError> => {
  const error: unknown = await work.catch((reason: unknown) => reason)
  if (error instanceof BoxRefusedError) return error
  throw new Error('Box did not refuse', { cause: error })
}

const nobody = '99999999999' as BoxUserId
const nothing = '99999999998' as BoxGroupId

for (const [name, { start, without }] of implementations) {
  void t.test(name, async (t) => {
    const titles = new Set<string>()
    const run = (title: string, test: (t: Test) => Promise<void>) => {
      titles.add(title)
      return t.test(title, { skip: without.has(title) }, test)
    }

    await run('users: create, read, find, change', async (t) => {
      const { box } = await start(t)
      const created = await box.createUser(
        {
          login: 'zoe.adams@example.com',
          name: 'Zoë Adams',
          jobTitle: 'Designer',
          trackingCodes: [{ name: 'Department', value: 'Design' }],
          externalAppUserId: 'e-17',
          status: 'inactive'
        },
        call()
      )
      t.match(created, {
        login: 'zoe.adams@example.com',
        status: 'inactive',
        role: 'user',
        jobTitle: 'Designer',
        trackingCodes: [{ name: 'Department', value: 'Design' }],
        externalAppUserId: 'e-17',
        notificationEmail: null,
        isPlatformAccessOnly: false
      })
      t.same(await box.getUser(created.id, call()), created)
      t.same(await box.findUserByLogin('ZOE.Adams@example.com', call()), created)
      const changes = { status: 'active', jobTitle: '', trackingCodes: [], spaceAmount: 5_000_000 }
      const changed = await box.updateUser(created.id, changes, call())
      t.match({ ...created, ...changes, modifiedAt: changed.modifiedAt }, changed)
      const email = 'zoe@example.com'
      const notified = await box.updateUser(created.id, { notificationEmail: email }, call())
      t.equal(notified.notificationEmail, email)
      const silent = await box.updateUser(created.id, { notificationEmail: null }, call())
      t.equal(silent.notificationEmail, null)
    })

    await run('users: what is not there, and what is refused', async (t) => {
      const { box } = await start(t)
      t.equal(await box.getUser(nobody, call()), undefined)
      t.equal(await box.findUserByLogin('carla.conti@example', call()), undefined)
      t.match(await refusal(box.updateUser(nobody, { name: 'X' }, call())), { status: 404 })
      const taken = { login: 'Carla.Conti@example.com', name: 'Another Carla' }
      const conflict = { status: 409, code: 'user_login_already_used' }
      t.match(await refusal(box.createUser(taken, call())), conflict)
      const admin = await person(box, 'ada.admin@example.com')
      t.equal(admin.role, 'admin')
      t.match(await refusal(box.updateUser(admin.id, { status: 'inactive' }, call())), {
        status: 403
      })
    })

    await run('users: an address outside the enterprise', async (t) => {
      const { box } = await start(t)
      const personal = { login: 'tess.young@example.com', name: 'Tess Young' }
      t.match(await refusal(box.createUser(personal, call())), {
        status: 409,
        code: 'user_login_already_used'
      })
      t.equal(await box.findUserByLogin(personal.login, call()), undefined)
    })

    await run('users: a whole enterprise by marker, everybody once', async (t) => {
      const { box, crowd } = await start(t)
      crowd(1500)
      const own = await box.getOwnAccount(call())
      const logins: string[] = []
      let marker: string | undefined
      let pages = 0
      do {
        const page = await box.listUsers(marker, call('background'))
        logins.push(...page.users.map(({ login }) => login))
        marker = page.nextMarker
        pages += 1
      } while (marker !== undefined)
      t.equal(pages, 2)
      t.equal(new Set(logins).size, logins.length)
      t.equal(logins.filter((login) => login.startsWith('crowd.')).length, 1500)
      t.notOk(logins.includes(own.login))
    })

    await run('users: a login changes by way of an alias', async (t) => {
      const { box } = await start(t)
      const { id } = await person(box, 'carla.conti@example.com')
      const login = 'carla.rossi@example.com'
      t.match(await refusal(box.updateUser(id, { login }, call())), { status: 400 })
      const alias = await box.addAlias(id, login, call())
      t.equal(alias.email, login)
      t.same(await box.addAlias(id, login, call()), alias, 'added already')
      t.equal((await box.updateUser(id, { login }, call())).login, login)
      const aliases = await box.listAliases(id, call())
      t.same(
        aliases.map(({ email }) => email),
        ['carla.conti@example.com']
      )
      for (const { id: old } of aliases) {
        await box.removeAlias(id, old, call())
        await box.removeAlias(id, old, call())
      }
      t.same(await box.listAliases(id, call()), [])
      await refusal(box.addAlias(id, 'david.okafor@example.com', call()))
    })

    await run('users: a login of another domain', async (t) => {
      const { box } = await start(t)
      const { id } = await person(box, 'carla.conti@example.com')
      t.ok(await refusal(box.addAlias(id, 'carla@elsewhere.example.net', call())))
    })

    await run('users: app users have no login of their own', async (t) => {
      const { box } = await start(t)
      const fields = { name: 'Robot', externalAppUserId: 'r-1', login: 'robot@example.com' }
      const created = await box.createAppUser(fields, call())
      t.match(created, { name: 'Robot', isPlatformAccessOnly: true, externalAppUserId: 'r-1' })
      t.match(created.login, /^AppUser_.*@boxdevedition\.com$/)
      t.same(await box.findUsersByExternalId('r-1', call()), [created])
      t.same(await box.findUsersByExternalId('R-1', call()), [])
      t.same(await box.findUsersByExternalId('', call()), [])
      const { users } = await box.listUsers(undefined, call())
      t.same(
        users.find(({ id }) => id === created.id),
        created
      )
      const renamed = await box.updateUser(created.id, { externalAppUserId: 'r-2' }, call())
      t.same(await box.findUsersByExternalId('r-1', call()), [])
      t.same(await box.findUsersByExternalId('r-2', call()), [renamed])
    })

    await run('users: the external id of a user whom another application made', async (t) => {
      const { box } = await start(t)
      const { id } = await person(box, 'carla.conti@example.com')
      const change = box.updateUser(id, { externalAppUserId: 'c-1' }, call())
      t.match(await refusal(change), { status: 403 })
      t.same(await box.findUsersByExternalId('c-1', call()), [])
    })

    await run('users: no seat is left', async (t) => {
      const { box, takeSeats } = await start(t)
      takeSeats()
      const work = box.createUser({ login: 'zoe@example.com', name: 'Zoë' }, call())
      const { status } = await refusal(work)
      t.ok([400, 403].includes(status))
      t.equal(await box.findUserByLogin('zoe@example.com', call()), undefined)
    })

    await run('leavers: content is transferred, then the user is deleted', async (t) => {
      const { box } = await start(t)
      const { id } = await person(box, 'carla.conti@example.com')
      const heir = await person(box, 'grace.tan@example.com')
      await refusal(box.deleteUser(id, kindly, call()))
      t.ok(((await box.getUser(id, call()))?.spaceUsed ?? 0) > 0)
      const folder = await box.transferContent({ from: id, to: heir.id, notify: false }, patient())
      t.match(folder, { id: /^(dry-)?\d+$/, name: /Carla Conti/ })
      t.equal((await box.getUser(id, call()))?.spaceUsed, 0)
      await box.deleteUser(id, kindly, call('removal'))
      await box.deleteUser(id, kindly, call('removal'))
      t.equal(await box.getUser(id, call()), undefined)
    })

    await run('leavers: what Box refuses for reasons of its own', async (t) => {
      const { box } = await start(t)
      const sofia = await person(box, 'sofia.lind@example.com')
      const forced = { force: true, notify: false }
      t.match(await refusal(box.deleteUser(sofia.id, forced, call())), { status: 403 })
    })

    await run('leavers: what Box refuses to transfer and to delete', async (t) => {
      const { box } = await start(t)
      const admin = await person(box, 'ada.admin@example.com')
      const sofia = await person(box, 'sofia.lind@example.com')
      const forced = { force: true, notify: false }
      t.match(await refusal(box.deleteUser(admin.id, forced, call())), { status: 403 })
      const transfer = (from: BoxUserId, to: BoxUserId) =>
        box.transferContent({ from, to, notify: false }, patient())
      t.match(await refusal(transfer(sofia.id, admin.id)), { status: 403 })
      t.match(await refusal(transfer(admin.id, sofia.id)), { status: 403 })
      t.match(await refusal(transfer(nobody, sofia.id)), { status: 404 })
      await refusal(transfer(sofia.id, nobody))
      const grace = await person(box, 'grace.tan@example.com')
      await box.deleteUser(grace.id, forced, call())
      t.equal(await box.getUser(grace.id, call()), undefined, 'with everything that was hers')
    })

    await run('leavers: a transfer whose answer is lost has an unknown effect', async (t) => {
      const { box, loseNextAnswer } = await start(t)
      const { id: from } = await person(box, 'carla.conti@example.com')
      const { id: to } = await person(box, 'grace.tan@example.com')
      loseNextAnswer('PUT')
      const lost = box.transferContent({ from, to, notify: false }, patient())
      t.match(await lost.catch((e: unknown) => e), {
        name: 'BoxUnavailableError',
        trouble: 'unavailable',
        effect: 'unknown'
      })
      t.equal((await box.getUser(from, call()))?.spaceUsed, 0, 'it was done nevertheless')
      await box.deleteUser(from, kindly, call())
    })

    await run('leavers: a transfer goes on when nobody waits for it', async (t) => {
      const { box, slowTransfer, passAnHour } = await start(t)
      slowTransfer('carla.conti@example.com')
      const { id: from } = await person(box, 'carla.conti@example.com')
      const { id: to } = await person(box, 'grace.tan@example.com')
      const begin = (deadline: number) =>
        box
          .transferContent({ from, to, notify: false }, { lane: 'background', deadline })
          .catch((e: unknown) => e)
      const unavailable = { name: 'BoxUnavailableError' }
      t.match(await begin(Date.now() + 1000), { ...unavailable, effect: 'unknown' })
      t.match(await begin(Date.now() + 25_000), { ...unavailable, effect: 'none' }, 'blocked')
      await refusal(box.deleteUser(from, kindly, call()))
      passAnHour()
      t.equal((await box.getUser(from, call()))?.spaceUsed, 0)
      await box.deleteUser(from, kindly, call())
    })

    await run('leavers: sessions are ended', async (t) => {
      const { box } = await start(t)
      const { id } = await person(box, 'carla.conti@example.com')
      await box.endSessions([id], call('removal'))
      await refusal(box.endSessions([nobody], call()))
    })

    await run('invites: pending, answered, and linked afterwards', async (t) => {
      const { box, answerInvite } = await start(t)
      const login = 'tess.young@example.com'
      const invite = await box.createInvite(login, call())
      t.match(invite, { login, status: 'pending' })
      t.same(await box.getInvite(invite.id, call()), invite)
      await refusal(box.createInvite(login, call()))
      t.equal(await box.findUserByLogin(login, call()), undefined)
      answerInvite(login, 'accepted')
      t.match(await person(box, login), { login, status: 'active' })
      t.not((await box.getInvite(invite.id, call()))?.status, 'pending')
      const other = await box.createInvite('umar.khan@example.com', call())
      answerInvite('umar.khan@example.com', 'rejected')
      t.not((await box.getInvite(other.id, call()))?.status, 'pending')
      t.equal(await box.findUserByLogin('umar.khan@example.com', call()), undefined)
    })

    await run('invites: who cannot be invited', async (t) => {
      const { box, loseNextAnswer } = await start(t)
      t.equal(await box.getInvite('99999999997', call()), undefined)
      t.match(await refusal(box.createInvite('nobody@example.com', call())), { status: 404 })
      await refusal(box.createInvite('carla.conti@example.com', call()))
      await refusal(box.createInvite('vera.novak@partner.example.com', call()))
      loseNextAnswer('POST')
      const lost = box.createInvite('tess.young@example.com', call())
      t.match(await lost.catch((e: unknown) => e), { effect: 'unknown' })
    })

    await run('groups: every field, and the end', async (t) => {
      const { box } = await start(t)
      const fields = {
        name: 'Design',
        description: 'Draws',
        externalSyncIdentifier: 'g-1',
        provenance: 'Directory',
        invitabilityLevel: 'admins_only',
        memberViewabilityLevel: 'all_managed_users'
      }
      const created = await box.createGroup(fields, call())
      t.match(created, fields)
      const changes = {
        description: 'Paints',
        externalSyncIdentifier: 'g-2',
        provenance: 'Another',
        invitabilityLevel: 'all_managed_users',
        memberViewabilityLevel: 'admins_and_members'
      }
      t.match(await box.updateGroup(created.id, changes, call()), { name: 'Design', ...changes })
      const { id } = await person(box, 'grace.tan@example.com')
      await box.addMembership(created.id, id, call())
      await box.deleteGroup(created.id, call('removal'))
      await box.deleteGroup(created.id, call('removal'))
      t.equal(await box.getGroup(created.id, call()), undefined)
      t.equal(await box.findMembership(created.id, id, call()), undefined)
      const everybody = await team(box, 'All Users')
      t.match(await refusal(box.deleteGroup(everybody.id, call())), { status: 403 })
    })

    await run('groups: create, read, find, change, list', async (t) => {
      const { box } = await start(t)
      const fields = { name: 'Design', description: 'Draws', externalSyncIdentifier: 'g-1' }
      const created = await box.createGroup(fields, call())
      t.match(created, { ...fields, provenance: '', groupType: 'managed_group' })
      t.same(await box.getGroup(created.id, call()), created)
      t.same(await box.findGroupByName('DESIGN', call()), created)
      t.equal(await box.findGroupByName('Desig', call()), undefined)
      t.equal(await box.getGroup(nothing, call()), undefined)
      const changed = await box.updateGroup(created.id, { name: 'Art', description: '' }, call())
      t.match(changed, { name: 'Art', description: '', externalSyncIdentifier: 'g-1' })
      const conflict = { status: 409, code: 'conflict' }
      t.match(await refusal(box.createGroup({ name: 'Sales' }, call())), conflict)
      t.match(await refusal(box.updateGroup(created.id, { name: 'Sales' }, call())), conflict)
      t.match(await refusal(box.updateGroup(nothing, { name: 'X' }, call())), { status: 404 })
      const page = await box.listGroups(0, call())
      t.match(page, { nextOffset: undefined, truncated: false })
      t.same(
        page.entries.find(({ id }) => id === created.id),
        changed
      )
      t.ok(page.entries.some(({ groupType }) => groupType === 'all_users_group'))
    })

    await run('memberships: add, find, list, remove', async (t) => {
      const { box, putMember } = await start(t)
      const sales = await team(box, 'Sales')
      const grace = await person(box, 'grace.tan@example.com')
      const engineering = await team(box, 'Engineering')
      t.equal(await box.findMembership(sales.id, grace.id, call()), undefined)
      const added = await box.addMembership(sales.id, grace.id, call('membership'))
      t.match(added, { groupId: sales.id, userId: grace.id, role: 'member' })
      t.same(await box.addMembership(sales.id, grace.id, call('membership')), added)
      t.same(await box.findMembership(sales.id, grace.id, call()), added)
      t.same(await box.getMembership(added.id, call()), added)
      t.match(await box.findMembership(engineering.id, grace.id, call()), { role: 'admin' })
      const page = await box.listGroupMemberships(sales.id, 0, call())
      t.same(
        page.entries.find(({ userId }) => userId === grace.id),
        added
      )
      t.match(page, { nextOffset: undefined, truncated: false })
      await box.removeMembership(added.id, call('removal'))
      await box.removeMembership(added.id, call('removal'))
      t.equal(await box.findMembership(sales.id, grace.id, call()), undefined)
      t.equal(await box.getMembership(added.id, call()), undefined)
      t.equal(await box.findMembership(sales.id, nobody, call()), undefined)
      t.match(await refusal(box.addMembership(nothing, grace.id, call())), { status: 404 })
      t.match(await refusal(box.listGroupMemberships(nothing, 0, call())), { status: 404 })
      putMember('Sales', 'grace.tan@example.com', 'admin')
      t.match(await box.addMembership(sales.id, grace.id, call()), { role: 'admin' })
    })

    await run('memberships: all members of a large group, page by page', async (t) => {
      const { box, crowd, putMember } = await start(t)
      crowd(1200)
      const group = await box.createGroup({ name: 'Crowd' }, call())
      for (let i = 0; i < 1200; i++) putMember('Crowd', `crowd.${i}@example.com`, 'member')
      const first = await box.listGroupMemberships(group.id, 0, call())
      t.match(first, { nextOffset: 1000, truncated: false })
      const second = await box.listGroupMemberships(group.id, 1000, call())
      t.match(second, { nextOffset: undefined, truncated: false })
      t.equal(new Set([...first.entries, ...second.entries].map(({ id }) => id)).size, 1200)
    })

    await run('a create whose answer is lost has an unknown effect and is sent once', async (t) => {
      const { box, loseNextAnswer } = await start(t)
      const unknown = { name: 'BoxUnavailableError', trouble: 'unavailable', effect: 'unknown' }
      const fields = { login: 'zoe.adams@example.com', name: 'Zoë Adams' }
      loseNextAnswer('POST')
      const error: unknown = await box.createUser(fields, call()).catch((e: unknown) => e)
      t.match(error, unknown)
      t.ok(error instanceof BoxUnavailableError)
      const { id } = await person(box, fields.login)
      t.match(await refusal(box.createUser(fields, call())), { status: 409 })

      const sales = await team(box, 'Sales')
      loseNextAnswer('POST')
      t.match(await box.addMembership(sales.id, id, call()).catch((e: unknown) => e), unknown)
      const membership = await box.findMembership(sales.id, id, call())
      t.match(membership, { userId: id })
    })

    await run('updates and removals whose answer is lost are driven to their end', async (t) => {
      const { box, loseNextAnswer } = await start(t)
      const { id } = await person(box, 'ravi.menon@example.com')
      loseNextAnswer('PUT')
      t.equal((await box.updateUser(id, { status: 'inactive' }, call())).status, 'inactive')
      const { id: groupId } = await team(box, 'Engineering')
      const membership = await box.findMembership(groupId, id, call())
      t.ok(membership, 'an inactive person keeps the memberships')
      if (membership === undefined) return
      loseNextAnswer('DELETE')
      await box.removeMembership(membership.id, call('removal'))
      t.equal(await box.findMembership(groupId, id, call()), undefined)
    })

    await run('events: what was done, by whom, and what to read again', async (t) => {
      const { box, putMember, removeMember } = await start(t)
      const own = await box.getOwnAccount(call())
      const admin = await person(box, 'ada.admin@example.com')
      const first = await box.listEvents('now', call('background'))
      t.same(first.events, [])
      const zoe = await box.createUser({ login: 'zoe@example.com', name: 'Zoë' }, call())
      await box.updateUser(zoe.id, { status: 'inactive' }, call())
      const group = await box.createGroup({ name: 'Design' }, call())
      putMember('Design', zoe.login, 'admin')
      removeMember('Design', zoe.login)
      const page = await box.listEvents(first.nextPosition, call('background'))
      const user = { kind: 'user', userId: zoe.id }
      const membership = { kind: 'membership', userId: zoe.id, groupId: group.id }
      t.same(
        page.events.map(({ type, actorId, hints }) => ({ type, actorId, hints })),
        [
          { type: 'NEW_USER', actorId: own.id, hints: [user] },
          { type: 'EDIT_USER', actorId: own.id, hints: [user] },
          {
            type: 'GROUP_CREATION',
            actorId: own.id,
            hints: [{ kind: 'group', groupId: group.id }]
          },
          { type: 'GROUP_ADD_USER', actorId: admin.id, hints: [membership] },
          { type: 'GROUP_REMOVE_USER', actorId: admin.id, hints: [membership] }
        ]
      )
      t.equal(new Set(page.events.map(({ id }) => id)).size, 5)
      t.not(page.nextPosition, first.nextPosition)
      const rest = await box.listEvents(page.nextPosition, call('background'))
      t.same(rest, { events: [], count: 0, nextPosition: page.nextPosition })
      t.match(await refusal(box.listEvents('yesterday', call('background'))), { status: 400 })
    })

    await run('events: more than a page, in turn', async (t) => {
      const { box, crowd } = await start(t)
      const { nextPosition: from } = await box.listEvents('now', call('background'))
      crowd(1200)
      const sizes: number[] = []
      const seen = new Set<string>()
      let position = from
      do {
        const page = await box.listEvents(position, call('background'))
        sizes.push(page.count)
        for (const { id } of page.events) seen.add(id)
        position = page.nextPosition
      } while ((sizes.at(-1) ?? 0) > 0)
      t.same(sizes, [500, 500, 200, 0])
      t.equal(seen.size, 1200)
    })

    await run('a call whose deadline has passed does nothing', async (t) => {
      const { box } = await start(t)
      const late: BoxCall = { lane: 'client', deadline: Date.now() }
      const fields = { login: 'late@example.com', name: 'Late' }
      t.match(await box.createUser(fields, late).catch((e: unknown) => e), {
        name: 'BoxUnavailableError',
        effect: 'none'
      })
      t.equal(await box.findUserByLogin('late@example.com', call()), undefined)
    })

    t.strictSame(
      [...without].filter((title) => !titles.has(title)),
      [],
      'what is left out is there'
    )
  })
}
