import { fold } from '../lib/text.ts'
import type { GroupRecord } from './records.ts'
import { compareIds, compareTexts, SortedList } from './sorted-list.ts'

/** How group names are compared and groups are ordered. */
export interface GroupTableOptions {
  readonly order: 'name' | 'id'
  readonly nameIgnoresCase: boolean
}

/** The groups of the enterprise, found by id and by name, and listed in a fixed order. */
export class GroupTable {
  readonly #byId = new Map<string, GroupRecord>()
  readonly #byName = new Map<string, GroupRecord>()
  readonly #sorted: SortedList<GroupRecord>
  readonly #nameKey: (name: string) => string

  constructor(options: GroupTableOptions) {
    this.#nameKey = options.nameIgnoresCase ? fold : (name) => name
    this.#sorted = new SortedList((left, right) => {
      const byName =
        options.order === 'name' ? compareTexts(fold(left.fields.name), fold(right.fields.name)) : 0
      return byName || compareIds(left.id, right.id)
    })
  }

  /** All groups in the order of the list. A live view: not to be kept across changes. */
  get sorted(): readonly GroupRecord[] {
    return this.#sorted.entries
  }

  /** The group with this id. */
  get(id: string): GroupRecord | undefined {
    return this.#byId.get(id)
  }

  /** The group with this name. */
  byName(name: string): GroupRecord | undefined {
    return this.#byName.get(this.#nameKey(name))
  }

  /** Adds a group, or replaces the one with the same id. */
  put(group: GroupRecord): void {
    this.delete(group.id)
    this.#byId.set(group.id, group)
    this.#byName.set(this.#nameKey(group.fields.name), group)
    this.#sorted.add(group)
  }

  /** Forgets a group. */
  delete(id: string): void {
    const group = this.#byId.get(id)
    if (group === undefined) return
    this.#byId.delete(id)
    this.#byName.delete(this.#nameKey(group.fields.name))
    this.#sorted.remove(group)
  }
}
