import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Test } from 'tap'
import type { FuseName } from '../../src/provisioning/fuse-limit.ts'
import type { FuseReport } from '../../src/provisioning/fuse-desk.ts'
import { startBridge, type Bridge, type BridgeOptions } from './bridge.ts'
import { createHurriedClock, type HurriedClock } from './hurried-clock.ts'
import { runCommand, type CommandResult } from './run-command.ts'
import { scimClient, type ScimClient } from './scim-client.ts'

/** A bridge on a database file, with a clock that a test can move and the operator's commands. */
export interface FusedBridge extends Bridge {
  readonly scim: ScimClient
  readonly clock: HurriedClock
  /** Runs `box-scim fuse` with these arguments, in a process of its own. */
  fuse(...args: readonly string[]): Promise<CommandResult>
  /** What `box-scim fuse list --json` tells. */
  report(): Promise<FuseReport>
  /** What is held, as the database file has it: the kinds of the operations, oldest first. */
  readonly held: () => readonly string[]
  /** Tells whether a fuse is open, as the database file has it. */
  isOpen(fuse: FuseName): boolean
  /** Reads the database. */
  readonly query: (statement: string) => readonly Readonly<Record<string, unknown>>[]
}

/** What a test may want of it. */
export interface FusedOptions extends BridgeOptions {
  readonly env: Readonly<Record<string, string>>
  /** How many times as fast as the machine's its clock runs; see {@link createHurriedClock}. */
  readonly speed?: number
}

/** Starts a bridge whose fuses are of interest; it ends with `t`. */
export async function startFusedBridge(t: Test, options: FusedOptions): Promise<FusedBridge> {
  const database = join(t.testdir(), 'bridge.db')
  const clock = createHurriedClock(options.speed)
  const env = { DATABASE_URL: `file:${database}`, ...options.env }
  const emulator = { clock, ...options.emulator }
  const dependencies = { ...options.dependencies, clock }
  const bridge = await startBridge(t, { ...options, env, emulator, dependencies })
  const commands = fuseCommands(database)
  return { ...bridge, ...commands, scim: scimClient(bridge), clock }
}

/** The operator's side of the fuses of a database file, and a look into it. */
export function fuseCommands(
  database: string
): Pick<FusedBridge, 'fuse' | 'report' | 'held' | 'isOpen' | 'query'> {
  const query = (statement: string) => {
    const sqlite = new DatabaseSync(database, { readOnly: true })
    try {
      return sqlite.prepare(statement).all()
    } finally {
      sqlite.close()
    }
  }
  const fuse = (...args: readonly string[]) =>
    runCommand(['fuse', ...args], { env: { DATABASE_URL: `file:${database}` } })
  return {
    fuse,
    async report() {
      const { code, out, err } = await fuse('list', '--json')
      if (code !== 0) throw new Error(err)
      return JSON.parse(out) as FuseReport
    },
    held: () =>
      query(
        `select operation ->> '$.kind' || iif(operation ->> '$.tombstone', ' and hide', '') as kind
        from journal where state = 'held' order by id`
      ).map(({ kind }) => String(kind)),
    isOpen: (fuse) =>
      query(`select 1 from state where key = 'fuse.${fuse}' and value ->> '$.openedAt' is not null`)
        .length > 0,
    query
  }
}
