import type { MembershipRecord } from './records.ts'

/** Memberships found by id, by group and by user; the inner maps go from the other end's id. */
export class MembershipTable {
  readonly #byId = new Map<string, MembershipRecord>()
  readonly #byGroup = new Map<string, Map<string, MembershipRecord>>()
  readonly #byUser = new Map<string, Map<string, MembershipRecord>>()

  /** The membership with this id. */
  get(id: string): MembershipRecord | undefined {
    return this.#byId.get(id)
  }

  /** The membership of this user in this group. */
  find(groupId: string, userId: string): MembershipRecord | undefined {
    return this.#byGroup.get(groupId)?.get(userId)
  }

  /** The memberships of a group, oldest first. */
  ofGroup(groupId: string): readonly MembershipRecord[] {
    return [...(this.#byGroup.get(groupId)?.values() ?? [])]
  }

  /** The memberships of a user, oldest first. */
  ofUser(userId: string): readonly MembershipRecord[] {
    return [...(this.#byUser.get(userId)?.values() ?? [])]
  }

  /** Adds a membership, or replaces the one of the same user in the same group. */
  put(membership: MembershipRecord): void {
    this.#byId.set(membership.id, membership)
    inner(this.#byGroup, membership.groupId).set(membership.userId, membership)
    inner(this.#byUser, membership.userId).set(membership.groupId, membership)
  }

  /** Forgets a membership. */
  delete(id: string): void {
    const membership = this.#byId.get(id)
    if (membership === undefined) return
    this.#byId.delete(id)
    this.#byGroup.get(membership.groupId)?.delete(membership.userId)
    this.#byUser.get(membership.userId)?.delete(membership.groupId)
  }

  /** Forgets every membership of a group. */
  deleteGroup(groupId: string): void {
    for (const membership of this.ofGroup(groupId)) this.delete(membership.id)
    this.#byGroup.delete(groupId)
  }

  /** Forgets every membership of a user. */
  deleteUser(userId: string): void {
    for (const membership of this.ofUser(userId)) this.delete(membership.id)
    this.#byUser.delete(userId)
  }
}

function inner(
  outer: Map<string, Map<string, MembershipRecord>>,
  key: string
): Map<string, MembershipRecord> {
  const present = outer.get(key)
  if (present !== undefined) return present
  const created = new Map<string, MembershipRecord>()
  outer.set(key, created)
  return created
}
