import { generateKeyPairSync } from 'node:crypto'
import { createBoxClient } from '../../src/box/client.ts'
import type { BoxClient } from '../../src/box/client.ts'
import type { BoxCredentials } from '../../src/box/credentials.ts'
import { createEmulator } from '../../src/emulator/emulator.ts'
import type { Emulator, EmulatorOptions } from '../../src/emulator/emulator.ts'
import { demoCredentials } from '../../src/emulator/seed.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import type { BoxUserId } from '../../src/provisioning/model.ts'
import { leaversAndJoiners, refusedLeavers } from './leavers.ts'
import type { Exchange } from './openapi.ts'
import { startRecorder } from './recorder.ts'
import { call, nobody, nothing, there, tolerated } from './tools.ts'

type Box = BoxClient

const silent = (): void => undefined

/** Runs the adapter against the emulator in every way that Box can answer; returns what was said. */
export async function drive(): Promise<readonly Exchange[]> {
  const runs = [
    record({}, everyday),
    record({}, refusals),
    record({}, disturbances),
    record({}, leaversAndJoiners),
    record({}, refusedLeavers),
    record({}, (box) => box.getOwnAccount(call()), jwtCredentials(demoCredentials.clientId)),
    record({}, lockedOut, jwtCredentials('another-client')),
    record({ guesses: { grantErrorBody: 'error' } }, lockedOut, jwtCredentials('another-client')),
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
          inactiveMemberships: 'dropped',
          deleteWithContent: 'bad-request',
          repeatedInvite: 'existing',
          foreignExternalAppUserId: 'ignored',
          transferFolderName: 'login-and-name'
        }
      },
      async (box, emulator) => {
        await everyday(box)
        await disturbances(box, emulator)
        await leaversAndJoiners(box, emulator)
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
          groupEventSource: 'nested',
          grantErrorBody: 'error',
          noSeatLeft: 'bad-request',
          transferOfNothing: 'bad-request',
          transferToNobody: 'bad-request',
          inviteOfMember: 'bad-request',
          inviteOfOtherEnterprise: 'bad-request'
        }
      },
      async (box, emulator) => {
        await everyday(box)
        await refusals(box)
        await refusedLeavers(box, emulator)
      }
    )
  ]
  return (await Promise.all(runs)).flat()
}

async function record(
  options: EmulatorOptions,
  run: (box: Box, emulator: Emulator) => Promise<unknown>,
  credentials: BoxCredentials = { kind: 'client-credentials', ...demoCredentials }
): Promise<readonly Exchange[]> {
  const emulator = createEmulator({ callsPerMinute: 1_000_000, ...options })
  const recorder = await startRecorder(await emulator.listen())
  const box = createBoxClient({
    apiUrl: recorder.url,
    credentials,
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

/** What a configuration file of Box holds, with a key that nobody has seen before. */
function jwtCredentials(clientID: string): BoxCredentials {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const appAuth = {
    publicKeyID: 'k',
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' })
  }
  const { clientSecret, enterpriseId: enterpriseID } = demoCredentials
  const file = { boxAppSettings: { clientID, clientSecret, appAuth }, enterpriseID }
  return { kind: 'jwt', config: JSON.stringify(file) }
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
  await box.updateGroup(group.id, { externalSyncIdentifier: 'g-1', description: 'Paints' }, call())
  const levels = { invitabilityLevel: 'admins_only', memberViewabilityLevel: 'admins_and_members' }
  const source = { provenance: 'SCIM', externalSyncIdentifier: 'g-2', description: 'Sings' }
  const choir = await box.createGroup({ name: 'Choir', ...source, ...levels }, call())
  // A group with a provenance may be locked.
  const unset = { provenance: '', externalSyncIdentifier: '', description: '' }
  await tolerated(box.updateGroup(choir.id, { ...levels, ...unset }, call()))
  const membership = await box.addMembership(group.id, zoe.id, call())
  await box.addMembership(group.id, zoe.id, call())
  await box.findMembership(group.id, zoe.id, call())
  await box.getMembership(membership.id, call())
  await box.listGroupMemberships(group.id, 0, call())
  await box.removeMembership(membership.id, call())
  await box.removeMembership(membership.id, call())
  await box.getMembership(membership.id, call())
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
