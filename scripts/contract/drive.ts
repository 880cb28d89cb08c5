import { createBoxClient } from '../../src/box/client.ts'
import type { BoxClient } from '../../src/box/client.ts'
import { createEmulator } from '../../src/emulator/emulator.ts'
import type { Emulator, EmulatorOptions } from '../../src/emulator/emulator.ts'
import { demoCredentials } from '../../src/emulator/seed.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { BoxRefusedError, BoxUnavailableError } from '../../src/provisioning/errors.ts'
import type { BoxGroupId, BoxUserId } from '../../src/provisioning/model.ts'
import type { BoxCall } from '../../src/provisioning/ports.ts'
import type { Exchange } from './openapi.ts'
import { startRecorder } from './recorder.ts'

type Box = BoxClient

const call = (): BoxCall => ({ lane: 'client', deadline: Date.now() + 20_000 })
const silent = (): void => undefined
const nobody = '99999999999' as BoxUserId
const nothing = '99999999998' as BoxGroupId

/** Runs the adapter against the emulator in every way that Box can answer; returns what was said. */
export async function drive(): Promise<readonly Exchange[]> {
  const runs = [
    record({}, everyday),
    record({}, refusals),
    record({}, disturbances),
    record({ tokenLifetimeSeconds: 1 }, everyday),
    record({ credentials: { ...demoCredentials, clientSecret: 'another one' } }, lockedOut),
    record(
      {
        guesses: {
          lastMarker: 'empty',
          repeatedMembership: 'existing',
          loginConflictContext: 'errors',
          unauthorizedBody: 'error',
          badGatewayBody: 'error',
          nullText: 'refused',
          inactiveMemberships: 'dropped'
        }
      },
      async (box, emulator) => {
        await everyday(box)
        await disturbances(box, emulator)
      }
    ),
    record(
      {
        guesses: {
          unsetText: 'empty',
          lastMarker: 'absent',
          aliasTaken: 'bad-request',
          aliasOutsideDomains: 'conflict',
          unknownMember: 'bad-request',
          provenanceLocksApi: true,
          inactiveMayJoin: false,
          eventPosition: 'number',
          userEventSource: 'standard',
          groupEventSource: 'nested'
        }
      },
      async (box) => {
        await everyday(box)
        await refusals(box)
      }
    )
  ]
  return (await Promise.all(runs)).flat()
}

async function record(
  options: EmulatorOptions,
  run: (box: Box, emulator: Emulator) => Promise<void>
): Promise<readonly Exchange[]> {
  const emulator = createEmulator({ callsPerMinute: 1_000_000, ...options })
  const recorder = await startRecorder(await emulator.listen())
  const box = createBoxClient({
    apiUrl: recorder.url,
    credentials: { kind: 'client-credentials', ...demoCredentials },
    callsPerMinute: 1_000_000,
    clock: systemClock,
    random: systemRandom,
    log: { info: silent, warn: silent, error: silent, debug: silent }
  })
  try {
    await run(box, emulator)
    return recorder.exchanges
  } finally {
    await box.close()
    await recorder.close()
    await emulator.close()
  }
}

/** What is allowed to fail here: everything that the port's own errors describe. */
async function tolerated(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof BoxRefusedError || error instanceof BoxUnavailableError)) throw error
  }
}

/** A thing that must be there for the drive to go on. */
function there<Thing>(thing: Thing | undefined): Thing {
  if (thing === undefined) throw new Error('The emulator does not hold what the drive needs')
  return thing
}

async function everyday(box: Box): Promise<void> {
  await box.getOwnAccount(call())
  const { nextPosition } = await box.listEvents('now', call())
  await box.listUsers(undefined, call())
  const zoe = await box.createUser(
    {
      login: 'zoe.adams@example.com',
      name: 'Zoë Adams',
      role: 'user',
      status: 'active',
      language: 'en',
      timezone: 'Europe/Berlin',
      spaceAmount: -1,
      jobTitle: 'Designer',
      phone: '+49 30 555 0100',
      address: '1 Example Street, Berlin',
      externalAppUserId: 'e-17',
      trackingCodes: [{ name: 'Department', value: 'Design' }],
      isSyncEnabled: true,
      canSeeManagedUsers: true,
      isExternalCollabRestricted: false,
      isExemptFromDeviceLimits: false,
      isExemptFromLoginVerification: false
    },
    call()
  )
  await box.getUser(zoe.id, call())
  await box.findUserByLogin(zoe.login, call())
  const cleared = { jobTitle: '', phone: '', address: '', trackingCodes: [] }
  await box.updateUser(zoe.id, { status: 'inactive', ...cleared }, call())
  await box.updateUser(zoe.id, { notificationEmail: 'zoe@example.com', status: 'active' }, call())
  await box.updateUser(zoe.id, { notificationEmail: null }, call())
  await changeLogin(box, zoe.id)
  const group = await box.createGroup({ name: 'Design', description: 'Draws' }, call())
  await box.getGroup(group.id, call())
  await box.findGroupByName('design', call())
  await box.listGroups(0, call())
  const levels = { invitabilityLevel: 'admins_only', memberViewabilityLevel: 'admins_and_members' }
  await box.updateGroup(group.id, { externalSyncIdentifier: 'g-1', ...levels }, call())
  const membership = await box.addMembership(group.id, zoe.id, call())
  await box.addMembership(group.id, zoe.id, call())
  await box.findMembership(group.id, zoe.id, call())
  await box.listGroupMemberships(group.id, 0, call())
  await box.removeMembership(membership.id, call())
  await box.removeMembership(membership.id, call())
  await box.listEvents(nextPosition, call())
}

