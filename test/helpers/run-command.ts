import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { join } from 'node:path'
import { once } from 'node:events'
import { createProgram } from '../../src/cli/program.ts'
import { root } from './serve-process.ts'

/** What came of a command. */
export interface CommandResult {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

const main = join(root, 'src/cli/main.ts')

/** How to run a command. */
interface CommandOptions {
  /** The whole environment. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** What the command reads; default nothing. */
  readonly input?: string
  /** The longest file that the command may write, in KiB; default any. */
  readonly fileLimit?: number
}

/** Runs `box-scim` with these arguments to its end, in a process of its own. */
export async function runCommand(
  args: readonly string[],
  { env = {}, cwd = root, fileLimit, input = '' }: CommandOptions = {}
): Promise<CommandResult> {
  const node = [process.execPath, main, ...args]
  const limited = ['bash', '-c', `ulimit -f ${fileLimit} && exec "$0" "$@"`, ...node]
  const [file = '', ...rest] = fileLimit === undefined ? node : limited
  const child = spawn(file, rest, { cwd, env, stdio: 'pipe' })
  child.stdin.on('error', () => undefined).end(input)
  const ended = once(child, 'close')
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  await ended
  return { code: child.exitCode, out, err }
}

/** Runs `box-scim` with these arguments in this process, which takes far less time. */
export async function runInProcess(
  args: readonly string[],
  env: Readonly<Record<string, string>>
): Promise<CommandResult> {
  let code: number | null = null
  let out = ''
  let err = ''
  const io = {
    env,
    out: (line: string) => void (out += `${line}\n`),
    err: (line: string) => void (err += `${line}\n`),
    read: () => ''
  }
  await createProgram(io, (exitCode) => (code = exitCode)).parseAsync(args, { from: 'user' })
  return { code, out, err }
}
