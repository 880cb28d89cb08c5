import type { Test } from 'tap'
import { createOperator } from '../../src/compose/operator.ts'
import type { Emulator } from '../../src/emulator/emulator.ts'
import type { BridgeOptions } from './bridge.ts'
import type { FusedOptions } from './fused-bridge.ts'
import { startLeavingBridge, type LeavingBridge } from './leaving-bridge.ts'
import { runCommand, type CommandResult } from './run-command.ts'

/** A bridge with people inside and outside the enterprise, and what tests about conflicts ask it. */
export interface ConflictBridge extends Omit<LeavingBridge, 'audit' | 'leavers'> {
  /** What commands find the database by. */
  readonly databaseUrl: string
  /** The newest entry of the audit. */
  lastAudit(): AuditedRequest
  /** Runs `box-scim invite` with these arguments, in a process of its own. */
  invite(...args: readonly string[]): Promise<CommandResult>
  /** Has an invite forgotten, as `box-scim invite forget` does. */
  forget(login: string): Promise<unknown>
  /** The entries of the journal that still need work. */
  openEntries(): readonly object[]
}

/** An entry of the audit, as far as tests look at it. */
export interface AuditedRequest {
  readonly action: string
  readonly target: string
  readonly outcome: string
  /** The kinds of the operations. */
  readonly plan: readonly string[]
  /** Method, path pattern and answer of each call. */
  readonly calls: readonly string[]
  readonly notes: readonly string[]
}

/** Who is in the enterprise, and who has an account elsewhere. */
export const conflictSeed: NonNullable<BridgeOptions['seed']> = {
  users: [
    { login: 'ann@example.com', name: 'Ann' },
    { login: 'bob@example.com', name: 'Bob' }
  ],
  foreign: [
    { login: 'pia@example.com', name: 'Pia', kind: 'personal', collaborates: false },
    { login: 'otto@partner.example', name: 'Otto', kind: 'other-enterprise', collaborates: false }
  ]
}

/** Starts it; it ends with `t`. Its clock runs like the machine's, unless it is told to hurry. */
export async function startConflictBridge(
  t: Test,
  env: Readonly<Record<string, string>> = {},
  options: BridgeOptions['emulator'] & Pick<FusedOptions, 'speed'> = {}
): Promise<ConflictBridge> {
  const { speed = 1, ...emulator } = options
  const bridge = await startLeavingBridge(t, env, { seed: conflictSeed, emulator, speed })
  const { query } = bridge
  const [row] = query("select file from pragma_database_list where name = 'main'")
  const databaseUrl = `file:${String(row?.['file'])}`
  return {
    ...bridge,
    lastAudit() {
      const [found = {}] = query('select * from audit order by id desc limit 1')
      const { action, target, outcome, plan, calls, notes } = found
      return {
        action: String(action),
        target: String(target),
        outcome: String(outcome),
        plan: (JSON.parse(String(plan)) as readonly { kind: string }[]).map(({ kind }) => kind),
        calls: (JSON.parse(String(calls)) as readonly AuditedCall[]).map(textOf),
        notes: JSON.parse(String(notes)) as readonly string[]
      }
    },
    databaseUrl,
    invite: (...args) => runCommand(['invite', ...args], { env: { DATABASE_URL: databaseUrl } }),
    forget: (login) => createOperator(databaseUrl).forgetInvite(login),
    openEntries: () => query("select * from journal where state in ('decided', 'sent', 'unknown')")
  }
}

interface AuditedCall {
  readonly operation: string
  readonly status: number
  readonly code: string
}

function textOf({ operation, status, code }: AuditedCall): string {
  return [operation, status, code].filter((part) => part !== '').join(' ')
}

/** How many invites the emulated Box was asked to send, whatever came of it. */
export function invitesAsked({ calls }: Emulator): number {
  return calls.filter(({ method, path }) => method === 'POST' && path === '/2.0/invites').length
}
