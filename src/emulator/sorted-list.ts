/** Tells the order of two entries: negative, zero or positive. */
export type Compare<Entry> = (left: Entry, right: Entry) => number

/** Entries kept in order; the order must be total, and an entry's place must not change meanwhile. */
export class SortedList<Entry> {
  readonly #entries: Entry[] = []
  readonly #compare: Compare<Entry>

  constructor(compare: Compare<Entry>) {
    this.#compare = compare
  }

  /** All entries in order. A live view: not to be kept across changes. */
  get entries(): readonly Entry[] {
    return this.#entries
  }

  /** Puts `entry` in its place. */
  add(entry: Entry): void {
    this.#entries.splice(this.#firstNotBefore(entry), 0, entry)
  }

  /** Takes `entry` out; it must not have changed its place since it was added. */
  remove(entry: Entry): void {
    const index = this.#firstNotBefore(entry)
    if (this.#entries[index] === entry) this.#entries.splice(index, 1)
  }

  #firstNotBefore(entry: Entry): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const candidate = this.#entries[middle]
      if (candidate !== undefined && this.#compare(candidate, entry) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Orders texts by code unit. */
export function compareTexts(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}

/** Orders ids, which are decimal numbers of any length, by their value. */
export function compareIds(left: string, right: string): number {
  return left.length - right.length || compareTexts(left, right)
}
