/** Runs work one at a time per key; work under different keys runs side by side. */
export interface KeyedLock {
  /** Runs `work` when all earlier work under `key` has settled, and passes on its result. */
  run<T>(key: string, work: () => Promise<T>): Promise<T>
}

/** A lock within this process; first come, first served. An idle key costs no memory. */
export function createKeyedLock(): KeyedLock {
  const tails = new Map<string, Promise<unknown>>()
  return {
    run(key, work) {
      const previous = tails.get(key) ?? Promise.resolve()
      const current = previous.then(work, work)
      tails.set(key, current)
      const release = () => {
        if (tails.get(key) === current) tails.delete(key)
      }
      current.then(release, release)
      return current
    }
  }
}

/** Runs `work` under several keys, taken in their order: who takes some of them keeps to that order too. */
export function runUnderAll<T>(
  locks: KeyedLock,
  [key, ...others]: readonly string[],
  work: () => Promise<T>
): Promise<T> {
  return key === undefined ? work() : locks.run(key, () => runUnderAll(locks, others, work))
}
