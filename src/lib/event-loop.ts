import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Milliseconds } from './clock.ts'

/** Watches how late the event loop is. */
export interface EventLoopWatch {
  /** The delay that lasts: one long turn alone does not count. */
  readonly delayMs: () => Milliseconds
  /** Ends the watch. */
  close(): void
}

/** How often the delay is measured, and how often a measure is taken of it. */
const resolutionMs: Milliseconds = 20
const periodMs: Milliseconds = 500

/** Begins to watch the event loop of this process; it does not keep the process alive. */
export function watchEventLoop(): EventLoopWatch {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs })
  let last: Milliseconds = 0
  let lasting: Milliseconds = 0
  const timer = setInterval(() => {
    const mean = histogram.count === 0 ? 0 : histogram.mean / 1e6 - resolutionMs
    lasting = Math.max(0, Math.min(last, mean))
    last = mean
    histogram.reset()
  }, periodMs)
  timer.unref()
  histogram.enable()
  return {
    delayMs: () => lasting,
    close() {
      clearInterval(timer)
      histogram.disable()
    }
  }
}
