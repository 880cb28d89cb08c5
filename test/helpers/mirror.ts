import type { Test } from 'tap'
import { createImport } from '../../src/background/import.ts'
import { createReconcile } from '../../src/background/reconcile.ts'
import { createBoxClient } from '../../src/box/client.ts'
import { createDryBox } from '../../src/dry-run/dry-box.ts'
import { createMemoryLog } from '../../src/dry-run/memory-log.ts'
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts'
import { demoCredentials, emptySeed, type Seed } from '../../src/emulator/seed.ts'
import { createKeyedLock } from '../../src/lib/keyed-lock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import type { Hint } from '../../src/provisioning/hints.ts'
import type { BoxGroupId, BoxUserId } from '../../src/provisioning/model.ts'
import type { Directory } from '../../src/provisioning/ports.ts'
import { createProvisioning, type Provisioning } from '../../src/provisioning/provisioning.ts'
import { noSignals } from '../../src/provisioning/signals.ts'
import type { RequestContext } from '../../src/provisioning/requests.ts'
import type { ProvisioningSettings } from '../../src/provisioning/settings.ts'
import { openDirectory } from '../../src/store/open.ts'
import { defaultSettings } from '../provisioning/fixtures.ts'
import { createHurriedClock, type HurriedClock } from './hurried-clock.ts'
import { alertsInLog } from './alerts-in-log.ts'

/** The directory of an emulated Box, its use cases and its background work, which a test does by hand. */
export interface Mirror extends Pick<Provisioning, 'users' | 'groups'> {
  readonly emulator: Emulator
  readonly directory: Directory
  readonly clock: HurriedClock
  /** Every line of the log at level error. */
  readonly errors: string[]
  /** What was told to be counted: `found KIND` and `restored KIND`. */
  readonly counted: string[]
  /** Where the directory is kept, for a look past it. */
  readonly url: string
  userId(login: string): BoxUserId
  groupId(name: string): BoxGroupId
  /** Notes hints and works all that are due; resolves to the calls that this took, as `GET /users/:id`. */
  refresh(...hints: readonly Hint[]): Promise<readonly string[]>
  /** Works every open journal entry that is due. */
  drive(): Promise<void>
  /** One whole reconcile of the groups that are its turn, or of all; resolves to the hints it noted. */
  reconcile(scope?: 'turn' | 'all', signal?: AbortSignal): Promise<readonly Hint[]>
  /** Reconciles as the bridge does by itself, until `signal` aborts; only when it is asked to. */
  keepReconciled(signal: AbortSignal): Promise<void>
  /** Forgets what only the process knows, as a restart does. */
  restart(): void
  /** What accompanies a SCIM request. */
  context(): RequestContext
}

/** Imports a seed; everything is closed when `t` ends. */
export async function openMirror(
  t: Test,
  options: {
    readonly seed: Partial<Pick<Seed, 'users' | 'groups' | 'foreign'>>
    readonly settings?: Partial<ProvisioningSettings>
    /** Whether Box is only read; default false. */
    readonly dryRun?: boolean
  }
): Promise<Mirror> {
  const clock = createHurriedClock()
  const users = [...emptySeed.users, ...(options.seed.users ?? [])]
  const seed = { ...emptySeed, ...options.seed, users }
  const emulator = createEmulator({ seed, clock, callsPerMinute: 1_000_000 })
  t.teardown(() => emulator.close())
  const apiUrl = await emulator.listen()
  const errors: string[] = []
  const counted: string[] = []
  const log = {
    info() {},
    warn() {},
    debug() {},
    error: (_: object, text: string) => void errors.push(text)
  }
  const client = createBoxClient({
    apiUrl,
    credentials: { kind: 'client-credentials', ...demoCredentials },
    callsPerMinute: 100_000,
    clock,
    random: systemRandom,
    readOnly: options.dryRun === true,
    log
  })
  t.teardown(() => client.close())
  const dryLog = createMemoryLog()
  const box =
    options.dryRun === true ? await createDryBox({ reads: client, log: dryLog, clock }) : client
  const url = `file:${t.testdir()}/bridge.db`
  const identity = { boxHost: 'box.example.com', enterpriseId: '1' }
  const directory = await openDirectory({ url, identity, clock, log })
  t.teardown(() => directory.close())
  const settings = { ...defaultSettings, ...options.settings }
  const alerts = alertsInLog(log)
  const parts = { directory, box, clock, log, alerts, settings }
  await (await createImport({ ...parts, begin: async () => {} })).run(new AbortController().signal)
  const provide = () =>
    createProvisioning(
      {
        ...parts,
        mirror: { isCurrent: () => true },
        locks: createKeyedLock(),
        signals: {
          ...noSignals,
          driftFound: (kind) => void counted.push(`found ${kind}`),
          driftRestored: (kind) => void counted.push(`restored ${kind}`)
        },
        assertImported() {}
      },
      () => {}
    )
  let provisioning = provide()
  const reconcile = createReconcile({ ...parts, everyMs: 0, onHints() {} })
  emulator.clearCalls()

  const refresh = async (...hints: readonly Hint[]) => {
    emulator.clearCalls()
    await directory.transaction((tx) => tx.noteHints(hints, 'events', clock.now()))
    for (;;) {
      const due = await directory.hints.due(clock.now(), 100)
      if (due.length === 0) break
      for (const noted of due) await provisioning.refresh(noted, clock.now() + 60_000)
    }
    return emulator.calls.map(({ method, path }) => {
      return `${method} ${path.replace('/2.0', '').replaceAll(/\/\d+/g, '/:id')}`
    })
  }

  return {
    get users() {
      return provisioning.users
    },
    get groups() {
      return provisioning.groups
    },
    emulator,
    directory,
    clock,
    errors,
    counted,
    url,
    refresh,
    userId: (login) => idOf(emulator.state().users[login]) as BoxUserId,
    groupId: (name) => idOf(emulator.state().groups[name]) as BoxGroupId,
    async drive() {
      for (const entry of await directory.journal.due(clock.now(), 1_000)) {
        await provisioning.drive(entry, clock.now() + 60_000)
      }
    },
    async reconcile(scope = 'all', signal = new AbortController().signal) {
      await reconcile.once(scope, signal)
      return (await directory.hints.due(clock.now(), 1_000)).map(({ hint }) => hint)
    },
    restart() {
      provisioning = provide()
    },
    keepReconciled: (signal) => reconcile.run(signal),
    context: () => {
      return { correlationId: 'c', actor: 'idp', deadline: clock.now() + 60_000 }
    }
  }
}

function idOf(record: { readonly id: string } | undefined): string {
  if (record === undefined) throw new Error('There is nothing of this name in the emulator')
  return record.id
}
