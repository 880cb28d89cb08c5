import type { Clock, Milliseconds } from './clock.ts'

/** Waits for the work, at most so long; resolves to whether it ended in time. Passes on its failure. */
export async function within(
  work: Promise<unknown>,
  duration: Milliseconds,
  clock: Clock
): Promise<boolean> {
  const over = new AbortController()
  const late = clock.sleep(duration, over.signal).then(
    () => false,
    () => true
  )
  try {
    return await Promise.race([work.then(() => true), late])
  } finally {
    over.abort()
  }
}
