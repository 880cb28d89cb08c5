import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { openSync } from 'node:fs'
import { once } from 'node:events'

/** A process of the bench. */
export interface Process {
  readonly pid: number
  /** Asks what the process serves by message. */
  ask<Answer>(question: string, argument?: unknown): Promise<Answer>
  /** Ends it gracefully. */
  stop(): Promise<void>
}

/** How a process is started. */
export interface StartOptions {
  readonly args?: readonly string[]
  /** Modules to be loaded before the program. */
  readonly preload?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** The file that gets everything the process prints; default: this process's own output. */
  readonly output?: string
}

/** Starts a TypeScript program in a process of its own. */
export function start(program: string, options: StartOptions = {}): Process {
  const output = options.output === undefined ? 'inherit' : openSync(options.output, 'a')
  const child = fork(program, [...(options.args ?? [])], {
    execArgv: [
      ...(process.env['BENCH_NODE_OPTIONS']?.split(' ') ?? []),
      ...(options.preload ?? []).flatMap((module) => ['--import', module])
    ],
    env: { PATH: process.env['PATH'], ...options.env },
    stdio: ['ignore', output, 'inherit', 'ipc']
  })
  return {
    pid: child.pid ?? 0,
    ask: (question, argument) => ask(child, question, argument),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    }
  }
}

/** One question at a time: the answer that comes is the answer to it. */
async function ask<Answer>(
  child: ChildProcess,
  question: string,
  argument: unknown
): Promise<Answer> {
  const answered = new Promise<Answer>((resolve, reject) => {
    const end = () => reject(new Error(`A process of the bench ended while asked for ${question}`))
    child.once('exit', end)
    child.once('message', (message) => {
      child.off('exit', end)
      resolve((message as { readonly answer: Answer }).answer)
    })
  })
  child.send({ question, argument })
  return answered
}
