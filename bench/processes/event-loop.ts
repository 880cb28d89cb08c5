import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Answers } from './messages.ts'

/** Milliseconds between two looks at the event loop; what it reports as delay begins above it. */
const resolution = 1

/** Watches this process's event loop and memory for whoever asks by message. */
export function watchEventLoop(): Answers {
  const delay = monitorEventLoopDelay({ resolution })
  delay.enable()
  return {
    /** The longest block since it was last asked, in milliseconds. */
    longestBlock: () => {
      const longest = Math.max(delay.max / 1e6 - resolution, 0)
      delay.reset()
      return longest
    },
    /** The resident set size in megabytes. */
    memory: () => process.memoryUsage.rss() / 2 ** 20
  }
}
