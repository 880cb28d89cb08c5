import t from 'tap'
import { createKeyedLock } from '../../src/lib/keyed-lock.ts'
import type { Logger } from '../../src/lib/logger.ts'
import { newEntry } from '../../src/provisioning/operations.ts'
import type { Directory } from '../../src/provisioning/ports.ts'
import { createProvisioning } from '../../src/provisioning/provisioning.ts'
import { noSignals } from '../../src/provisioning/signals.ts'
import { parseGroupPatch } from '../../src/scim/protocol/patch.ts'
import { memoryUrl, openDirectory } from '../../src/store/open.ts'
import { createLeapingClock } from '../helpers/leaping-clock.ts'
import { createBoxWorld, createFakeBox } from '../model/fake-box.ts'
import { defaultSettings } from './fixtures.ts'

const quiet: Logger = { info() {}, warn() {}, error() {}, debug() {} }
const context = (correlationId: string) => ({ correlationId, actor: 'idp', deadline: Infinity })

async function setUp() {
  const clock = createLeapingClock()
  const identity = { boxHost: 'box.invalid', enterpriseId: '1' }
  const opened = await openDirectory({ url: memoryUrl, identity, clock, log: quiet })
  let hold: (() => Promise<unknown>) | undefined
  const directory: Directory = {
    ...opened,
    async transaction(work) {
      const waiting = hold
      hold = undefined
      await waiting?.()
      return opened.transaction(work)
    }
  }
  const world = createBoxWorld()
  let beforeCall: (() => Promise<unknown>) | undefined
  const box = createFakeBox(world, clock, async (kind, apply) => {
    const answer = apply()
    if (kind === 'read') await beforeCall?.()
    return answer
  })
  const provisioning = createProvisioning(
    {
      directory,
      box,
      clock,
      log: quiet,
      settings: defaultSettings,
      signals: noSignals,
      mirror: { isCurrent: () => false },
      locks: createKeyedLock(),
      assertImported: () => {},
      alerts: { raise() {} }
    },
    () => {}
  )
  const document = { userName: 'jo@example.com', displayName: 'Jo', active: true }
  const user = await provisioning.users.create(document, context('u'))
  const group = await provisioning.groups.create({ displayName: 'Team' }, [], context('g'))
  return {
    clock,
    directory,
    world,
    /** Has the next transaction wait. */
    holdNext: (until: () => Promise<unknown>) => (hold = until),
    /** Has answers to reads wait. */
    holdReads: (until: () => Promise<unknown>) => (beforeCall = until),
    drive: provisioning.drive,
    /** What an earlier process left of an addition: the entry, and its row. */
    leave: async (sentAt?: number) => {
      const operation = {
        kind: 'add-membership',
        groupId: group.id as never,
        userId: user.id as never
      } as const
      return opened.transaction(async (tx) => {
        await tx.putMemberships([
          { ...operation, intended: true, boxId: undefined, role: 'member' }
        ])
        const entry = newEntry(operation, 'an earlier process', clock.now())
        const sent = sentAt === undefined ? {} : ({ state: 'sent', sentAt } as const)
        const [left] = await tx.appendJournal([{ ...entry, ...sent }])
        if (left === undefined) throw new TypeError('no entry')
        return left
      })
    },
    retry: () => {
      const change = parseGroupPatch({
        schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
        Operations: [{ op: 'add', path: 'members', value: [{ value: user.id }] }]
      })
      return provisioning.groups.change(group.id, change, context('retry'))
    }
  }
}

t.test('a retry joins what the background is about to withdraw', async (t) => {
  const { clock, directory, world, holdNext, drive, leave, retry } = await setUp()
  const entry = await leave()
  const joined = Promise.withResolvers<unknown>()
  holdNext(() => joined.promise)
  const driven = drive(entry, Infinity)
  // The retry's first transaction decides; the withdrawal comes right after it.
  const transaction = directory.transaction.bind(directory)
  Object.assign(directory, {
    transaction: async (work: Parameters<typeof transaction>[0]) => {
      const result = await transaction(work)
      joined.resolve(undefined)
      return result
    }
  })
  await clock.during(retry())
  await clock.during(driven)
  t.equal(world.memberships.size, 1, 'the member is in Box')
  t.equal((await directory.journal.open()).states.decided, 0)
  await directory.close()
})

t.test('a retry joins what the background is looking for', async (t) => {
  const { clock, directory, world, holdReads, drive, leave, retry } = await setUp()
  const entry = await leave(clock.now() - 60_000)
  const looked = Promise.withResolvers<unknown>()
  const begun = Promise.withResolvers<unknown>()
  holdReads(() => {
    begun.resolve(undefined)
    return looked.promise
  })
  const driven = drive(entry, Infinity)
  await begun.promise
  const retried = retry()
  const isWaiting = async () => {
    const trail = await directory.journal.get(entry.id)
    return trail?.state === 'sent'
  }
  t.ok(await isWaiting())
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate)
  looked.resolve(undefined)
  await clock.during(Promise.all([driven, retried]))
  t.equal(world.memberships.size, 1, 'the member is in Box')
  await directory.close()
})
