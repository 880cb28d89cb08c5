import type { Test } from 'tap'
import type { SeedUser } from '../../src/emulator/seed.ts'
import { startFusedBridge, type FusedBridge, type FusedOptions } from './fused-bridge.ts'
import { createOperator } from '../../src/compose/operator.ts'
import { until } from './until.ts'

/** A bridge with a clock and a database to look into, and what tests about leavers ask it. */
export interface LeavingBridge extends FusedBridge {
  /** The SCIM path of somebody. */
  readonly pathOf: (login: string) => string
  /**
   * The calls that have reached Box since the last time, but for those that come with time alone:
   * tokens, polls, and the look whether Box is there again.
   */
  readonly takeCalls: () => readonly string[]
  /** The audit about somebody, oldest first. */
  readonly audit: (id: string) => readonly AuditRow[]
  /** Lets time pass until the condition holds. */
  readonly pass: (what: string, condition: () => boolean) => Promise<void>
  /** What `box-scim status` tells about leavers. */
  leavers(): Promise<Status['leavers']>
}

type Status = Awaited<ReturnType<ReturnType<typeof createOperator>['status']>>

interface AuditRow {
  readonly actor: string
  readonly action: string
  readonly outcome: string
  readonly notes: readonly string[]
}

/** Leo owns content and leaves; Ada's people receive it. */
export const leavers: readonly SeedUser[] = [
  { login: 'leo@example.com', name: 'Leo', ownsContent: true, space_used: 1000 },
  { login: 'mia@example.com', name: 'Mia' },
  { login: 'eve@example.com', name: 'Eve' }
]

const withTime: ReadonlySet<string> = new Set(['/oauth2/token', '/2.0/events', '/2.0/users/me'])

/** Starts it; it ends with `t`. */
export async function startLeavingBridge(
  t: Test,
  env: Readonly<Record<string, string>>,
  options: Omit<FusedOptions, 'env'> = {}
): Promise<LeavingBridge> {
  const all = { BOX_EVENTS_POLL_SECONDS: '0', RECONCILE_HOURS: '0', ...env }
  const bridge = await startFusedBridge(t, { seed: { users: leavers }, ...options, env: all })
  const { emulator, clock } = bridge
  emulator.clearCalls()
  const [row] = bridge.query("select file from pragma_database_list where name = 'main'")
  const operator = createOperator(`file:${String(row?.['file'])}`, { clock })
  return {
    ...bridge,
    pathOf: (login) => `/Users/${emulator.state().users[login]?.id ?? ''}`,
    takeCalls() {
      const calls = emulator.calls
        .filter(({ path }) => !withTime.has(path))
        .map(
          ({ method, path }) => `${method} ${path.replace('/2.0', '').replaceAll(/\d{2,}/g, 'N')}`
        )
      emulator.clearCalls()
      return calls
    },
    audit: (id) =>
      bridge
        .query(
          `select actor, action, outcome, notes from audit where target = 'user:${id}' order by id`
        )
        .map(({ actor, action, outcome, notes }) => ({
          actor: String(actor),
          action: String(action),
          outcome: String(outcome),
          notes: JSON.parse(String(notes)) as readonly string[]
        })),
    async pass(what, condition) {
      await until(what, () => {
        if (condition()) return true
        // Less than what a call to Box may take.
        clock.skip(15_000)
        return false
      })
    },
    async leavers() {
      return (await operator.status()).leavers
    }
  }
}
