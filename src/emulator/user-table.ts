import { fold } from '../lib/text.ts'
import type { UserRecord } from './records.ts'
import { compareIds, compareTexts, SortedList } from './sorted-list.ts'

/** The users of the enterprise, found by id, by login and by alias, and listed in a fixed order. */
export class UserTable {
  readonly #byId = new Map<string, UserRecord>()
  readonly #byLogin = new Map<string, UserRecord>()
  readonly #byAlias = new Map<string, UserRecord>()
  readonly #sorted: SortedList<UserRecord>

  constructor(order: 'login' | 'id') {
    this.#sorted = new SortedList(
      order === 'id'
        ? (left, right) => compareIds(left.id, right.id)
        : (left, right) => compareTexts(left.foldedLogin, right.foldedLogin)
    )
  }

  /** Everybody in the order of the list. A live view: not to be kept across changes. */
  get sorted(): readonly UserRecord[] {
    return this.#sorted.entries
  }

  /** The user with this id. */
  get(id: string): UserRecord | undefined {
    return this.#byId.get(id)
  }

  /** The user with this primary login, letter case aside. */
  byLogin(login: string): UserRecord | undefined {
    return this.#byLogin.get(fold(login))
  }

  /** The user who has this address as an alias, letter case aside. */
  byAlias(email: string): UserRecord | undefined {
    return this.#byAlias.get(fold(email))
  }

  /** Adds a user, or replaces the one with the same id. */
  put(user: UserRecord): void {
    this.delete(user.id)
    this.#byId.set(user.id, user)
    this.#byLogin.set(user.foldedLogin, user)
    for (const alias of user.aliases.values()) this.#byAlias.set(fold(alias.email), user)
    this.#sorted.add(user)
  }

  /** Forgets a user. */
  delete(id: string): void {
    const user = this.#byId.get(id)
    if (user === undefined) return
    this.#byId.delete(id)
    this.#byLogin.delete(user.foldedLogin)
    for (const alias of user.aliases.values()) this.#byAlias.delete(fold(alias.email))
    this.#sorted.remove(user)
  }
}
