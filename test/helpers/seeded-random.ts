/** Choices that follow from a seed alone. */
export interface SeededRandom {
  /** A number in [0, 1). */
  fraction(): number
  /** A whole number from `from` up to, and without, `to`. */
  between(from: number, to: number): number
  /** True in this share of the cases. */
  chance(share: number): boolean
  /** One of the items, of which there must be one. */
  pick<Item>(items: readonly Item[]): Item
  /** The items in another order. */
  shuffle<Item>(items: readonly Item[]): Item[]
  /** Some of the items, at most so many. */
  sample<Item>(items: readonly Item[], count: number): Item[]
}

/** Creates choices that follow from the seed (mulberry32). */
export function createSeededRandom(seed: number): SeededRandom {
  let state = seed
  const fraction = (): number => {
    state = (state + 0x6d_2b_79_f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const between = (from: number, to: number) => from + Math.floor(fraction() * (to - from))
  const shuffle = <Item>(items: readonly Item[]): Item[] =>
    items
      .map((item) => ({ item, at: fraction() }))
      .toSorted((left, right) => left.at - right.at)
      .map(({ item }) => item)
  return {
    fraction,
    between,
    shuffle,
    chance: (share) => fraction() < share,
    pick(items) {
      const picked = items[between(0, items.length)]
      if (picked === undefined) throw new TypeError('There is nothing to pick from')
      return picked
    },
    sample: (items, count) => shuffle(items).slice(0, count)
  }
}
