import t from 'tap'
import { deletionsKey } from '../../src/provisioning/ports.ts'
import { createOperator } from '../../src/compose/operator.ts'
import { passTime } from '../helpers/hurried-clock.ts'
import { openMirror, type Mirror } from '../helpers/mirror.ts'
import { runCommand } from '../helpers/run-command.ts'

const login = (one: number) => `p${one}@example.com`
const numbers = (count: number) => [...Array(count).keys()]
const people = (count: number) =>
  numbers(count).map((one) => ({ login: login(one), name: `p${one}` }))

const accept = ({ url }: Mirror) =>
  runCommand(['reconcile', 'accept'], { env: { DATABASE_URL: url } })

async function statusOf({ url }: Mirror) {
  return (await createOperator(url).status()).drift
}

t.test('a mass deletion in Box that a person accepts leaves the directory', async (t) => {
  const mirror = await openMirror(t, { seed: { users: people(100) } })
  for (const one of numbers(60)) mirror.emulator.admin.deleteUser(login(one))
  t.same(await mirror.reconcile(), [])
  t.match(mirror.errors, [/too much is missing in Box.*box-scim reconcile accept/])
  t.match(await accept(mirror), {
    code: 0,
    err: '',
    out: /Accepted: 60 of 101 users are missing in Box\.[^]*Up to 60 people and 0 groups leave/
  })
  const { reconcile } = await statusOf(mirror)
  t.type(reconcile.acceptedAt, 'number')
  const shown = await runCommand(['status'], { env: { DATABASE_URL: mirror.url } })
  t.match(shown.out, /STOPPED .*: 60 of 101 users missing in Box; accepted /)
  t.match(shown.out, /operator reconcile\.accept box: done/)

  t.equal((await mirror.reconcile()).length, 60, 'the next reconcile passes')
  await mirror.refresh()
  t.equal(await mirror.directory.users.count(), 41, 'nobody is held back')
  t.same((await statusOf(mirror)).reconcile.alarm, null)
  t.same((await statusOf(mirror)).reconcile.acceptedAt, null, 'it counts for one reconcile')
  t.match(await accept(mirror), { code: 1, out: '', err: /Nothing is stopped/ })
})

t.test('no more passes than what was accepted', async (t) => {
  const mirror = await openMirror(t, { seed: { users: people(100) } })
  const { admin } = mirror.emulator
  for (const one of numbers(20)) admin.deleteUser(login(one))
  t.same(await mirror.reconcile(), [])
  await accept(mirror)
  for (const one of numbers(100).slice(20)) admin.updateUser(login(one), { concealed: true })
  t.same(await mirror.reconcile(), [], 'the app has lost its access meanwhile')
  t.match((await statusOf(mirror)).reconcile.alarm, { kind: 'users', missing: 100 })
  for (const one of numbers(100).slice(20)) admin.updateUser(login(one), { concealed: false })
  t.equal((await mirror.reconcile()).length, 20)
})

t.test('people who are accepted as gone and are there after all stay', async (t) => {
  const mirror = await openMirror(t, { seed: { users: people(100) } })
  const conceal = (concealed: boolean) => {
    for (const one of numbers(50)) mirror.emulator.admin.updateUser(login(one), { concealed })
  }
  conceal(true)
  t.same(await mirror.reconcile(), [])
  await accept(mirror)
  t.equal((await mirror.reconcile()).length, 50)
  conceal(false)
  await mirror.refresh()
  t.equal(await mirror.directory.users.count(), 101)
})

t.test('an acceptance counts for a day', async (t) => {
  const mirror = await openMirror(t, { seed: { users: people(100) } })
  for (const one of numbers(30)) mirror.emulator.admin.deleteUser(login(one))
  t.same(await mirror.reconcile(), [])
  await accept(mirror)
  mirror.clock.skip(25 * 3_600_000)
  t.same(await mirror.reconcile(), [], 'what disappears later is another matter')
})

t.test('people and groups that disappear one by one', async (t) => {
  const groups = numbers(12).map((one) => ({ name: `G${one}` }))
  const mirror = await openMirror(t, { seed: { users: people(60), groups } })
  const { admin } = mirror.emulator
  const hints = [
    ...people(60).map(({ login }) => ({ kind: 'user', userId: mirror.userId(login) }) as const),
    ...groups.map(({ name }) => ({ kind: 'group', groupId: mirror.groupId(name) }) as const)
  ]
  for (const { login } of people(60)) admin.deleteUser(login)
  for (const { name } of groups) admin.deleteGroup(name)
  await mirror.refresh(...hints)
  t.equal(await mirror.directory.users.count(), 51)
  t.equal(await mirror.directory.groups.count(), 2)
  t.match(mirror.errors, [/too much has disappeared from Box.*box-scim reconcile accept/])
  t.match(await accept(mirror), { code: 0, out: /^Up to 50 people and 2 groups leave/ })
  await mirror.refresh()
  t.equal(await mirror.directory.users.count(), 1, 'without waiting for the next hour')
  t.equal(await mirror.directory.groups.count(), 0)
  t.match(await mirror.directory.state.get(deletionsKey), { users: 50, groups: 2, stoppedAt: null })
})

t.test('a bridge that runs goes ahead by itself', async (t) => {
  const mirror = await openMirror(t, { seed: { users: people(40) } })
  for (const one of numbers(20)) mirror.emulator.admin.deleteUser(login(one))
  t.same(await mirror.reconcile(), [])
  const stop = new AbortController()
  const running = mirror.keepReconciled(stop.signal)
  await accept(mirror)
  const waiting = async () => (await mirror.directory.hints.waiting()).count
  await passTime(mirror.clock, 'those who are gone are noted', async () => (await waiting()) === 20)
  stop.abort()
  await running
  t.same((await statusOf(mirror)).reconcile.alarm, null)
})