async function changeLogin(box: Box, id: BoxUserId): Promise<void> {
  const login = 'zoe.brown@example.com'
  await tolerated(box.updateUser(id, { login }, call()))
  await box.addAlias(id, login, call())
  await box.addAlias(id, login, call())
  await box.updateUser(id, { login }, call())
  for (const alias of await box.listAliases(id, call())) {
    await box.removeAlias(id, alias.id, call())
    await box.removeAlias(id, alias.id, call())
  }
}

async function refusals(box: Box): Promise<void> {
  const carla = there(await box.findUserByLogin('carla.conti@example.com', call()))
  const admin = there(await box.findUserByLogin('ada.admin@example.com', call()))
  const sales = there(await box.findGroupByName('Sales', call()))
  const works: readonly (() => Promise<unknown>)[] = [
    () => box.getUser(nobody, call()),
    () => box.updateUser(nobody, { name: 'Nobody' }, call()),
    () => box.updateUser(admin.id, { status: 'inactive' }, call()),
    () => box.updateUser(carla.id, { language: 'klingon' }, call()),
    () => box.updateUser(carla.id, { login: 'david.okafor@example.com' }, call()),
    () => box.updateUser(carla.id, { trackingCodes: [{ name: 'Unknown', value: '1' }] }, call()),
    () => box.createUser({ login: carla.login, name: 'Another Carla' }, call()),
    () => box.createUser({ login: 'umar.khan@example.com', name: 'Umar' }, call()),
    () => box.listAliases(nobody, call()),
    () => box.addAlias(carla.id, 'david.okafor@example.com', call()),
    () => box.addAlias(carla.id, 'carla@elsewhere.example.net', call()),
    () => box.getGroup(nothing, call()),
    () => box.createGroup({ name: 'Sales' }, call()),
    () => box.updateGroup(sales.id, { name: 'Finance' }, call()),
    () => box.updateGroup(sales.id, { provenance: 'SCIM' }, call()),
    () => box.updateGroup(nothing, { name: 'Nothing' }, call()),
    () => box.listGroupMemberships(nothing, 0, call()),
    () => box.findMembership(sales.id, nobody, call()),
    () => box.addMembership(nothing, carla.id, call()),
    () => box.addMembership(sales.id, nobody, call()),
    () => box.listEvents('yesterday', call())
  ]
  for (const work of works) await tolerated(work())
}

/** Everything that can go wrong between asking and being answered. */
async function disturbances(box: Box, emulator: Emulator): Promise<void> {
  for (let i = 0; i < 1100; i++) {
    emulator.admin.createUser({ login: `crowd.${i}@example.com`, name: `Crowd ${i}` })
  }
  const page = await box.listUsers(undefined, call())
  await box.listUsers(there(page.nextMarker), call())
  const user = there(page.users.find(({ role }) => role === 'user'))
  const kinds = [
    'rate-limited',
    'server-error',
    'html-502',
    '503-before',
    '503-after',
    'reset-before',
    'reset-after'
  ] as const
  for (const kind of kinds) {
    for (const method of ['GET', 'POST', 'PUT'] as const) {
      emulator.faults.add({ kind, method, path: '/2.0/*', times: 1 })
    }
    await box.getUser(user.id, call())
    await box.updateUser(user.id, { jobTitle: kind }, call())
    await tolerated(box.createGroup({ name: `Group ${kind}` }, call()))
    emulator.faults.clear()
  }
  emulator.faults.add({ kind: 'insufficient-scope', times: 1, path: '/2.0/events' })
  await tolerated(box.listEvents('now', call()))
  emulator.revokeTokens()
  await box.getUser(user.id, call())
  emulator.faults.add({ kind: 'notification-email-array', times: 1 })
  await box.getUser(user.id, call())
  await box.updateUser(user.id, { phone: '6505550100' }, call())
  emulator.faults.add({ kind: 'numeric-phone', times: 1 })
  await box.getUser(user.id, call())
}

async function lockedOut(box: Box): Promise<void> {
  await tolerated(box.getOwnAccount(call()))
}
