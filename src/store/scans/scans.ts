import { Worker } from 'node:worker_threads'
import type { CompiledQuery } from 'kysely'
import type { Milliseconds } from '../../lib/clock.ts'
import { ProvisioningError } from '../../provisioning/errors.ts'
import type { Run } from '../prepared-query.ts'
import type { ScanAnswer, ScanRequest } from './messages.ts'

/** Runs statements that may take long without holding up this thread. */
export interface Scans {
  /**
   * Runs a statement against the last committed state.
   *
   * @throws ProvisioningError `busy` where too many are waiting, or where this one was interrupted
   */
  readonly run: Run
  /** Ends the thread; what still waits fails. */
  close(): Promise<void>
}

/** How much is let in; every limit has a default. */
export interface ScanLimits {
  /** How many statements may wait for the one that runs; default 100. */
  readonly waiting?: number
  /** How long one statement may run; default 30 s. */
  readonly runMs?: Milliseconds
}

/** How many statements may wait where nobody says otherwise. */
export const maxWaitingScans = 100

/** A statement with whoever waits for it. */
interface Job {
  readonly request: ScanRequest
  readonly resolve: (rows: readonly unknown[]) => void
  readonly reject: (error: Error) => void
}

/** A thread with the job it works on. */
interface Thread {
  readonly worker: Worker
  job: Job | undefined
  timer: NodeJS.Timeout | undefined
}

/** Seconds after which a refused search may be asked again. */
const retryAfterSeconds = 5

/**
 * Runs scans of a database file in a thread of its own, one after another. The thread begins with the
 * first scan; one that crashes, or runs for too long, is replaced.
 */
export function createScans(path: string, limits: ScanLimits = {}): Scans {
  const { waiting: mostWaiting = maxWaitingScans, runMs = 30_000 } = limits
  const waiting: Job[] = []
  let thread: Thread | undefined
  let isClosed = false

  return {
    run<Row>({ sql, parameters }: CompiledQuery<Row>) {
      return new Promise<readonly Row[]>((resolve, reject) => {
        if (isClosed) throw new Error('the directory is closed')
        if (waiting.length >= mostWaiting) throw busy('Too many searches are waiting.')
        const request = { sql, parameters }
        waiting.push({ request, resolve: (rows) => resolve(rows as readonly Row[]), reject })
        next()
      })
    },

    async close() {
      isClosed = true
      for (const job of waiting.splice(0)) job.reject(new Error('the directory is closed'))
      await thread?.worker.terminate()
    }
  }

  /** Hands over the oldest waiting job, unless one is being worked on. */
  function next(): void {
    if (isClosed || waiting.length === 0 || thread?.job !== undefined) return
    thread ??= startThread()
    const { worker } = thread
    thread.job = waiting.shift()
    thread.timer = setTimeout(abandon, runMs, thread)
    worker.ref()
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    worker.postMessage(thread.job?.request)
  }

  /** The thread itself ends as soon as SQLite returns to it, which nothing can hasten. */
  function abandon(late: Thread): void {
    thread = undefined
    release(late)?.reject(busy('The search took too long.'))
    void late.worker.terminate()
    next()
  }

  function startThread(): Thread {
    const worker = new Worker(new URL('thread.ts', import.meta.url), { workerData: { path } })
    const started: Thread = { worker, job: undefined, timer: undefined }
    worker.on('message', (answer: ScanAnswer) => {
      const job = release(started)
      worker.unref()
      if ('rows' in answer) job?.resolve(answer.rows)
      else job?.reject(answer.error instanceof Error ? answer.error : new Error('the scan failed'))
      next()
    })
    let cause: unknown
    worker.on('error', (error) => {
      cause = error
    })
    worker.on('exit', () => {
      if (thread === started) thread = undefined
      release(started)?.reject(busy('The search was interrupted.', cause))
      next()
    })
    return started
  }
}

function release(thread: Thread): Job | undefined {
  const { job } = thread
  clearTimeout(thread.timer)
  thread.job = undefined
  return job
}

function busy(message: string, cause?: unknown): ProvisioningError {
  return new ProvisioningError('busy', `${message} Ask again later.`, { retryAfterSeconds, cause })
}
