import t from 'tap'
import { createBoxClient } from '../../src/box/client.ts'
import { createEmulator } from '../../src/emulator/emulator.ts'
import { demoCredentials } from '../../src/emulator/seed.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { BoxRefusedError, BoxUnavailableError } from '../../src/provisioning/errors.ts'
import type { BoxGroup, BoxGroupId, BoxUser, BoxUserId } from '../../src/provisioning/model.ts'
import type { BoxCall, BoxPort } from '../../src/provisioning/ports.ts'

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
}

type Start = (test: { teardown(end: () => Promise<unknown>): void }) => Promise<Started>

/** Every implementation of the port; each must pass the whole suite. */
const implementations: ReadonlyMap<string, Start> = new Map([
  ['the adapter, over HTTP, on the emulator', startAdapter]
])

const silent = (): void => undefined

async function startAdapter(test: Parameters<Start>[0]): Promise<Started> {
  const emulator = createEmulator({ callsPerMinute: 1_000_000 })
  const box = createBoxClient({
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
    removeMember: (group, login) => emulator.admin.removeMember(group, login)
  }
}

const call = (lane: BoxCall['lane'] = 'client'): BoxCall => ({
  lane,
  deadline: Date.now() + 25_000
})

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

for (const [name, start] of implementations) {
  void t.test(name, async (t) => {
    await t.test('users: create, read, find, change', async (t) => {
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

    await t.test('users: what is not there, and what is refused', async (t) => {
      const { box } = await start(t)
      t.equal(await box.getUser(nobody, call()), undefined)
      t.equal(await box.findUserByLogin('carla.conti@example', call()), undefined)
      t.match(await refusal(box.updateUser(nobody, { name: 'X' }, call())), { status: 404 })
      const taken = { login: 'Carla.Conti@example.com', name: 'Another Carla' }
      const conflict = { status: 409, code: 'user_login_already_used' }
      t.match(await refusal(box.createUser(taken, call())), conflict)
      const personal = { login: 'tess.young@example.com', name: 'Tess Young' }
      t.match(await refusal(box.createUser(personal, call())), conflict)
      t.equal(await box.findUserByLogin(personal.login, call()), undefined)
      const admin = await person(box, 'ada.admin@example.com')
      t.equal(admin.role, 'admin')
      t.match(await refusal(box.updateUser(admin.id, { status: 'inactive' }, call())), {
        status: 403
      })
    })

    await t.test('users: a whole enterprise by marker, everybody once', async (t) => {
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

    await t.test('users: a login changes by way of an alias', async (t) => {
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
      await refusal(box.addAlias(id, 'carla@elsewhere.example.net', call()))
    })

    await t.test('groups: create, read, find, change, list', async (t) => {
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

    await t.test('memberships: add, find, list, remove', async (t) => {
      const { box, putMember } = await start(t)
      const sales = await team(box, 'Sales')
      const grace = await person(box, 'grace.tan@example.com')
      const engineering = await team(box, 'Engineering')
      t.equal(await box.findMembership(sales.id, grace.id, call()), undefined)
      const added = await box.addMembership(sales.id, grace.id, call('membership'))
      t.match(added, { groupId: sales.id, userId: grace.id, role: 'member' })
      t.same(await box.addMembership(sales.id, grace.id, call('membership')), added)
      t.same(await box.findMembership(sales.id, grace.id, call()), added)
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
      t.equal(await box.findMembership(sales.id, nobody, call()), undefined)
      t.match(await refusal(box.addMembership(nothing, grace.id, call())), { status: 404 })
      t.match(await refusal(box.listGroupMemberships(nothing, 0, call())), { status: 404 })
      putMember('Sales', 'grace.tan@example.com', 'admin')
      t.match(await box.addMembership(sales.id, grace.id, call()), { role: 'admin' })
    })

    await t.test('memberships: all members of a large group, page by page', async (t) => {
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

    await t.test(
      'a create whose answer is lost has an unknown effect and is sent once',
      async (t) => {
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
      }
    )

    await t.test('updates and removals whose answer is lost are driven to their end', async (t) => {
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

    await t.test('events: what was done, by whom, and what to read again', async (t) => {
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

    await t.test('events: more than a page, in turn', async (t) => {
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

    await t.test('a call whose deadline has passed does nothing', async (t) => {
      const { box } = await start(t)
      const late: BoxCall = { lane: 'client', deadline: Date.now() }
      const fields = { login: 'late@example.com', name: 'Late' }
      t.match(await box.createUser(fields, late).catch((e: unknown) => e), {
        name: 'BoxUnavailableError',
        effect: 'none'
      })
      t.equal(await box.findUserByLogin('late@example.com', call()), undefined)
    })
  })
}
