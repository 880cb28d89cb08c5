import t from 'tap'
import { createJournalWorker } from '../../src/background/journal-worker.ts'
import { createPacing } from '../../src/box/pacing.ts'
import { createKeyedLock } from '../../src/lib/keyed-lock.ts'
import { runConcurrently } from '../../src/lib/concurrency.ts'
import type { Logger } from '../../src/lib/logger.ts'
import { BoxUnavailableError } from '../../src/provisioning/errors.ts'
import { openStates } from '../../src/provisioning/operations.ts'
import type { BoxCall, BoxPort } from '../../src/provisioning/box-port.ts'
import type { Directory } from '../../src/provisioning/ports.ts'
import { createProvisioning } from '../../src/provisioning/provisioning.ts'
import { noSignals } from '../../src/provisioning/signals.ts'
import { parseGroupPatch } from '../../src/scim/protocol/patch.ts'
import { memoryUrl, openDirectory } from '../../src/store/open.ts'
import { createLeapingClock } from '../helpers/leaping-clock.ts'
import { createBoxWorld, createFakeBox } from '../model/fake-box.ts'
import { defaultSettings } from './fixtures.ts'

/** The whole enterprise takes minutes on a busy machine: ECONOMY_SHARE=1 npx tap test/provisioning/economy.test.ts */
const share = Number(process.env['ECONOMY_SHARE'] ?? 0.05)

const people = 10_000 * share
const groups = 200 * share
const perGroup = 250
const callsPerMinute = 900

/** What one call to Box takes. */
const latencyMs = 250

/** How long a write may take. */
const budgetMs = 25_000

/** Requests of the identity provider at a time. */
const clients = 16

t.setTimeout(900_000)

const quiet: Logger = { info() {}, warn() {}, error() {}, debug() {} }

t.test(
  'an enterprise is provisioned with the fewest calls, as fast as the budget allows',
  async (t) => {
    const clock = createLeapingClock()
    const identity = { boxHost: 'box.invalid', enterpriseId: '1' }
    const opened = await openDirectory({ url: memoryUrl, identity, clock, log: quiet })
    const directory: Directory = {
      ...opened,
      transaction: (work) => clock.standing(() => opened.transaction(work))
    }
    const pacing = createPacing({ callsPerMinute, concurrency: 8, clock })
    const world = createBoxWorld()
    let calls = 0
    const plain = createFakeBox(world, clock, async (_kind, apply) => apply())
    const box = paced(plain, async (call) => {
      const leave = await pacing.enter(call.lane, call.deadline)
      calls += 1
      await clock.sleep(latencyMs)
      return leave
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
      () => worker.wake()
    )
    const { drive, inWork } = provisioning
    const worker = createJournalWorker({ directory, drive, inWork, clock, log: quiet })
    const stop = new AbortController()
    const background = worker.run(stop.signal)
    const contextOf = (correlationId: string) => {
      return { correlationId, actor: 'idp', deadline: clock.now() + budgetMs }
    }
    /** As a client that comes back when it is told to. */
    async function persistently<Result>(ask: () => Promise<Result>): Promise<Result> {
      for (;;) {
        try {
          return await ask()
        } catch (error) {
          if (!(error instanceof BoxUnavailableError)) throw error
          await clock.sleep(error.retryAfterSeconds * 1_000)
        }
      }
    }

    async function provision(): Promise<void> {
      const userIds: string[] = []
      await runConcurrently([...Array(people).keys()], clients, async (index) => {
        const document = {
          userName: `p${index}@example.com`,
          externalId: `e-${index}`,
          displayName: `Person ${index}`,
          active: true
        }
        const { id } = await persistently(() =>
          provisioning.users.create(document, contextOf(`u${index}`))
        )
        userIds[index] = id
      })
      await runConcurrently([...Array(groups).keys()], clients, async (index) => {
        const document = { displayName: `Group ${index}`, externalId: `g-${index}` }
        const { id } = await persistently(() =>
          provisioning.groups.create(document, [], contextOf(`g${index}`))
        )
        const value = Array.from({ length: perGroup }, (_, position) => ({
          value: userIds[(index * 37 + position) % people] ?? ''
        }))
        const change = parseGroupPatch({
          schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
          Operations: [{ op: 'add', path: 'members', value }]
        })
        await persistently(() => provisioning.groups.change(id, change, contextOf(`m${index}`)))
      })
      while ((await openEntries()) > 0) await clock.sleep(1_000)
    }

    async function openEntries(): Promise<number> {
      const counts = await directory.journal.count()
      return openStates.reduce((sum, state) => sum + counts[state], 0)
    }

    const begin = clock.now()
    await clock.during(provision())
    const minutes = (clock.now() - begin) / 60_000
    stop.abort()
    await clock.during(background)
    pacing.close()
    await directory.close()

    const least = people + groups + groups * perGroup
    t.equal(world.users.size, people)
    t.equal(world.groups.size, groups)
    t.equal(world.memberships.size, groups * perGroup)
    t.comment(`${calls} calls for at least ${least}, ${minutes.toFixed(1)} minutes simulated`)
    t.ok(calls <= least * 1.01, `${calls} calls, ${least} at least`)
    const fastest = least / callsPerMinute
    t.ok(minutes <= fastest * 1.02, `${minutes} minutes, ${fastest} at least`)
  }
)

/** Puts every call through the budget. */
function paced(box: BoxPort, enter: (call: BoxCall) => Promise<() => void>): BoxPort {
  const methods = Object.entries(box) as [string, (...args: unknown[]) => Promise<unknown>][]
  return Object.fromEntries(
    methods.map(([name, method]) => [
      name,
      async (...args: unknown[]) => {
        const leave = await enter(args.at(-1) as BoxCall)
        try {
          return await method(...args)
        } finally {
          leave()
        }
      }
    ])
  ) as unknown as BoxPort
}
