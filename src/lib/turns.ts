import { setImmediate as afterTurn } from 'node:timers/promises'

/** Resolves when the event loop has served everybody else who is ready. */
export function nextTurn(): Promise<void> {
  return afterTurn()
}

/** Resolves when the event loop has turned `count` times. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await nextTurn()
}

/** How many items one turn of the event loop works on: some milliseconds' worth of the dearest. */
const defaultBatch = 100

/**
 * Cuts `items` into batches and lets the event loop turn between them, so that nobody waits for the
 * whole of a long list.
 */
export async function* inTurns<Item>(
  items: readonly Item[],
  size: number = defaultBatch
): AsyncGenerator<readonly Item[], void> {
  for (let start = 0; start < items.length; start += size) {
    if (start > 0) await nextTurn()
    yield items.slice(start, start + size)
  }
}

/** Passes on what a generator makes, one piece in a turn of the event loop. */
export async function* oneEachTurn<Piece>(pieces: Iterable<Piece>): AsyncGenerator<Piece, void> {
  for (const piece of pieces) {
    yield piece
    await nextTurn()
  }
}
