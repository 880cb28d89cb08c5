import { openSync, readSync } from 'node:fs'
import type { Answers } from './messages.ts'

/** Milliseconds between two looks at the event loop. */
const resolution = 1

/** How long the event loop did not turn. */
export interface Block {
  /** Milliseconds from one look at the event loop to the next. */
  readonly whole: number
  /** The part of it in which the thread waited for nothing but a processor: others had them all. */
  readonly scheduler: number
}

const noBlock: Block = { whole: 0, scheduler: 0 }

/** Watches this process's event loop, processor time and memory for whoever asks by message. */
export function watchEventLoop(): Answers {
  const waited = createWaitClock()
  let longest = noBlock
  let last = { at: performance.now(), waited: waited() }
  setInterval(() => {
    const now = { at: performance.now(), waited: waited() }
    const block = {
      whole: Math.max(now.at - last.at - resolution, 0),
      scheduler: now.waited - last.waited
    }
    if (workOf(block) > workOf(longest)) longest = block
    last = now
  }, resolution).unref()
  return {
    /** The block since it was last asked in which the process itself took longest. */
    longestBlock: () => {
      const answer = longest
      longest = noBlock
      return answer
    },
    /** The processor time that the process has used, in microseconds. */
    processorTime: () => {
      const { user, system } = process.cpuUsage()
      return user + system
    },
    /** The resident set size in megabytes. */
    memory: () => process.memoryUsage.rss() / 2 ** 20
  }
}

/** What a block took besides waiting for a processor: computing, and waiting for the disk. */
export function workOf({ whole, scheduler }: Block): number {
  return Math.max(whole - scheduler, 0)
}

/**
 * How many milliseconds this process's main thread has been ready to run without a processor that it
 * could run on; 0 where the system does not tell.
 * See https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat
 */
function createWaitClock(): () => number {
  const bytes = Buffer.alloc(64)
  let file: number
  try {
    file = openSync('/proc/self/schedstat', 'r')
  } catch {
    return () => 0
  }
  return () => {
    const length = readSync(file, bytes, 0, bytes.length, 0)
    const [, waited = '0'] = bytes.toString('latin1', 0, length).split(' ')
    return Number(waited) / 1e6
  }
}
