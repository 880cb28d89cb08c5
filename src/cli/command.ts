import { readFileSync } from 'node:fs'
import { createOperator, type Operator } from '../compose/operator.ts'
import { loadDatabaseUrl } from '../config/load.ts'

/** What a command is given. */
export interface CommandIo {
  readonly env: NodeJS.ProcessEnv
  /** Prints a line for a person. */
  readonly out: (line: string) => void
  /** Prints a line about a failure. */
  readonly err: (line: string) => void
  /** Reads what is piped into the command. */
  readonly read: () => string
  /** Aborts when nobody reads any more what is printed, e.g. at the end of a pipe; default never. */
  readonly unread?: AbortSignal
}

/** The exit codes of every command. */
export const exitCodes = { done: 0, failed: 1, conflicts: 2 } as const

/** Does a command's work and resolves to its exit code; a failure is printed. */
export async function runCommand(io: CommandIo, work: () => Promise<void>): Promise<number> {
  try {
    await work()
    return exitCodes.done
  } catch (error) {
    io.err(error instanceof Error ? error.message : String(error))
    return exitCodes.failed
  }
}

/** Reads a whole text file that the configuration names. */
export function readText(path: string): string {
  return readFileSync(path, 'utf8')
}

/** The operator's side of the directory that the environment names. */
export function operatorOf({ env }: CommandIo): Operator {
  return createOperator(loadDatabaseUrl(env, readText))
}
