import type { BoxClient } from '../../src/box/client.ts'
import type { Emulator } from '../../src/emulator/emulator.ts'
import type { BoxUserId } from '../../src/provisioning/model.ts'
import { call, nobody, nothing, there, tolerated } from './tools.ts'

const kindly = { force: false, notify: false }

/** App users, content that changes hands, sessions, deletions, invites: all that can be done. */
export async function leaversAndJoiners(box: BoxClient, emulator: Emulator): Promise<void> {
  const robot = await box.createAppUser({ name: 'Robot', externalAppUserId: 'r-1' }, call())
  await box.findUsersByExternalId('r-1', call())
  await box.updateUser(robot.id, { externalAppUserId: 'r-2' }, call())
  const carla = await person(box, 'carla.conti@example.com')
  const grace = await person(box, 'grace.tan@example.com')
  await tolerated(box.updateUser(carla, { externalAppUserId: 'c-1' }, call()))
  await box.endSessions([carla, grace], call())
  await tolerated(box.deleteUser(carla, kindly, call()))
  await box.transferContent({ from: carla, to: grace, notify: false }, call())
  await box.deleteUser(carla, kindly, call())
  await box.deleteUser(carla, kindly, call())
  await box.deleteUser(grace, { force: true, notify: true }, call())

  const invite = await box.createInvite('tess.young@example.com', call())
  await box.getInvite(invite.id, call())
  await tolerated(box.createInvite('tess.young@example.com', call()))
  emulator.admin.answerInvite(invite.id, 'accepted')
  await box.getInvite(invite.id, call())

  const group = await box.createGroup({ name: 'Short-lived' }, call())
  await box.deleteGroup(group.id, call())
  await box.deleteGroup(group.id, call())
}

/** The same, as far as Box refuses it. */
export async function refusedLeavers(box: BoxClient, emulator: Emulator): Promise<void> {
  const admin = await person(box, 'ada.admin@example.com')
  const sofia = await person(box, 'sofia.lind@example.com')
  const elin = await person(box, 'elin.nyberg@example.com')
  const transfer = (from: BoxUserId, to: BoxUserId) =>
    box.transferContent({ from, to, notify: true }, call())
  const works: readonly (() => Promise<unknown>)[] = [
    () => box.deleteUser(admin, kindly, call()),
    () => box.deleteUser(sofia, { force: true, notify: false }, call()),
    () => transfer(sofia, admin),
    () => transfer(sofia, nobody),
    () => transfer(nobody, sofia),
    () => transfer(elin, sofia),
    () => box.endSessions([nobody], call()),
    () => box.endSessions([admin], call()),
    () => box.endSessions([], call()),
    () => box.createInvite('nobody@example.com', call()),
    () => box.createInvite('elin.nyberg@example.com', call()),
    () => box.createInvite('will.hart@partner.example.com', call()),
    () => box.getInvite(nobody, call()),
    () => box.deleteGroup(nothing, call()),
    () => lockedGroup(box),
    () => barred(box, emulator),
    () => withoutSeats(box, emulator),
    () => withoutScopes(box, emulator)
  ]
  for (const work of works) await tolerated(work())
}

async function person(box: BoxClient, login: string): Promise<BoxUserId> {
  return there(await box.findUserByLogin(login, call())).id
}

async function lockedGroup(box: BoxClient): Promise<void> {
  const everybody = there(await box.findGroupByName('All Users', call()))
  await box.deleteGroup(everybody.id, call())
}

async function barred(box: BoxClient, { admin }: Emulator): Promise<void> {
  const [from, to] = [
    await person(box, 'david.okafor@example.com'),
    await person(box, 'farid.haddad@example.com')
  ]
  admin.updateUser(from, { barred: true })
  await tolerated(box.transferContent({ from, to, notify: false }, call()))
  const group = there(await box.findGroupByName('Finance', call()))
  await box.addMembership(group.id, from, call())
}

async function withoutSeats(box: BoxClient, { admin }: Emulator): Promise<void> {
  admin.changeEnterprise({ seats: 0 })
  await tolerated(box.createUser({ login: 'late@example.com', name: 'Late' }, call()))
  admin.changeEnterprise({ seats: null })
}

async function withoutScopes(box: BoxClient, { admin }: Emulator): Promise<void> {
  admin.changeEnterprise({ scopes: [] })
  const from = await person(box, 'sofia.lind@example.com')
  const to = await person(box, 'elin.nyberg@example.com')
  await tolerated(box.transferContent({ from, to, notify: false }, call()))
  await tolerated(box.createInvite('umar.khan@example.com', call()))
}
