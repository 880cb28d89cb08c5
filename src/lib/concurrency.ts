/**
 * Runs `work` for every item, at most `limit` at a time, beginning in order. Rejects with the first
 * error after all work that had begun has ended; nothing new begins after an error.
 */
export async function runConcurrently<Item>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<void>
): Promise<void> {
  const queue = items.values()
  let failed = false
  const runner = async () => {
    for (const item of queue) {
      if (failed) return
      try {
        await work(item)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const results = await Promise.allSettled(Array.from({ length: limit }, runner))
  const failure = results.find((result) => result.status === 'rejected')
  if (failure !== undefined) throw failure.reason
}
